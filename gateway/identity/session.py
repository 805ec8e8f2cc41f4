"""Sign-in for server-rendered pages: the face is an ordinary OpenID Connect client, whoever the issuer is.

    /desk ──no session──> /desk/sign-in ──> issuer ──> /desk/callback ──> session ──> where the person was going

The session stays on our side; the browser holds only its random name (HttpOnly, SameSite=Lax). Tokens are renewed
before they expire, one renewal at a time a session, because a refresh token used twice would end the sign-in.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from weakref import WeakValueDictionary

import httpx
import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Engine

from canonical.faults import Forbidden, Overloaded, Unauthenticated
from gateway.identity.granted import new_token
from gateway.identity.page_store import SESSION_SECONDS, PageStore
from gateway.identity.relying_party import PageSettings, RefusedError, RelyingParty, Tokens, Wanted
from gateway.identity.sealing import digest

RENEW_SECONDS: Final = 60
GOING_SECONDS: Final = 600
Browse = Request[Any, Any, Any]
Handle = Callable[[Browse], Awaitable[Response[bytes]]]
log = structlog.get_logger("tiergate.session")


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """Someone signed in to a face."""

    subject: str
    name: str
    email: str
    scopes: frozenset[str]
    access_token: str
    """For the gateway, good for another minute."""
    csrf: str
    """Every form of this session carries it as `csrf`; see `PageSessions.check_form`."""

    def __repr__(self) -> str:
        return f"Signed({self.subject!r})"


class _Going(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way. Kept in the person's own browser: it says nothing they may not know."""

    state: str
    nonce: str
    verifier: str
    to: str
    max_age: str = ""
    acr_values: str = ""

    @property
    def wanted(self) -> Wanted:
        """How the person was asked to sign in."""
        return Wanted.read(self.max_age, self.acr_values)


