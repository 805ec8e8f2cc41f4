"""Signing in to SAP, and the session that every write needs besides.

`sign_in` of a connection, by `flow`:
    client_credentials  client_id, client_secret: OAuth 2.0 at the tenant's own token endpoint
    basic               user, password: the communication user

Each modifying request carries a CSRF token and the cookies it came with. It is asked for once, by `HEAD` on the root of
the service that is written to, with the slash without which SAP redirects, and again when SAP answers 403 with
`x-csrf-token: Required`; any other 403 is a right that is missing. Wrong passwords lock the communication user: after a
401 by Basic nothing is asked for a while.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import Final, Protocol

import httpx
import msgspec

from canonical.faults import VendorBusy, VendorDown, VendorForbade, VendorSignIn
from foundation.connections import Connection
from foundation.signing_in import not_granted, session_call, token_call, turn
from foundation.vendor_http import retry_after
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.odata import SYSTEM, service_of

EARLY_SECONDS: Final = 30.0
"""A token is renewed this long before it ends, so that it does not end on the way."""
COOL_SECONDS: Final = 30.0
"""How long a communication user that was refused is left alone."""
CSRF: Final = "x-csrf-token"
_READS: Final = frozenset({"GET", "HEAD"})
_NEEDS: Final = {"client_credentials": ("client_id", "client_secret"), "basic": ("user", "password")}


def sign_in(connection: Connection) -> tuple[httpx.Auth, str]:
    """How this connection signs in, and as whom; `ValueError` names what its `sign_in` lacks."""
    said = connection.sign_in
    flow = said.get("flow", "")
    if flow not in _NEEDS:
        raise ValueError(f"sign_in.flow is {flow!r}, it must be one of {', '.join(_NEEDS)}")
    for name in _NEEDS[flow]:
        if not said.get(name):
            raise ValueError(f"sign_in.{name} is missing")
    if flow == "basic":
        return Session(Basic(said["user"], said["password"])), said["user"]
    address = connection.url.rstrip("/") + wire.TOKEN
    return Session(Granted(address, said["client_id"], said["client_secret"])), said["client_id"]


class Credentials(Protocol):
    """What stands in `Authorization`, and how it is got."""

    def header(self) -> str:
        """Its value, empty when one has to be asked for first; `VendorSignIn` while there is no use in trying."""

    def asking(self, instead_of: httpx.Request) -> httpx.Request:
        """The call that asks for one."""

    def keep(self, answer: httpx.Response) -> None:
        """Take what came of it; raises what it means otherwise."""

    def refused(self, used: str) -> bool:
        """It was answered with 401: whether it is worth asking again."""


class Session(httpx.Auth):
    """One session for all calls: its credentials, its cookies and its CSRF token, each renewed once a call."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._cookies = httpx.Cookies()
        self._csrf = ""
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach all of it. What is refused for a token that has ended was not done, and is asked again."""
        refused, spent = 0, ""
        while True:
            async with turn(self._one_at_a_time, request):
                if not self._credentials.header():
                    granted = yield self._credentials.asking(request)
                    await granted.aread()
                    self._credentials.keep(granted)
                used = self._credentials.header()
                if request.method not in _READS and self._csrf in ("", spent):
                    fetched = yield self._fetching(request, used)
                    if fetched.status_code == httpx.codes.UNAUTHORIZED:
                        if not self._credentials.refused(used) or refused:
                            raise VendorSignIn("its session was refused", system=SYSTEM)
                        refused += 1
                        continue
                    self._fetched(fetched)
                csrf = self._csrf
            self._attach(request, used, csrf)
            answer = yield request
            self._cookies.extract_cookies(answer)
            if answer.status_code == httpx.codes.UNAUTHORIZED and self._credentials.refused(used) and not refused:
                refused += 1
            elif csrf and not spent and _wants_token(answer):
                spent = csrf
            else:
                return

    def _attach(self, request: httpx.Request, authorization: str, csrf: str = "") -> None:
        request.headers["Authorization"] = authorization
        request.headers.pop("Cookie", None)
        self._cookies.set_cookie_header(request)
        if csrf and request.method not in _READS:
            request.headers[CSRF] = csrf

    def _fetching(self, request: httpx.Request, authorization: str) -> httpx.Request:
        fetch = session_call(request, request.url.copy_with(path=f"{service_of(request.url.path)}/", query=None))
        self._attach(fetch, authorization)
        fetch.headers[CSRF] = "Fetch"
        return fetch

    def _fetched(self, answer: httpx.Response) -> None:
        self._cookies.extract_cookies(answer)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorBusy("its session service is throttled", system=SYSTEM, retry_after=retry_after(answer))
        if answer.status_code >= 500:
            raise VendorDown(f"its session service answered {answer.status_code}", system=SYSTEM)
        token = answer.headers.get(CSRF, "")
        if answer.status_code != httpx.codes.OK or not token:
            raise VendorForbade(f"no CSRF token was given: answered {answer.status_code}", system=SYSTEM)
        self._csrf = token


class Basic:
    """A communication user."""

    def __init__(self, user: str, password: str) -> None:
        self._said = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        self._cool_until = 0.0

    def header(self) -> str:
        """The user and password; `VendorSignIn` for a while after they were refused."""
        if time.monotonic() < self._cool_until:
            raise VendorSignIn("its user was refused, and is left alone before it is locked", system=SYSTEM)
        return self._said

    def asking(self, instead_of: httpx.Request) -> httpx.Request:
        """Never called: there is always a header."""
        return instead_of

    def keep(self, answer: httpx.Response) -> None:
        """Never called either."""

    def refused(self, used: str) -> bool:
        """The same password will not do next time."""
        self._cool_until = time.monotonic() + COOL_SECONDS
        return False


class Granted:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

    def __init__(self, address: str, client: str, secret: str) -> None:
        self._address = address
        self._client = "Basic " + b64encode(f"{client}:{secret}".encode()).decode()
        self._token = ""
        self._good_until = 0.0

    def header(self) -> str:
        """The token, while it is good."""
        return f"Bearer {self._token}" if time.monotonic() < self._good_until else ""

    def asking(self, instead_of: httpx.Request) -> httpx.Request:
        """A token for our client."""
        return token_call(instead_of, self._address, {"grant_type": "client_credentials"}, Authorization=self._client)

    def keep(self, answer: httpx.Response) -> None:
        """The token; `VendorSignIn` with OAuth's word for it where there is none."""
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorBusy("its sign-in is throttled", system=SYSTEM, retry_after=retry_after(answer))
        if answer.status_code >= 500:
            raise VendorDown(f"its sign-in answered {answer.status_code}", system=SYSTEM)
        if answer.status_code != httpx.codes.OK:
            raise not_granted(answer, _why(answer), system=SYSTEM)
        try:
            token = msgspec.json.decode(answer.content, type=wire.Token, strict=False)
        except msgspec.ValidationError as drift:
            raise VendorSignIn("its sign-in answered without a token", system=SYSTEM) from drift
        except (msgspec.DecodeError, UnicodeDecodeError) as cut:
            raise VendorDown("its sign-in's answer was cut off or is not JSON", system=SYSTEM) from cut
        self._token = token.access_token
        self._good_until = time.monotonic() + max(1.0, token.expires_in - EARLY_SECONDS)

    def refused(self, used: str) -> bool:
        """Ask for another, unless somebody has meanwhile."""
        if used == f"Bearer {self._token}":
            self._good_until = 0.0
        return True


def _wants_token(answer: httpx.Response) -> bool:
    required = answer.headers.get(CSRF, "").lower() == "required"
    return answer.status_code == httpx.codes.FORBIDDEN and required


def _why(answer: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(answer.content, type=wire.TokenRefusal)
    except msgspec.DecodeError:
        return f"its sign-in answered {answer.status_code}"
    return f"its sign-in answered {answer.status_code}: {said.error_description or said.error}"
