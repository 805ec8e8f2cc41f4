"""What an error of Tryton means. Nearly all come with status 200, and say in a word whose they are.

What it is about is said in English words only: every call asks for that language.
"""

import re
from typing import Any, Final

import httpx

from canonical.faults import (
    Drifted,
    Fault,
    NotFound,
    VendorBusy,
    VendorDuplicate,
    VendorForbade,
    VendorRefused,
    VendorSignIn,
    VendorStale,
)
from system_apis.tryton.auth import SYSTEM

_SAID: Final[tuple[tuple[re.Pattern[str], type[Fault]], ...]] = (
    (re.compile(r"You are trying to \w+ records? .* that don't exist", re.DOTALL), NotFound),
    # A model or a field; what may not be modified is so for the state it is in, and is refused.
    (re.compile(r"You are not allowed to (access|read|write|create|delete) "), VendorForbade),
    (re.compile(r"Calling button .* is not allowed"), VendorForbade),
    (re.compile(r" must be unique\."), VendorDuplicate),
)
_LOCKED: Final = "database is locked"
"""What SQLite says where two write at once."""


def fault_in(error: list[Any]) -> Fault:
    """The fault an error in an answer stands for."""
    kind, told = _words(error, 0), error[1] if len(error) > 1 else ""
    match kind:
        case "UserError":
            message = _words(told, 0)
            found = next((fault for text, fault in _SAID if text.match(message) or text.search(message)), VendorRefused)
            return found(message, system=SYSTEM)
        case "UserWarning":
            return VendorRefused(f"it wants somebody to agree first: {_words(told, 1)}", system=SYSTEM)
        case "ConcurrencyException":
            return VendorStale("the record was changed in the meanwhile", system=SYSTEM)
        case "LoginException":
            return VendorSignIn("it asks for more than a password", system=SYSTEM)
        case _ if _LOCKED in kind:
            return VendorBusy("its database is locked by another write", system=SYSTEM)
        case _:
            return Drifted(f"it failed inside with {kind!r:.200}: a model or field of ours is not there", system=SYSTEM)


def fault_of(response: httpx.Response) -> Fault | None:
    """The fault a status stands for; None where the table knows it."""
    match response.status_code:
        case 403:
            return Drifted("it does not offer a method we call")
        case 400 | 404 | 405 | 422:
            return Drifted(f"answered {response.status_code}: what answers there is no database of Tryton 8")
        case _:
            return None


def _words(said: Any, place: int) -> str:
    found = said[place] if isinstance(said, list) and len(said) > place else said
    return found if isinstance(found, str) else ""
