"""What Fusion's error answers mean: by the code in them, and where there is none by their words and their status.

Framework version 4 answers with JSON. Older versions, and whatever stands in front of the framework, answer with plain
text: the messages of all layers one after another, `JBO-27014: Attribute ... is required.` or one vague sentence.
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
    VendorSignIn,
    VendorStale,
)
from system_apis.oracle_fusion import framework

CODES: Final[dict[str, type[Fault]]] = {
    "JBO-25013": VendorDuplicate,  # too many objects match the primary key
    "JBO-25014": VendorStale,  # another user has changed the row
    "JBO-25058": Drifted,  # no such attribute
    "JBO-26030": VendorBusy,  # somebody holds the lock of the row
    "ORA-00054": VendorBusy,
    "ORA-04021": VendorBusy,
}
_CODE: Final = re.compile(r"\b(?:JBO-\d{5}|ORA-\d{5}|[A-Z]{2,4}_[A-Z][A-Z0-9_]{2,60})\b")
_RULE: Final = re.compile(r"JBO-27\d{3}|[A-Z]{2,4}_[A-Z][A-Z0-9_]+")
"""Why a row may not be so: the framework's validations (27014 required, 27024 not valid, 27027 mandatory), or an
application's rule by its own name (`PJB_EVT_INVALID_TYPE`, `HZ_INVALID_ORIG_SYSTEM`)."""
_WORDS: Final = (
    ("already exists", VendorDuplicate),
    ("failed to lock", VendorBusy),
    ("has changed the row", VendorStale),
    ("is not queryable", Drifted),
    ("is not a valid attribute", Drifted),
    ("URL request parameter", Drifted),
)
"""Messages without a code of their own that are no business rule."""
_BY_STATUS: Final[dict[int, type[Fault]]] = {
    400: VendorRefused,
    401: VendorSignIn,
    403: VendorForbade,
    404: NotFound,
    409: VendorStale,
    412: VendorStale,
    429: VendorBusy,
}


def read(response: httpx.Response) -> Fault | None:
    """The fault of an error answer; None when it says nothing, or is a page: then its status speaks."""
    kind = response.headers.get("Content-Type", "")
    if "json" in kind:
        return _json(response)
    if kind.startswith("text/plain") and response.text.strip():
        words = " ".join(response.text.split())[:2000]
        found = list(dict.fromkeys(_CODE.findall(words)))
        return _fault(response.status_code, found, words, [FieldError(detail=words, rule=found[0] if found else "")])
    return None


def _json(response: httpx.Response) -> Fault | None:
    body = msgspec.json.decode(response.content, type=framework.ErrorBody)
    details = body.details or [framework.ErrorDetail(detail=body.detail or body.title)]
    words = "; ".join(dict.fromkeys(each.detail for each in details if each.detail))
    codes = list(dict.fromkeys(_full(each.code) for each in details if each.code))
    if not words and not codes:
        return None
    errors = [FieldError(detail=each.detail, rule=_full(each.code)) for each in details]
    return _fault(response.status_code, codes, words, errors)


def _full(code: str) -> str:
    """The JSON form leaves out the product of a framework's code: `27014` is `JBO-27014`."""
    return f"JBO-{code}" if code.isdigit() and code.isascii() else code


def _fault(status: int, codes: list[str], words: str, errors: list[FieldError]) -> Fault:
    kind = _kind(status, codes, words)
    if kind is Drifted:
        return Drifted(f"an error we do not know ({', '.join(codes) or status}): {words}")
    return kind(words, errors=errors)


def _kind(status: int, codes: list[str], words: str) -> type[Fault]:
    if known := next((CODES[code] for code in codes if code in CODES), None):
        return known
    if status >= 500:
        return VendorDown
    if status in (400, 409):
        if meant := next((kind for text, kind in _WORDS if text in words), None):
            return meant
        if not all(_RULE.fullmatch(code) for code in codes):
            return Drifted
    return _BY_STATUS.get(status, Drifted)
