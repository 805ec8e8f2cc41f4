"""Who may call the sandbox: its communication user by Basic, or a token of its OAuth client; and a session for writes.

Options register them: `user` and `password`, `client_id` and `client_secret`. Nothing registered lets nobody in.
"""

import hmac
import secrets
from base64 import b64decode
from binascii import Error
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Request, route
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from foundation.sandbox import Answer, Box, Refused, answer
from system_apis.sap_s4hana.sandbox.errors import bad_login, csrf_required

TOKEN_SECONDS: Final = 3600
SESSION_SECONDS: Final = 1800
SESSION: Final = "SAP_SESSIONID_S4H_100"

AnyRequest = Request[Any, Any, Any]


@route("/sap/bc/sec/oauth2/token", http_method="POST", status_code=200)
async def token(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """A token for our client, by the client credentials grant."""
    form = dict(parse_qsl((await request.body()).decode()))
    if form.get("grant_type") != "client_credentials":
        return answer(400, {"error": "unsupported_grant_type", "error_description": "Grant type is not supported"})
    if not _known(box, request, "client_id", "client_secret"):
        return answer(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
    given = secrets.token_urlsafe(32)
    until = box.now() + timedelta(seconds=TOKEN_SECONDS)
    box.store.insert("_token", given, {"until": until.isoformat()})
    body = {"access_token": given, "token_type": "Bearer", "expires_in": str(TOKEN_SECONDS), "scope": "API"}
    return answer(200, body)


def signed_in(box: Box, request: AnyRequest) -> None:
    """Let a call pass, or answer it with 401."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and (known := box.store.get("_token", given)):
        if box.now() < datetime.fromisoformat(known["until"]):
            return
    elif scheme == "Basic" and _known(box, request, "user", "password"):
        return
    raise Refused(bad_login(box))


def in_session(box: Box, request: AnyRequest) -> None:
    """Let a write pass that has its session's cookie and token, or answer it with 403 and `Required`."""
    session = box.store.get("_session", request.cookies.get(SESSION, ""))
    given = request.headers.get("x-csrf-token", "")
    if session is None or not hmac.compare_digest(session["token"].encode(), given.encode()):
        raise csrf_required()
    if box.now() > datetime.fromisoformat(session["until"]):
        raise csrf_required()
    box.store.update("_session", session["id"], {"until": _until(box)})


def with_session(box: Box, request: AnyRequest, given: Answer) -> Answer:
    """The answer, with a token and the cookies it goes with where they were asked for."""
    if request.headers.get("x-csrf-token", "").lower() != "fetch":
        return given
    session = box.store.get("_session", request.cookies.get(SESSION, ""))
    if session is None or box.now() > datetime.fromisoformat(session["until"]):
        session = {"id": secrets.token_hex(16), "token": secrets.token_urlsafe(18) + "==", "until": _until(box)}
        box.store.insert("_session", session["id"], session)
    given.headers["x-csrf-token"] = session["token"]
    secure = request.scope["scheme"] == "https"
    for name, value in ((SESSION, session["id"]), ("sap-usercontext", "sap-client=100")):
        given.set_cookie(Cookie(key=name, value=value, path="/", httponly=True, secure=secure))
    return given


def _until(box: Box) -> str:
    return (box.now() + timedelta(seconds=SESSION_SECONDS)).isoformat()


def _known(box: Box, request: AnyRequest, user: str, password: str) -> bool:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    try:
        said = b64decode(rest, validate=True).decode() if scheme == "Basic" else ""
    except (Error, UnicodeDecodeError):
        return False
    wanted = f"{box.option(user)}:{box.option(password)}"
    return bool(box.option(user)) and hmac.compare_digest(said.encode(), wanted.encode())
