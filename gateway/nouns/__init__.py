"""The policy nouns, one module each. A new noun is a new module here; see `gateway/noun.py` for its shape."""
