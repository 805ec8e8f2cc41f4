"""Cursors: a place in a vendor's list as text that a caller keeps and gives back, and may not make up.

What is in one goes into a query, so each part is held to a pattern when it comes back.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from canonical.faults import FieldError, Invalid

LONGEST: Final = 4000


def cursor(*parts: str) -> str:
    """The text of a place."""
    return urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def place(text: str, *patterns: str) -> tuple[str, ...]:
    """The parts of a cursor, each as its pattern has it, or all empty at the beginning; `Invalid` for no cursor."""
    if not text:
        return ("",) * len(patterns)
    try:
        padded = text + "=" * (-len(text) % 4)
        parts = msgspec.json.decode(urlsafe_b64decode(padded.encode("ascii")), type=list[str])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        parts = []
    fits = len(parts) == len(patterns) and len(text) <= LONGEST
    if not fits or not all(re.fullmatch(pattern, part) for pattern, part in zip(patterns, parts, strict=True)):
        raise Invalid(errors=[FieldError(detail="not a cursor this API gave", pointer="query:cursor")])
    return tuple(parts)
