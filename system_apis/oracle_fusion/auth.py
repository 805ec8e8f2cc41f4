"""Signing in to Fusion: as a user by Basic, or with a token of the pod's identity domain (IDCS, OCI IAM).

`sign_in` of a connection, by `flow`:
    basic               user, password
    client_credentials  client_id, client_secret: the confidential application itself is the user
    assertion           client_id, client_secret, user, private_key (PEM), certificate (its alias there): the token is
                        one of a Fusion user (RFC 7523 section 2.1)
and for the last two
    identity            the identity domain's address. Where nothing is said, for an address that is not Oracle's (a
                        sandbox): the address itself
    scope               where it is not `urn:opc:resource:consumer::all`

There is no refresh token: one that ran out, or is refused with 401, is asked for anew, once for all calls under way.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final

import httpx
import msgspec
from authlib.oauth2.rfc7523 import JWTBearerGrant

from canonical.faults import VendorBusy, VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.keypairs import rsa_key
from foundation.signing_in import not_granted, token_call, turn
from foundation.vendor_http import retry_after
from system_apis.oracle_fusion import framework
from system_apis.oracle_fusion.codes import SYSTEM

SCOPE: Final = "urn:opc:resource:consumer::all"
TOKEN_PATH: Final = "/oauth2/v1/token"  # noqa: S105 - an address
AUDIENCE: Final = "https://identity.oraclecloud.com/"
ASSERTION_SECONDS: Final = 300
EARLY_SECONDS: Final = 60.0
"""A token is not used in its last minute: a call on its way must not outlive it."""
COOL_SECONDS: Final = 30.0
"""How long a user that was refused is left alone: wrong passwords lock it."""
_NEEDS: Final = {
    "basic": ("user", "password"),
    "client_credentials": ("client_id", "client_secret"),
    "assertion": ("client_id", "client_secret", "user", "private_key", "certificate"),
}


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
        return Basic(said["user"], said["password"]), said["user"]
    prove = _client(said) if flow == "client_credentials" else _user(said)
    address = _identity(connection).rstrip("/") + TOKEN_PATH
    credentials = b64encode(f"{said['client_id']}:{said['client_secret']}".encode()).decode()
    return Granted(address, f"Basic {credentials}", prove), said.get("user", said["client_id"])


class Basic(httpx.Auth):
    """A user and a password."""

    def __init__(self, user: str, password: str) -> None:
        self._said = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        self._cool_until = 0.0

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach them; after a 401 nothing is asked for a while."""
        if time.monotonic() < self._cool_until:
            raise VendorSignIn("its user was refused, and is left alone before it is locked", system=SYSTEM)
        request.headers["Authorization"] = self._said
        if (yield request).status_code == httpx.codes.UNAUTHORIZED:
            self._cool_until = time.monotonic() + COOL_SECONDS


class Granted(httpx.Auth):
    """One token for all calls; `prove` makes the form of each sign-in."""

    def __init__(self, address: str, client: str, prove: Callable[[], dict[str, str]]) -> None:
        self._address = address
        self._client = client
        self._prove = prove
        self._token = ""
        self._good_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach the token; on 401 sign in again and repeat once, since a refused call did nothing."""
        used = ""
        for _ in range(2):
            async with turn(self._one_at_a_time, request):
                if self._token in ("", used) or time.monotonic() > self._good_until:
                    answer = yield token_call(request, self._address, self._prove(), Authorization=self._client)
                    await answer.aread()
                    self._keep(answer)
                used = self._token
            request.headers["Authorization"] = f"Bearer {used}"
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return

    def _keep(self, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            busy = VendorBusy("its identity domain is throttling us", system=SYSTEM)
            if said := retry_after(answer):
                busy.facts["retry_after"] = said
            raise busy
        if answer.status_code >= 500:
            raise VendorDown(f"its identity domain answered {answer.status_code}", system=SYSTEM)
        if answer.status_code != httpx.codes.OK:
            raise not_granted(answer, f"its identity domain refused: {_reason(answer)}", system=SYSTEM)
        try:
            token = msgspec.json.decode(answer.content, type=framework.Token, strict=False)
        except msgspec.DecodeError as cut:
            raise VendorDown("the answer of its identity domain cannot be read", system=SYSTEM) from cut
        self._token = token.access_token
        self._good_until = time.monotonic() + max(1.0, token.expires_in - EARLY_SECONDS)


def _identity(connection: Connection) -> str:
    """Who gives tokens; `ValueError` where a pod of Oracle's does not say: the domain's name is its own."""
    said = connection.sign_in.get("identity", "")
    if not said and httpx.URL(connection.url).host.endswith(".oraclecloud.com"):
        raise ValueError("sign_in.identity is missing")
    return said or connection.url


def _client(said: Mapping[str, str]) -> Callable[[], dict[str, str]]:
    form = {"grant_type": "client_credentials", "scope": said.get("scope", SCOPE)}
    return lambda: form


def _user(said: Mapping[str, str]) -> Callable[[], dict[str, str]]:
    try:
        key = rsa_key(said["private_key"])
    except ValueError as unread:
        raise ValueError(f"sign_in.private_key is {unread}") from None
    client, user, alias, scope = said["client_id"], said["user"], said["certificate"], said.get("scope", SCOPE)

    def prove() -> dict[str, str]:
        assertion = JWTBearerGrant.sign(
            key, client, AUDIENCE, subject=user, alg="RS256", expires_in=ASSERTION_SECONDS, header={"kid": alias}
        )
        return {"grant_type": JWTBearerGrant.GRANT_TYPE, "assertion": assertion, "scope": scope}

    return prove


def _reason(answer: httpx.Response) -> str:
    """OAuth's word for it; never the description, which may quote what was sent."""
    try:
        return msgspec.json.decode(answer.content, type=framework.TokenRefusal).error or f"status {answer.status_code}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"status {answer.status_code}"
