"""Browser sessions for a face: the issuer's sign-in, and the token verified as the gateway would."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response
from litestar.handlers import BaseRouteHandler

from experience_apis import SignedIn
from gateway.identity.session import PageSessions
from gateway.refusals import TokenRefused
from gateway.tokens import Tokens


class FaceSessions:
    """`experience_apis.Sessions` on the issuer's page sessions."""

    def __init__(self, pages: PageSessions, tokens: Tokens) -> None:
        self._pages, self._tokens = pages, tokens

    async def signed_in(self, request: Request[Any, Any, Any]) -> SignedIn | None:
        """Who it is, by a token that is still good."""
        signed = await self._pages.signed_in(request)
        if signed is None:
            return None
        try:
            found = self._tokens.known(signed.access_token) or await self._tokens.verify(signed.access_token)
        except TokenRefused:
            return None  # revoked, or the issuer's keys changed: sign in again
        return SignedIn(caller=found.caller, name=signed.name, csrf=signed.csrf)

    async def sign_in(self, request: Request[Any, Any, Any], back_to: str) -> Response[Any]:
        """Off to the issuer, and back to where the person was going."""
        return self._pages.ask_to_sign_in(request)

    def handlers(self) -> Sequence[BaseRouteHandler]:
        """Sign-in, callback and sign-out."""
        return self._pages.routes()
