"""`validate: {request: enforce, response: report}`: what is asked and answered is held against the contract.

A tier of ours decodes strictly, so in its own process no request is checked twice; in front of a tier elsewhere, or of
an upstream, a bad body is refused here, and the way there is saved. An API that is not ours is checked by its owner's
document: parameters and body of each request, and each answer's status, headers and body. `report` passes on what
differs, and writes it down for `tiergate openapi drift`; `enforce` answers 502 in its place. Each process counts what
differs and writes it to the database every five seconds.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl

import msgspec
import structlog

from canonical.faults import FieldError, Invalid, Malformed
from canonical.ports import Operation, Raw
from foundation.api import Api, PageOperation, read_arguments
from foundation.context import current
from foundation.violations import Violation
from gateway.answers import answer_of
from gateway.call import Answer, Call, Ending, Http
from gateway.contracts import Checks, Contract, contract_at
from gateway.contracts.broken import ContractBroken
from gateway.contracts.dialect import Direction
from gateway.metrics import BROKEN
from gateway.noun import Noun, Rule, Site
from gateway.published import contract_of
from gateway.refusals import UnsupportedMedia

_LOOKED_AT: Final = 4 * 1024 * 1024
"""Bytes of an answer that are looked into."""
_OFF_LOOP: Final = 64 * 1024
"""Bytes from which on it is done in a thread."""
_NAMED: Final = 5
"""So many differences of one answer are logged."""
_UNREAD: Final = Violation(place=("body",), keyword="size", says="is longer than is looked into", seen="unread")
log = structlog.get_logger("tiergate.contracts")


class Validate(msgspec.Struct, frozen=True, kw_only=True):
    """What is checked, and what is done about it."""

    request: Literal["enforce", "off"] = "enforce"
    response: Literal["enforce", "report", "off"] | None = None
    """`off` for an API of ours where nothing is said, `report` for any other."""


class Asked(Rule):
    """The request of one operation of ours."""

    refuses = (UnsupportedMedia, Malformed, Invalid)

    def __init__(self, where: str, operation: Operation) -> None:
        super().__init__(where)
        self._operation = operation

    def admit(self, call: Call) -> Awaitable[None] | None:
        return self._check(call, call.http) if call.http is not None else None

    async def _check(self, call: Call, http: Http) -> None:
        raw = await call.read_body()
        media = http.headers.get("content-type", "").partition(";")[0].strip().lower()
        if raw and media != "application/json":
            raise UnsupportedMedia(f"The body is {media or 'of no media type'}; send application/json.")
        _check_coding(raw, http)
        if call.governed.upstream or not call.served_here:
            query = parse_qsl(http.query.decode("latin-1"), keep_blank_values=True)
            read_arguments(self._operation, call.arguments, query, raw)


class AskedOfOthers(Rule):
    """The request of an operation that is not ours, against its owner's document."""

    refuses = (UnsupportedMedia, Malformed, Invalid)

    def __init__(self, where: str, checks: Checks) -> None:
        super().__init__(where)
        self._checks = checks

    def admit(self, call: Call) -> Awaitable[None] | None:
        return self._check(call, call.http) if call.http is not None else None

    async def _check(self, call: Call, http: Http) -> None:
        raw = await call.read_body()
        _check_coding(raw, http)
        media = http.headers.get("content-type", "")
        found = self._checks.wrong_parameters(call.arguments, http.query, http.headers)
        if len(raw) < _OFF_LOOP:
            found += self._checks.wrong_body(raw, media)
        else:
            found += await asyncio.to_thread(self._checks.wrong_body, raw, media)
        if found:
            errors = [_as_error(each) for each in found]
            raise Invalid("Some fields are not as they must be.", errors=errors)


