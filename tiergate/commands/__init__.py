"""Commands with more to them than one call, a module each."""
