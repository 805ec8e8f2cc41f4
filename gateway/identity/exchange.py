"""Token exchange (RFC 8693): a tier gets a token with which it acts for whoever called it, at the next tier only.

What it shows of them is the access token it was called with; or, for work that outlives every token (a run), its own
word: a JWT of the chain, signed with the digest of its client secret and good for a minute. Only the process tier is
taken at its word, for only it has such work.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from foundation.acting import chain_of, claims_of
from foundation.context import Layer
from gateway.identity.keys import SigningKeys
from gateway.identity.parties import Client
from gateway.identity.settings import IdentitySettings
from gateway.identity.tokens import ACCESS

GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a kind of token
ASSERTION: Final = "urn:ietf:params:oauth:token-type:jwt"
SECONDS: Final = 300
"""How long such a token is good."""
LATE_SECONDS: Final = 60
"""A call that was admitted just before its token ended still goes on below."""
ASSERTION_SECONDS: Final = 60
NEXT: Final[Mapping[Layer, Layer]] = {"experience": "process", "process": "system"}
_ABOVE: Final[Mapping[Layer, frozenset[Layer]]] = {
    "experience": frozenset({"external"}),
    "process": frozenset({"external", "experience"}),
}
_OWN: Final = frozenset(
    ("iss", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "sub", "act", "azp", "layer", "cnf")
)
"""Claims of a token itself; all others say something of the person, and go with the chain."""


class Exchange:
    """What the grant asks: for whom a client may act."""

    def __init__(
        self,
        settings: IdentitySettings,
        keys: SigningKeys,
        revoked: Callable[[dict[str, Any]], bool],
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._revoked = revoked
        self._now = now

    def audience(self, client: Client) -> str:
        """The one tier a client's acting tokens are for. Raises `UnauthorizedClientError` where there is none."""
        below = NEXT.get(client.layer)
        if below is None:
            raise UnauthorizedClientError("Only a tier acts for others, at the tier below it.")
        return f"{self._settings.audience.rstrip('/')}/{below}"

    def claims(self, client: Client, asked: Mapping[str, str]) -> dict[str, Any]:
        """Who is acted for, and until when (`exp`). Raises `InvalidRequestError` (RFC 8693 section 2.2.2)."""
        self.audience(client)
        if "actor_token" in asked or asked.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError("The client itself is the actor, and gets an access token.")
        token, kind = asked.get("subject_token", ""), asked.get("subject_token_type", "")
        try:
            if kind == ACCESS_TOKEN:
                return self._called_with(client, token)
            if kind == ASSERTION and client.layer == "process":
                return self._at_its_word(client, token)
        except (JoseError, ValueError, KeyError, TypeError) as wrong:
            raise InvalidRequestError("The subject_token is not good.") from wrong
        raise InvalidRequestError("A subject_token of this type is not taken from this client.")

    def _called_with(self, client: Client, token: str) -> dict[str, Any]:
        """The access token of whoever called: a person's or program's, or the tier's above."""
        claims, now = self._keys.verified(token, ACCESS), self._now()
        late = min(float(claims["exp"]) + LATE_SECONDS, now + SECONDS)
        if late <= now or claims["iss"] != self._settings.issuer or self._revoked(claims):
            raise ValueError("ended")
        if claims.get("layer", "external") not in _ABOVE[client.layer]:
            raise ValueError("from a tier that does not call this one")
        if "act" in claims:
            if claims["aud"] != f"{self._settings.audience.rstrip('/')}/{client.layer}":
                raise ValueError("made for another tier")
            before, actor = chain_of(claims)
            chain = (*before, f"{actor}@{claims['client_id']}")
        else:
            chain = (f"{claims['sub']}@{claims['client_id']}",)
        said = {name: value for name, value in claims.items() if name not in _OWN}
        return said | claims_of(chain, client.id) | {"exp": int(late)}

    def _at_its_word(self, client: Client, token: str) -> dict[str, Any]:
        """What the process tier says of a run: nothing but the chain, since nothing else of a person outlives them."""
        claims = jwt.decode(token, OctKey.import_key(client.secret_digest), algorithms=["HS256"]).claims
        now = self._now()
        if (claims["iss"], claims["aud"]) != (client.id, self._settings.issuer):
            raise ValueError("of somebody else, or for somebody else")
        if not now - ASSERTION_SECONDS <= float(claims["iat"]) <= now + ASSERTION_SECONDS:
            raise ValueError("too old")
        chain, actor = chain_of(claims)
        if actor != client.id:
            raise ValueError("another acts")
        return claims_of(chain, actor) | {"exp": int(now) + SECONDS}
