"""What SAP's error answers mean: by code, by status, and where both say too little, by their words.

Codes are a message class and a number (`V1/310`), or the Gateway's own (`/IWBEP/CM_MGW_RT/020`). Bodies of V2 and V4
differ in where the text stands; both are read here.
"""

import re
from typing import Final

import httpx
import msgspec

from canonical.faults import (
    Drifted,
    Fault,
    FieldError,
    NotFound,
    VendorBusy,
    VendorDown,
    VendorDuplicate,
    VendorForbade,
    VendorRefused,
    VendorStale,
)
from system_apis.sap_s4hana import wire

CODES: Final[dict[str, type[Fault]]] = {
    "/IWBEP/CM_MGW_RT/020": NotFound,
    "/IWBEP/CM_MGW_RT/021": Drifted,
    "/IWBEP/CM_MGW_RT/022": VendorStale,
    "/IWBEP/CM_MGW_RT/175": VendorStale,
    "/IWBEP/CM_MGW_RT/004": VendorDown,
    "/IWFND/CM_MGW/051": Drifted,
    "/IWFND/MED/170": VendorForbade,
    "SY/530": VendorForbade,
}
_WORDS: Final = (
    ("currently being processed by", VendorBusy),
    ("is blocked by", VendorBusy),
    ("is locked by", VendorBusy),
    ("already exists", VendorDuplicate),
)
"""Messages with a class and number like any other that are no business rule: somebody is at work, there is one."""
_ONE: Final = ("changeset implementation allows only one operation", "due to changeset restrictions")
"""What a service says that takes no more than one operation in a change set; under which code is unverified."""
_MESSAGE: Final = re.compile(r"[A-Z0-9_/]{1,20}/\d{3}")
_BY_STATUS: Final[dict[int, type[Fault]]] = {
    400: VendorRefused,
    409: VendorBusy,
    423: VendorBusy,
    403: VendorForbade,
    412: VendorStale,
    428: VendorStale,
    429: VendorBusy,
}


def read(response: httpx.Response) -> Fault | None:
    """The fault of an error answer; None when it has no code and no words, an unknown code is `Drifted`."""
    error = msgspec.json.decode(response.content, type=wire.ErrorBody).error
    message = error.message if isinstance(error.message, str) else error.message.value
    if not error.code and not message:
        return None
    details = [each for each in (*error.innererror.errordetails, *error.details) if _counts(each)]
    words = "; ".join(dict.fromkeys(text for text in (message, *(each.message for each in details)) if text))
    kind = _kind(response.status_code, error.code, words)
    if kind is Drifted:
        return Drifted(f"unknown error {error.code}: {words}")
    errors = [FieldError(detail=each.message, rule=each.code) for each in details]
    return kind(words, errors=errors or [FieldError(detail=message, rule=error.code)])


def wants_one(fault: Fault) -> bool:
    """Whether a change set was refused for having more than one operation: nothing of it was done."""
    return any(text in fault.detail for text in _ONE)


def _counts(detail: wire.ErrorDetail) -> bool:
    """Warnings are not why it was refused, and the last entry only says that something was."""
    return detail.severity == "error" and not detail.code.startswith("/IWBEP/CX_MGW_BUSI")


def _kind(status: int, code: str, words: str) -> type[Fault]:
    if code in CODES:
        return CODES[code]
    if status >= 500:
        return VendorDown
    if status in (400, 409, 423):
        for text, kind in _WORDS:
            if text in words:
                return kind
        if not _MESSAGE.fullmatch(code):
            return Drifted
    return _BY_STATUS.get(status, Drifted)
