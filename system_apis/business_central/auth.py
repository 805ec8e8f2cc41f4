"""Signing in to Business Central: Microsoft Entra ID's client credentials (RFC 6749 section 4.4), v2.0 endpoint.

There is no refresh token: a token that ran out, or is refused with 401, is asked for anew, once for all calls under
way. The application needs the permission API.ReadWrite.All, granted, and to be registered in the environment.

`sign_in` of a connection:
    tenant          the directory's id or domain
    environment     the environment's name, `Production` for one
    client_id, client_secret
    authority       where tokens are given. Where nothing is said: Microsoft's; for an address that is not Microsoft's
                    (a sandbox), the address itself
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from canonical.faults import VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.signing_in import token_call, turn
from foundation.vendor_http import retry_after
from system_apis.business_central import wire

AUTHORITY: Final = "https://login.microsoftonline.com"
RESOURCE: Final = "https://api.businesscentral.dynamics.com"
"""What a token is for; the same for every environment."""
EARLY_SECONDS: Final = 60
"""A token is not used in its last minute: a call on its way must not outlive it."""


def sign_in(connection: Connection) -> httpx.Auth:
    """The sign-in of a connection; `ValueError` names a setting that is missing."""
    said = connection.sign_in
    for needed in ("tenant", "environment", "client_id", "client_secret"):
        if not said.get(needed):
            raise ValueError(f"sign_in.{needed} is missing")
    url = httpx.URL(connection.url)
    address = f"{url.scheme}://{url.netloc.decode('ascii')}"
    usual = AUTHORITY if url.host.endswith(".dynamics.com") else address
    return ClientCredentials(
        f"{said.get('authority', usual).rstrip('/')}/{quote(said['tenant'], safe='')}/oauth2/v2.0/token",
        {
            "grant_type": "client_credentials",
            "client_id": said["client_id"],
            "client_secret": said["client_secret"],
            "scope": f"{RESOURCE}/.default",
        },
    )


class ClientCredentials(httpx.Auth):
    """One token for all calls of a connection."""

    def __init__(self, url: str, form: dict[str, str]) -> None:
        self._url, self._form = url, form
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
            busy = VendorBusy("its sign-in is throttling us", system="business_central")
            if said := retry_after(answer):
                busy.facts["retry_after"] = said
            raise busy
        if answer.status_code >= 500:
            raise VendorDown(f"its sign-in answered {answer.status_code}", system="business_central")
        if answer.status_code != httpx.codes.OK:
            raise VendorSignIn(f"its sign-in refused: {_reason(answer)}", system="business_central")
        try:
            token = msgspec.json.decode(answer.content, type=wire.Token, strict=False)
        except msgspec.DecodeError as cut:
            raise VendorDown("the answer of its sign-in cannot be read", system="business_central") from cut
        self._token = token.access_token
        self._good_until = time.monotonic() + token.expires_in - EARLY_SECONDS


def _reason(answer: httpx.Response) -> str:
    """The error and Microsoft's number for it; never the description, which quotes what was sent."""
    try:
        refusal = msgspec.json.decode(answer.content, type=wire.TokenRefusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"status {answer.status_code}"
    numbers = ", ".join(f"AADSTS{code}" for code in refusal.error_codes)
    return f"{refusal.error} ({numbers})" if numbers else refusal.error
