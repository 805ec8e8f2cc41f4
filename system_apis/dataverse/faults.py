"""What an error answer of Dataverse means: by its code, since 403, 404 and 412 each stand for several things.

The same code comes as `0x80040237`, as the signed number -2147220937, or not at all; then the status alone speaks.
"""

from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from canonical.faults import (
    Drifted,
    Fault,
    NotFound,
    VendorBusy,
    VendorDown,
    VendorDuplicate,
    VendorForbade,
    VendorRefused,
    VendorSignIn,
    VendorStale,
)
from foundation.vendor_http import STATUS_FAULTS
from system_apis.dataverse import wire

CODES: Final[Mapping[str, type[Fault]]] = {
    # Service protection: requests, execution time, concurrency.
    **dict.fromkeys(("0x80072322", "0x80072321", "0x80072326"), VendorBusy),
    # A deadlock or a time limit of the database: another try finds it free.
    **dict.fromkeys(("0x80044150", "0x80044151"), VendorDown),
    # A missing privilege, a row we may not see, a user without a role or outside the organisation.
    **dict.fromkeys(("0x80040220", "0x80048306", "0x80072560"), VendorForbade),
    "0x80040217": NotFound,
    **dict.fromkeys(("0x80040237", "0x80040333"), VendorDuplicate),
    "0x80060882": VendorStale,
    # A plug-in or business rule of the organisation; a text that is too long.
    **dict.fromkeys(("0x80040265", "0x80044331"), VendorRefused),
    # A record in a state that this is not done to (which code each table has for it is from memory).
    "0x80048408": VendorRefused,
    # A table, column or navigation property of ours this organisation does not know.
    **dict.fromkeys(("0x8006088a", "0x80060888", "0x80048d19"), Drifted),
}
_BY_STATUS: Final = frozenset({401, 403, 429})
"""What these say is enough, whatever their code."""


def fault_of(response: httpx.Response) -> Fault | None:
    """The fault an error answer stands for; None where only its status speaks (no body, HTML, text)."""
    if not response.content:
        return None
    said = msgspec.json.decode(response.content, type=wire.Refusal).error
    code = hexadecimal(said.code)
    kind = CODES.get(code)
    status = response.status_code
    if kind is None and (not code or status in _BY_STATUS):
        kind = STATUS_FAULTS.get(status)
    if kind is None and status >= 500:
        kind = VendorDown
    if kind is None:
        return Drifted(f"answered {status} with the unknown code {code or 'none'}: {said.message}")
    if kind is VendorSignIn:
        return VendorSignIn("our token is refused")
    found = kind(said.message)
    if code:
        found.facts["code"] = code
    return found


def hexadecimal(code: str) -> str:
    """One way of writing a code: the two's complement of a signed number, in lower case."""
    if code.removeprefix("-").isdecimal():
        return f"0x{int(code) & 0xFFFFFFFF:08x}"
    return code.lower()
