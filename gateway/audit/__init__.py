"""The record of every call, refusals included: who, what, on whose behalf, and which line of policy said no.

Each record carries the digest of the one before it (a chain for each writer), and every commit leaves an anchor in an
append-only file beside it. So a changed, removed, reordered or cut-off record is found, and named.
"""

from gateway.audit.entry import REFUSALS, About, Bodies, Entry, Facts, Record
from gateway.audit.reading import query
from gateway.audit.trail import Trail
from gateway.audit.verification import Finding, verify

__all__ = ["REFUSALS", "About", "Bodies", "Entry", "Facts", "Finding", "Record", "Trail", "query", "verify"]
