"""`access`: whose tokens an API takes, and what audience they must be made for (RFC 9068, RFC 6750).

A token that is bound to a key (`cnf`) is never taken as a plain one: with it comes a DPoP proof (RFC 9449), or the
client certificate it was issued to (RFC 8705). `bound_by`, at an issuer or at an API, takes bound tokens only.
"""

from collections.abc import Awaitable
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from canonical.faults import Fault
from foundation.context import Caller, Layer
from gateway import certificates
from gateway.api_keys import ApiKeys, Holders
from gateway.call import Call, Http
from gateway.certificates import ClientCertificates
from gateway.challenges import Asks
from gateway.conversion import did_you_mean
from gateway.delegation import by_header, check_audience
from gateway.dpop import Dpop, Proofs
from gateway.issuers import Issuer, Proof
from gateway.noun import Noun, Rule, Site
from gateway.refusals import (
    BindingRefused,
    CertificateRefused,
    IntrospectionUnavailable,
    KeyRefused,
    KeysUnavailable,
    ProofNonceNeeded,
    ProofRefused,
    TokenMisplaced,
    TokenMissing,
    TokenRefused,
)
from gateway.tokens import Verified

_FORM: Final = "application/x-www-form-urlencoded"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come with a token at all."""

    issuers: list[str]
    """Names of issuers in platform.yaml."""
    audience: str
    """What a token's `aud` must contain."""
    bound_by: list[Proof] = []
    """Only tokens with one of these proofs are taken, whatever their issuer says."""
    keys: bool = False
    """Whether the API keys of platform.yaml are taken instead of a token."""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """With what one API judges who calls."""

    asks: Asks
    proofs: Proofs
    believed: ClientCertificates | None
    layer: Layer
    by_header: frozenset[str]
    """Issuers whose workloads say beside the token for whom they act."""


class Authenticate(Rule):
    """Finds out who calls. A direct call from a tier in this process says so itself."""

    refuses: tuple[type[Fault], ...] = (
        TokenMissing,
        TokenRefused,
        TokenMisplaced,
        BindingRefused,
        ProofRefused,
        ProofNonceNeeded,
        CertificateRefused,
        KeysUnavailable,
        IntrospectionUnavailable,
    )

    def __init__(self, where: str, access: Access, means: Means) -> None:
        super().__init__(where)
        self.asks = means.asks
        """What a refused caller is told."""
        self._issuers = frozenset(access.issuers)
        self._audience = access.audience
        self._bound_by = tuple(access.bound_by)
        self._layer = means.layer
        self._by_header = means.by_header
        self.proofs = means.proofs
        self._believed = means.believed

    def admit(self, call: Call) -> Awaitable[None] | None:
        http = call.http
        if http is None:
            return None
        said = http.headers.get("authorization", "")
        if said.startswith("Bearer ") and "content-type" not in http.headers:
            # Most calls: the very bytes that were taken before.
            known = call.services.tokens.known(said[7:])
            if known is not None:
                return self._accept(call, http, "bearer", said[7:], known)
        scheme, token = _credentials(http)
        if http.headers.get("content-type", "").startswith(_FORM):
            return self._after_the_form(call, http, scheme, token)
        if not token:
            raise TokenMissing("Send an access token: Authorization: Bearer ...")
        known = call.services.tokens.known(token)
        if known is None:
            return self._verify(call, http, scheme, token)
        return self._accept(call, http, scheme, token, known)

    async def _after_the_form(self, call: Call, http: Http, scheme: str, token: str) -> None:
        """A form may carry a token (RFC 6750 section 2.2): here it may not, alone or beside another."""
        form = await call.read_body()
        if any(name == b"access_token" for name, _ in parse_qsl(form)):
            raise TokenMisplaced("A token in a form is not taken; send it in the Authorization header, and only there.")
        if not token:
            raise TokenMissing("Send an access token: Authorization: Bearer ...")
        await self._verify(call, http, scheme, token)

    async def _verify(self, call: Call, http: Http, scheme: str, token: str) -> None:
        tokens = call.services.tokens
        verified = tokens.known(token) or await tokens.verify(token, self._issuers)
        waiting = self._accept(call, http, scheme, token, verified)
        if waiting is not None:
            await waiting

    def _accept(self, call: Call, http: Http, scheme: str, token: str, verified: Verified) -> Awaitable[None] | None:
        if verified.issuer not in self._issuers:
            raise TokenRefused(f"This API takes no tokens of {verified.caller.issuer}.")
        caller = verified.caller
        check_audience(caller, verified.audience, self._audience, self._layer)
        if verified.workload and verified.issuer in self._by_header:
            caller = by_header(caller, http.headers)
        if verified.binding is not None or self._bound_by or scheme != "bearer":
            waiting = self._prove(call, http, scheme, token, verified)
            if waiting is not None:
                return _then(waiting, call, caller)
        call.caller = caller
        return None

    def _prove(self, call: Call, http: Http, scheme: str, token: str, verified: Verified) -> Awaitable[None] | None:
        """That the token is the caller's own, by every way the token says and one that policy asks for."""
        binding = verified.binding
        confirmation = binding.confirmation if binding is not None else None
        jkt, x5t = (confirmation.jkt, confirmation.x5t) if confirmation is not None else ("", "")
        if confirmation is not None and not (jkt or x5t):
            raise TokenRefused("The token is bound to its holder in a way that cannot be checked here (cnf).")
        ways = {way for way, thumbprint in (("dpop", jkt), ("mtls", x5t)) if thumbprint}
        for asked in (binding.bound_by if binding is not None else (), self._bound_by):
            if asked and ways.isdisjoint(asked):
                raise TokenRefused(f"Only tokens that are bound to a key are taken (bound_by: {', '.join(asked)}).")
        if scheme == "dpop" and not jkt:
            raise TokenRefused("The token is not bound to a DPoP key; it is sent as Bearer.")
        if jkt and scheme != "dpop":
            raise BindingRefused("The token is bound to a key: send it as Authorization: DPoP, with a proof.")
        if x5t:
            certificates.check(http, self._believed, x5t)
        return self.proofs.check(call, http, token, jkt) if jkt else None


