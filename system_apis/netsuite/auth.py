"""Signing in to NetSuite: OAuth 2.0 machine to machine, or token-based authentication (OAuth 1.0a).

Signatures and assertions are Authlib's; only the way they ride on a request is ours. Authlib's own httpx auth classes
do not fit: for OAuth 1 they empty a JSON body, and an assertion is their client's business, not an `httpx.Auth`'s.

`sign_in` of a connection, by `flow`:
    oauth2  client_id, certificate_id, private_key (PEM), algorithm (PS256 unless said otherwise)
    tba     account, consumer_key, consumer_secret, token_id, token_secret
"""

import asyncio
import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Generator
from typing import Any, Final

import httpx
import msgspec
from authlib.oauth1.rfc5849.client_auth import ClientAuth
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from authlib.oauth1.rfc5849.util import escape
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from canonical.faults import VendorBusy, VendorDown
from foundation.connections import Connection
from foundation.keypairs import rsa_key
from foundation.signing_in import not_granted, token_call, turn

TOKEN_PATH: Final = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
SCOPE: Final = "rest_webservices"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS: Final = 300
"""How long an assertion is good for; NetSuite accepts less than an hour."""
EARLY_SECONDS: Final = 60
"""A token this close to its end is not used any more."""
HMAC_SHA256: Final = "HMAC-SHA256"


def sign_in(connection: Connection) -> tuple[httpx.Auth, str]:
    """The sign-in a connection asks for, and as whom; `ValueError` names a setting that is missing or wrong."""
    said = connection.sign_in
    flow = said.get("flow", "")
    try:
        if flow == "oauth2":
            m2m = MachineToMachine(
                connection.url,
                client_id=said["client_id"],
                certificate_id=said["certificate_id"],
                private_key=said["private_key"],
                algorithm=said.get("algorithm", "PS256"),
            )
            return m2m, said["client_id"]
        if flow == "tba":
            if not connection.url.startswith("https://"):
                raise ValueError("url is not https, which OAuth 1 insists on")
            tba = TokenBased(
                account=said["account"],
                consumer_key=said["consumer_key"],
                consumer_secret=said["consumer_secret"],
                token_id=said["token_id"],
                token_secret=said["token_secret"],
            )
            return tba, said["token_id"]
    except KeyError as missing:
        raise ValueError(f"sign_in.{missing.args[0]} is missing") from missing
    raise ValueError(f"sign_in.flow is {flow!r}; NetSuite knows oauth2 and tba")


class MachineToMachine(httpx.Auth):
    """OAuth 2.0 client credentials with a signed assertion (RFC 7523 section 2.2), one token for all calls.

    NetSuite gives no refresh token: a token that ran out, or is refused with 401, is asked for anew, once a call.
    """

    def __init__(
        self, url: str, *, client_id: str, certificate_id: str, private_key: str, algorithm: str = "PS256"
    ) -> None:
        self._url = url.rstrip("/") + TOKEN_PATH
        self._client_id = client_id
        self._certificate_id = certificate_id
        self._key = _key(private_key, algorithm)
        self._algorithm = algorithm
        self._token = ""
        self._good_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Attach the token; on 401 sign in again and repeat, since nothing was done."""
        used = ""
        for _ in range(2):
            async with turn(self._one_at_a_time, request):
                if self._token in ("", used) or time.monotonic() > self._good_until:
                    answer = yield self._asking(request)
                    await answer.aread()
                    self._keep(answer)
                used = self._token
            request.headers["Authorization"] = f"Bearer {used}"
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return

    def assertion(self) -> str:
        """A fresh signed assertion: who we are, for this token endpoint only."""
        signed: str = private_key_jwt_sign(
            self._key,
            self._client_id,
            self._url,
            alg=self._algorithm,
            header={"typ": "JWT", "kid": self._certificate_id},
            claims={"scope": SCOPE},
            expires_in=ASSERTION_SECONDS,
        )
        return signed

    def _asking(self, instead_of: httpx.Request) -> httpx.Request:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": self.assertion(),
        }
        return token_call(instead_of, self._url, form)

    def _keep(self, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise VendorBusy("the token endpoint is throttling us", system="netsuite")
        if answer.status_code >= 500:
            raise VendorDown(f"the token endpoint answered {answer.status_code}", system="netsuite")
        if answer.status_code != httpx.codes.OK:
            raise not_granted(answer, f"the token endpoint refused our assertion: {_error(answer)}", system="netsuite")
        try:
            token = msgspec.json.decode(answer.content, type=_Token, strict=False)
        except msgspec.DecodeError as cut:
            raise VendorDown("the token endpoint's answer cannot be read", system="netsuite") from cut
        self._token = token.access_token
        self._good_until = time.monotonic() + token.expires_in - EARLY_SECONDS


class TokenBased(httpx.Auth):
    """OAuth 1.0a, one-legged, HMAC-SHA256 (RFC 5849). Signs the address and its query, but no JSON body."""

    def __init__(
        self, *, account: str, consumer_key: str, consumer_secret: str, token_id: str, token_secret: str
    ) -> None:
        self._signer = _Signer(
            consumer_key,
            consumer_secret,
            token=token_id,
            token_secret=token_secret,
            signature_method=HMAC_SHA256,
            realm=account,
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign each request anew: nonce and timestamp are good once."""
        _, headers, _ = self._signer.sign(request.method, str(request.url), {}, b"")
        request.headers["Authorization"] = headers["Authorization"]
        yield request


class _Signer(ClientAuth):  # type: ignore[misc]  # Authlib is untyped
    SIGNATURE_METHODS: dict[str, Any] = {HMAC_SHA256: lambda signer, request: _hmac_sha256(signer, request)}


def _key(pem: str, algorithm: str) -> RSAKey | ECKey:
    try:
        return rsa_key(pem) if algorithm.startswith("PS") else ECKey.import_key(pem)
    except (JoseError, ValueError):
        raise ValueError(f"sign_in.private_key is not a PEM key for {algorithm}") from None  # it could quote the key


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = 3600
    """Seconds; NetSuite sends it as a string."""


class _Refusal(msgspec.Struct, frozen=True):
    error: str = "no reason given"


def _hmac_sha256(signer: ClientAuth, request: Any) -> str:
    key = f"{escape(signer.client_secret)}&{escape(signer.token_secret)}"
    base = generate_signature_base_string(request)
    return b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha256)).decode()


def _error(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).error
    except msgspec.DecodeError:
        return f"status {answer.status_code}"
