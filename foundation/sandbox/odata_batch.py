"""A sandbox's side of OData's `$batch`: each call of a body is played, those of a change set all or not at all.

A vendor says in its `Rules` how strict it is and how it complains. A call may name what another one of its change set
made, `$1/Items`. Fault rules that name a path strike calls inside of a batch, too, where they have an answer.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import msgspec
from litestar import Request

from foundation.odata_batch import HEAD, LINE, content_id, inside, mixed, opened, parted
from foundation.sandbox.answers import Answer
from foundation.sandbox.kit import Box

_CALL: Final = re.compile(r"([A-Z]+) (\S+) HTTP/1\.1")
_REFERENCE: Final = re.compile(r"\$(\w+)")
_HOST: Final = re.compile(r"^https?://[^/]+")
_READS: Final = ("GET", "HEAD")

AnyRequest = Request[Any, Any, Any]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a batch."""

    id: str
    """What it is called; empty where it is called nothing."""
    method: str
    target: str
    """A path with its query; it may begin with a reference."""
    headers: dict[str, str]
    body: bytes

    def within(self, made: Mapping[str, str], root: str, *, in_bodies: bool) -> "Call":
        """The same with references as addresses, below the root of the service that is asked."""

        def stands_for(found: re.Match[str]) -> str:
            return made.get(found[1], found[0])

        path = _HOST.sub("", _REFERENCE.sub(stands_for, self.target))
        body = _REFERENCE.sub(stands_for, self.body.decode()).encode() if in_bodies and made else self.body
        target = path if path.startswith("/") else f"{root}/{path}"
        return msgspec.structs.replace(self, target=target, body=body)


Part = Call | list[Call]
"""A call by itself, or those of a change set."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor takes batches."""

    malformed: Callable[[str], Exception]
    """Its refusal of a body that is no batch, or not one of its kind."""
    shown: Mapping[str, str]
    """Headers of an answer that its part tells: by their names in lower case, as the vendor writes them."""
    made_at: str
    """The header, in lower case, that tells where something was made."""
    passed: Sequence[str] = ("authorization", "host")
    """Headers of the whole that each of its calls has."""
    most: int = 0
    """How many calls it may have; 0 for any number."""
    only_crlf: bool = False
    """Whether lines must end so."""
    in_bodies: bool = False
    """Whether a body may name what was made, as an address does."""
    writes_alone: bool = True
    """Whether a write may stand outside of a change set."""
    many: Callable[[list[Call]], Answer | None] = lambda _: None
    """The answer to a change set whose calls it does not take in one."""


def read(rules: Rules, content_type: str, content: bytes) -> list[Part]:
    """The parts of a body; raises the vendor's refusal of one that is none."""
    if not content_type.lower().startswith("multipart/mixed"):
        raise rules.malformed("A batch is multipart/mixed.")
    if rules.only_crlf and b"\n" in content.replace(b"\r\n", b""):
        raise rules.malformed("The lines of a batch end with CRLF.")
    whole = opened(content_type, content)
    if not whole.is_multipart():
        raise rules.malformed("The boundary of the batch is not found in its body.")
    found: list[Part] = []
    for each in inside(whole):
        if each.is_multipart():
            found.append([_call(rules, one, within=True) for one in inside(each)])
        else:
            found.append(_call(rules, each, within=False))
    if rules.most and sum(len(each) if isinstance(each, list) else 1 for each in found) > rules.most:
        raise rules.malformed(f"The batch has more than {rules.most} requests.")
    return found


async def play(
    box: Box, request: AnyRequest, rules: Rules, parts: Sequence[Part], *, going_on: bool
) -> tuple[bytes, str, bool]:
    """The body that answers a batch, its content type, and whether it ended at a call that failed."""
    told: list[str] = []
    ended = False
    for each in parts:
        one = _Playing(box, request, rules)
        text, failed = await (one.change_set(each) if isinstance(each, list) else one.single(each))
        told.append(text)
        if failed and not going_on:
            ended = True
            break
    content, kind = mixed(told, f"batchresponse_{uuid4()}")
    return content, kind, ended


