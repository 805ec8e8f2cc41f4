"""What NetSuite's error answers mean: by `o:errorCode`, and where that says nothing (`USER_ERROR`), by their words."""

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
    VendorSignIn,
    VendorStale,
)
from system_apis.netsuite import wire

CODES: Final[dict[str, type[Fault]]] = {
    "CONCURRENCY_LIMIT_EXCEEDED": VendorBusy,
    "SSS_REQUEST_LIMIT_EXCEEDED": VendorBusy,
    "INVALID_LOGIN": VendorSignIn,
    "INVALID_LOGIN_ATTEMPT": VendorSignIn,
    "INSUFFICIENT_PERMISSION": VendorForbade,
    "NONEXISTENT_ID": NotFound,
    "RCRD_DSNT_EXIST": NotFound,
    "INVALID_ID": NotFound,
    "RCRD_HAS_BEEN_CHANGED": VendorStale,
    "DUP_RCRD": VendorDuplicate,
    "DUP_ENTITY": VendorDuplicate,
    "IDEMPOTENCY_ERROR": VendorDuplicate,
    "INVALID_CONTENT": VendorRefused,
    "INVALID_KEY_OR_REF": VendorRefused,
    "INVALID_PARAMETER": VendorRefused,
    "INVALID_REQUEST": VendorRefused,
    "INVALID_FLD_VALUE": VendorRefused,
    "NONEXISTENT_FIELD": VendorRefused,
    "USER_ERROR": VendorRefused,
    "UNEXPECTED_ERROR": VendorDown,
    "SERVICE_UNAVAILABLE": VendorDown,
}
_AT_ONCE: Final = (b"CONCURRENCY_LIMIT_EXCEEDED", b"SSS_REQUEST_LIMIT_EXCEEDED")
FREQUENCY_SECONDS: Final = 60
"""The shorter of the two windows NetSuite counts requests in; the other is a day."""
_WORDS: Final = (("already exists", VendorDuplicate), ("has been changed", VendorStale))
"""One code, USER_ERROR, is used for every business rule and for two things that are none."""


def limited(response: httpx.Response) -> float:
    """Seconds to leave the account alone whose limits refuse an answer; 0 where they do not (QUIRKS 5).

    Too many at once pass as others end; of too many in a window the next are taken when it is over.
    """
    at_once = any(code in response.content for code in _AT_ONCE)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return 1 if at_once else FREQUENCY_SECONDS
    return 1 if response.status_code == httpx.codes.BAD_REQUEST and at_once else 0


def read(response: httpx.Response) -> Fault | None:
    """The fault of an error answer; None when it carries no code, an unknown code is `Drifted`."""
    body = msgspec.json.decode(response.content, type=wire.ErrorBody)
    details = body.details or [wire.ErrorDetail(detail=body.title, code=body.code)]
    code = details[0].code or body.code
    if not code:
        return None
    words = " ".join(each.detail for each in details)
    kind = _kind(response.status_code, code, words)
    if kind is Drifted:
        return Drifted(f"unknown error code {code}: {words}")
    if code == "IDEMPOTENCY_ERROR":
        return VendorDuplicate(words, job=response.headers.get("Location", ""))
    errors = [FieldError(detail=each.detail, rule=each.code or code) for each in details]
    if kind is VendorBusy:
        wait = limited(response)
        often = {"limit": "frequency", "retry_after": str(FREQUENCY_SECONDS)}
        return kind(words, errors=errors, **(often if wait > 1 else {"limit": "concurrency"}))
    return kind(words, errors=errors)


def _kind(status: int, code: str, words: str) -> type[Fault]:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return VendorBusy  # a frequency limit answers USER_ERROR
    if code == "USER_ERROR":
        return next((kind for text, kind in _WORDS if text in words), VendorRefused)
    return CODES.get(code, Drifted)
