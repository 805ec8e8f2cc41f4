"""Whether a request can be read in one way only: what is refused before anybody asks what it is for."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from canonical.faults import Malformed
from gateway.refusals import HeadersTooLarge, MethodUnknown, TokenMisplaced

_ONCE: Final = frozenset((b"authorization", b"content-length", b"content-type", b"host"))
_HEADERS_MAX: Final = 32 * 1024
"""Bytes of all header fields; the largest token is half of that."""
_METHODS: Final = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
"""CONNECT is not among them: nobody tunnels through here."""
_HOST: Final = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")
"""What the `Host` of RFC 9110 section 7.2 is made of."""


def check(scope: Mapping[str, Any]) -> None:
    """Raises `MethodUnknown`, `HeadersTooLarge`, `TokenMisplaced` or `Malformed`."""
    if scope["method"] not in _METHODS:
        raise MethodUnknown(f"{scope['method'][:32]} is no method we know; methods are written in capitals.")
    _check_fields(scope["headers"])
    _check_host(scope)
    if (query := scope.get("query_string", b"")) and _holds_a_token(query):
        raise TokenMisplaced("A token in the query ends up in logs; send it in the Authorization header.")


def _holds_a_token(query: bytes) -> bool:
    """Whether it says `access_token`, however it is spelt (RFC 6750 section 2.3)."""
    return b"access" in unquote_to_bytes(query) and any(name == b"access_token" for name, _ in parse_qsl(query))


def _check_fields(headers: list[tuple[bytes, bytes]]) -> None:
    seen = set()
    if sum(len(name) + len(value) for name, value in headers) > _HEADERS_MAX:
        raise HeadersTooLarge(f"The header fields have more than the {_HEADERS_MAX} bytes taken.")
    for name, value in headers:
        if name == b"authorization" and name in seen:
            raise TokenMisplaced("The request has two Authorization headers; send one token.")
        if name in _ONCE and name in seen:
            raise Malformed(f"The header {name.decode()} stands in the request twice.")
        if name == b"content-length" and not value.isdigit():
            raise Malformed("Content-Length is not a number.")
        seen.add(name)
    if b"content-length" in seen and b"transfer-encoding" in seen:
        raise Malformed("A request has Content-Length or Transfer-Encoding, not both.")


def _check_host(scope: Mapping[str, Any]) -> None:
    """RFC 9112 section 3.2: without a host, or with one that cannot be one, nobody knows who was asked."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    if not host and scope.get("http_version") == "1.1":  # granian gives an empty one where there is none
        raise Malformed("A request of HTTP/1.1 names a host, and this one does not.")
    if not _HOST.fullmatch(host):
        raise Malformed("The Host header is not a host.")
