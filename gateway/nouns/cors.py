"""`cors: {origins: [https://portal.firm.example]}`: pages of which origins may call an API from a browser.

A browser asks first (OPTIONS with `Access-Control-Request-Method`, as the Fetch standard has it): the gateway answers
that itself, from policy, for an operation that is offered. The call that follows is judged like any other; its answer,
a refusal included, may be read by the page. Tokens travel in the Authorization header, never in cookies, so
credentials are not allowed.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.call import Answer, Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import OriginRefused
from gateway.words import Duration

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_SENT: Final = frozenset(
    "accept accept-language api-version api-date authorization cache-control content-language content-type dpop "
    "idempotency-key if-match if-none-match traceparent tracestate x-request-id".split()
)
"""What a page may send without being listed: what our own contracts read."""
_SHOWN: Final = (
    b"Api-Version, Cache-Status, Deprecation, ETag, Idempotency-Replayed, Link, Location, Proxy-Status, RateLimit, "
    b"RateLimit-Policy, Retry-After, Sunset, Tiergate-Warned, WWW-Authenticate, X-Request-Id"
)
"""What a page may read of an answer."""


class Cors(msgspec.Struct, frozen=True, kw_only=True):
    """Which pages may call."""

    origins: list[str]
    """Scheme, host and port as a browser says them, or `"*"` alone for every page there is."""
    headers: list[str] = []
    """Headers of its own that a page may send, besides those our contracts read."""
    max_age: Duration = Duration(600)
    """How long a browser need not ask again."""

    def __post_init__(self) -> None:
        if not self.origins:
            raise ValueError('origins lists at least one, like https://portal.firm.example, or "*"')
        for origin in self.origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin: write it like https://portal.firm.example, no path")
        if "*" in self.origins and len(self.origins) > 1:
            raise ValueError('"*" is every origin: list nothing beside it')


class FromPages(Rule):
    """Lets the pages of some origins call one operation, and read its answers."""

    def __init__(self, where: str, said: Cors, method: str) -> None:
        super().__init__(where)
        self._origins = frozenset(said.origins)
        self._every = "*" in self._origins
        self._may_send = _SENT | {name.lower() for name in said.headers}
        self._age = b"%d" % int(said.max_age)
        self._method = method

    def admit(self, call: Call) -> None:
        """A call of no listed origin is judged all the same: only a browser keeps its answer from the page."""
        origin = call.http.headers.get("origin") if call.http is not None else None
        if origin is None:
            return
        call.headers.append((b"vary", b"Origin"))
        if self._knows(origin):
            call.headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
            call.headers.append((b"access-control-expose-headers", _SHOWN))

    def preflight(self, headers: Mapping[str, str]) -> Answer:
        origin = headers["origin"]
        if not self._knows(origin):
            raise OriginRefused(f"Pages of {origin[:64]!r} may not call this.", policy=self.where)
        asked = [name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",")]
        refused = sorted(name for name in asked if name and name not in self._may_send)
        if refused:
            raise OriginRefused(f"A page may not send the header {', '.join(refused)[:128]}.", policy=self.where)
        names = ", ".join(filter(None, asked)).encode("latin-1")
        return Answer(
            status=204,
            headers=(
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-methods", self._method.encode()),
                *(((b"access-control-allow-headers", names),) if names else ()),
                (b"access-control-max-age", self._age),
                (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
            ),
            body=b"",
        )

    def _knows(self, origin: str) -> bool:
        return self._every or origin in self._origins


def build(site: Site) -> Rule | None:
    """Nothing where no page is named; a system API has no pages."""
    said: Cors | None = site.policy["cors"]
    if said is None:
        return None
    if site.api.layer == "system":
        site.api_problem("cors", sentence="a system API is called by a tier, never by a page")
    return FromPages(site.where_api("cors"), said, site.operation.method)


NOUN = Noun(name="cors", stage="version", build=build, api=Cors)
