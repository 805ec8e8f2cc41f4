"""A tier's own identity towards the tier below, and for whom it acts there.

    called with a token ──> token exchange (RFC 8693) ──> a token with the chain, for the tier below only
    a run, whose caller's token has ended ──> the same, by the tier's own word: a signed JWT of the chain
    nobody acted for, or an issuer without token exchange ──> client credentials

A token is kept for its chain until it is nearly over, so a call costs no exchange; one exchange serves all who wait.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey

from canonical.faults import Overloaded, Unauthenticated
from foundation.acting import claims_of
from foundation.context import Caller, Layer, current
from gateway.identity.exchange import ACCESS_TOKEN, ASSERTION, ASSERTION_SECONDS, GRANT

EARLY: Final = 30.0
"""Seconds before its end a token is no longer used."""
KEPT: Final = 1_000
"""So many chains are remembered."""
_OWN: Final = ""
"""Nobody is acted for."""


class Metadata(msgspec.Struct, frozen=True):
    """What we read of an issuer's metadata (RFC 8414, OpenID Connect Discovery)."""

    token_endpoint: str
    grant_types_supported: list[str] = []


class Token(msgspec.Struct, frozen=True):
    """The issuer's answer (RFC 6749 section 5.1)."""

    access_token: str
    expires_in: float


class _Held(msgspec.Struct):
    """One chain's token, and the lock of whoever gets it."""

    lock: asyncio.Lock
    token: str = ""
    ends: float = 0.0

    @property
    def good(self) -> bool:
        return self.ends - EARLY > time.monotonic()


class Workload(httpx.Auth):
    """Signs every call as a tier, for whom the call at hand is made; the next tier trusts its `layer` claim."""

    def __init__(
        self,
        client_id: str,
        secret: str,
        issuer: str,
        *,
        scopes: frozenset[str],
        resource: str,
        tier: Layer,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`tier` is the one that is called; `resource` the platform's audience."""
        self._http = httpx.AsyncClient(auth=(client_id, secret), transport=transport, timeout=10.0)
        self._now = now
        self._client_id = client_id
        self._secret = secret
        self._issuer = issuer
        self._scope = " ".join(sorted(scopes))
        self._resource = resource
        self._below = f"{resource.rstrip('/')}/{tier}"
        self._metadata: Metadata | None = None
        self._held: dict[str, _Held] = {}

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        held = await self._signed()
        request.headers["Authorization"] = f"Bearer {held.token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            held.ends = 0.0  # revoked, or its key is gone: one new sign-in
            request.headers["Authorization"] = f"Bearer {(await self._signed()).token}"
            yield request

    async def token(self) -> str:
        """A token for the call at hand that is good for a while."""
        return (await self._signed()).token

    async def _signed(self) -> _Held:
        caller = current().caller
        acting = caller is not None and bool(caller.acted_for) and GRANT in (await self._found()).grant_types_supported
        key = _key(caller) if caller is not None and acting else _OWN
        held = self._held.get(key)
        if held is None:
            self._make_room()
            held = self._held[key] = _Held(lock=asyncio.Lock())
        if not held.good:
            async with held.lock:
                if not held.good:
                    asked = self._exchange(caller) if caller is not None and acting else self._own()
                    found = await self._ask(asked)
                    held.token, held.ends = found.access_token, time.monotonic() + found.expires_in
        return held

    def _own(self) -> dict[str, str]:
        return {"grant_type": "client_credentials", "scope": self._scope, "resource": self._resource}

    def _exchange(self, caller: Caller) -> dict[str, str]:
        """The token we were called with; without one of this issuer's, our own word."""
        shown = caller.token if caller.claims.get("iss") == self._issuer else ""
        return {
            "grant_type": GRANT,
            "scope": self._scope,
            "resource": self._below,
            "subject_token": shown or self._assertion(caller),
            "subject_token_type": ACCESS_TOKEN if shown else ASSERTION,
        }

    def _assertion(self, caller: Caller) -> str:
        now = int(self._now())
        said = claims_of(caller.acted_for, self._client_id) | {
            "iss": self._client_id,
            "aud": self._issuer,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        # The issuer keeps the secret's digest only, so that is the key both have.
        key = OctKey.import_key(hashlib.sha256(self._secret.encode()).hexdigest())
        return jwt.encode({"alg": "HS256"}, said, key, algorithms=["HS256"])

    async def _ask(self, asked: Mapping[str, str]) -> Token:
        """Raises `Unauthenticated` when the issuer does not give it, `Overloaded` when it does not answer."""
        endpoint = (await self._found()).token_endpoint
        try:
            answer = await self._http.post(endpoint, data=dict(asked))
        except httpx.TransportError as silent:
            raise Overloaded("The issuer of the tiers' tokens does not answer.") from silent
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status_code == 429:
            raise Overloaded("The issuer of the tiers' tokens has no time.")
        if answer.status_code != httpx.codes.OK:
            raise Unauthenticated(f"The issuer gives {self._client_id} no token for this call.")
        return msgspec.json.decode(answer.content, type=Token)

    async def _found(self) -> Metadata:
        """The issuer's metadata: any OpenID provider will do."""
        if self._metadata is None:
            try:
                answer = await self._http.get(f"{self._issuer}/.well-known/openid-configuration", auth=None)
                answer.raise_for_status()
            except httpx.HTTPError as silent:
                raise Overloaded("The issuer of the tiers' tokens does not answer.") from silent
            self._metadata = msgspec.json.decode(answer.content, type=Metadata)
        return self._metadata

    def _make_room(self) -> None:
        if len(self._held) >= KEPT:
            self._held = {key: held for key, held in self._held.items() if held.good or held.lock.locked()}
        if len(self._held) >= KEPT:
            self._held = {}

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def _key(caller: Caller) -> str:
    """One token for each that was shown; for a run, one for its chain."""
    return caller.token or " ".join(caller.acted_for)
