"""`access`: whose tokens an API takes, and what audience they must be made for (RFC 9068, RFC 6750)."""

from collections.abc import Awaitable

import msgspec

from foundation.context import Layer
from gateway.call import Call, Http
from gateway.conversion import did_you_mean
from gateway.delegation import by_header, check_audience
from gateway.keys import Issuer
from gateway.noun import Noun, Rule, Site
from gateway.refusals import KeysUnavailable, TokenMisplaced, TokenMissing, TokenRefused
from gateway.tokens import Verified


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come with a token at all."""

    issuers: list[str]
    """Names of issuers in platform.yaml."""
    audience: str
    """What a token's `aud` must contain."""


class Authenticate(Rule):
    """Finds out who calls. A direct call from a tier in this process says so itself."""

    refuses = (TokenMissing, TokenRefused, KeysUnavailable)

    def __init__(self, where: str, access: Access, layer: Layer, by_header: frozenset[str]) -> None:
        super().__init__(where)
        self._layer = layer
        self._by_header = by_header
        self._issuers = frozenset(access.issuers)
        self._audience = access.audience

    def admit(self, call: Call) -> Awaitable[None] | None:
        if call.http is None:
            return None
        token = _bearer(call.http)
        known = call.services.tokens.known(token)
        if known is None:
            return self._verify(call, call.http, token)
        self._accept(call, call.http, known)
        return None

    async def _verify(self, call: Call, http: Http, token: str) -> None:
        self._accept(call, http, await call.services.tokens.verify(token))

    def _accept(self, call: Call, http: Http, verified: Verified) -> None:
        if verified.issuer not in self._issuers:
            raise TokenRefused(f"This API takes no tokens of {verified.caller.issuer}.")
        check_audience(verified.caller, verified.audience, self._audience, self._layer)
        call.caller = verified.caller
        if verified.workload and verified.issuer in self._by_header:
            call.caller = by_header(verified.caller, http.headers)


def _bearer(http: Http) -> str:
    said = http.headers.get("authorization", "")
    scheme, _, token = said.partition(" ")
    if not said:
        raise TokenMissing("Send an access token: Authorization: Bearer ...")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing(f"The Authorization header is {scheme!r}; send: Bearer and an access token.")
    if " " in token.strip():
        raise TokenMisplaced("The Authorization header holds more than one token.")
    return token.strip()


def build(site: Site) -> Rule | None:
    """Nothing for a public operation."""
    if site.said("public"):
        return None
    access: Access = site.policy["access"]
    issuers: dict[str, Issuer] = site.platform["issuers"]
    for name in access.issuers:
        if name not in issuers:
            site.api_problem("access", sentence=f"no issuer is called {name!r}{did_you_mean(name, issuers)}")
    believed = frozenset(name for name, each in issuers.items() if each.workloads and each.acted_for == "header")
    return Authenticate(site.where_api("access"), access, site.api.layer, believed)


NOUN = Noun(
    name="access",
    stage="authenticate",
    build=build,
    api=Access,
    required=True,
    platform={"issuers": dict[str, Issuer]},
)
