"""A tier's own identity: client credentials at the issuer, the token kept until it is nearly over."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final

import httpx
import msgspec

EARLY: Final = 30.0
"""Seconds before its end a token is no longer used."""


class Metadata(msgspec.Struct, frozen=True):
    """What we read of an issuer's metadata (RFC 8414, OpenID Connect Discovery)."""

    token_endpoint: str


class Token(msgspec.Struct, frozen=True):
    """The issuer's answer (RFC 6749 section 5.1)."""

    access_token: str
    expires_in: float


class Workload(httpx.Auth):
    """Signs every call as a tier; the next tier trusts its `layer` claim."""

    def __init__(
        self,
        client_id: str,
        secret: str,
        issuer: str,
        *,
        scopes: frozenset[str],
        resource: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(auth=(client_id, secret), transport=transport, timeout=10.0)
        self._issuer = issuer
        self._asked = {"grant_type": "client_credentials", "scope": " ".join(sorted(scopes)), "resource": resource}
        self._token_url = ""
        self._token = Token(access_token="", expires_in=0)
        self._ends = 0.0
        self._lock = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {await self.token()}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._ends = 0.0  # revoked, or its key is gone: one new sign-in
            request.headers["Authorization"] = f"Bearer {await self.token()}"
            yield request

    async def token(self) -> str:
        """A token that is good for a while; one sign-in for all who wait."""
        async with self._lock:
            if self._ends - EARLY < time.monotonic():
                answer = await self._http.post(await self._endpoint(), data=self._asked)
                answer.raise_for_status()
                self._token = msgspec.json.decode(answer.content, type=Token)
                self._ends = time.monotonic() + self._token.expires_in
        return self._token.access_token

    async def _endpoint(self) -> str:
        """The token endpoint, from the issuer's metadata: any OpenID provider will do."""
        if not self._token_url:
            answer = await self._http.get(f"{self._issuer}/.well-known/openid-configuration", auth=None)
            answer.raise_for_status()
            self._token_url = msgspec.json.decode(answer.content, type=Metadata).token_endpoint
        return self._token_url

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()
