"""Access tokens: RFC 9068 JWTs, verified once and remembered by their bytes until they expire.

Strict where libraries are kind: `typ` must be there, the algorithm must be on the issuer's list, and `iss`, `sub`,
`aud`, `client_id`, `exp`, `iat` and `jti` must all be there and mean what they say. A token that says nothing by itself
is asked about at the issuers that answer for such (`gateway/introspection.py`).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from foundation.context import Caller, Layer, Shown
from gateway.delegation import with_chain
from gateway.introspection import Introspected, Introspection
from gateway.issuers import Issuer, Proof
from gateway.jose import LARGEST, Header, Unreadable, fits, read
from gateway.keys import Keys
from gateway.refusals import TokenRefused

_REMEMBERED: Final = 131_072
_END: Final = 40
"""Characters of a token's end: of a signature's more than 200 bits."""
"""Tokens; with what each says, some 4 KB."""
_LEEWAY: Final = 30
"""Seconds a clock may be off, for `iat` and `nbf`; `exp` is exact."""
_OBJECT: Final = ("ey", "ew")
"""How a JSON object begins in base64url."""
_TIERS: Final[tuple[Layer, ...]] = ("experience", "process", "system")

Revoked = Callable[[dict[str, Any]], bool]
"""Whether the token of these claims was ended before its time (RFC 7009)."""


class Confirmation(msgspec.Struct, frozen=True):
    """`cnf`: the key that whoever sends the token must prove to have (RFC 7800)."""

    jkt: str = ""
    """Thumbprint of the key that signs its DPoP proofs (RFC 9449 section 6)."""
    x5t: str = msgspec.field(name="x5t#S256", default="")
    """Thumbprint of its client certificate (RFC 8705 section 3.1)."""


class Claims(msgspec.Struct, kw_only=True):
    """The claims RFC 9068 section 2.2 requires, and those we read."""

    iss: str
    sub: str
    aud: str | list[str]
    client_id: str
    exp: int | float
    iat: int | float
    jti: str
    nbf: int | float | None = None
    scope: str = ""
    roles: list[str] = []
    layer: str = ""
    cnf: Confirmation | None = None


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What must be proven of the caller before a good token is theirs."""

    confirmation: Confirmation | None = None
    """What the token says of its holder's key."""
    bound_by: tuple[Proof, ...] = ()
    """The proofs of which its issuer asks one."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A good token: who it speaks for, from whom and to whom."""

    caller: Caller
    issuer: str
    """The issuer's name in platform.yaml."""
    audience: frozenset[str]
    expires: float
    workload: bool
    binding: Binding | None = None
    """None for a plain bearer token."""