class Answered(Rule):
    """The answers of one operation; `asked` is what is made of its requests."""

    heard_first = True

    def __init__(self, where: str, api: Api, operation: str, said: str, asked: Rule | None) -> None:
        super().__init__(where)
        self._key = (api.key, operation)
        self._enforce = said == "enforce"
        self._said = said
        self._asked = asked
        self._contract = contract_at(api.document) if api.document is not None else None
        self.refuses = (*(asked.refuses if asked is not None else ()), *([ContractBroken] if self._enforce else []))

    def admit(self, call: Call) -> Awaitable[None] | None:
        return self._asked.admit(call) if self._asked is not None else None

    def hears(self, call: Call, answer: Answer) -> int | None:
        media = answer.header(b"content-type").decode("latin-1")
        return _LOOKED_AT if self._checks(call).looks_at_body(answer.status, media) else 0

    def unheard(self, call: Call, answer: Answer) -> None:
        found = _wrong(call, self._checks(call), answer, with_body=False)
        if self.hears(call, answer):
            found.append(_UNREAD)
        self._note(call, found)
        if found and self._enforce:
            raise self._broken()

    def reply(self, call: Call, answer: Answer) -> Awaitable[Answer] | None:
        if len(answer.body) >= _OFF_LOOP:
            return self._reply_later(call, answer)
        found = _wrong(call, self._checks(call), answer)
        self._note(call, found)
        return self._instead(call) if found and self._enforce else None

    def settle(self, call: Call, ending: Ending) -> None:
        """Of a call between two tiers of one process there is no HTTP answer; its result is looked at all the same."""
        if call.http is not None or ending.status >= 400:
            return
        given = ending.answer is not None
        answer = Answer(
            status=ending.status,
            headers=((b"content-type", b"application/json"),) if given else (),
            body=msgspec.json.encode(ending.answer) if given else b"",
        )
        self._note(call, _wrong(call, self._checks(call), answer))

    async def _reply_later(self, call: Call, answer: Answer) -> Answer:
        found = await asyncio.to_thread(_wrong, call, self._checks(call), answer)
        self._note(call, found)
        return await self._instead(call) if found and self._enforce else answer

    async def _instead(self, call: Call) -> Answer:
        path = call.http.scope.get("path", "") if call.http is not None else ""
        broken, site = self._broken(), current().site
        status, headers, body = answer_of(broken, request_id=call.request_id, instance=path, site=site)
        return Answer(status=status, headers=tuple(headers), body=body)

    def _broken(self) -> ContractBroken:
        said = "The answer was not as the contract says; the request id finds in our log where it differed."
        return ContractBroken(said, system=self._key[0])

    def _note(self, call: Call, found: list[Violation]) -> None:
        drift = call.services.drift
        if drift is not None:
            drift.read_by(*self._key, call.caller.client if call.caller is not None else "anybody")
        if not found:
            return
        BROKEN.labels(*self._key, self._said).inc()
        if self._enforce:
            differs = [f"{each.pointer.lstrip('/')}: {each.says}" for each in found[:_NAMED]]
            log.warning("contract broken", operation=".".join(self._key), request_id=call.request_id, differs=differs)
        if drift is not None:
            drift.note(*self._key, found, self._made(call).document)

    def _checks(self, call: Call) -> Checks:
        return self._made(call).operation(self._key[1])

    def _made(self, call: Call) -> Contract:
        """That of an operation of ours is made when its first answer comes: most never need theirs."""
        if self._contract is None:
            self._contract = Contract(contract_of(call.governed))
        return self._contract


def _wrong(call: Call, checks: Checks, answer: Answer, *, with_body: bool = True) -> list[Violation]:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    asked = call.http.headers if call.http is not None else {}
    if answer.status == 304 and ("if-none-match" in asked or "if-modified-since" in asked):
        return []  # what the caller has is still so: HTTP's own answer, in no contract
    body = _decoded(answer.body, headers) if with_body else None
    found = checks.wrong_answer(answer.status, headers, body)
    return [*found, _UNREAD] if with_body and body is None else found


def _decoded(raw: bytes, headers: Mapping[str, str]) -> bytes | None:
    """A body without its coding; None where it is in one that is not read, or would be too long."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding == "identity" or not raw:
        return raw
    if coding not in ("gzip", "x-gzip"):
        return None
    reading = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = reading.decompress(raw, _LOOKED_AT)
    except zlib.error:
        return None
    return None if reading.unconsumed_tail else found


def _check_coding(raw: bytes, http: Http) -> None:
    coding = http.headers.get("content-encoding", "identity").strip().lower()
    if raw and coding != "identity":
        raise UnsupportedMedia(f"The body is coded as {coding}; send it as it is.", accept_encoding="identity")


def _as_error(violation: Violation) -> FieldError:
    """In a problem document a parameter is named `query:limit`, and a field of the body by its JSON Pointer."""
    at_parameter = violation.place and str(violation.place[0]).startswith(("path:", "query:", "header:", "cookie:"))
    pointer = violation.pointer.removeprefix("/") if at_parameter else violation.pointer
    return FieldError(pointer=pointer, detail=violation.says)


def build(site: Site) -> Rule | None:
    """Something to do only where there is a contract: not for a page."""
    operation = site.operation
    if isinstance(operation, PageOperation):
        return None
    said: Validate = site.said("validate") or Validate()
    others = site.api.document is not None
    asked = _asked(site, operation, said)
    response = said.response or ("report" if others else "off")
    if others:
        _refuse_unchecked(site, request=said.request == "enforce", response=response != "off")
    if response == "off":
        return asked
    return Answered(site.where("validate"), site.api, operation.id, response, asked)


def _asked(site: Site, operation: Operation, said: Validate) -> Rule | None:
    if said.request == "off":
        return None
    document = site.api.document
    if document is None:
        return None if operation.body in (None, Raw) else Asked(site.where("validate"), operation)
    return AskedOfOthers(site.where("validate"), contract_at(document).operation(operation.id))


def _refuse_unchecked(site: Site, *, request: bool, response: bool) -> None:
    """What the document has and we cannot check stops the load, by its place: it would pass unseen."""
    assert site.api.document is not None
    wanted: list[Direction] = ["request"] if request else []
    if response:
        wanted.append("response")
    for refused in contract_at(site.api.document).refused_of(site.operation.id, wanted) if wanted else ():
        site.problem("validate", f"cannot be checked: {refused}")


NOUN = Noun(
    name="validate",
    stage="validate",
    build=build,
    operation=Validate,
    default="{request: enforce}; of an API that is not ours {request: enforce, response: report}",
)
