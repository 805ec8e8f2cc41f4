"""A fault as an HTTP answer: the problem document and the headers that the RFCs ask for with it."""

import math
from typing import Final

import msgspec

from canonical.faults import CallerFault, Fault, OutcomeUnknown, Unauthenticated, VendorDown, VendorTimeout
from gateway.refusals import InsufficientUserAuthentication, TokenMisplaced, TokenRefused

Headers = list[tuple[bytes, bytes]]
_PROXY_ERRORS: Final[dict[type[Fault], str]] = {
    VendorDown: "destination_unavailable",
    VendorTimeout: "http_response_timeout",
    OutcomeUnknown: "http_response_timeout",
}
_TOKEN_ERRORS: Final[dict[type[Fault], str]] = {
    TokenMisplaced: "invalid_request",
    TokenRefused: "invalid_token",
    InsufficientUserAuthentication: "insufficient_user_authentication",
}


def answer_of(fault: Fault, *, request_id: str, instance: str, site: str = "") -> tuple[int, Headers, bytes]:
    """Status, headers and body (RFC 9457; `WWW-Authenticate` of RFC 6750, `Proxy-Status` of RFC 9209)."""
    body = msgspec.json.encode(fault.problem(request_id=request_id, instance=instance, site=site))
    headers: Headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"proxy-status", _proxy_status(fault)),
    ]
    if isinstance(fault, Unauthenticated | TokenMisplaced):
        headers.append((b"www-authenticate", _challenge(fault)))
    if fault.status == 403 and (scope := fault.facts.get("scope")):
        challenge = f'Bearer realm="tiergate", error="insufficient_scope", scope="{scope}"'
        headers.append((b"www-authenticate", challenge.encode()))
    if allow := fault.facts.get("allow"):
        headers.append((b"allow", allow.encode()))
    if coding := fault.facts.get("accept_encoding"):
        headers.append((b"accept-encoding", coding.encode()))
    if after := fault.facts.get("retry_after"):
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(float(after)))))
    return fault.status, headers, body


def _challenge(fault: Fault) -> bytes:
    """Without a token there is nothing to be wrong with it: then no error code (RFC 6750 section 3.1)."""
    error = _TOKEN_ERRORS.get(type(fault))
    if error is None:
        return b'Bearer realm="tiergate"'
    said = "".join(c for c in fault.detail if " " <= c <= "~" and c not in '"\\')
    wanted = "".join(f', {name}="{fault.facts[name]}"' for name in ("acr_values", "max_age") if name in fault.facts)
    return f'Bearer realm="tiergate", error="{error}", error_description="{said}"{wanted}'.encode()


def _proxy_status(fault: Fault) -> bytes:
    if "policy" in fault.facts or isinstance(fault, CallerFault) or fault.status < 500:
        error = "http_request_denied"
    else:
        error = _PROXY_ERRORS.get(type(fault), "proxy_internal_error")
    return f'tiergate; error={error}; details="{fault.reason}"'.encode()
