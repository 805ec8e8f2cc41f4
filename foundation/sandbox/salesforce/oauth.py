"""The sandbox's token endpoint and sessions.

No app is known at first. `PUT /_sandbox/options/connected_apps` registers them:

    {"<consumer key>": {"username": "...", "secret": "...", "public_key": "-----BEGIN PUBLIC KEY-----..."}}

`secret` is for client credentials, `public_key` (or a certificate) for the JWT bearer flow; either may be left out.
"""

import hmac
import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from litestar import Request, route
from litestar.di import NamedDependency

from foundation.sandbox import CALL, Answer, Box, Record, answer
from foundation.sandbox.salesforce.errors import errors, no_token, refused
from foundation.sandbox.salesforce.org import INTEGRATION_USER, ORGANIZATION

AUDIENCES: Final = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
LONGEST_ASSERTION: Final = timedelta(minutes=5)
SESSION_IDLE: Final = timedelta(hours=2)
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@route("/services/oauth2/token", http_method="POST", status_code=200)
async def token(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
    """A session for an app."""
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    grant = form.get("grant_type", "")
    if grant == JWT_BEARER:
        app = _by_assertion(box, form.get("assertion", ""), str(request.base_url))
    elif grant == "client_credentials":
        app = _by_secret(box, form, request.headers.get("authorization", ""))
    else:
        raise no_token("unsupported_grant_type", "grant type not supported")
    return answer(200, _session(box, app, str(request.base_url).rstrip("/")))


@route("/services/oauth2/userinfo", http_method="GET", status_code=200)
async def userinfo(box: NamedDependency[Box]) -> Answer:
    """Who the session belongs to."""
    session = signed_in(box)
    return answer(
        200,
        {
            "sub": f"https://login.salesforce.com/id/{ORGANIZATION}/{INTEGRATION_USER}",
            "user_id": INTEGRATION_USER,
            "organization_id": ORGANIZATION,
            "preferred_username": session["username"],
            "email": session["username"],
            "active": True,
        },
    )


def signed_in(box: Box) -> Record:
    """The session of the call under way. Raises the 401 for none, and the 403 when the org's calls are used up."""
    scheme, _, bearer = CALL.get().headers.get("authorization", "").partition(" ")
    if scheme not in ("Bearer", "OAuth"):
        raise refused(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    session = box.store.get("_session", bearer)
    if session is None or datetime.fromisoformat(session["used"]) + SESSION_IDLE < box.now():
        raise refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if calls_made(box) > box.option("daily_limit"):
        raise refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    return box.store.update("_session", bearer, {"used": box.now().isoformat()})


def calls_made(box: Box) -> int:
    """How many API calls the org has answered."""
    return int(box.store.setting("_calls", 0))


def expired(box: Box) -> Answer:
    """The fault: the caller's session ends now, as if it had idled too long."""
    box.store.delete("_session", CALL.get().headers.get("authorization", "").partition(" ")[2])
    return errors(401, "INVALID_SESSION_ID", "Session expired or invalid")


def _session(box: Box, app: Record, instance_url: str) -> Record:
    access_token = f"{ORGANIZATION[:15]}!AQ.{secrets.token_urlsafe(48)}"
    used = box.now().isoformat()
    box.store.insert("_session", access_token, {"token": access_token, "username": app["username"], "used": used})
    return {
        "access_token": access_token,
        "signature": secrets.token_urlsafe(32) + "=",
        "scope": "api id",
        "instance_url": instance_url,
        "id": f"https://login.salesforce.com/id/{ORGANIZATION}/{INTEGRATION_USER}",
        "token_type": "Bearer",
        "issued_at": str(int(box.now().timestamp() * 1000)),
    }


def _by_secret(box: Box, form: dict[str, str], authorization: str) -> Record:
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization.startswith("Basic "):
        try:
            first, _, second = b64decode(authorization[6:], validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError) as wrong:
            raise no_token("invalid_client", "invalid client credentials", 401) from wrong
        client_id, secret = unquote_plus(first), unquote_plus(second)
    app: Record | None = box.option("connected_apps").get(client_id)
    if app is None:
        raise no_token("invalid_client_id", "client identifier invalid")
    if not app.get("secret") or not hmac.compare_digest(str(app["secret"]).encode(), secret.encode()):
        raise no_token("invalid_client", "invalid client credentials", 401)
    return app


def _by_assertion(box: Box, assertion: str, own_url: str) -> Record:
    apps: dict[str, Record] = box.option("connected_apps")
    for client_id, app in apps.items():
        if not app.get("public_key"):
            continue
        try:
            claims = jwt.decode(assertion, RSAKey.import_key(app["public_key"]), algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            continue
        if claims.get("iss") == client_id:
            return _claimed(box, app, claims, own_url)
    raise no_token("invalid_grant", "invalid assertion")


def _claimed(box: Box, app: Record, claims: dict[str, Any], own_url: str) -> Record:
    if claims.get("aud") not in AUDIENCES | {own_url.rstrip("/")}:
        raise no_token("invalid_grant", "audience is invalid")
    if claims.get("sub") != app["username"]:
        raise no_token("invalid_grant", "user hasn't approved this consumer")
    try:
        ends = float(str(claims.get("exp")))  # real clients send a number or a text
    except ValueError as wrong:
        raise no_token("invalid_grant", "invalid assertion") from wrong
    left = ends - box.now().timestamp()
    if not 0 < left <= LONGEST_ASSERTION.total_seconds():
        raise no_token("invalid_grant", "expired authorization code")
    return app
