"""Who may call the sandbox: a user by Basic, or a token its identity domain gave a client or a client's user.

Options register them: `user` and `password`; `client_id` and `client_secret`; `public_key` (PEM) and `certificate` for
assertions of that user. Nothing registered lets nobody in.
"""

import hmac
import secrets
from base64 import b64decode
from binascii import Error
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from litestar import Request, route
from litestar.di import NamedDependency

from foundation.sandbox import Answer, Box, Refused, answer
from system_apis.oracle_fusion.sandbox.errors import bad_login

SCOPE: Final = "urn:opc:resource:consumer::all"
AUDIENCE: Final = "https://identity.oraclecloud.com/"
BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_SECONDS: Final = 3600

AnyRequest = Request[Any, Any, Any]


@route("/oauth2/v1/token", http_method="POST", status_code=200)
async def token(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """A token for our client, or for a user it vouches for."""
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    if not _known(box, request, "client_id", "client_secret"):
        return _no("invalid_client", "Client authentication failed.", 401)
    if form.get("grant_type") not in ("client_credentials", BEARER):
        return _no("unsupported_grant_type", "The grant type is not supported.")
    if not form.get("scope", "").endswith(SCOPE):
        return _no("invalid_scope", "The scope is not valid.")
    if form["grant_type"] == BEARER and not _vouched(box, form.get("assertion", "")):
        return _no("invalid_grant", "The assertion is not valid.")
    given = secrets.token_urlsafe(48)
    until = box.now() + timedelta(seconds=TOKEN_SECONDS)
    box.store.insert("_token", given, {"until": until.isoformat()})
    return answer(200, {"access_token": given, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})


def signed_in(box: Box, request: AnyRequest) -> None:
    """Let a call pass, or answer it with 401."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer" and (known := box.store.get("_token", given)):
        if box.now() < datetime.fromisoformat(known["until"]):
            return
    elif scheme == "Basic" and _known(box, request, "user", "password"):
        return
    raise Refused(bad_login(box))


def _vouched(box: Box, assertion: str) -> bool:
    if not box.option("public_key"):
        return False
    try:
        said = jwt.decode(assertion, RSAKey.import_key(box.option("public_key")), algorithms=["RS256"])
    except (JoseError, ValueError):
        return False
    claims, now = said.claims, box.now().timestamp()
    wanted = {"iss": box.option("client_id"), "sub": box.option("user"), "aud": AUDIENCE}
    right = all(claims.get(name) == value for name, value in wanted.items())
    return right and said.header.get("kid") == box.option("certificate") and now < float(claims.get("exp", 0))


def _no(error: str, why: str, status: int = 400) -> Answer:
    return answer(status, {"error": error, "error_description": why})


def _known(box: Box, request: AnyRequest, user: str, password: str) -> bool:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    try:
        said = b64decode(rest, validate=True).decode() if scheme == "Basic" else ""
    except (Error, UnicodeDecodeError):
        return False
    wanted = f"{box.option(user)}:{box.option(password)}"
    return bool(box.option(user)) and hmac.compare_digest(said.encode(), wanted.encode())
