"""What an API owner publishes: the contracts, where they are found, and whether a changed one keeps its promises."""
