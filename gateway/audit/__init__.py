"""The record of every call, refusals included: who, what, on whose behalf, and which line of policy said no.

Each record carries the digest of the one before it (a chain for each writer and class of retention), and every commit
leaves a signed anchor with it and in a second place. So a changed, removed, reordered, forged or cut-off record is
found, and named; retention and erasure leave signed statements, and a record that still verifies.
"""

from gateway.audit.entry import REFUSALS, STANDARD, About, Bodies, Entry, Facts, Record
from gateway.audit.erasure import erase
from gateway.audit.reading import every, query
from gateway.audit.retention import Span, sweep
from gateway.audit.store import Place
from gateway.audit.trail import Trail
from gateway.audit.verification import Finding, verify

__all__ = [
    "REFUSALS",
    "STANDARD",
    "About",
    "Bodies",
    "Entry",
    "Facts",
    "Finding",
    "Place",
    "Record",
    "Span",
    "Trail",
    "erase",
    "every",
    "query",
    "sweep",
    "verify",
]
