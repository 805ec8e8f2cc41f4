"""Staffing: who works on what, decided here and told to the PSA. See `workflow`."""