class Tokens:
    """Verifies tokens against the issuers of the plan in force, with keys from `keys`."""

    def __init__(
        self,
        keys: Keys,
        clock: Callable[[], float],
        revoked: Revoked | None = None,
        introspection: Introspection | None = None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._revoked = revoked
        self._introspection = introspection or Introspection(clock)
        self._issuers: dict[str, tuple[str, Issuer]] = {}
        self._known: dict[str, tuple[str, Verified]] = {}
        """By the end of a token, with the whole of it: to hash all of it at each call costs more than to compare it."""

    def trust(self, issuers: Mapping[str, Issuer]) -> None:
        """The issuers from now on, by name. What was verified under other ones is forgotten."""
        trusted = {issuer.issuer: (name, issuer) for name, issuer in issuers.items()}
        if trusted != self._issuers:
            self._issuers, self._known = trusted, {}
            self._introspection.forget()

    def forget(self, issuer: str) -> None:
        """What an issuer had signed is verified anew: it withdrew or replaced a key."""
        self._known = {end: known for end, known in self._known.items() if known[1].caller.issuer != issuer}

    def known(self, token: str) -> Verified | None:
        """A token verified before and still good."""
        known = self._known.get(token[-_END:])
        if known is None or known[0] != token:
            return None
        found = known[1]
        if found.expires <= self._clock():
            return None
        return None if self._revoked is not None and self._revoked(found.caller.claims) else found

    async def verify(self, token: str, among: Collection[str] | None = None) -> Verified:
        """Who it speaks for. `among`: names of the issuers that may be asked about an opaque token; all by default.

        Raises `TokenRefused`, `KeysUnavailable` or `IntrospectionUnavailable`.
        """
        if len(token) > LARGEST:
            raise TokenRefused("The token is larger than any we issue.")
        jwt = token.count(".") == 2 and token.startswith(_OBJECT)
        asked = [] if jwt else self._who_answers(among)
        if asked:
            verified = await self._asked_about(token, asked)
        else:
            verified = await self._read(token)
        verified = _delegated(verified, token)
        if self._revoked is not None and self._revoked(verified.caller.claims):
            raise TokenRefused("The token was revoked.")
        if len(self._known) >= _REMEMBERED:
            self._forget()
        self._known[token[-_END:]] = token, verified
        return verified

    async def close(self) -> None:
        """Let go of the connections to those who are asked about tokens."""
        await self._introspection.close()

    async def _read(self, token: str) -> Verified:
        try:
            header, claims, raw = read(token, Claims)
            name, issuer = self._issuer(claims)
            _check_header(header, issuer)
            await self._check_signature(token, header, issuer)
        except Unreadable as why:
            raise TokenRefused(f"The token {why}.") from None
        self._check_times(claims)
        return _verified(name, issuer, claims, raw)

    def _issuer(self, claims: Claims) -> tuple[str, Issuer]:
        if not (claims.sub and claims.client_id and claims.jti):
            raise TokenRefused("The token names nobody: sub, client_id or jti is empty.")
        found = self._issuers.get(claims.iss)
        if found is None:
            raise TokenRefused(f"The token is from {claims.iss[:200]!r}, which is not an issuer we trust.")
        return found

    async def _check_signature(self, token: str, header: Header, issuer: Issuer) -> None:
        key = await self._keys.find(issuer, header.kid)
        if key is None:
            raise TokenRefused(f"The token is signed with a key its issuer does not publish ({header.kid!r}).")
        if fits(token, key, issuer.algorithms):
            return
        # The same id with a new key: issuers do it. Ask once more, within the issuer's budget.
        renewed = await self._keys.find(issuer, header.kid, again=True)
        if renewed is None or renewed is key or not fits(token, renewed, issuer.algorithms):
            raise TokenRefused("The token's signature does not fit.")

    def _check_times(self, claims: Claims) -> None:
        now = self._clock()
        if claims.exp <= now:
            raise TokenRefused("The token has expired.")
        if claims.iat > now + _LEEWAY or (claims.nbf is not None and claims.nbf > now + _LEEWAY):
            raise TokenRefused("The token is not valid yet.")

    def _who_answers(self, among: Collection[str] | None) -> list[tuple[str, Issuer]]:
        return [
            (name, issuer)
            for name, issuer in self._issuers.values()
            if issuer.introspect is not None and (among is None or name in among)
        ]

    async def _asked_about(self, token: str, asked: list[tuple[str, Issuer]]) -> Verified:
        """The first issuer that calls it active speaks for it."""
        for name, issuer in asked:
            answer = await self._introspection.ask(token, issuer)
            if answer is not None:
                return _introspected(name, issuer, answer)
        raise TokenRefused("The token is not active: its issuer does not know it, or it has ended.")

    def _forget(self) -> None:
        """Make room: the expired ones go; if none is, all go."""
        now = self._clock()
        self._known = {end: known for end, known in self._known.items() if known[1].expires > now}
        if len(self._known) >= _REMEMBERED:
            self._known = {}


def _check_header(header: Header, issuer: Issuer) -> None:
    if header.typ.lower().removeprefix("application/") != issuer.typ.lower():
        raise TokenRefused(f"The token's typ is {header.typ!r}; an access token is {issuer.typ!r}.")
    if header.alg not in issuer.alg:
        raise TokenRefused(f"The token is signed with {header.alg!r}, which its issuer does not use.")


def _verified(name: str, issuer: Issuer, claims: Claims, raw: dict[str, Any]) -> Verified:
    tier = next((layer for layer in _TIERS if issuer.workloads and layer == claims.layer), None)
    return Verified(
        caller=Caller(
            subject=claims.sub,
            client=claims.client_id,
            issuer=claims.iss,
            scopes=frozenset(claims.scope.split()),
            layer=tier or "external",
            roles=frozenset(claims.roles),
            claims=raw,
        ),
        issuer=name,
        audience=frozenset([claims.aud] if isinstance(claims.aud, str) else claims.aud),
        expires=claims.exp,
        workload=tier is not None,
        binding=_binding(claims.cnf, issuer),
    )


def _introspected(name: str, issuer: Issuer, found: Introspected) -> Verified:
    """An opaque token makes nobody a tier: workloads come with a JWT."""
    try:
        confirmation = msgspec.convert(found.cnf, Confirmation | None)
    except msgspec.ValidationError:
        raise TokenRefused("The token is bound to its holder in a way that cannot be read (cnf).") from None
    return Verified(
        caller=Caller(
            subject=found.sub,
            client=found.client_id,
            issuer=issuer.issuer,
            scopes=frozenset(found.scope.split()),
            roles=frozenset(found.roles),
            claims=found.claims,
        ),
        issuer=name,
        audience=found.audience,
        expires=found.believed_until,
        workload=False,
        binding=_binding(confirmation, issuer),
    )


def _delegated(verified: Verified, token: str) -> Verified:
    """With whom a tier acts for, and the token itself, which the next tier's token is got for."""
    caller = msgspec.structs.replace(verified.caller, token=Shown(token))
    if verified.workload:
        caller = with_chain(caller, caller.claims)
    return msgspec.structs.replace(verified, caller=caller)


def _binding(confirmation: Confirmation | None, issuer: Issuer) -> Binding | None:
    if confirmation is None and not issuer.bound_by:
        return None
    return Binding(confirmation=confirmation, bound_by=tuple(issuer.bound_by))
