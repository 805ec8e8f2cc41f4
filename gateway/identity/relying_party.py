"""One client of one OpenID Connect issuer: what a face asks of it, over Authlib's httpx client.

Works from the issuer's discovery document alone, so any issuer will do. Raises `Overloaded` when the issuer does not
answer, `RefusedError` when it, or what it sent, is not good.
"""

import re
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final, Self
from urllib.parse import urlencode

import httpx
import msgspec
from authlib.integrations.base_client import OAuthError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from canonical.faults import Overloaded

with warnings.catch_warnings():
    # Authlib would rather have httpx's successor, which none of our transports fit yet; httpx is what we are given.
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import AsyncOAuth2Client

ID_ALGORITHMS: Final = ["RS256", "ES256"]
CLOCK_LEEWAY: Final = 10
"""Seconds two clocks may differ."""


class PageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One face with pages, as a client of the issuer."""

    client_id: str
    client_secret: str
    issuer: str
    public_url: str
    """Where browsers reach the face: scheme, host and port."""
    home: str
    """Its path, e.g. `/desk`; sign-in, callback and sign-out lie beneath."""
    scopes: tuple[str, ...]
    """What it needs beside `openid profile email`."""

    @property
    def address(self) -> str:
        """The whole address of its home."""
        return self.public_url.rstrip("/") + self.home


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How new and how strong a sign-in must be, as a challenge says it (RFC 9470); empty for any."""

    max_age: str = ""
    """Seconds."""
    acr_values: str = ""
    """Names of ways to sign in, one of which is enough, between blanks."""

    @classmethod
    def read(cls, max_age: str, acr_values: str) -> Self:
        """From an address, which anybody may have written: what cannot be meant is nothing."""
        age = max_age if re.fullmatch(r"[0-9]{1,9}", max_age) else ""
        return cls(max_age=age, acr_values=acr_values if re.fullmatch(r"[!#-~ ]{1,500}", acr_values) else "")

    @property
    def parameters(self) -> dict[str, str]:
        """For the issuer's authorization endpoint (OpenID Connect Core, section 3.1.2.1)."""
        said = {"max_age": self.max_age, "acr_values": self.acr_values}
        return {name: value for name, value in said.items() if value}

    def check(self, claims: Mapping[str, Any], now: float) -> None:
        """Raises `RefusedError` where the issuer gave an older or weaker sign-in than was asked for."""
        if self.max_age and now - float(claims.get("auth_time") or 0) > int(self.max_age) + CLOCK_LEEWAY:
            raise RefusedError("the sign-in is older than was asked for")
        if self.acr_values and claims.get("acr") not in self.acr_values.split():
            raise RefusedError("the sign-in is not of the kind that was asked for")


class RefusedError(Exception):
    """The issuer refused, or its answer cannot be trusted."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer gave for a sign-in, and whose it is."""

    subject: str
    name: str
    email: str
    scope: str
    access_token: str
    refresh_token: str
    id_token: str
    expires_at: int
    """When the access token ends, in seconds since the epoch."""


