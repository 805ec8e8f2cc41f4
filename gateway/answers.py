"""A fault as an HTTP answer: the problem document and the headers that the RFCs ask for with it."""

import math
from typing import Final

import msgspec

from canonical.faults import CallerFault, Fault, OutcomeUnknown, VendorDown, VendorTimeout
from gateway.challenges import ANYBODY, Asks, challenges

Headers = list[tuple[bytes, bytes]]
_PROXY_ERRORS: Final[dict[type[Fault], str]] = {
    VendorDown: "destination_unavailable",
    VendorTimeout: "http_response_timeout",
    OutcomeUnknown: "http_response_timeout",
}


def answer_of(
    fault: Fault, *, request_id: str, instance: str, site: str = "", asks: Asks = ANYBODY
) -> tuple[int, Headers, bytes]:
    """Status, headers and body (RFC 9457; `WWW-Authenticate` of RFC 9110, `Proxy-Status` of RFC 9209).

    `asks` is how the operation wants to be told who calls.
    """
    body = msgspec.json.encode(fault.problem(request_id=request_id, instance=instance, site=site))
    headers: Headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"proxy-status", _proxy_status(fault)),
    ]
    headers += [(b"www-authenticate", challenge.encode()) for challenge in challenges(fault, asks, site)]
    if allow := fault.facts.get("allow"):
        headers.append((b"allow", allow.encode()))
    if coding := fault.facts.get("accept_encoding"):
        headers.append((b"accept-encoding", coding.encode()))
    if after := fault.facts.get("retry_after"):
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(float(after)))))
    return fault.status, headers, body


def _proxy_status(fault: Fault) -> bytes:
    if failed := fault.facts.get("failed"):
        return f'tiergate; error={failed}; next-hop="{fault.system}"; details="{fault.reason}"'.encode()
    if "policy" in fault.facts or isinstance(fault, CallerFault) or fault.status < 500:
        error = "http_request_denied"
    else:
        error = _PROXY_ERRORS.get(type(fault), "proxy_internal_error")
    return f'tiergate; error={error}; details="{fault.reason}"'.encode()
