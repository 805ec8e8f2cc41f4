"""How long NetSuite's fields are. A name too long is cut; a number or code is never cut, it is `Invalid`."""

import unicodedata
from typing import Final

from canonical.faults import FieldError, Invalid

# Characters.
NAME: Final = 83
CODE: Final = 83
MEMO: Final = 999
PO_NUMBER: Final = 45
TAX_NUMBER: Final = 20
ADDRESS: Final = 150
CITY: Final = 50


def cut(name: str, length: int) -> str:
    """A name cut to a number of characters, never between a letter and its marks."""
    if len(name) <= length:
        return name
    end = length
    while end > 0 and _joins(name[end]):
        end -= 1
    return name[:end].rstrip()


def whole(code: str, length: int, pointer: str) -> str:
    """A code as it is; `Invalid` when NetSuite could not keep all of it."""
    if len(code) > length:
        detail = f"NetSuite keeps {length} characters of this, and part of it would be another one"
        raise Invalid(errors=[FieldError(detail=detail, pointer=pointer)])
    return code


def _joins(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M") or letter in "\u200c\u200d"
