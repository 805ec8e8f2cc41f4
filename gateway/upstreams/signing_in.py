"""How we sign in to an upstream that is not ours, where a header field of our own is not enough.

sign_in: {basic: {user: ..., password: ...}}                                       RFC 7617
sign_in: {client_credentials: {token_url: ..., client_id: ..., client_secret: ...}}    RFC 6749 section 4.4
pass_token: true                                    the caller's own token goes there, and could be used there again

Secrets are written by reference, `${NAME}`.
"""

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import msgspec

from canonical.faults import VendorDown, VendorSignIn

if TYPE_CHECKING:
    from gateway.proxy import Proxy

EARLY: Final = 30.0
"""Seconds before its end a token is no longer used."""
_PATIENCE: Final = 10.0
_TOKEN: Final = "a token's address is one like https://id.firm.example/token"  # noqa: S105 - of a mistake


class Basic(msgspec.Struct, frozen=True, kw_only=True):
    """A name and a password."""

    user: str
    password: str

    def __post_init__(self) -> None:
        if ":" in self.user or not (self.user + self.password).isprintable():
            raise ValueError("user has no colon in it, and neither it nor the password has a control character")


class ClientCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A program at the upstream's issuer."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""
    audience: str = ""
    """What some issuers ask for beside the standard."""

    def __post_init__(self) -> None:
        if not self.token_url.startswith(("http://", "https://")):
            raise ValueError(_TOKEN)


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One of these."""

    basic: Basic | None = None
    client_credentials: ClientCredentials | None = None

    def __post_init__(self) -> None:
        if (self.basic is None) == (self.client_credentials is None):
            raise ValueError("sign_in says one way: basic, or client_credentials")


class Token(msgspec.Struct, frozen=True):
    """The issuer's answer (RFC 6749 section 5.1)."""

    access_token: str
    expires_in: float = 300.0


class SigningIn:
    """An upstream as an ASGI app, signed in to."""

    def __init__(
        self,
        upstream: "Proxy",
        *,
        name: str,
        sign_in: SignIn | None,
        pass_token: bool,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._upstream, self._name, self._pass_token = upstream, name, pass_token
        self._basic = sign_in.basic if sign_in is not None else None
        self._asked = sign_in.client_credentials if sign_in is not None else None
        self._transport = transport
        self._lock = asyncio.Lock()
        self._token, self._ends = "", 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Raises `VendorSignIn` where its issuer does not let us in, `VendorDown` where that does not answer."""
        said = await self._said(scope)
        onward = {**scope, "tiergate.send": [("Authorization", said)]} if said else scope
        await self._upstream(onward, receive, self._seen(send))

    async def close(self) -> None:
        """Let go of the upstream's connections."""
        await self._upstream.close()

    async def _said(self, scope: Any) -> str:
        if self._pass_token:
            return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")
        if self._basic is not None:
            pair = f"{self._basic.user}:{self._basic.password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        return f"Bearer {await self._held()}" if self._asked is not None else ""

    def _seen(self, send: Any) -> Any:
        """A token that is not taken any more is not used again: the next call gets another."""

        async def seen(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == httpx.codes.UNAUTHORIZED:
                self._ends = 0.0
            await send(message)

        return seen

    async def _held(self) -> str:
        async with self._lock:
            if self._ends - EARLY < time.monotonic():
                found = await self._get()
                self._token, self._ends = found.access_token, time.monotonic() + found.expires_in
            return self._token

    async def _get(self) -> Token:
        said = self._asked
        assert said is not None
        form = {"grant_type": "client_credentials"}
        form |= {name: value for name, value in (("scope", said.scope), ("audience", said.audience)) if value}
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=_PATIENCE, trust_env=False) as http:
                answer = await http.post(said.token_url, data=form, auth=(said.client_id, said.client_secret))
        except httpx.TransportError as silent:
            raise VendorDown("its issuer cannot be reached: nothing was sent", system=self._name) from silent
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise VendorDown("its issuer has no time: nothing was sent", system=self._name)
        try:
            if answer.status_code != httpx.codes.OK:
                raise VendorSignIn("its issuer refuses our credentials", system=self._name)
            return msgspec.json.decode(answer.content, type=Token)
        except msgspec.MsgspecError:
            raise VendorSignIn("its issuer's answer holds no token", system=self._name) from None