class _Playing:
    """One part."""

    def __init__(self, box: Box, request: AnyRequest, rules: Rules) -> None:
        self._box, self._request, self._rules = box, request, rules
        self._root = request.scope["path"].rpartition("/")[0]
        self._passed = {name: request.headers[name] for name in rules.passed if name in request.headers}

    async def single(self, call: Call) -> tuple[str, bool]:
        """A call by itself, and whether it failed."""
        inner = call.within({}, self._root, in_bodies=False)
        told = self._struck(inner) or await self._played(inner)
        return self._told(call, told), _failed(told)

    async def change_set(self, calls: list[Call]) -> tuple[str, bool]:
        """The answers in a part of parts; one alone where it was undone.

        Which faults strike is counted before, or the count would be undone with it.
        """
        if (refused := self._rules.many(calls)) is not None:
            return self._told(calls[0], refused), True
        struck = [self._struck(each.within({}, self._root, in_bodies=False)) for each in calls]
        made: dict[str, str] = {}
        told: list[str] = []
        try:
            with self._box.store.transaction():
                for call, fault in zip(calls, struck, strict=True):
                    inner = call.within(made, self._root, in_bodies=self._rules.in_bodies)
                    answer = fault or await self._played(inner)
                    if _failed(answer):
                        raise _UndoneError(self._told(call, answer))
                    told.append(self._told(call, answer))
                    if call.id and (where := _header(answer, self._rules.made_at)):
                        made[call.id] = where
        except _UndoneError as undone:
            return undone.text, True
        content, kind = mixed(told, f"changesetresponse_{uuid4()}")
        head = [f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
        return LINE.join([*head, "", content.decode()]), False

    async def _played(self, call: Call) -> Answer:
        if call.target.partition("?")[0].endswith("/$batch"):
            raise self._rules.malformed("A batch is no part of another.")
        return await self._box.part(
            self._request.scope, call.method, call.target, call.headers | self._passed, call.body
        )

    def _struck(self, call: Call) -> Answer | None:
        rule = self._box.faults.strike_part(call.method, call.target, call.body.decode("utf-8", "replace"))
        return self._box.struck(rule) if rule else None

    def _told(self, call: Call, answer: Answer) -> str:
        status = HTTPStatus(answer.status_code or 200)
        inner = [f"HTTP/1.1 {status.value} {status.phrase}"]
        inner += [f"Content-Type: {answer.media_type}"] if answer.content else []
        inner += [f"Content-Length: {len(answer.content)}"]
        inner += [f"{name}: {told}" for low, name in self._rules.shown.items() if (told := _header(answer, low))]
        text = LINE.join([*inner, "", answer.content.decode()])
        head = [*HEAD, f"Content-Length: {len(text.encode())}", *([f"Content-ID: {call.id}"] if call.id else [])]
        return LINE.join([*head, "", text])


class _UndoneError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def _call(rules: Rules, part: Message, *, within: bool) -> Call:
    first, headers, body = parted(part)
    known = _CALL.fullmatch(first)
    if part.get_content_type() != "application/http" or known is None:
        raise rules.malformed(f"'{first}' is no request of a batch.")
    reads = known[1] in _READS
    if within and reads:
        raise rules.malformed(f"{known[1]} is no operation of a change set.")
    if not (within or reads or rules.writes_alone):
        raise rules.malformed(f"{known[1]} is only done in a change set.")
    kept = {name: value for name, value in headers.items() if name not in ("content-id", "content-length")}
    return Call(id=content_id(part, headers), method=known[1], target=known[2], headers=kept, body=body.strip())


def _failed(answer: Answer) -> bool:
    return (answer.status_code or 200) >= 400


def _header(answer: Answer, name: str) -> str:
    return next((value for known, value in answer.headers.items() if known.lower() == name), "")
