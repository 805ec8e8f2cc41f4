"""Drift: where the answers of live traffic differ from their contract, field by field, and what could be done.

recording    what is seen, counted in memory and written down in batches
reading      what was written down, by operation, and who reads it
proposal     the change of the contract that would make it true again (JSON Patch, RFC 6902)
"""

from gateway.drift.recording import Drift

__all__ = ["Drift"]