class RelyingParty:
    """The client of the issuer. `transport` is for an issuer in the same process."""

    def __init__(
        self,
        settings: PageSettings,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._now = now
        # No scope here: Authlib would ask for it again at each renewal, and a person may hold less.
        self._oauth = AsyncOAuth2Client(
            settings.client_id,
            settings.client_secret,
            redirect_uri=f"{settings.address}/callback",
            code_challenge_method="S256",
            transport=transport,
            timeout=10.0,
        )
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        await self._oauth.aclose()

    async def sign_in_url(self, state: str, nonce: str, verifier: str, wanted: "Wanted | None" = None) -> str:
        """Where the browser goes to sign in (PKCE, S256), as newly and as strongly as is wanted (RFC 9470)."""
        url, _ = self._oauth.create_authorization_url(
            await self._endpoint("authorization_endpoint"),
            state=state,
            code_verifier=verifier,
            nonce=nonce,
            scope=" ".join(("openid", "profile", "email", *self._settings.scopes)),
            **(wanted or Wanted()).parameters,
        )
        return str(url)

    async def redeem(self, code: str, verifier: str, nonce: str, wanted: "Wanted | None" = None) -> Tokens:
        """The tokens of a code, the id token verified: it must say that the sign-in is as was wanted."""
        token = await self._ask(
            self._oauth.fetch_token,
            await self._endpoint("token_endpoint"),
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
        )
        try:
            claims = await self._identified(token["id_token"], nonce)
            (wanted or Wanted()).check(claims, self._now())
        except (JoseError, KeyError, ValueError) as wrong:
            raise RefusedError("the id token is not good") from wrong
        return Tokens(
            subject=claims["sub"],
            name=claims.get("name", claims["sub"]),
            email=claims.get("email", ""),
            scope=token.get("scope", ""),
            access_token=token["access_token"],
            refresh_token=token.get("refresh_token", ""),
            id_token=token["id_token"],
            expires_at=int(self._now()) + int(token["expires_in"]),
        )

    async def renew(self, tokens: Tokens) -> Tokens:
        """The next tokens. The old refresh token is used up by this."""
        url = await self._endpoint("token_endpoint")
        token = await self._ask(self._oauth.refresh_token, url, refresh_token=tokens.refresh_token)
        return msgspec.structs.replace(
            tokens,
            access_token=token["access_token"],
            refresh_token=token.get("refresh_token", tokens.refresh_token),
            scope=token.get("scope", tokens.scope),
            id_token=token.get("id_token", tokens.id_token),
            expires_at=int(self._now()) + int(token["expires_in"]),
        )

    async def end(self, tokens: Tokens) -> str:
        """End the sign-in at the issuer (RFC 7009). Returns where the browser signs out there, empty if nowhere."""
        metadata = await self._discover()
        if "revocation_endpoint" in metadata and tokens.refresh_token:
            await self._ask(self._oauth.revoke_token, metadata["revocation_endpoint"], token=tokens.refresh_token)
        if "end_session_endpoint" not in metadata:
            return ""
        query = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": self._settings.address}
        return f"{metadata['end_session_endpoint']}?{urlencode(query)}"

    async def _ask(self, call: Callable[..., Any], url: str, **parameters: Any) -> Any:
        try:
            return await call(url, **parameters)
        except OAuthError as refused:
            raise RefusedError(refused.error) from refused
        except (httpx.HTTPError, ValueError) as silent:
            raise Overloaded("The sign-in service is not answering.") from silent

    async def _identified(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an id token, verified (OpenID Connect Core, section 3.1.3.7)."""
        try:
            claims = jwt.decode(id_token, await self._issuer_keys(), algorithms=ID_ALGORITHMS).claims
        except (JoseError, ValueError):  # perhaps the keys were changed: look once more
            self._keys = None
            claims = jwt.decode(id_token, await self._issuer_keys(), algorithms=ID_ALGORITHMS).claims
        JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=CLOCK_LEEWAY,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(claims)
        return claims

    async def _issuer_keys(self) -> KeySet:
        if self._keys is None:
            self._keys = KeySet.import_key_set(await self._get(await self._endpoint("jwks_uri")))
        return self._keys

    async def _endpoint(self, name: str) -> str:
        return str((await self._discover())[name])

    async def _discover(self) -> dict[str, Any]:
        if not self._metadata:
            found = await self._get(f"{self._settings.issuer}/.well-known/openid-configuration")
            if found.get("issuer") != self._settings.issuer:  # OpenID Connect Discovery, section 4.3
                raise Overloaded("The sign-in service says it is another one than asked.")
            self._metadata = found
        return self._metadata

    async def _get(self, url: str) -> Any:
        try:
            response = await self._oauth.request("GET", url, withhold_token=True)
            return response.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as silent:
            raise Overloaded("The sign-in service is not answering.") from silent
