"""Opaque tokens: their issuer says whether they are good (RFC 7662).

`active: true` is not enough: the answer must be of the right issuer and not over, as a JWT's claims must be. An answer
is believed until the token ends, at most a minute; that a token is not active, a few seconds. Tokens are kept as
digests only, and many calls with one token ask once.
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
import msgspec
import structlog

from gateway.issuers import Introspect, Issuer
from gateway.refusals import IntrospectionUnavailable, TokenRefused

LONGEST: Final = 60.0
"""Seconds a good answer is believed at most."""
NOT_ACTIVE: Final = 5.0
"""Seconds the answer is believed that a token is not active."""
_RETRY: Final = 2.0
"""Seconds an issuer that did not answer is left alone."""
_KEPT: Final = 20_000
_LEEWAY: Final = 30
_TIMEOUT: Final = 3.0
log = structlog.get_logger("tiergate.introspection")


class Introspected(msgspec.Struct, frozen=True, kw_only=True):
    """What an issuer says of an active token."""

    sub: str
    client_id: str
    scope: str
    roles: list[str]
    audience: frozenset[str]
    cnf: dict[str, Any] | None
    believed_until: float
    """Seconds since the epoch: when it is to be asked again."""
    claims: dict[str, Any]


class _Answer(msgspec.Struct, kw_only=True):
    """RFC 7662 section 2.2."""

    active: bool
    iss: str = ""
    sub: str = ""
    username: str = ""
    client_id: str = ""
    aud: str | list[str] = []
    exp: int | float | None = None
    iat: int | float | None = None
    nbf: int | float | None = None
    scope: str = ""
    roles: list[str] = []
    cnf: dict[str, Any] | None = None


class Introspection:
    """Asks issuers about tokens. `clock` is in seconds since the epoch."""

    def __init__(self, clock: Callable[[], float], http: httpx.AsyncClient | None = None) -> None:
        self._clock = clock
        self._http = http
        self._not_active: dict[bytes, float] = {}
        self._asking: dict[bytes, asyncio.Task[Introspected | None]] = {}
        self._down: dict[str, float] = {}

    async def ask(self, token: str, issuer: Issuer) -> Introspected | None:
        """What the issuer says of it; None when it is not active there.

        Raises `TokenRefused` for an answer that is not as it must be, `IntrospectionUnavailable` when none comes.
        """
        assert issuer.introspect is not None
        digest = hashlib.sha256(f"{issuer.issuer}\0{token}".encode()).digest()
        if self._not_active.get(digest, 0.0) > self._clock():
            return None
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.create_task(self._ask(token, issuer, issuer.introspect, digest))
            task.add_done_callback(lambda done: self._done(digest, done))
        # Whoever began it may leave; the others still want the answer.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Whom to ask has changed."""
        self._not_active.clear()
        self._down.clear()

    async def close(self) -> None:
        """Let go of the connections."""
        for task in self._asking.values():
            task.cancel()
        if self._http is not None:
            await self._http.aclose()

    def _done(self, digest: bytes, task: asyncio.Task[Introspected | None]) -> None:
        self._asking.pop(digest, None)
        if not task.cancelled():
            task.exception()  # seen, also where everybody who waited has left

    async def _ask(self, token: str, issuer: Issuer, at: Introspect, digest: bytes) -> Introspected | None:
        said, claims = await self._send(token, issuer, at)
        if not said.active:
            if len(self._not_active) >= _KEPT:
                self._not_active.clear()
            self._not_active[digest] = self._clock() + NOT_ACTIVE
            return None
        return self._checked(said, claims, issuer)

    async def _send(self, token: str, issuer: Issuer, at: Introspect) -> tuple[_Answer, dict[str, Any]]:
        if (again := self._down.get(at.url, 0.0) - self._clock()) > 0:
            raise _unavailable(issuer, again)
        self._http = self._http or httpx.AsyncClient(timeout=_TIMEOUT)
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            answer = await self._http.post(
                at.url,
                data=form,
                # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
                auth=httpx.BasicAuth(quote_plus(at.client_id), quote_plus(at.client_secret)),
                headers={"Accept": "application/json"},
            )
            answer.raise_for_status()
            claims = msgspec.json.decode(answer.content, type=dict[str, Any])
            return msgspec.convert(claims, _Answer), claims
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError) as failed:
            # The sentence of a failed request may quote the address, never the token, which is in the body.
            log.warning("token not introspected", issuer=issuer.issuer, why=str(failed) or type(failed).__name__)
            self._down[at.url] = self._clock() + _RETRY
            raise _unavailable(issuer, _RETRY) from None

    def _checked(self, said: _Answer, claims: dict[str, Any], issuer: Issuer) -> Introspected:
        now = self._clock()
        if said.iss and said.iss != issuer.issuer:
            raise TokenRefused(f"The token is from {said.iss[:200]!r}, not from {issuer.issuer!r}, which was asked.")
        subject = said.sub or said.username or said.client_id
        if not (subject and said.client_id):
            raise TokenRefused("The token names nobody: its issuer says neither sub nor client_id of it.")
        if said.exp is not None and said.exp <= now:
            raise TokenRefused("The token has expired.")
        if max(said.iat or 0, said.nbf or 0) > now + _LEEWAY:
            raise TokenRefused("The token is not valid yet.")
        return Introspected(
            sub=subject,
            client_id=said.client_id,
            scope=said.scope,
            roles=said.roles,
            audience=frozenset([said.aud] if isinstance(said.aud, str) else said.aud),
            cnf=said.cnf,
            believed_until=min(said.exp or now + LONGEST, now + LONGEST),
            claims=claims,
        )


def _unavailable(issuer: Issuer, again: float) -> IntrospectionUnavailable:
    return IntrospectionUnavailable(
        f"{issuer.issuer} does not say whether the token is good.", retry_after=str(max(1, round(again)))
    )
