"""Several calls in one: `$batch`, whose body is multipart/mixed. Reads side by side, or a change set: all done or none.

Microsoft: a batch holds up to 1,000 calls and is answered part by part, in order. The first that fails ends it, unless
`odata.continue-on-error` is preferred. Calls of a change set have a `Content-ID` each; one part comes of a failed one.
"""

from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from typing import Any, Final

import httpx
import msgspec

from canonical.faults import Drifted, Fault, OutcomeUnknown, VendorDown
from foundation.vendor_http import STATUS_FAULTS, read_part
from system_apis.dataverse.faults import fault_of

GOING_ON: Final = {"Prefer": "odata.continue-on-error"}
_BATCH: Final = "batch_tiergate"
_CHANGES: Final = "changeset_tiergate"
"""Boundaries. They need not be drawn: what stands between them is JSON, which has no line of its own beginning so."""
_LINE: Final = "\r\n"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a batch; `path` has its query, `body` is encoded as JSON."""

    method: str = "GET"
    path: str
    headers: dict[str, str] = {}
    body: Any = None


def reads(calls: Sequence[Call]) -> tuple[bytes, str]:
    """The body of a batch that reads, and its content type."""
    return _whole([_LINE.join([*_HEAD, "", _written(each)]) for each in calls], _BATCH)


def change_set(calls: Sequence[Call]) -> tuple[bytes, str]:
    """The body of a batch with one change set, and its content type."""
    numbered = [
        _LINE.join([*_HEAD, f"Content-ID: {number}", "", _written(each)]) for number, each in enumerate(calls, 1)
    ]
    inside, kind = _whole(numbered, _CHANGES)
    return _whole([f"Content-Type: {kind}{_LINE}{_LINE}{inside.decode()}"], _BATCH)


def answers(response: httpx.Response, calls: int, system: str) -> list[httpx.Response]:
    """What each call was answered. `Drifted` where they are not as many as the calls, or the whole is no batch."""
    found = _parts(response, system, writes=False)
    if len(found) != calls:
        raise Drifted(f"a batch of {calls} was answered in {len(found)} parts", system=system)
    return found


def done(response: httpx.Response, calls: int, system: str) -> None:
    """See that a change set was done whole. `OutcomeUnknown` where its answer was cut off."""
    found = _parts(response, system, writes=True)
    for each in found:
        if each.status_code >= 400:
            read_part(each.status_code, each.content, None, system=system, faults=fault_of, headers=each.headers)
    if len(found) != calls:
        raise OutcomeUnknown(f"a change set of {calls} was answered in {len(found)} parts", system=system)


def refusal(response: httpx.Response) -> Fault | None:
    """The fault a batch that failed stands for: that of the part that did."""
    if not _is_mixed(response):
        return fault_of(response)
    for each in _flat(_message(response)):
        if each is not None and each.status_code >= 400:
            kind = STATUS_FAULTS.get(each.status_code, VendorDown)
            return fault_of(each) or kind(f"answered {each.status_code}")
    return None


_HEAD: Final = ("Content-Type: application/http", "Content-Transfer-Encoding: binary")


def _written(call: Call) -> str:
    headers = {"Accept": "application/json", **call.headers}
    if call.body is not None:
        headers["Content-Type"] = "application/json; type=entry"
    lines = [f"{call.method} {call.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    body = "" if call.body is None else msgspec.json.encode(call.body).decode()
    return _LINE.join([*lines, "", body])


def _whole(parts: Sequence[str], boundary: str) -> tuple[bytes, str]:
    text = "".join(f"--{boundary}{_LINE}{each}{_LINE}" for each in parts) + f"--{boundary}--{_LINE}"
    return text.encode(), f"multipart/mixed; boundary={boundary}"


def _is_mixed(response: httpx.Response) -> bool:
    return bool(response.headers.get("Content-Type", "").lower().startswith("multipart/mixed"))


def _message(response: httpx.Response) -> Message:
    kind = response.headers["Content-Type"].encode("latin-1", "replace")
    return message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + response.content)


def _parts(response: httpx.Response, system: str, *, writes: bool) -> list[httpx.Response]:
    if not _is_mixed(response):
        raise Drifted("a batch was not answered as one", system=system)
    whole = _message(response)
    found = _flat(whole)
    if whole.defects or None in found:
        if writes:
            raise OutcomeUnknown("the answer to a change set was cut off", system=system)
        raise VendorDown("the answer to a batch was cut off", system=system)
    return [each for each in found if each is not None]


def _flat(part: Message) -> list[httpx.Response | None]:
    """The answers in a part, those of a change set among them; None for one that is none."""
    inside = part.get_payload()
    if part.is_multipart() and isinstance(inside, list):
        return [each for below in inside if isinstance(below, Message) for each in _flat(below)]
    payload = part.get_payload(decode=True)
    head, _, body = (payload if isinstance(payload, bytes) else b"").partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split(_LINE)
    version, _, status = first.partition(" ")
    code = status[:3]
    if version != "HTTP/1.1" or not (code.isascii() and code.isdigit() and 200 <= int(code) <= 599):
        return [None]
    named = [line.partition(":") for line in lines if ":" in line]
    return [
        httpx.Response(int(code), headers=[(name.strip(), value.strip()) for name, _, value in named], content=body)
    ]
