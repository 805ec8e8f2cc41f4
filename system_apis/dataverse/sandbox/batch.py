"""`$batch`: several calls in one body (multipart/mixed); those of a change set are done all or not at all.

Calls are done in order. The first that fails ends it, with 400 for the whole, unless `Prefer: odata.continue-on-error`
asks to go on; what was done before it stays done. In a change set `$1` stands for the record that part 1 made.
"""

import re
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import KEPT, Answer, Box, answer
from system_apis.dataverse.sandbox.entra import enter
from system_apis.dataverse.sandbox.errors import PAYLOAD, refused

MOST: Final = 1000
"""Calls in one batch."""
_CALL: Final = re.compile(r"^([A-Z]+) (\S+) HTTP/1\.1$")
_REFERENCE: Final = re.compile(r"\$(\d+)\b")
_OUTER: Final = ("authorization", "host")
_CRLF: Final = "\r\n"

AnyRequest = Request[Any, Any, Any]


class _Undone(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


@route("/api/data/{version:str}/$batch", http_method="POST", status_code=200)
async def batch(box: NamedDependency[Box], version: FromPath[str], request: AnyRequest) -> Answer:
    """Every call of the body, each answered in a part of its own."""
    enter(box)
    parts = _parts(request.headers.get("content-type", ""), await request.body())
    if sum(len(_inside(part)) for part in parts) > MOST:
        raise refused(400, "0x80048d19", f"The batch has more than {MOST} requests.")
    going_on = "odata.continue-on-error" in request.headers.get("prefer", "")
    told: list[str] = []
    failed = False
    for part in parts:
        several = part.is_multipart()
        text, wrong = await (_change_set if several else _single)(box, request, part)
        told.append(text)
        failed = failed or wrong
        if wrong and not going_on:
            break
    boundary = f"batchresponse_{uuid4()}"
    status = 400 if failed and not going_on else 200
    body = "".join(f"--{boundary}{_CRLF}{text}" for text in told) + f"--{boundary}--{_CRLF}"
    kind = f"multipart/mixed; boundary={boundary}"
    return answer(status, body, {"OData-Version": "4.0", KEPT: "yes"}, media_type=kind)


async def _single(box: Box, request: AnyRequest, part: Message) -> tuple[str, bool]:
    replied = await _called(box, request, part, {})
    return _written(replied, part.get("Content-ID", "")), (replied.status_code or 200) >= 400


async def _change_set(box: Box, request: AnyRequest, whole: Message) -> tuple[str, bool]:
    """Its answers in a part of parts; one error alone where it was undone."""
    made: dict[str, str] = {}
    told: list[str] = []
    failed = ""
    try:
        with box.store.transaction():
            for part in _inside(whole):
                replied = await _called(box, request, part, made)
                text = _written(replied, part.get("Content-ID", ""))
                if (replied.status_code or 200) >= 400:
                    failed = text
                    raise _Undone
                told.append(text)
                if where := replied.headers.get("odata-entityid"):
                    made[part.get("Content-ID", "")] = where
    except _Undone:
        return failed, True
    boundary = f"changesetresponse_{uuid4()}"
    body = "".join(f"--{boundary}{_CRLF}{text}" for text in told) + f"--{boundary}--{_CRLF}"
    return f"Content-Type: multipart/mixed; boundary={boundary}{_CRLF}{_CRLF}{body}{_CRLF}", False


async def _called(box: Box, request: AnyRequest, part: Message, made: Mapping[str, str]) -> Answer:
    payload = part.get_payload(decode=True)
    head, _, body = (payload if isinstance(payload, bytes) else b"").partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8").split(_CRLF)
    known = _CALL.match(first)
    if part.get_content_type() != "application/http" or known is None:
        raise _malformed(f"'{first}' is no request of a batch.")
    named = [line.partition(":") for line in lines if line]
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    headers |= {name: request.headers[name] for name in _OUTER if name in request.headers}

    def stands_for(found: re.Match[str]) -> str:
        return made.get(found[1], found[0])

    address = _REFERENCE.sub(stands_for, known[2])
    path = re.sub(r"^https?://[^/]+", "", address)
    if not path.startswith("/"):
        path = f"{request.url.path.rpartition('/')[0]}/{path}"
    given = _REFERENCE.sub(stands_for, body.strip().decode("utf-8")) if made else body.strip().decode("utf-8")
    return await box.part(request.scope, known[1], path, headers, given.encode())


def _written(replied: Answer, content_id: str) -> str:
    status = HTTPStatus(replied.status_code or 200)
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    head += [f"Content-ID: {content_id}"] if content_id else []
    inner = [f"HTTP/1.1 {status.value} {status.phrase}"]
    inner += [f"Content-Type: {replied.media_type}"] if replied.content else []
    inner += [f"{_SHOWN[name]}: {value}" for name, value in replied.headers.items() if name in _SHOWN]
    return _CRLF.join([*head, "", *inner, "", replied.content.decode("utf-8"), ""])


def _parts(content_type: str, body: bytes) -> list[Message]:
    """The parts of a body. Lines end with CRLF and nothing else, as the vendor insists."""
    if not content_type.lower().startswith("multipart/mixed") or b"\n" in body.replace(b"\r\n", b""):
        raise _malformed("A batch is multipart/mixed, its lines end with CRLF.")
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    if not whole.is_multipart():
        raise _malformed("The boundary of the batch is not found in its body.")
    return _inside(whole)


def _inside(part: Message) -> list[Message]:
    found = part.get_payload() if part.is_multipart() else [part]
    return [each for each in found if isinstance(each, Message)] if isinstance(found, list) else []


def _malformed(words: str) -> Exception:
    return refused(400, PAYLOAD, f"Error identified in Payload provided by the user: {words}")


_SHOWN: Final = {"odata-entityid": "OData-EntityId", "location": "Location", "odata-version": "OData-Version"}
ROUTES: Final = (batch,)