class PageSessions:
    """The sessions of one face. `transport` is for an issuer in the same process; `aclose()` when done."""

    def __init__(
        self,
        settings: PageSettings,
        engine: Engine,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._now = now
        self._issuer = RelyingParty(settings, transport, now)
        self._store = PageStore(engine, now)
        self._secure = settings.public_url.startswith("https:")
        self._prefix = ("__Host-" if self._secure else "") + "tiergate_" + settings.home.strip("/").replace("/", "-")
        self._renewing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def routes(self) -> list[HTTPRouteHandler]:
        """`{home}/sign-in`, `{home}/callback` and `{home}/sign-out` (POST, with `csrf`)."""
        home = self._settings.home
        return [
            _route("GET", f"{home}/sign-in", self._sign_in),
            _route("GET", f"{home}/callback", self._come_back),
            _route("POST", f"{home}/sign-out", self._sign_out),
        ]

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        await self._issuer.aclose()

    async def signed_in(self, request: Browse) -> Signed | None:
        """Who is signed in, with a token that is still good. Raises `Overloaded` if only the issuer could tell."""
        cookie = request.cookies.get(self._prefix, "")
        tokens = await self._load(cookie)
        if tokens is not None and self._ends_soon(tokens):
            tokens = await self._renewed(cookie)
        if tokens is None:
            return None
        return Signed(
            subject=tokens.subject,
            name=tokens.name,
            email=tokens.email,
            scopes=frozenset(tokens.scope.split()),
            access_token=tokens.access_token,
            csrf=_csrf(cookie),
        )

    def ask_to_sign_in(self, request: Browse) -> Response[bytes]:
        """The answer to somebody not signed in: go and sign in, then come back to this very page."""
        partial = request.headers.get("hx-request") == "true"
        # A part of a page cannot show a sign-in: the whole page goes there, and comes back whole.
        here = urlsplit(request.headers.get("hx-current-url", "") if partial else str(request.url))
        back = f"{here.path}?{here.query}" if here.query else here.path
        location = f"{self._settings.home}/sign-in?{urlencode({'to': back})}"
        return Response(b"", status_code=401, headers={"HX-Redirect": location}) if partial else _see(location)

    def check_form(self, signed: Signed, form: Mapping[str, Any]) -> None:
        """Refuse a form that does not come from a page of this session. Raises `Forbidden`."""
        _check(form, signed.csrf)

    async def _sign_in(self, request: Browse) -> Response[bytes]:
        said = request.query_params
        wanted = Wanted.read(said.get("max_age", ""), said.get("acr_values", ""))
        going = _Going(
            state=new_token(),
            nonce=new_token(),
            verifier=new_token() + new_token(),
            to=self._inside(said.get("to", "")),
            **wanted.parameters,
        )
        url = await self._issuer.sign_in_url(going.state, going.nonce, going.verifier, wanted)
        packed = urlencode(msgspec.structs.asdict(going))
        return _see(url, self._cookie(self._going_name(going.state), packed, GOING_SECONDS))

    async def _come_back(self, request: Browse) -> Response[bytes]:
        given = request.query_params
        state = given.get("state", "")
        name = self._going_name(state)
        going = _unpacked(request.cookies.get(name, ""))
        if going is None or not hmac.compare_digest(going.state.encode(), state.encode()):
            raise Unauthenticated("This sign-in was started in another browser, or too long ago. Start again.")
        if given.get("iss", self._settings.issuer) != self._settings.issuer:  # RFC 9207
            raise Unauthenticated("Another issuer answered than was asked.")
        if "code" not in given:
            raise Forbidden(given.get("error_description") or "The issuer did not sign you in.")
        try:
            tokens = await self._issuer.redeem(given["code"], going.verifier, going.nonce, going.wanted)
        except RefusedError as refused:
            log.warning("sign-in refused", client=self._settings.client_id, why=str(refused))
            raise Unauthenticated("The sign-in could not be verified. Start again.") from refused
        cookie = new_token()
        await asyncio.to_thread(self._store.keep, cookie, tokens)
        return _see(going.to, self._cookie(self._prefix, cookie, SESSION_SECONDS), self._cookie(name, "", 0))

    async def _sign_out(self, request: Browse) -> Response[bytes]:
        cookie = request.cookies.get(self._prefix, "")
        tokens = await self._load(cookie)
        location = ""
        if tokens is not None:
            _check(await request.form(), _csrf(cookie))
            await asyncio.to_thread(self._store.forget, cookie)
            try:
                location = await self._issuer.end(tokens)
            except (RefusedError, Overloaded) as deaf:  # signed out here all the same
                log.warning("issuer not told of a sign-out", client=self._settings.client_id, why=str(deaf))
        return _see(location or self._settings.home, self._cookie(self._prefix, "", 0))

    async def _renewed(self, cookie: str) -> Tokens | None:
        lock = self._renewing.setdefault(cookie, asyncio.Lock())
        async with lock:
            tokens = await self._load(cookie)
            if tokens is None or not self._ends_soon(tokens):  # whoever held the lock before has done it
                return tokens
            try:
                renewed = await self._issuer.renew(tokens)
            except RefusedError:  # the sign-in has ended over there
                await asyncio.to_thread(self._store.forget, cookie)
                return None
            except Overloaded:
                if tokens.expires_at > self._now():
                    return tokens
                raise
            await asyncio.to_thread(self._store.change, cookie, renewed)
            return renewed

    async def _load(self, cookie: str) -> Tokens | None:
        return await asyncio.to_thread(self._store.find, cookie) if cookie else None

    def _ends_soon(self, tokens: Tokens) -> bool:
        return tokens.expires_at - self._now() < RENEW_SECONDS

    def _inside(self, to: str) -> str:
        """A path of this face, or its home: no sign-in ends on somebody else's page."""
        parts, home = urlsplit(to), self._settings.home
        ours = not parts.scheme and not parts.netloc and (parts.path == home or parts.path.startswith(f"{home}/"))
        return to if ours and to.isprintable() and "\\" not in to else home

    def _going_name(self, state: str) -> str:
        """One cookie a sign-in, so that two windows may sign in at once."""
        return f"{self._prefix}_{digest(state)[:12]}"

    def _cookie(self, name: str, value: str, max_age: int) -> Cookie:
        return Cookie(
            key=name, value=value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=self._secure
        )


def _route(method: Any, path: str, handle: Handle) -> HTTPRouteHandler:
    async def answer(request: Browse) -> Response[bytes]:  # Litestar copies handlers: a method would copy its object
        return await handle(request)

    return HTTPRouteHandler(path, http_method=method, include_in_schema=False)(answer)


def _check(form: Mapping[str, Any], csrf: str) -> None:
    if not hmac.compare_digest(str(form.get("csrf", "")).encode(), csrf.encode()):
        raise Forbidden("The form does not come from a page of this sign-in. Open the page again.")


def _csrf(cookie: str) -> str:
    return hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest()


def _unpacked(text: str) -> _Going | None:
    try:
        return msgspec.convert(dict(parse_qsl(text)), _Going)
    except msgspec.ValidationError:
        return None


def _see(location: str, *cookies: Cookie) -> Response[bytes]:
    headers = {"Location": location, "Cache-Control": "no-store"}
    return Response(b"", status_code=303, headers=headers, cookies=list(cookies))
