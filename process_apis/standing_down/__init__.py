"""Standing down: what a project holds is let go when its contract is closed or its deal is lost after all."""
