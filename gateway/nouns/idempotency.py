"""`idempotency: {required: true, keep: 24h}`: a write sent twice with one Idempotency-Key is done once (draft-08).

The first answer is stored and given again, word for word, with `Idempotency-Replayed: ?1`. What the contract refuses
before anything was done, and what may safely be sent again (429, a busy or unreachable system), leaves the key free.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable
from typing import Any, Final, Literal

import msgspec
import structlog

from canonical.faults import Fault, Invalid, Malformed, Problem, TooLarge
from foundation.api import PageOperation
from gateway.call import Answer, Call, Ending, Http
from gateway.idempotency import Claim, id_of
from gateway.noun import Noun, Rule, Site
from gateway.refusals import KeyInterrupted, KeyMissing, KeyReused, KeyRunning, UnsupportedMedia
from gateway.words import Duration

_MAX: Final = 255
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_NOT_OF_ITS_OWN: Final = frozenset((b"content-length", b"content-type", b"location", b"etag"))
"""Headers worth keeping with an answer; the others are said of each call anew."""
_NOTHING_DONE: Final = frozenset(kind.reason for kind in (Malformed, Invalid, TooLarge, UnsupportedMedia))
log = structlog.get_logger("tiergate.idempotency")


class Idempotency(msgspec.Struct, frozen=True, kw_only=True):
    """How an operation treats the header Idempotency-Key."""

    required: bool = False
    """Whether a call without the header is refused with 400."""
    keep: Duration = Duration(86_400)
    """How long an answer is kept; after that the key is new again. Callers are told in the contract."""
    after_crash: Literal["refuse", "rerun"] = "refuse"
    """What becomes of a key whose process died midway. `rerun` only where the tier itself does the same thing once."""


class Once(Rule):
    """Makes one operation's calls with the same key one call."""

    refuses = (KeyMissing, KeyRunning, KeyInterrupted, KeyReused)

    def __init__(self, where: str, operation: str, said: Idempotency) -> None:
        super().__init__(where)
        self._operation = operation
        self._said = said
        self.parameters: tuple[dict[str, Any], ...] = (_parameter(said),)
        """Of the published contract."""
        self._freeing: set[asyncio.Task[None]] = set()

    def admit(self, call: Call) -> Awaitable[None] | None:
        if call.http is None or not call.served_here:
            return None
        sent = call.http.headers.get("idempotency-key")
        if sent is None:
            if self._said.required:
                raise KeyMissing('Send a header Idempotency-Key, a quoted string of your own: "8e03978e-40d5".')
            return None
        return self._claim(call, call.http, _key(sent))

    async def _claim(self, call: Call, http: Http, key: str) -> None:
        store, caller = call.services.idempotency, call.caller
        assert store is not None
        assert caller is not None
        claim = Claim(
            id=id_of(caller.issuer, caller.client, caller.subject, self._operation, key),
            fingerprint=_fingerprint(http, await call.read_body(), call.arguments),
            keep=self._said.keep,
            again=self._said.after_crash == "rerun",
        )
        known = await store.claim(claim)
        if known is None:
            call.remember(self, claim)
        else:
            call.answered = known
            call.headers.append((b"idempotency-replayed", b"?1"))

    def reply(self, call: Call, answer: Answer) -> Awaitable[Answer] | None:
        claim = call.recall(self)
        return self._keep(call, claim, answer) if claim is not None else None

    async def _keep(self, call: Call, claim: Claim, answer: Answer) -> Answer:
        store = call.services.idempotency
        assert store is not None
        if _nothing_done(answer):
            await store.release(claim)
        else:
            kept = tuple(header for header in answer.headers if header[0].lower() in _NOT_OF_ITS_OWN)
            await store.keep(claim, msgspec.structs.replace(answer, headers=kept))
        return answer

    def settle(self, call: Call, ending: Ending) -> None:
        """A call refused after its key was claimed did nothing, so the key is free. Of one that broke nobody knows."""
        claim, store = call.recall(self), call.services.idempotency
        if claim is None or store is None:
            return
        if not ending.refused_at:
            store.abandon(claim)
        else:
            freeing = asyncio.get_running_loop().create_task(store.release(claim))
            self._freeing.add(freeing)
            freeing.add_done_callback(self._freeing.discard)


def _key(sent: str) -> str:
    match = _STRING.fullmatch(sent.strip())
    if match is None or not match[1]:
        raise Malformed('Idempotency-Key is a quoted string (RFC 9651 section 3.3.3): "8e03978e-40d5".')
    if len(match[1]) > _MAX:
        raise Malformed(f"Idempotency-Key has at most {_MAX} characters.")
    return re.sub(r"\\(.)", r"\1", match[1])


def _fingerprint(http: Http, body: bytes, arguments: dict[str, Any]) -> str:
    digest = hashlib.sha256(msgspec.json.encode([http.query, arguments]))
    digest.update(body)
    return digest.hexdigest()


def _nothing_done(answer: Answer) -> bool:
    """Whether the answer says that nothing was done, or that the same may be sent again."""
    if answer.status < 400:
        return False
    try:
        reason = msgspec.json.decode(answer.body, type=Problem).reason
    except msgspec.MsgspecError:
        return False
    kind = Fault.kinds.get(reason)
    return reason in _NOTHING_DONE or (kind is not None and kind.retry)


def _parameter(said: Idempotency) -> dict[str, Any]:
    hours = f"{said.keep / 3600:g} hours"
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": said.required,
        "description": f"A quoted string of the caller's own (draft-08). The answer is kept for {hours}.",
        "schema": {"type": "string", "pattern": '^"[ !#-\\[\\]-~]{1,255}"$', "maxLength": _MAX + 2},
    }


def build(site: Site) -> Rule | None:
    """Only for writes: a read has no effect to be had once."""
    said: Idempotency | None = site.said("idempotency")
    operation = site.operation
    if said is None or isinstance(operation, PageOperation) or operation.safe:
        own = site.own("idempotency")
        if own is not None and said is not None:
            site.problem("idempotency", "only reads, or is a page; a key makes sense for a write")
        return None
    if site.said("public"):
        site.problem("idempotency", "is public; a key belongs to a caller, and nobody in particular calls it")
        return None
    return Once(site.where("idempotency"), f"{site.api.key}.{operation.id}", said)


NOUN = Noun(name="idempotency", stage="once", build=build, operation=Idempotency)
