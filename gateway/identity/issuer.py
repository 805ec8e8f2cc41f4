"""The authorization server: Authlib's grants over our tables and keys.

Grants: authorization code with PKCE, refresh token, client credentials (RFC 6749, 7636, 9700); resource indicators
(RFC 8707); revocation (RFC 7009). Authlib ships no types, so its classes are subclassed here and nowhere else.
Everything in this module blocks: call it in a thread.
"""

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    AuthorizationServer,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    BaseGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from joserfc.errors import JoseError
from sqlalchemy import Engine

from gateway.identity import tokens
from gateway.identity.exchange import ACCESS_TOKEN, GRANT, Exchange
from gateway.identity.granted import Code, Granted, Grants, RefreshToken, new_token
from gateway.identity.keys import SigningKeys
from gateway.identity.parties import Client, Person, SignIn, find_client, find_person
from gateway.identity.settings import IdentitySettings
from gateway.identity.wire import Answer, Asked, WireRequest

CLIENT_AUTH: Final = ["client_secret_basic", "client_secret_post", "none"]


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """A `resource` that is not ours, or not among those granted (RFC 8707)."""

    error = "invalid_target"
    description = "The resource is not one this issuer gives tokens for, or was not granted."


class Issuer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """The issuer. `now` is the clock, in seconds since the epoch."""

    def __init__(
        self, settings: IdentitySettings, engine: Engine, keys: SigningKeys, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self.settings = settings
        self.engine = engine
        self.keys = keys
        self.now = now
        self.grants = Grants(engine, settings.access_seconds, now)
        self.register_grant(_CodeGrant, [_Pkce(), _Resources()])
        self.register_grant(_RefreshGrant)
        self.register_grant(_ClientCredentials)
        self.exchange = Exchange(settings, keys, self.grants.revocations.holds, now)
        self.register_grant(_TokenExchange)
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> Client | None:
        """The client of that id."""
        return find_client(self.engine, client_id)

    def create_oauth2_request(self, request: Asked | OAuth2Request) -> OAuth2Request:
        """Our request in Authlib's shape."""
        return request if isinstance(request, OAuth2Request) else WireRequest(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        """Authlib's answer in our shape."""
        return Answer(status=status, body=body, headers=dict(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def issue(self, request: OAuth2Request, person: Person | None, scope: str | None, refresh: bool) -> dict[str, Any]:
        """The answer of the token endpoint, nothing of it stored yet. Raises `OAuth2Error`."""
        client: Client = request.client
        granted: Granted | None = request.authorization_code or request.refresh_token
        allowed = client.get_allowed_scope(scope)
        if allowed is not None and person is not None:
            allowed = person.holds(allowed)  # what they held at sign-in may have been taken from them since
        if allowed is None:
            raise InvalidScopeError
        asked = request.payload.datalist.get("resource", [])
        audience = self.audience(asked, granted.resource if granted else ())
        issued_at = int(self.now())
        common = {"iss": self.settings.issuer, "iat": issued_at}
        access = tokens.access_claims(client, person, granted, allowed) | {
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "exp": issued_at + self.settings.access_seconds,
            "jti": new_token(),
        }
        answer = {
            "token_type": "Bearer",
            "access_token": self.keys.sign(tokens.ACCESS, common | access),
            "expires_in": self.settings.access_seconds,
            "scope": allowed,
        }
        if person is not None and granted is not None and "openid" in allowed.split():
            nonce = granted.nonce if isinstance(granted, Code) else ""
            who = tokens.id_claims(client, person, granted, allowed, nonce) | {"exp": issued_at + tokens.ID_SECONDS}
            answer["id_token"] = self.keys.sign(tokens.ID, common | who)
        return answer | ({"refresh_token": new_token()} if refresh else {})

    def issue_acting(self, request: OAuth2Request, acting: dict[str, Any]) -> dict[str, Any]:
        """A tier's token with which it acts for somebody (RFC 8693 section 2.2.1). Raises `OAuth2Error`."""
        client: Client = request.client
        allowed = client.get_allowed_scope(request.payload.scope)
        if allowed is None:
            raise InvalidScopeError
        audience, issued_at = self.exchange.audience(client), int(self.now())
        if set(request.payload.datalist.get("resource", [])) - {audience}:
            raise InvalidTargetError
        own = {"iss": self.settings.issuer, "aud": audience, "iat": issued_at, "jti": new_token()}
        own |= {"client_id": client.id, "layer": client.layer, "scope": allowed}
        return {
            "token_type": "Bearer",
            "issued_token_type": ACCESS_TOKEN,
            "access_token": self.keys.sign(tokens.ACCESS, acting | own),
            "expires_in": acting["exp"] - issued_at,
            "scope": allowed,
        }

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Keep the refresh token: as wide as the one before it, whatever this access token was narrowed to."""
        if "refresh_token" in token:
            granted: Granted = request.authorization_code or request.refresh_token
            kept = RefreshToken(
                client_id=granted.client_id,
                login=granted.login,
                scope=granted.scope,
                resource=granted.resource,
                auth_time=granted.auth_time,
                family=granted.family,
            )
            self.grants.keep_refresh(token["refresh_token"], kept, self.settings.refresh_seconds)

    def audience(self, asked: list[str], granted: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The audiences of a token (RFC 8707): those asked for, else those granted, else the platform's own.

        A resource named by its address here (`resource` of the metadata of RFC 9728) is the platform's own.

        Raises `InvalidTargetError` for one that is neither the platform's audience nor beneath it, or not granted.
        """
        for resource in asked:
            if not (self._here(resource) or self._ours(resource)) or (granted and resource not in granted):
                raise InvalidTargetError
        named = tuple(asked) or granted
        meant = (self.settings.audience if self._here(resource) else resource for resource in named)
        return tuple(dict.fromkeys(meant)) or (self.settings.audience,)

    def _here(self, resource: str) -> bool:
        issuer, asked = urlsplit(self.settings.issuer), urlsplit(resource)
        return (asked.scheme, asked.netloc) == (issuer.scheme, issuer.netloc) and not (asked.query or asked.fragment)

    def _ours(self, resource: str) -> bool:
        root = self.settings.audience.rstrip("/")
        return not urlsplit(resource).fragment and (resource == root or resource.startswith(root + "/"))


class _Issuing:
    """What our three grants share: where their tokens come from."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH
    request: OAuth2Request
    server: Issuer

    def generate_token(
        self,
        user: Person | None = None,
        scope: str | None = None,
        grant_type: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        return self.server.issue(self.request, user, scope, refresh=include_refresh_token)

    def authenticate_user(self, granted: Granted) -> Person:
        """The first thing Authlib asks before issuing: here the code or refresh token is used up, once."""
        if not self.server.grants.spend(granted):
            raise InvalidGrantError("It was used before, so everything given for it has ended.")
        person = find_person(self.server.engine, granted.login)
        if person is None:
            raise InvalidGrantError("There is no such person any more.")
        return person


class _CodeGrant(_Issuing, AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    def create_authorization_response(self, redirect_uri: str, grant_user: SignIn | None) -> Any:
        if grant_user is not None:
            self.request.scope = grant_user.person.holds(self.request.scope)
            if not self.request.scope:
                raise AccessDeniedError("This person may do nothing of what was asked.", redirect_uri=redirect_uri)
        return super().create_authorization_response(redirect_uri, grant_user)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data, sign_in = request.payload.data, request.user
        kept = Code(
            client_id=request.client.id,
            login=sign_in.person.login,
            scope=request.scope,
            resource=tuple(request.payload.datalist.get("resource", [])),
            auth_time=sign_in.at,
            family=new_token()[:32],
            redirect_uri=data.get("redirect_uri", ""),
            code_challenge=data["code_challenge"],
            nonce=data.get("nonce", ""),
        )
        self.server.grants.sweep()
        self.server.grants.keep_code(code, kept, self.server.settings.code_seconds)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = self.server.grants.code(code)
        return found if found is not None and found.check_client(client) else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """A used code stays, used up, until it expires: its second coming must be noticed."""


class _RefreshGrant(_Issuing, RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        return self.server.grants.refresh_token(refresh_token)

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """It was used up before the new one was made."""


class _ClientCredentials(_Issuing, ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    pass


class _TokenExchange(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["client_secret_basic", "client_secret_post"]
    GRANT_TYPE = GRANT
    server: Issuer

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(GRANT):
            raise UnauthorizedClientError("This client exchanges no tokens.")
        self.request.client = client

    def create_token_response(self) -> Any:
        acting = self.server.exchange.claims(self.request.client, self.request.payload.data)
        return 200, self.server.issue_acting(self.request, acting), self.TOKEN_RESPONSE_HEADER


class _Pkce(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE (RFC 7636) for every client, and by S256 only (RFC 9700, section 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        if not grant.request.payload.data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class _Resources:
    """Refuses a foreign `resource` where the person still sees it, not only when the code is redeemed."""

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.check)

    def check(self, grant: Any, redirect_uri: str) -> None:
        grant.server.audience(grant.request.payload.datalist.get("resource", []))


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS = CLIENT_AUTH

    def query_token(self, token_string: str, token_type_hint: str | None) -> "Granted | _Access | None":
        return self.server.grants.refresh_token(token_string) or self._access(token_string)

    def revoke_token(self, token: "Granted | _Access", request: OAuth2Request) -> None:
        if isinstance(token, Granted):
            self.server.grants.end_family(token.family)
        else:
            self.server.grants.revocations.add(token.jti, token.exp)

    def _access(self, text: str) -> "_Access | None":
        try:
            claims = self.server.keys.verified(text)
            return _Access(claims["client_id"], claims["jti"], claims["exp"])
        except (JoseError, ValueError, KeyError):  # not a token of ours: nothing to revoke (RFC 7009, section 2.2)
            return None


class _Access:
    def __init__(self, client_id: str, jti: str, exp: int) -> None:
        self.client_id, self.jti, self.exp = client_id, jti, exp

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.id
