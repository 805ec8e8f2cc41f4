"""A party's number, as an address has it."""

import re
from typing import Final

from canonical.faults import NotFound
from system_apis.oracle_fusion.codes import SYSTEM

_PARTY: Final = re.compile(r"[A-Za-z0-9_.-]{1,30}")


def party(number: str) -> str:
    """The number; `NotFound` for what can be none."""
    if not _PARTY.fullmatch(number):
        raise NotFound(f"{number[:40]!r} is no party number", system=SYSTEM)
    return number
