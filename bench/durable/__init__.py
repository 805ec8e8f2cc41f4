"""Runs of opportunity-to-project, played through our engine and, from what was recorded of them, by bare DBOS."""
