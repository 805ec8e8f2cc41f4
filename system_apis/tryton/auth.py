"""Signing in to Tryton: a session, asked for with the user's name and password and sent with each call.

`sign_in` of a connection:
    database        the database's name, which is part of each address
    user, password

A session ends after some minutes without a call (five where nothing else is configured); it is then asked for anew,
once for all calls under way. Wrong passwords are answered later each time, in the end with 429: after one nothing is
asked for a while.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import Final

import httpx
import msgspec

from canonical.faults import VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.signing_in import login_call, not_granted, turn
from foundation.vendor_http import retry_after
from system_apis.tryton import wire

SYSTEM: Final = "tryton"
COOL_SECONDS: Final = 30.0
"""How long a user that was refused is left alone."""
_REFUSED: Final = "its sign-in refused the user or the password"


def sign_in(connection: Connection) -> httpx.Auth:
    """The sign-in of a connection; `ValueError` names a setting that is missing."""
    said = connection.sign_in
    for needed in ("database", "user", "password"):
        if not said.get(needed):
            raise ValueError(f"sign_in.{needed} is missing")
    return Session(connection.url.rstrip("/") + wire.address(said["database"]), said["user"], said["password"])


class Session(httpx.Auth):
    """One session for all calls."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._user = user
        self._body = wire.call("common.db.login", [user, {"password": password}])
        self._header = ""
        self._cool_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach the session; on 401 sign in again and repeat once, since a refused call did nothing."""
        used = ""
        for _ in range(2):
            async with turn(self._one_at_a_time, request):
                if self._header in ("", used):
                    if time.monotonic() < self._cool_until:
                        raise VendorSignIn(_REFUSED, system=SYSTEM)
                    answer = yield login_call(request, self._url, self._body)
                    await answer.aread()
                    self._keep(answer)
                used = self._header
            request.headers["Authorization"] = used
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return

    def _keep(self, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            busy = VendorBusy("its sign-in is throttling us", system=SYSTEM)
            if said := retry_after(answer):
                busy.facts["retry_after"] = said
            raise busy
        if answer.status_code >= 500:
            raise VendorDown(f"its sign-in answered {answer.status_code}", system=SYSTEM)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._cool_until = time.monotonic() + COOL_SECONDS
            raise VendorSignIn(_REFUSED, system=SYSTEM)
        if answer.status_code != httpx.codes.OK:
            raise not_granted(
                answer, f"its sign-in answered {answer.status_code}; is there such a database?", system=SYSTEM
            )
        try:
            told = msgspec.json.decode(answer.content, type=wire.Login)
        except msgspec.DecodeError as cut:
            raise VendorDown("the answer of its sign-in cannot be read", system=SYSTEM) from cut
        if told.result is None:
            raise VendorSignIn("its sign-in asks for more than a password", system=SYSTEM)
        id, token = told.result[0], told.result[1]
        self._header = "Session " + b64encode(f"{self._user}:{id}:{token}".encode()).decode()
