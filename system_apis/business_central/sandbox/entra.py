"""Entra ID's token endpoint, and whose token a call carries.

No app is known at first. `PUT /_sandbox/options/apps` registers them, `tenant` is the directory they are in:

    {"<client id>": {"secret": "...", "granted": true}}
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import CALL, Answer, Box, Record, Refused, answer
from system_apis.business_central.sandbox.errors import throttled, unauthenticated

LIFETIME: Final = timedelta(seconds=3599)
WINDOW: Final = timedelta(minutes=5)


@route("/{tenant:str}/oauth2/v2.0/token", http_method="POST", status_code=200)
async def token(box: NamedDependency[Box], tenant: FromPath[str], request: Request[Any, Any, Any]) -> Answer:
    """A token for an app by its secret. The scope names the service, and everything granted there."""
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    client_id = form.get("client_id", "")
    if tenant != box.option("tenant"):
        raise _no_token(box, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
    if form.get("grant_type") != "client_credentials":
        raise _no_token(box, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    app: Record | None = box.option("apps").get(client_id)
    if app is None:
        message = f"Application with identifier '{client_id}' was not found in the directory."
        raise _no_token(box, "unauthorized_client", 700016, message)
    if not hmac.compare_digest(str(app["secret"]).encode(), form.get("client_secret", "").encode()):
        raise _no_token(box, "invalid_client", 7000215, "Invalid client secret provided.", 401)
    if form.get("scope") != "https://api.businesscentral.dynamics.com/.default":
        raise _no_token(box, "invalid_scope", 1002012, "The provided value for scope is not valid.")
    number = box.store.next_number("_token")
    given = hashlib.sha256(f"{client_id}:{number}:{box.now().timestamp()}".encode()).hexdigest()
    until = (box.now() + LIFETIME).isoformat()
    box.store.insert("_token", given, {"id": given, "client_id": client_id, "until": until})
    seconds = int(LIFETIME.total_seconds())
    body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": given}
    return answer(200, body)


def enter(box: Box) -> Record:
    """The app of the call under way. Raises the 401, the 401 of an app without the permission, and the 429."""
    scheme, _, bearer = CALL.get().headers.get("authorization", "").partition(" ")
    known = box.store.get("_token", bearer) if scheme == "Bearer" else None
    if known is None or datetime.fromisoformat(known["until"]) < box.now():
        raise Refused(unauthenticated())
    if not box.option("apps").get(known["client_id"], {}).get("granted"):
        raise Refused(unauthenticated())
    window = _window(box)
    window["made"] += 1
    box.store.set_setting("_window", window)
    if window["made"] > box.option("request_limit"):
        raise Refused(throttled())
    return known


def expired(box: Box) -> Answer:
    """The fault: the caller's token ends now."""
    box.store.delete("_token", CALL.get().headers.get("authorization", "").partition(" ")[2])
    return unauthenticated()


def _window(box: Box) -> Record:
    """Of the limit a user: since when, and how many calls."""
    found: Record = box.store.setting("_window", {"from": box.now().isoformat(), "made": 0})
    if datetime.fromisoformat(found["from"]) + WINDOW < box.now():
        found = {"from": box.now().isoformat(), "made": 0}
    return found


def _no_token(box: Box, error: str, code: int, message: str, status: int = 400) -> Refused:
    at = box.now().strftime("%Y-%m-%d %H:%M:%SZ")
    trace = hashlib.sha256(f"{code}{at}".encode()).hexdigest()
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {message} Trace ID: {trace[:32]} Timestamp: {at}",
        "error_codes": [code],
        "timestamp": at,
        "trace_id": trace[:32],
        "correlation_id": trace[32:],
    }
    return Refused(answer(status, body))
