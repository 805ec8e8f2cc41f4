"""What people do at the issuer: authorize, sign in, consent, sign out.

    authorize ──signed in?──> (login) ──ours?──> (consent) ──> back to the client with a code

The way back is always a client's own registered address; where a person was going travels as the query of `authorize`
only (`to`), so that no page here can be made to lead anywhere else. Everything here blocks: call it in a thread.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc.errors import JoseError
from litestar import Response
from litestar.datastructures import Cookie

from canonical.faults import TooMany
from gateway.identity.browser import Browser
from gateway.identity.issuer import Issuer
from gateway.identity.pages import SCOPE_WORDS, Pages
from gateway.identity.parties import Client, SignIn, authenticate
from gateway.identity.settings import MOUNT
from gateway.identity.throttle import Throttle
from gateway.identity.tokens import PASSWORD
from gateway.identity.wire import Answer, Asked, Pairs, refuse_unreadable

STALE_FORM: Final = "This page was open too long, or in another browser. Try again."
WRONG: Final = "The email or the password is not right."


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a browser."""

    query: Pairs = ()
    form: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}
    address: str = ""


class LoginRequiredError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """`prompt=none`, and nobody is signed in (OpenID Connect Core, section 3.1.2.6)."""

    error = "login_required"


class ConsentRequiredError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """`prompt=none`, and the client is not one of ours."""

    error = "consent_required"


class UnmetAuthenticationRequirementsError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """Nobody can sign in here as strongly as was asked (RFC 9470 section 5)."""

    error = "unmet_authentication_requirements"


