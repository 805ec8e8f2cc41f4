"""Deal commitment: what may begin before a deal is won begins, is shown, and is taken back if the deal is lost."""