class AuthenticateWithKeys(Authenticate):
    """The same, where a partner's API key will do instead."""

    refuses: tuple[type[Fault], ...] = (*Authenticate.refuses, KeyRefused)

    def __init__(self, where: str, access: Access, means: Means, holders: Holders) -> None:
        super().__init__(where, access, means)
        self.holders = holders

    def admit(self, call: Call) -> Awaitable[None] | None:
        key = call.http.headers.get(self.holders.header) if call.http is not None else None
        if key is None or call.http is None:
            return super().admit(call)
        if "authorization" in call.http.headers:
            raise TokenMisplaced("There is an API key and a token; send one of them.")
        if sum(name == self.holders.header.encode() for name, _ in call.http.scope["headers"]) > 1:
            raise TokenMisplaced("There are two API keys; send one.")
        call.caller = self.holders.of(key)
        return None


async def _then(waiting: Awaitable[None], call: Call, caller: Caller) -> None:
    await waiting
    call.caller = caller


def _credentials(http: Http) -> tuple[str, str]:
    """The scheme in lower case, and the token: empty when there is none."""
    said = http.headers.get("authorization", "")
    scheme, _, rest = said.partition(" ")
    token = rest.strip()
    if not said:
        return "bearer", ""
    scheme = scheme.lower()
    if scheme not in ("bearer", "dpop") or not token:
        raise TokenMissing(f"The Authorization header is {scheme[:32]!r}; send: Bearer and an access token.")
    if " " in token or "," in token:
        raise TokenMisplaced("The Authorization header holds more than one token.")
    return scheme, token


def build(site: Site) -> Rule | None:
    """Nothing for a public operation."""
    if site.said("public"):
        return None
    access: Access = site.policy["access"]
    issuers: dict[str, Issuer] = site.platform["issuers"]
    for name in access.issuers:
        if name not in issuers:
            site.api_problem("access", sentence=f"no issuer is called {name!r}{did_you_mean(name, issuers)}")
    keys: ApiKeys | None = site.platform["api_keys"]
    if access.keys and keys is None:
        site.api_problem("access", sentence="keys: true, but platform.yaml has no api_keys, so nobody could have one")
    believed: ClientCertificates | None = site.platform["client_certificates"]
    said = [tuple(access.bound_by), *(tuple(issuers[name].bound_by) for name in access.issuers if name in issuers)]
    if believed is None and any(ways == ("mtls",) for ways in said):
        site.api_problem(
            "access",
            sentence="only tokens bound by mtls are taken, but platform.yaml does not say who tells of client "
            "certificates (client_certificates), so nobody could call",
        )
    return site.once(("access", site.api.key), lambda: _rule(site, access, issuers, keys, believed))


def _rule(
    site: Site,
    access: Access,
    issuers: dict[str, Issuer],
    keys: ApiKeys | None,
    believed: ClientCertificates | None,
) -> Rule:
    """That of all operations of one version of an API."""
    proofs = Proofs(site.platform["dpop"] or Dpop())
    means = Means(
        asks=_asks(access, issuers, site, proofs),
        proofs=proofs,
        believed=believed,
        layer=site.api.layer,
        by_header=frozenset(name for name, each in issuers.items() if each.workloads and each.acted_for == "header"),
    )
    if access.keys and keys is not None:
        return AuthenticateWithKeys(site.where_api("access"), access, means, Holders(keys))
    return Authenticate(site.where_api("access"), access, means)


def _asks(access: Access, issuers: dict[str, Issuer], site: Site, proofs: Proofs) -> Asks:
    """A plain token will do where neither the API nor one of its issuers wants DPoP and nothing else."""
    taken = [issuers[name] for name in access.issuers if name in issuers]
    bearer = access.bound_by != ["dpop"] and any(issuer.bound_by != ["dpop"] for issuer in taken)
    dpop = any("dpop" in ways for ways in (access.bound_by, *(issuer.bound_by for issuer in taken)))
    keys: ApiKeys | None = site.platform["api_keys"] if access.keys else None
    return Asks(
        resource=site.api.prefix,
        bearer=bearer or not dpop,
        dpop=dpop or site.platform["dpop"] is not None,
        proof_algorithms=proofs.algorithms,
        issuers=tuple(name for name in access.issuers if name in issuers),
        key_header=keys.header if keys is not None else "",
    )


NOUN = Noun(
    name="access",
    stage="authenticate",
    build=build,
    api=Access,
    required=True,
    platform={
        "issuers": dict[str, Issuer],
        "dpop": Dpop | None,
        "client_certificates": ClientCertificates | None,
        "api_keys": ApiKeys | None,
    },
)
