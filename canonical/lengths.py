"""Texts longer than a system keeps them: a name is cut, between letters; a number or code never is, it is `Invalid`."""

import unicodedata
from typing import Final

from canonical.faults import FieldError, Invalid

_JOINERS: Final = "\u200c\u200d"


def cut(name: str, length: int, end: str = "") -> str:
    """A name cut to a number of characters, never between a letter and its marks; `end` stands for what is lost."""
    if len(name) <= length:
        return name
    kept = length - len(end)
    while kept > 0 and _joins(name[kept]):
        kept -= 1
    return name[:kept].rstrip() + end


def whole(code: str, length: int, pointer: str, *, system: str) -> str:
    """A code as it is; `Invalid` at `pointer` when the system could not keep all of it."""
    if len(code) > length:
        detail = f"{system} keeps {length} characters of this, and part of it would be another one"
        raise Invalid(system=system, errors=[FieldError(detail=detail, pointer=pointer)])
    return code


def _joins(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M") or letter in _JOINERS
