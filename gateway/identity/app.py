"""The issuer as routes: protocol endpoints for programs, pages for people, and the documents that describe them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from authlib.oauth2 import OAuth2Error
from litestar import Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Engine

from canonical.faults import Fault, TooMany
from foundation.api import fault_handler, problem_response
from gateway.identity.browser import Browser
from gateway.identity.exchange import GRANT
from gateway.identity.interaction import Interaction, Visit
from gateway.identity.issuer import CLIENT_AUTH, Issuer
from gateway.identity.keys import ALGORITHM, SigningKeys
from gateway.identity.pages import Pages
from gateway.identity.parties import OPENID_SCOPES, all_scopes
from gateway.identity.sealing import key_file
from gateway.identity.settings import MOUNT, IdentitySettings
from gateway.identity.throttle import Throttle
from gateway.identity.tokens import PASSWORD
from gateway.identity.wire import Answer, Asked, Pairs, refuse_unreadable

BODY_MAX: Final = 16 * 1024
FORM: Final = "application/x-www-form-urlencoded"
Browse = Request[Any, Any, Any]
Handle = Callable[[Browse], Awaitable[Response[bytes]]]


class Identity:
    """The embedded issuer. Raises at once if its settings cannot be (`settings.IdentitySettings`).

    `keys.rotate()` changes the signing key; `revocations.holds(claims)` tells the gateway of tokens ended early.
    """

    def __init__(self, settings: IdentitySettings, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.keys = SigningKeys(engine, key_file(settings.state_dir / "identity.key"), now)
        self._engine = engine
        self._issuer = Issuer(settings, engine, self.keys, now)
        self.revocations = self._issuer.grants.revocations
        self._throttle = Throttle(settings)
        self._pages = Pages()
        browser = Browser(settings, engine, now)
        self._interaction = Interaction(self._issuer, browser, self._pages, self._throttle)

    def router(self) -> Router:
        """All its routes: below `/identity`, and the one RFC 8414 wants at the root."""
        issuer = MOUNT.strip("/")
        handlers = [
            _route("GET", f"{MOUNT}/.well-known/openid-configuration", self._metadata),
            _route("GET", f"{MOUNT}/.well-known/oauth-authorization-server", self._metadata),
            # RFC 8414 section 3: the well-known part goes between the host and the issuer's path.
            _route("GET", f"/.well-known/oauth-authorization-server/{issuer}", self._metadata),
            _route("GET", f"{MOUNT}/jwks", self._jwks),
            _route("POST", f"{MOUNT}/token", self._token),
            _route("POST", f"{MOUNT}/revoke", self._revoke),
            _route("GET", f"{MOUNT}/authorize", self._authorize),
            _route("POST", f"{MOUNT}/consent", self._consent),
            _route("GET", f"{MOUNT}/login", self._login_page),
            _route("POST", f"{MOUNT}/login", self._login),
            _route("GET", f"{MOUNT}/logout", self._logout),
            _route("POST", f"{MOUNT}/logout", self._logout),
            _route("GET", f"{MOUNT}/static/{{version:str}}/{{name:str}}", self._static),
        ]
        return Router(
            "/",
            route_handlers=handlers,
            request_max_body_size=BODY_MAX,
            include_in_schema=False,
            exception_handlers={Fault: fault_handler},
            response_headers={"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"},
        )

    async def _metadata(self, request: Browse) -> Response[bytes]:
        scopes = await asyncio.to_thread(all_scopes, self._engine)
        return _json(200, metadata(self.settings.issuer, scopes), {"Cache-Control": "public, max-age=300"})

    async def _jwks(self, request: Browse) -> Response[bytes]:
        keys = await asyncio.to_thread(self.keys.published)
        return _json(200, keys, {"Cache-Control": "public, max-age=300"})

    async def _token(self, request: Browse) -> Response[bytes]:
        return await self._protocol(request, "token", self._issuer.create_token_response)

    async def _revoke(self, request: Browse) -> Response[bytes]:
        revoke = self._issuer.create_endpoint_response
        return await self._protocol(request, "revoke", lambda asked: revoke("revocation", asked))

    async def _protocol(self, request: Browse, name: str, answer: Callable[[Asked], Answer]) -> Response[bytes]:
        try:
            self._throttle.token(_address(request))
        except TooMany as many:
            return problem_response(many, instance=request.url.path)
        asked = Asked(
            method="POST",
            uri=f"{self.settings.issuer}/{name}",
            form=await _form(request),
            authorization=request.headers.get("authorization", ""),
        )
        try:
            refuse_unreadable(asked)
            found = await asyncio.to_thread(answer, asked)
        except OAuth2Error as refused:
            found = self._issuer.handle_error_response(None, refused)
        return _json(found.status, found.body, found.headers)

    async def _authorize(self, request: Browse) -> Response[bytes]:
        return await asyncio.to_thread(self._interaction.authorize, await _visit(request))

    async def _consent(self, request: Browse) -> Response[bytes]:
        return await asyncio.to_thread(self._interaction.consent, await _visit(request))

    async def _login_page(self, request: Browse) -> Response[bytes]:
        return await asyncio.to_thread(self._interaction.login_page, await _visit(request))

    async def _login(self, request: Browse) -> Response[bytes]:
        return await asyncio.to_thread(self._interaction.login, await _visit(request))

    async def _logout(self, request: Browse) -> Response[bytes]:
        visit = await _visit(request)
        asked = dict(visit.query) | dict(visit.form)
        return await asyncio.to_thread(self._interaction.logout, visit, asked)

    async def _static(self, request: Browse) -> Response[bytes]:
        return self._pages.file(request.path_params["name"])


def metadata(issuer: str, scopes: Sequence[str]) -> dict[str, Any]:
    """What the issuer is and can (RFC 8414, OpenID Connect Discovery 1.0)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/logout",
        "scopes_supported": sorted(OPENID_SCOPES.union(scopes)),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", GRANT],
        "token_endpoint_auth_methods_supported": CLIENT_AUTH,
        "revocation_endpoint_auth_methods_supported": CLIENT_AUTH,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [PASSWORD],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "prompt_values_supported": ["none", "login", "consent"],
        "authorization_response_iss_parameter_supported": True,
    }


def _route(method: Any, path: str, handle: Handle) -> HTTPRouteHandler:
    async def answer(request: Browse) -> Response[bytes]:  # Litestar copies handlers: a method would copy its object
        return await handle(request)

    return HTTPRouteHandler(path, http_method=method, status_code=200)(answer)


async def _visit(request: Browse) -> Visit:
    form = dict(await _form(request)) if request.method == "POST" else {}
    query = _pairs(request.scope["query_string"])
    return Visit(query=query, form=form, cookies=request.cookies, address=_address(request))


async def _form(request: Browse) -> Pairs:
    if request.content_type[0] != FORM:
        return ()
    return _pairs(await request.body())


def _pairs(raw: bytes) -> Pairs:
    return tuple(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def _address(request: Browse) -> str:
    return request.client.host if request.client is not None else ""


def _json(status: int, body: Any, headers: dict[str, str]) -> Response[bytes]:
    kept = {name: value for name, value in headers.items() if name != "Content-Type"}
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=kept)