class Interaction:
    """The flows behind the pages."""

    def __init__(self, issuer: Issuer, browser: Browser, pages: Pages, throttle: Throttle) -> None:
        self._issuer = issuer
        self._browser = browser
        self._pages = pages
        self._throttle = throttle

    def authorize(self, visit: Visit, decision: str = "") -> Response[bytes]:
        """Send the browser back with a code (RFC 6749, section 4.1), or to sign in or consent first."""
        asked = Asked(method="GET", uri=f"{self._issuer.settings.issuer}/authorize", query=visit.query)
        sign_in = self._browser.signed_in(visit.cookies)
        try:
            refuse_unreadable(asked)
            grant = self._issuer.get_consent_grant(asked, sign_in)
        except OAuth2Error as refused:
            return self._refuse(refused)
        client: Client = grant.request.client
        prompts = grant.request.payload.data.get("prompt", "").split()
        try:
            _check_strength(visit.query)
            if sign_in is None or "login" in prompts or self._too_old(sign_in, visit.query):
                if "none" in prompts:
                    raise LoginRequiredError("Nobody is signed in.")
                return _see(f"{MOUNT}/login?{urlencode({'to': urlencode(visit.query)})}")
            if not decision and (not client.first_party or "consent" in prompts):
                if "none" in prompts:
                    raise ConsentRequiredError("The person has to be asked.")
                return self._consent_page(visit, client, sign_in, grant.request.scope, grant.redirect_uri)
        except OAuth2Error as refused:
            refused.redirect_uri = grant.redirect_uri
            refused.state = grant.request.payload.state
            return self._refuse(refused)
        granting = None if decision == "deny" else sign_in
        return self._back(self._issuer.create_authorization_response(grant.request, granting, grant))

    def consent(self, visit: Visit) -> Response[bytes]:
        """The person's answer to the consent page."""
        if not self._browser.genuine(visit.form, visit.cookies):
            return self._message("The answer was not taken", STALE_FORM, 403)
        query = tuple(parse_qsl(visit.form.get("to", ""), keep_blank_values=True))
        decision = "allow" if visit.form.get("decision") == "allow" else "deny"
        return self.authorize(msgspec.structs.replace(visit, query=query), decision)

    def login_page(self, visit: Visit) -> Response[bytes]:
        """The page that asks for email and password."""
        to = dict(visit.query).get("to", "")
        sign_in = self._browser.signed_in(visit.cookies)
        if not to and sign_in is not None:
            token, cookie = self._browser.form_token(visit.cookies)
            return self._pages.render("signed_in.html", cookies=[cookie], csrf=token, person=sign_in.person)
        return self._login_page(visit, to)

    def login(self, visit: Visit) -> Response[bytes]:
        """Check email and password, and go on to where the person was going. Raises `TooMany` for an address."""
        self._throttle.login(visit.address)
        to, login = visit.form.get("to", ""), visit.form.get("login", "").strip().lower()
        if not self._browser.genuine(visit.form, visit.cookies):
            return self._login_page(visit, to, problem=STALE_FORM, status=403)
        try:
            self._throttle.account(login)
        except TooMany as many:
            wait = {"Retry-After": many.facts["retry_after"]}
            problem = f"Too many attempts for this account. Try again in {_minutes(many.facts['retry_after'])}."
            return self._login_page(visit, to, problem=problem, status=429, headers=wait)
        person = authenticate(self._issuer.engine, login, visit.form.get("password", ""))
        if person is None:
            return self._login_page(visit, to, problem=WRONG, status=422)
        self._throttle.forgive(login)
        cookie = self._browser.sign_in(person, visit.cookies)
        query = [(name, value) for name, value in parse_qsl(to, keep_blank_values=True) if name != "prompt"]
        return _see(f"{MOUNT}/authorize?{urlencode(query)}" if query else f"{MOUNT}/login", cookie)

    def logout(self, visit: Visit, asked: Mapping[str, str]) -> Response[bytes]:
        """Sign out (OpenID Connect RP-Initiated Logout 1.0): at once for a client of this sign-in, else by a form."""
        client = self._client_of_hint(asked.get("id_token_hint", ""))
        if client is None and not self._browser.genuine(visit.form, visit.cookies):
            token, cookie = self._browser.form_token(visit.cookies)
            return self._pages.render("sign_out.html", cookies=[cookie], csrf=token)
        gone = self._browser.sign_out(visit.cookies)
        uri = asked.get("post_logout_redirect_uri", "")
        if client is not None and uri in client.sign_out_uris:
            return _see(add_params_to_uri(uri, [("state", asked["state"])]) if "state" in asked else uri, gone)
        return self._message("You are signed out", "You can close this window.", 200, gone)

    def _login_page(
        self, visit: Visit, to: str, problem: str = "", status: int = 200, headers: dict[str, str] | None = None
    ) -> Response[bytes]:
        going = dict(parse_qsl(to))
        client = self._issuer.query_client(going.get("client_id", ""))
        uri = going.get("redirect_uri", "")
        token, cookie = self._browser.form_token(visit.cookies)
        return self._pages.render(
            "login.html",
            status=status,
            cookies=[cookie],
            goes_to=uri if client is not None and client.check_redirect_uri(uri) else "",
            headers=headers,
            csrf=token,
            to=to,
            client=client,
            login=visit.form.get("login", "") or going.get("login_hint", ""),
            problem=problem,
        )

    def _consent_page(
        self, visit: Visit, client: Client, sign_in: SignIn, scope: str, redirect_uri: str
    ) -> Response[bytes]:
        token, cookie = self._browser.form_token(visit.cookies)
        held = sign_in.person.holds(scope).split()
        return self._pages.render(
            "consent.html",
            cookies=[cookie],
            goes_to=redirect_uri,
            csrf=token,
            to=urlencode(visit.query),
            client=client,
            person=sign_in.person,
            host=urlsplit(redirect_uri).netloc,
            wishes=[SCOPE_WORDS.get(s, s) for s in held],
            hours=self._issuer.settings.refresh_seconds // 3600,
        )

    def _refuse(self, refused: OAuth2Error) -> Response[bytes]:
        """Tell the client, where its address is known to be its own; else tell the person, and go nowhere."""
        if refused.redirect_uri:
            return self._back(self._issuer.handle_error_response(None, refused))
        detail = refused.get_error_description() or refused.error
        return self._message("This sign-in link does not work", f"The application asked wrongly: {detail}", 400)

    def _back(self, answer: Answer) -> Response[bytes]:
        """The redirect to the client, saying who sends it (RFC 9207)."""
        return _see(add_params_to_uri(answer.headers["Location"], [("iss", self._issuer.settings.issuer)]))

    def _message(self, title: str, text: str, status: int, *cookies: Cookie) -> Response[bytes]:
        return self._pages.render("message.html", status=status, cookies=cookies, title=title, text=text)

    def _too_old(self, sign_in: SignIn, query: Pairs) -> bool:
        max_age = dict(query).get("max_age", "")
        if max_age and not max_age.isdecimal():
            raise InvalidRequestError("max_age must be a number of seconds")
        return bool(max_age) and self._issuer.now() - sign_in.at > int(max_age)

    def _client_of_hint(self, id_token: str) -> Client | None:
        try:
            return self._issuer.query_client(self._issuer.keys.verified(id_token)["aud"])
        except (JoseError, ValueError, KeyError):
            return None


def _check_strength(query: Pairs) -> None:
    """Of the ways to sign in that a client would take (`acr_values`), one must be ours."""
    wanted = dict(query).get("acr_values", "").split()
    if wanted and PASSWORD not in wanted:
        raise UnmetAuthenticationRequirementsError("There is no such way to sign in here.")


def _see(location: str, *cookies: Cookie) -> Response[bytes]:
    headers = {"Location": location, "Cache-Control": "no-store"}
    return Response(b"", status_code=303, headers=headers, cookies=list(cookies))


def _minutes(seconds: str) -> str:
    minutes = -(-int(seconds) // 60)
    return f"{minutes} minute" if minutes == 1 else f"{minutes} minutes"
