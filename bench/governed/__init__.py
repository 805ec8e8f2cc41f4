"""The governed read that bench/gateway.py measures, and everybody who can serve it."""
