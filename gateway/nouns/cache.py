"""`cache: 30s`: a read's answer is given again for so long, to the same person only, unless `shared` is said.

Every answer of such an operation carries an `ETag`; who sends it back in `If-None-Match` is told 304 while nothing has
changed (RFC 9110 section 13.1.2). `Cache-Status` says what became of each call (RFC 9211). A write of the same API,
in this process, makes its reads new again.
"""

import hashlib
from collections.abc import Awaitable
from typing import Any, Final

import msgspec

from foundation.api import PageOperation
from gateway.cache import Kept, Key
from gateway.call import Answer, Call, Ending, Http
from gateway.noun import Noun, Rule, Site
from gateway.words import Duration

_KNOWN: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the answer the caller has.",
    "schema": {"type": "string"},
}
_NEVER_STALE: Final = ("must-revalidate", "proxy-revalidate", "no-cache", "s-maxage")
_OF_THE_BODY: Final = frozenset((b"content-length", b"content-type"))


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """How long, and for whom."""

    fresh: Duration
    """How long an answer is given again."""
    shared: bool = False
    """Whether everybody is given the same one: say it only where the answer depends on nobody."""


class Remember(Rule):
    """The kept answers of one read."""

    def __init__(self, where: str, site: Site, said: Cache) -> None:
        super().__init__(where)
        self._api = site.api.key
        self._operation = site.operation.id
        self._said = said
        self.plain = {304: "What the caller has is still so"}
        self.parameters = (_KNOWN,)
        whose = b"public" if site.said("public") else b"private"
        self._headers = [(b"cache-control", b"%b, max-age=%d" % (whose, int(said.fresh)))]
        if not site.said("public"):
            self._headers.append((b"vary", b"Authorization"))

    def admit(self, call: Call) -> None:
        http = call.http
        if http is None or not call.served_here or http.method != "GET":
            return
        key = call.cache_key = self._key(call, http)
        fresh = None if _wants_anew(http) else call.services.cache.find(key, call.services.clock())
        if fresh is None:
            call.remember(self, key)
            return
        now = call.services.clock()
        call.headers.extend(self._headers)
        call.headers.append((b"age", b"%d" % int(now - fresh.at)))
        call.headers.append((b"cache-status", b"tiergate; hit; ttl=%d" % int(fresh.until - now)))
        call.answered = _unless_known(fresh.answer, http)

    def reply(self, call: Call, answer: Answer) -> Awaitable[Answer] | None:
        key, http = call.recall(self), call.http
        if key is None or http is None:
            return None
        return self._keep(call, http, key, answer)

    async def _keep(self, call: Call, http: Http, key: Key, answer: Answer) -> Answer:
        said = answer.header(b"cache-control").decode("latin-1").lower()
        if answer.status != 200 or "no-store" in said:
            call.headers.append((b"cache-status", b"tiergate; fwd=miss"))
            return answer
        tagged = _tagged(answer)
        now = call.services.clock()
        until = now + self._said.fresh
        # RFC 9111 section 4.2.4: whose answer says so is never given when it is too old.
        last = 0.0 if any(word in said for word in _NEVER_STALE) else until + call.stale_for
        stored = call.services.cache.keep(key, Kept(answer=tagged, at=now, until=until, last=last))
        call.headers.extend(self._headers)
        why = b"request" if _wants_anew(http) else b"miss"
        call.headers.append((b"cache-status", b"tiergate; fwd=%b%b" % (why, b"; stored" if stored else b"")))
        return _unless_known(tagged, http)

    def _key(self, call: Call, http: Http) -> Key:
        caller = call.caller
        whose = ("",) if self._said.shared or caller is None else (caller.issuer, caller.client, caller.subject)
        asked = (http.raw_path.decode("latin-1"), http.query.decode("latin-1"), http.headers.get("accept", ""))
        return (self._api, self._operation, *asked, *whose)


class Forget(Rule):
    """A write of an API whose reads are kept."""

    def __init__(self, where: str, api: str) -> None:
        super().__init__(where)
        self._api = api

    def settle(self, call: Call, ending: Ending) -> None:
        # A failure may have changed something too; only what never reached the tier has not.
        if not ending.refused_at:
            call.services.cache.forget(self._api)


def _wants_anew(http: Http) -> bool:
    said = http.headers.get("cache-control", "").lower()
    return "no-cache" in said or "no-store" in said


def _tagged(answer: Answer) -> Answer:
    """With an `ETag`: its own, or one of what it says."""
    kept = tuple(header for header in answer.headers if header[0].lower() in (*_OF_THE_BODY, b"etag"))
    if not answer.header(b"etag"):
        kept = (*kept, (b"etag", b'"%b"' % hashlib.sha256(answer.body).hexdigest()[:32].encode()))
    return msgspec.structs.replace(answer, headers=kept)


def _unless_known(answer: Answer, http: Http) -> Answer:
    """304 without a body where the caller has it already. Compared weakly, as RFC 9110 section 13.1.2 wants it."""
    tag = answer.header(b"etag").decode("latin-1").removeprefix("W/")
    known = [one.strip().removeprefix("W/") for one in http.headers.get("if-none-match", "").split(",")]
    if tag not in known and known != ["*"]:
        return answer
    kept = tuple(header for header in answer.headers if header[0].lower() not in _OF_THE_BODY)
    return Answer(status=304, headers=kept, body=b"")


def build(site: Site) -> Rule | None:
    """A read that is kept; a write of an API that keeps some."""
    said: Duration | Cache | None = site.said("cache")
    operation = site.operation
    if isinstance(operation, PageOperation):
        if site.own("cache") is not None:
            site.problem("cache", "is a page; pages say themselves how long they are good")
        return None
    if operation.safe:
        cache = Cache(fresh=said) if isinstance(said, Duration) else said
        return Remember(site.where("cache"), site, cache) if cache is not None else None
    if site.own("cache") is not None:
        site.problem("cache", "writes; only a read's answer can be given again")
    others = [*site.policy["operations"].values(), site.policy["defaults"]]
    keeps = any(getattr(other, "cache", None) is not None for other in others)
    return Forget(site.where(), site.api.key) if keeps else None


NOUN = Noun(name="cache", stage="cache", build=build, operation=Duration | Cache)
