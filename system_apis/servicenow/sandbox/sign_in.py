"""Who is calling: HTTP Basic, or a bearer token from `oauth_token.do`."""

import base64
import binascii
import hashlib
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Request, route
from litestar.di import NamedDependency

from foundation.sandbox import Answer, Box, Refused, answer
from system_apis.servicenow.sandbox.answers import failure

ACCESS_SECONDS: Final = 1800
REFRESH_SECONDS: Final = 8_640_000
_TOKEN: Final = "_token"  # noqa: S105 - a kind of record


def caller(box: Box, request: Request[Any, Any, Any]) -> str:
    """The user name of the caller; 401 without a good sign-in."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        user, password = _basic(credentials)
        if (user, password) == (box.option("user"), box.option("password")):
            return user
    elif scheme.lower() == "bearer":
        token = box.store.get(_TOKEN, credentials)
        if token and token["use"] == "access" and token["until"] > box.now().timestamp():
            return str(token["user"])
    raise Refused(unauthenticated())


def unauthenticated() -> Answer:
    """The 401 of every REST call."""
    said = failure(401, "User Not Authenticated", "Required to provide Auth information")
    said.headers["WWW-Authenticate"] = 'Basic realm="Service-now"'
    return said


@route("/oauth_token.do", http_method="POST", status_code=200)
async def oauth_token(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
    """Tokens by client credentials, password or refresh token. Form fields only; the client may also come by Basic."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refused(_denied())
    form = dict(parse_qsl((await request.body()).decode()))
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    named = (form.get("client_id", ""), form.get("client_secret", ""))
    client = _basic(credentials) if scheme.lower() == "basic" and not any(named) else named
    if client != (box.option("client_id"), box.option("client_secret")):
        raise Refused(_denied())
    match form.get("grant_type"):
        case "client_credentials" if box.option("client_credentials"):
            return answer(200, _issued(box, refresh=""))
        case "password" if (form.get("username"), form.get("password")) == (box.option("user"), box.option("password")):
            return answer(200, _issued(box, refresh=_token(box, "refresh", REFRESH_SECONDS)))
        case "refresh_token":
            refresh = form.get("refresh_token", "")
            known = box.store.get(_TOKEN, refresh)
            if known and known["use"] == "refresh" and known["until"] > box.now().timestamp():
                return answer(200, _issued(box, refresh=refresh))
    raise Refused(_denied())


def _basic(credentials: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _issued(box: Box, refresh: str) -> dict[str, Any]:
    token = _token(box, "access", ACCESS_SECONDS)
    known = box.store.get(_TOKEN, token)
    assert known is not None
    left = int(known["until"] - box.now().timestamp())
    issued = {"access_token": token, "scope": "useraccount", "token_type": "Bearer", "expires_in": left}
    return issued | ({"refresh_token": refresh} if refresh else {})


def _token(box: Box, use: str, seconds: int) -> str:
    """The token of this use that is still good, or a new one."""
    for known in box.store.find(_TOKEN, use=use):
        if known["until"] > box.now().timestamp():
            return str(known["token"])
    token = hashlib.sha256(f"{use}:{box.store.next_number(_TOKEN)}".encode()).hexdigest()
    until = int((box.now() + timedelta(seconds=seconds)).timestamp())
    box.store.insert(_TOKEN, token, {"token": token, "use": use, "until": until, "user": box.option("user")})
    return token


def _denied() -> Answer:
    return answer(401, {"error": "server_error", "error_description": "access_denied"})
