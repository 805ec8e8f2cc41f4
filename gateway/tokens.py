"""Access tokens: RFC 9068 JWTs, verified once and remembered by their bytes until they expire.

Strict where libraries are kind: `typ` must be there, the algorithm must be on the issuer's list, and `iss`, `sub`,
`aud`, `client_id`, `exp`, `iat` and `jti` must all be there and mean what they say.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from foundation.context import Caller, Layer, Shown
from gateway.delegation import with_chain
from gateway.keys import Issuer, Keys
from gateway.refusals import TokenRefused

_REMEMBERED: Final = 50_000
_MAX_BYTES: Final = 16_384
_LEEWAY: Final = 30
"""Seconds a clock may be off, for `iat` and `nbf`; `exp` is exact."""
_TIERS: Final[tuple[Layer, ...]] = ("experience", "process", "system")

Revoked = Callable[[dict[str, Any]], bool]
"""Whether the token of these claims was ended before its time (RFC 7009)."""


class _Header(msgspec.Struct):
    alg: str
    typ: str = ""
    kid: str = ""


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


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A good token: who it speaks for, from whom and to whom."""

    caller: Caller
    issuer: str
    """The issuer's name in platform.yaml."""
    audience: frozenset[str]
    expires: float
    workload: bool


class Tokens:
    """Verifies tokens against the issuers of the plan in force, with keys from `keys`."""

    def __init__(self, keys: Keys, clock: Callable[[], float], revoked: Revoked | None = None) -> None:
        self._keys = keys
        self._clock = clock
        self._revoked = revoked or (lambda claims: False)
        self._issuers: dict[str, tuple[str, Issuer]] = {}
        self._known: dict[str, Verified] = {}

    def trust(self, issuers: Mapping[str, Issuer]) -> None:
        """The issuers from now on, by name. What was verified under other ones is forgotten."""
        trusted = {issuer.issuer: (name, issuer) for name, issuer in issuers.items()}
        if trusted != self._issuers:
            self._issuers, self._known = trusted, {}

    def known(self, token: str) -> Verified | None:
        """A token verified before and still good."""
        found = self._known.get(token)
        good = found is not None and found.expires > self._clock() and not self._revoked(found.caller.claims)
        return found if good else None

    async def verify(self, token: str) -> Verified:
        """Raises `TokenRefused`, or `KeysUnavailable`."""
        if len(token) > _MAX_BYTES:
            raise TokenRefused("The token is larger than any we issue.")
        header, claims = _parts(token)
        found = self._issuers.get(claims.iss)
        if found is None:
            raise TokenRefused(f"The token is from {claims.iss!r}, which is not an issuer we trust.")
        name, issuer = found
        self._check_header(header, issuer)
        await self._check_signature(token, header, issuer)
        self._check_times(claims)
        verified = _delegated(_verified(name, issuer, claims, _decoded(token.split(".")[1])), token)
        if self._revoked(verified.caller.claims):
            raise TokenRefused("The token was revoked.")
        if len(self._known) >= _REMEMBERED:
            self._forget()
        self._known[token] = verified
        return verified

    def _check_header(self, header: _Header, issuer: Issuer) -> None:
        if header.typ.lower().removeprefix("application/") != issuer.typ.lower():
            raise TokenRefused(f"The token's typ is {header.typ!r}; an access token is {issuer.typ!r}.")
        if header.alg not in issuer.alg:
            raise TokenRefused(f"The token is signed with {header.alg!r}, which its issuer does not use.")

    async def _check_signature(self, token: str, header: _Header, issuer: Issuer) -> None:
        key = await self._keys.find(issuer, header.kid)
        if key is not None and _fits(token, key, issuer):
            return
        # The same id with a new key: issuers do it. Ask once more, within the cooldown.
        renewed = await self._keys.find(issuer, header.kid, again=True)
        if renewed is None:
            raise TokenRefused(f"The token is signed with a key its issuer does not publish ({header.kid!r}).")
        if renewed is key or not _fits(token, renewed, issuer):
            raise TokenRefused("The token's signature does not fit.")

    def _check_times(self, claims: Claims) -> None:
        now = self._clock()
        if claims.exp <= now:
            raise TokenRefused("The token has expired.")
        if claims.iat > now + _LEEWAY or (claims.nbf is not None and claims.nbf > now + _LEEWAY):
            raise TokenRefused("The token is not valid yet.")

    def _forget(self) -> None:
        """Make room: the expired ones go; if none is, all go."""
        now = self._clock()
        self._known = {token: found for token, found in self._known.items() if found.expires > now}
        if len(self._known) >= _REMEMBERED:
            self._known = {}


def _fits(token: str, key: Key, issuer: Issuer) -> bool:
    registry = JWSRegistry(algorithms=issuer.alg, strict_check_header=False)
    try:
        jwt.decode(token, key, registry=registry)
    except BadSignatureError:
        return False
    except (JoseError, ValueError) as wrong:
        raise TokenRefused("The token cannot be verified.") from wrong
    return True


def _parts(token: str) -> tuple[_Header, Claims]:
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenRefused("The token is not a signed JWT.")
    try:
        header = msgspec.json.decode(_raw(parts[0]), type=_Header)
        claims = msgspec.json.decode(_raw(parts[1]), type=Claims)
    except msgspec.ValidationError as wrong:
        raise TokenRefused(f"The token is not as RFC 9068 wants it: {wrong}.") from None
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise TokenRefused("The token cannot be read.") from None
    if not (claims.sub and claims.client_id and claims.jti):
        raise TokenRefused("The token names nobody: sub, client_id or jti is empty.")
    return header, claims


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
    )


def _delegated(verified: Verified, token: str) -> Verified:
    """With whom a tier acts for, and the token itself, which the next tier's token is got for."""
    caller = msgspec.structs.replace(verified.caller, token=Shown(token))
    if verified.workload:
        caller = with_chain(caller, caller.claims)
    return msgspec.structs.replace(verified, caller=caller)


def _raw(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _decoded(part: str) -> dict[str, Any]:
    return msgspec.json.decode(_raw(part), type=dict[str, Any])
