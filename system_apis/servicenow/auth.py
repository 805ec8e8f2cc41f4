"""Signing in to ServiceNow: HTTP Basic, or OAuth 2 by client credentials or by password.

`sign_in` of a connection: `flow` is `basic` (user, password), `client_credentials` (client_id, client_secret) or
`password` (client_id, client_secret, user, password).

Not one of Authlib's clients: a token is lost here by a 401 in the middle of other calls, and an `httpx.Auth` sees that
401, signs in again once for everybody who waits, and repeats the call.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Final

import httpx
import msgspec

from canonical.faults import VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.signing_in import not_granted, token_call, turn
from foundation.vendor_http import retry_after
from system_apis.servicenow import wire
from system_apis.servicenow.mapping import SYSTEM

EARLY_SECONDS: Final = 30.0
"""A token is renewed this long before it expires, so that it does not expire on the way."""

_NEEDS: Final = {
    "basic": ("user", "password"),
    "client_credentials": ("client_id", "client_secret"),
    "password": ("client_id", "client_secret", "user", "password"),
}


def sign_in(connection: Connection) -> httpx.Auth:
    """How this connection signs in; `ValueError` names what its `sign_in` lacks."""
    given = connection.sign_in
    flow = given.get("flow", "")
    if flow not in _NEEDS:
        raise ValueError(f"sign_in.flow is {flow!r}, it must be one of {', '.join(_NEEDS)}")
    if missing := [name for name in _NEEDS[flow] if not given.get(name)]:
        raise ValueError(f"sign_in.{missing[0]} is missing")
    if flow == "basic":
        return httpx.BasicAuth(given["user"], given["password"])
    form = {"grant_type": flow, "client_id": given["client_id"], "client_secret": given["client_secret"]}
    if flow == "password":
        form |= {"username": given["user"], "password": given["password"]}
    return OAuth(httpx.URL(connection.url).join(wire.TOKEN), form)


class OAuth(httpx.Auth):
    """A bearer token, fetched when needed, once for all calls that wait for it."""

    def __init__(self, address: httpx.URL, form: dict[str, str]) -> None:
        self._address = address
        self._form = form
        self._token = ""
        self._good_until = 0.0
        self._renewing = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        for last_try in (False, True):
            async with turn(self._renewing, request):
                if time.monotonic() >= self._good_until:
                    granted = yield token_call(request, self._address, self._form)
                    await granted.aread()
                    self._keep(granted)
            used = self._token
            request.headers["Authorization"] = f"Bearer {used}"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED or last_try:
                return
            if self._token == used:  # else somebody has renewed it meanwhile
                self._good_until = 0.0

    def _keep(self, response: httpx.Response) -> None:
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorBusy("its sign-in is throttled", system=SYSTEM, retry_after=retry_after(response))
        if response.status_code >= 500:
            raise VendorDown(f"its sign-in answered {response.status_code}", system=SYSTEM)
        if response.status_code != httpx.codes.OK:
            raise not_granted(response, _why(response), system=SYSTEM)
        try:
            token = msgspec.json.decode(response.content, type=wire.Token)
        except msgspec.ValidationError as drift:
            raise VendorSignIn("its sign-in answered without a token", system=SYSTEM) from drift
        except (msgspec.DecodeError, UnicodeDecodeError) as cut:
            raise VendorDown("its sign-in's answer was cut off or is not JSON", system=SYSTEM) from cut
        self._token = token.access_token
        self._good_until = time.monotonic() + max(1.0, token.expires_in - EARLY_SECONDS)


def _why(response: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(response.content, type=wire.TokenRefusal)
    except msgspec.DecodeError:
        return f"its sign-in answered {response.status_code}"
    return f"its sign-in answered {response.status_code}: {said.error_description or said.error}"
