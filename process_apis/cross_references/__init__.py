"""Cross-references: one canonical id, the native ids it has in every system, and how that came to be."""
