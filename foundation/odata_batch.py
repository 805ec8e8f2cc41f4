"""OData's `$batch`, multipart/mixed: several calls in one. Reads side by side, or a change set: all done or none.

OData 4.0 Part 1 section 11.7, and Batch Processing of V2: parts are answered in their order, a change set by a part of
parts, and one that failed by the one part that says why. What a part is refused for is the fault that the call alone
would be; an answer that is cut off is none, so that nobody knows what became of a change set.
"""

import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from typing import Any, Final

import httpx
import msgspec

from canonical.faults import Drifted, Fault, OutcomeUnknown, VendorDown
from foundation.vendor_http import FaultReader, read_part, send

LINE: Final = "\r\n"
HEAD: Final = ("Content-Type: application/http", "Content-Transfer-Encoding: binary")
"""What stands above a call, or an answer, in its part."""
_BATCH: Final = "batch_tiergate"
_CHANGES: Final = "changeset_tiergate"
"""Boundaries. They need not be drawn: what stands between them is JSON, which has no line of its own beginning so."""
_STATUS: Final = re.compile(r"HTTP/1\.[01] ([2-5]\d\d)\b.*")
_OF_THE_WHOLE: Final = ("content-encoding", "transfer-encoding")
"""A part is never packed by itself."""
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a batch; `path` has its query, `body` is encoded as JSON."""

    method: str = "GET"
    path: str
    headers: dict[str, str] = {}
    body: Any = None


async def read(
    http: httpx.AsyncClient,
    path: str,
    calls: Sequence[Call],
    *,
    system: str,
    faults: FaultReader,
    headers: Mapping[str, str] | None = None,
) -> list[httpx.Response]:
    """What each of several reads was answered, be it a refusal; `headers` are of the whole.

    `Drifted` where they are not as many as the calls, or the whole is no batch; `VendorDown` where it is cut off.
    """
    content, kind = reads(calls)
    sent = {"Content-Type": kind, **(headers or {})}
    how: dict[str, Any] = {"writes": False, "faults": _refusal(system, faults)}
    told = await send(http, "POST", path, system=system, content=content, headers=sent, **how)
    if not _is_mixed(told):
        raise Drifted("a batch was not answered as one", system=system)
    found = _parts(told)
    if found is None:
        raise VendorDown("the answer to a batch was cut off", system=system)
    if len(found) != len(calls):
        raise Drifted(f"a batch of {len(calls)} was answered in {len(found)} parts", system=system)
    return [answer for _, answer in found]


async def change(
    http: httpx.AsyncClient, path: str, calls: Sequence[Call], *, system: str, faults: FaultReader
) -> list[httpx.Response]:
    """Do several writes, of which all are done or none: what each was answered, in their order.

    Raises what the one that failed was refused for. `OutcomeUnknown` where the answer tells of no such thing.
    """
    content, kind = change_set(calls)
    sent = {"Content-Type": kind}
    told = await send(http, "POST", path, system=system, content=content, headers=sent, faults=_refusal(system, faults))
    found = _parts(told) if _is_mixed(told) else None
    if found is None:
        raise OutcomeUnknown("the answer to a change set was cut off", system=system)
    _check([each for _, each in found], system, faults)
    if len(found) != len(calls):
        raise OutcomeUnknown(f"a change set of {len(calls)} was answered in {len(found)} parts", system=system)
    return _in_order(found)


def reads(calls: Sequence[Call]) -> tuple[bytes, str]:
    """The body of a batch that reads, and its content type."""
    return mixed([LINE.join([*HEAD, "", _written(each)]) for each in calls], _BATCH)


def change_set(calls: Sequence[Call]) -> tuple[bytes, str]:
    """The body of a batch with one change set, and its content type."""
    numbered = [LINE.join([*HEAD, f"Content-ID: {number}", "", _written(each)]) for number, each in enumerate(calls, 1)]
    inside, kind = mixed(numbered, _CHANGES)
    return mixed([f"Content-Type: {kind}{LINE}{LINE}{inside.decode()}"], _BATCH)


def mixed(parts: Sequence[str], boundary: str) -> tuple[bytes, str]:
    """Parts as one body, and its content type."""
    text = "".join(f"--{boundary}{LINE}{each}{LINE}" for each in parts) + f"--{boundary}--{LINE}"
    return text.encode(), f"multipart/mixed; boundary={boundary}"


def opened(content_type: str, content: bytes) -> Message:
    """A body, read. What is wrong with it stands in `defects`, of it and of its parts."""
    kind = content_type.encode("latin-1", "replace")
    return message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + content)


def inside(part: Message) -> list[Message]:
    """The parts of a part; none of one that has none."""
    found = part.get_payload() if part.is_multipart() else []
    return [each for each in found if isinstance(each, Message)] if isinstance(found, list) else []


def parted(part: Message) -> tuple[str, dict[str, str], bytes]:
    """The call or the answer in a part: its first line, its headers with names in lower case, its body."""
    payload = part.get_payload(decode=True)
    text = payload if isinstance(payload, bytes) else b""
    end = _EMPTY_LINE.search(text)
    head, body = (text[: end.start()], text[end.end() :]) if end else (text, b"")
    first, *lines = head.decode("latin-1").replace(LINE, "\n").split("\n")
    named = [line.partition(":") for line in lines if ":" in line]
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    return first.strip(), headers, body


def content_id(part: Message, headers: Mapping[str, str]) -> str:
    """What a part is called, above its call or in it; empty where it is called nothing."""
    return str(part.get("Content-ID", headers.get("content-id", ""))).strip()


def _written(call: Call) -> str:
    headers = {"Accept": "application/json", **call.headers}
    body = "" if call.body is None else msgspec.json.encode(call.body).decode()
    if body:
        headers = {"Content-Type": "application/json", **headers, "Content-Length": str(len(body.encode()))}
    return LINE.join(
        [f"{call.method} {call.path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers), "", body]
    )


def _is_mixed(response: httpx.Response) -> bool:
    return bool(response.headers.get("Content-Type", "").lower().startswith("multipart/mixed"))


def _refusal(system: str, faults: FaultReader) -> FaultReader:
    """The fault a batch that failed stands for: that of the part that did, or its own."""

    def read_refusal(response: httpx.Response) -> Fault | None:
        if not _is_mixed(response):
            return faults(response)
        told = [each[1] for each in _flat(opened(response.headers["Content-Type"], response.content)) if each]
        try:
            _check(told, system, faults)
        except Fault as refused:
            return refused
        return None

    return read_refusal


def _check(told: Sequence[httpx.Response], system: str, faults: FaultReader) -> None:
    """Raise what the first part that was refused was refused for."""
    how: dict[str, Any] = {"system": system, "faults": faults, "writes": True}
    for each in told:
        read_part(each.status_code, each.content, None, headers=each.headers, **how)


_Answer = tuple[str, httpx.Response]
"""What a part is called, and what it says."""


def _parts(response: httpx.Response) -> list[_Answer] | None:
    """The answers of a batch; None where it is not whole."""
    whole = opened(response.headers["Content-Type"], response.content)
    found = _flat(whole)
    good = [each for each in found if each is not None]
    return good if len(good) == len(found) and not any(each.defects for each in whole.walk()) else None


def _flat(part: Message) -> list[_Answer | None]:
    """The answers in a part, those of a change set among them; None for one that is none."""
    if part.is_multipart():
        return [each for below in inside(part) for each in _flat(below)]
    first, headers, body = parted(part)
    known = _STATUS.fullmatch(first)
    if known is None:
        return [None]
    kept = {name: value for name, value in headers.items() if name not in _OF_THE_WHOLE}
    answer = httpx.Response(int(known[1]), headers=httpx.Headers(kept, encoding="latin-1"), content=body)
    return [(content_id(part, headers), answer)]


def _in_order(found: Sequence[_Answer]) -> list[httpx.Response]:
    """As they were called where all say what they were called; parts of a change set may come in any order."""
    named = dict(found)
    wanted = [str(number) for number in range(1, len(found) + 1)]
    return [named[each] for each in wanted] if set(named) == set(wanted) else [answer for _, answer in found]
