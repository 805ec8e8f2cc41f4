"""Who may call the sandbox: OAuth 2.0 tokens it gave for a signed assertion, or an OAuth 1.0a signature on each call.

The integration is registered by options: `client_id`, `certificate_id` and `public_key` (PEM) for OAuth 2.0; `account`,
`consumer_key`, `consumer_secret`, `token_id` and `token_secret` for OAuth 1.0a. Nothing registered lets nobody in.
The signature is worked out here from RFC 5849, not with the adapter's library: so each checks the other.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from litestar import Request, route
from litestar.di import NamedDependency

from foundation.sandbox import Answer, Box, Refused, answer
from system_apis.netsuite.sandbox.errors import bad_login

TOKEN_PATH: Final = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""RS256 is not among them."""
TOKEN_SECONDS: Final = 3600
SKEW_SECONDS: Final = 300
LET_IN: ContextVar[bool] = ContextVar("let in already", default=False)
"""Whether the call under way was let in when it was submitted: a job is not asked again."""
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')

AnyRequest = Request[Any, Any, Any]


@route(TOKEN_PATH, http_method="POST", status_code=200)
async def token(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """A token for a signed assertion; refusals are OAuth's own short errors."""
    form = dict(parse_qsl((await request.body()).decode()))
    if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION:
        return answer(400, {"error": "invalid_request"})
    if wrong := _wrong_with(box, form.get("client_assertion", ""), _address(request)):
        return answer(400, {"error": wrong})
    given = secrets.token_urlsafe(32)
    until = box.now() + timedelta(seconds=TOKEN_SECONDS)
    box.store.insert("_token", given, {"id": given, "until": until.isoformat()})
    return answer(200, {"access_token": given, "expires_in": str(TOKEN_SECONDS), "token_type": "bearer"})


def signed_in(box: Box, request: AnyRequest) -> None:
    """Let a call pass, or answer it with 401."""
    if LET_IN.get():
        return
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    known = {"Bearer": _token_is_good, "OAuth": _signature_is_good}.get(scheme)
    if known is None or not known(box, request, rest):
        raise Refused(bad_login(box))


def _wrong_with(box: Box, assertion: str, audience: str) -> str:
    """The OAuth error an assertion earns, empty for none."""
    registered = box.option("public_key")
    if not registered:
        return "invalid_client"
    try:
        said = jwt.decode(assertion, _key(registered), algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        return "invalid_grant"
    claims, now = said.claims, box.now().timestamp()
    scopes = claims.get("scope", "")
    if said.header.get("kid") != box.option("certificate_id") or claims.get("iss") != box.option("client_id"):
        return "invalid_client"
    if "rest_webservices" not in (scopes if isinstance(scopes, list) else str(scopes).split(",")):
        return "invalid_scope"
    issued, ends = float(claims.get("iat", 0)), float(claims.get("exp", 0))
    timely = abs(now - issued) <= SKEW_SECONDS and now < ends < issued + 3601
    return "" if timely and claims.get("aud") == audience else "invalid_grant"


def _key(pem: str) -> RSAKey | ECKey:
    try:
        return RSAKey.import_key(pem)
    except (JoseError, ValueError):
        return ECKey.import_key(pem)


def _token_is_good(box: Box, _: AnyRequest, given: str) -> bool:
    known = box.store.get("_token", given)
    return known is not None and box.now() < datetime.fromisoformat(known["until"])


def _signature_is_good(box: Box, request: AnyRequest, header: str) -> bool:
    said = {name: unquote(value) for name, value in _PARAMETER.findall(header)}
    names = {"oauth_consumer_key": "consumer_key", "oauth_token": "token_id", "realm": "account"}
    if any(not box.option(option) or said.get(name) != box.option(option) for name, option in names.items()):
        return False
    stamp, nonce = said.get("oauth_timestamp", ""), said.get("oauth_nonce", "")
    if said.get("oauth_signature_method") != "HMAC-SHA256" or not stamp.isdigit() or not nonce:
        return False
    if abs(box.now().timestamp() - int(stamp)) > SKEW_SECONDS or box.store.get("_nonce", nonce):
        return False
    if not hmac.compare_digest(said.get("oauth_signature", ""), _signature(box, request, said)):
        return False
    box.store.insert("_nonce", nonce, {"at": stamp})
    return True


def _signature(box: Box, request: AnyRequest, said: dict[str, str]) -> str:
    """RFC 5849 section 3.4 with HMAC-SHA256: the address, its query, the OAuth parameters; never a JSON body."""
    query = parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)
    signed = [(name, value) for name, value in said.items() if name not in ("realm", "oauth_signature")]
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in [*query, *signed])
    listed = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(_escaped(part) for part in (request.method.upper(), _address(request), listed))
    key = f"{_escaped(box.option('consumer_secret'))}&{_escaped(box.option('token_secret'))}"
    return b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha256)).decode()


def _address(request: AnyRequest) -> str:
    """Scheme, host and path as the caller wrote them, without the query."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    return f"{request.scope['scheme']}://{request.headers['host']}{raw.decode('ascii').partition('?')[0]}"


def _escaped(text: str) -> str:
    return quote(text, safe="~")
