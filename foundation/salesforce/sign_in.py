"""Signing in to an org: the JWT bearer flow (RFC 7523), or client credentials (RFC 6749 section 4.4).

The assertion is Authlib's; the token call rides on the connection's own client, since Authlib's httpx clients are
clients of their own and would need a second pool, trust and timeout. Salesforce gives neither a refresh token nor an
`expires_in`: a token is used until a call answers 401, then there is one new sign-in for all calls under way.

`sign_in` of a connection, by `flow`:
    jwt                 client_id (the consumer key), username, private_key (PEM), audience (default: production's)
    client_credentials  client_id, client_secret; the connection's address must be the My Domain
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final
from urllib.parse import quote_plus

import httpx
import msgspec
from authlib.oauth2.rfc7523 import JWTBearerGrant
from joserfc.jwk import RSAKey

from canonical.faults import VendorBusy, VendorDown
from foundation.connections import Connection
from foundation.keypairs import rsa_key
from foundation.salesforce import wire
from foundation.salesforce.faults import limited
from foundation.signing_in import not_granted, token_call, turn

TOKEN_PATH: Final = "/services/oauth2/token"  # noqa: S105 - an address
PRODUCTION: Final = "https://login.salesforce.com"
ASSERTION_SECONDS: Final = 120
"""Salesforce refuses an assertion that is good for more than about three minutes."""
NOT_A_STALE_SESSION: Final = (
    "This session is not valid for use with the REST API",
    "Connected app is not attached to Agent",
)
"""401s that a new sign-in does not mend; to try would be an endless circle."""


def sign_in(connection: Connection) -> httpx.Auth:
    """The sign-in a connection asks for; `ValueError` names a setting that is missing or unknown."""
    said = connection.sign_in
    flow = said.get("flow", "")
    try:
        if flow == "jwt":
            return SignIn(connection.url, _jwt_bearer(said), connection.name)
        if flow == "client_credentials":
            return SignIn(connection.url, _client_credentials(said), connection.name)
    except KeyError as missing:
        raise ValueError(f"sign_in.{missing.args[0]} is missing") from missing
    raise ValueError(f"sign_in.flow is {flow!r}; Salesforce knows jwt and client_credentials")


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What the token endpoint is shown."""

    form: dict[str, str]
    headers: dict[str, str] = {}


class SignIn(httpx.Auth):
    """One token for all calls of a connection to `system`; `prove` makes a fresh proof for each sign-in."""

    def __init__(self, url: str, prove: Callable[[], Proof], system: str) -> None:
        self._system = system
        self._url = url.rstrip("/") + TOKEN_PATH
        self._prove = prove
        self._token = ""
        self._host = httpx.URL(url)
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach the token; after a 401 sign in again and repeat once, since a refused call did nothing."""
        refused = ""
        for _ in range(2):
            async with turn(self._one_at_a_time, request):
                if self._token in ("", refused):
                    proof = self._prove()
                    answer = yield token_call(request, self._url, proof.form, **proof.headers)
                    await answer.aread()
                    self._keep(answer)
                refused = self._token
            request.url = request.url.copy_with(scheme=self._host.scheme, host=self._host.host, port=self._host.port)
            request.headers["Host"] = self._host.netloc.decode("ascii")
            request.headers["Authorization"] = f"Bearer {refused}"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            await response.aread()
            if any(text in response.text for text in NOT_A_STALE_SESSION):
                return

    def _keep(self, answer: httpx.Response) -> None:
        if limited(answer) or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorBusy("its limits refuse even a sign-in", system=self._system)
        if answer.status_code >= 500:
            raise VendorDown(f"the token endpoint answered {answer.status_code}", system=self._system)
        if answer.status_code != httpx.codes.OK:
            raise not_granted(answer, f"the token endpoint refused: {_reason(answer)}", system=self._system)
        try:
            token = msgspec.json.decode(answer.content, type=wire.Token)
        except msgspec.DecodeError as cut:
            raise VendorDown("the token endpoint's answer cannot be read", system=self._system) from cut
        self._token = token.access_token
        self._host = httpx.URL(token.instance_url)


def _jwt_bearer(said: Mapping[str, str]) -> Callable[[], Proof]:
    client_id, username = said["client_id"], said["username"]
    key = _key(said["private_key"])
    audience = said.get("audience", PRODUCTION)

    def prove() -> Proof:
        assertion = JWTBearerGrant.sign(
            key, client_id, audience, subject=username, alg="RS256", expires_in=ASSERTION_SECONDS
        )
        return Proof(form={"grant_type": JWTBearerGrant.GRANT_TYPE, "assertion": assertion})

    return prove


def _key(pem: str) -> RSAKey:
    try:
        return rsa_key(pem)
    except ValueError as unread:
        raise ValueError(f"sign_in.private_key is {unread}") from None


def _client_credentials(said: Mapping[str, str]) -> Callable[[], Proof]:
    # RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
    pair = f"{quote_plus(said['client_id'])}:{quote_plus(said['client_secret'])}"
    basic = f"Basic {b64encode(pair.encode()).decode()}"

    def prove() -> Proof:
        return Proof(form={"grant_type": "client_credentials"}, headers={"Authorization": basic})

    return prove


def _reason(answer: httpx.Response) -> str:
    try:
        refusal = msgspec.json.decode(answer.content, type=wire.TokenRefusal)
    except msgspec.DecodeError:
        return f"status {answer.status_code}"
    return f"{refusal.error} ({refusal.error_description})" if refusal.error_description else refusal.error
