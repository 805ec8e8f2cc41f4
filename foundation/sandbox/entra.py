"""Entra ID's token endpoint of a sandbox, and whose token a call carries.

No app is known at first. `PUT /_sandbox/options/apps` registers them, with what each may do in the vendor's own words;
`tenant` is the directory they are in.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from foundation.sandbox.answers import Answer, Refused, answer
from foundation.sandbox.kit import CALL, Box
from foundation.sandbox.store import Record

LIFETIME: Final = timedelta(seconds=3599)
WINDOW: Final = timedelta(minutes=5)


def token_endpoint(grants: Callable[[str], bool]) -> HTTPRouteHandler:
    """Gives an app a token by its secret, for a scope that is there."""

    @route("/{tenant:str}/oauth2/v2.0/token", http_method="POST", status_code=200)
    async def token(box: NamedDependency[Box], tenant: FromPath[str], request: Request[Any, Any, Any]) -> Answer:
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
        if not grants(form.get("scope", "")):
            raise _no_token(box, "invalid_scope", 1002012, "The provided value for scope is not valid.")
        number = box.store.next_number("_token")
        given = hashlib.sha256(f"{client_id}:{number}:{box.now().timestamp()}".encode()).hexdigest()
        until = (box.now() + LIFETIME).isoformat()
        box.store.insert("_token", given, {"id": given, "client_id": client_id, "until": until})
        seconds = int(LIFETIME.total_seconds())
        body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": given}
        return answer(200, body)

    return token


def app_of_call(box: Box) -> tuple[Record, Record] | None:
    """The token a call carries and what its app is registered with; None without a good one."""
    scheme, _, bearer = CALL.get().headers.get("authorization", "").partition(" ")
    known = box.store.get("_token", bearer) if scheme == "Bearer" else None
    if known is None or datetime.fromisoformat(known["until"]) < box.now():
        return None
    return known, box.option("apps").get(known["client_id"], {})


def end_token(box: Box) -> None:
    """The caller's token ends now."""
    box.store.delete("_token", CALL.get().headers.get("authorization", "").partition(" ")[2])


def window(box: Box) -> Record:
    """The calls that are limited together: since when, and how many."""
    found: Record = box.store.setting("_window", {"from": box.now().isoformat(), "made": 0})
    if datetime.fromisoformat(found["from"]) + WINDOW < box.now():
        found = {"from": box.now().isoformat(), "made": 0}
    return found


def count_call(box: Box) -> int:
    """One more call in the window; how many those are."""
    found = window(box)
    found["made"] += 1
    box.store.set_setting("_window", found)
    return int(found["made"])


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
