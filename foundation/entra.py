"""Signing in at Microsoft Entra ID: client credentials (RFC 6749 section 4.4), v2.0 endpoint.

There is no refresh token: a token that ran out, or is refused with 401, is asked for anew, once for all calls under
way.

`sign_in` of a connection:
    tenant          the directory's id or domain
    client_id, client_secret
    authority       where tokens are given, where it is not where the system's own module says
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from canonical.faults import VendorBusy, VendorDown
from foundation.connections import Connection
from foundation.signing_in import not_granted, token_call, turn
from foundation.vendor_http import retry_after

AUTHORITY: Final = "https://login.microsoftonline.com"
"""Who gives tokens in Microsoft's public cloud."""
EARLY_SECONDS: Final = 60
"""A token is not used in its last minute: a call on its way must not outlive it."""


class _Token(msgspec.Struct, frozen=True):
    """What a sign-in gives. The lifetime is drawn at random between 60 and 90 minutes."""

    access_token: str
    expires_in: int = 3600


class _Refusal(msgspec.Struct, frozen=True):
    """Why there is no token."""

    error: str
    error_codes: list[int] = []


def require(connection: Connection, *settings: str) -> None:
    """Raises `ValueError` that names the first of these settings of a sign-in that is missing."""
    for needed in settings:
        if not connection.sign_in.get(needed):
            raise ValueError(f"sign_in.{needed} is missing")


def origin(connection: Connection) -> tuple[str, str]:
    """The scheme and host a connection's calls go to, and the host alone."""
    url = httpx.URL(connection.url)
    return f"{url.scheme}://{url.netloc.decode('ascii')}", url.host


class ClientCredentials(httpx.Auth):
    """One token for all calls of a connection to `system`; `scope` is what it is for, `giver` who gives it."""

    def __init__(self, connection: Connection, *, system: str, giver: str, scope: str) -> None:
        """Raises `ValueError` for a setting that is missing; `authority` in the connection's goes before `giver`."""
        require(connection, "tenant", "client_id", "client_secret")
        said = connection.sign_in
        self._system = system
        authority = said.get("authority", giver).rstrip("/")
        self._url = f"{authority}/{quote(said['tenant'], safe='')}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": said["client_id"],
            "client_secret": said["client_secret"],
            "scope": scope,
        }
        self._token = ""
        self._good_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach the token; on 401 sign in again and repeat once, since a refused call did nothing."""
        used = ""
        for _ in range(2):
            async with turn(self._one_at_a_time, request):
                if self._token in ("", used) or time.monotonic() > self._good_until:
                    answer = yield token_call(request, self._url, self._form)
                    await answer.aread()
                    self._keep(answer)
                used = self._token
            request.headers["Authorization"] = f"Bearer {used}"
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return

    def _keep(self, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            busy = VendorBusy("its sign-in is throttling us", system=self._system)
            if said := retry_after(answer):
                busy.facts["retry_after"] = said
            raise busy
        if answer.status_code >= 500:
            raise VendorDown(f"its sign-in answered {answer.status_code}", system=self._system)
        if answer.status_code != httpx.codes.OK:
            raise not_granted(answer, f"its sign-in refused: {_reason(answer)}", system=self._system)
        try:
            token = msgspec.json.decode(answer.content, type=_Token, strict=False)
        except msgspec.DecodeError as cut:
            raise VendorDown("the answer of its sign-in cannot be read", system=self._system) from cut
        self._token = token.access_token
        self._good_until = time.monotonic() + token.expires_in - EARLY_SECONDS


def _reason(answer: httpx.Response) -> str:
    """The error and Microsoft's number for it; never the description, which quotes what was sent."""
    try:
        refusal = msgspec.json.decode(answer.content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"status {answer.status_code}"
    numbers = ", ".join(f"AADSTS{code}" for code in refusal.error_codes)
    return f"{refusal.error} ({numbers})" if numbers else refusal.error
