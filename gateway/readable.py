"""Whether a request can be read in one way only: what is refused before anybody asks what it is for."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from canonical.faults import Fault, Malformed
from gateway.refusals import HeadersTooLarge, MethodUnknown, TokenMisplaced

_ONCE: Final = frozenset(
    (b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key", b"transfer-encoding")
)
_HEADERS_MAX: Final = 32 * 1024
"""Bytes of all header fields; the largest token is half of that."""
_METHODS: Final = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
"""CONNECT is not among them: nobody tunnels through here."""
_HOST: Final = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")
"""What the `Host` of RFC 9110 section 7.2 is made of."""


def check(scope: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    """Of a request and its header fields as `Http` has them.

    Raises `MethodUnknown`, `HeadersTooLarge`, `TokenMisplaced` or `Malformed`.
    """
    if scope["method"] not in _METHODS:
        raise MethodUnknown(f"{scope['method'][:32]} is no method we know; methods are written in capitals.")
    _check_fields(scope["headers"], fields)
    host = fields.get("host", "")
    if not host or not _is_host(host):
        _check_host(scope, host)
    query = scope.get("query_string", b"")
    if query and _holds_a_token(query):
        raise TokenMisplaced("A token in the query ends up in logs; send it in the Authorization header.")


def is_clear(scope: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
    """Whether `check` finds nothing."""
    try:
        check(scope, fields)
    except Fault:
        return False
    return True


def _holds_a_token(query: bytes) -> bool:
    """Whether it says `access_token`, however it is spelt (RFC 6750 section 2.3)."""
    if b"access" not in (unquote_to_bytes(query) if b"%" in query else query):
        return False
    return any(name == b"access_token" for name, _ in parse_qsl(query))


def _check_fields(headers: list[tuple[bytes, bytes]], fields: Mapping[str, str]) -> None:
    if len(fields) != len(headers):
        _check_repeated(headers)
    elif sum(map(len, fields)) + sum(map(len, fields.values())) > _HEADERS_MAX:  # Latin-1: one character is one byte
        raise _too_large()
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if length is None and coding is None:
        return
    if length is not None and not (length.isascii() and length.isdigit()):
        raise Malformed("Content-Length is not a number.")
    if length is not None and coding is not None:
        raise Malformed("A request has Content-Length or Transfer-Encoding, not both.")
    if coding is not None and coding.lower() != "chunked":  # the server reads the chunks of `gzip, chunked` and no more
        raise Malformed("A body is sent in the transfer coding chunked, once, and in no other.")


def _check_repeated(headers: list[tuple[bytes, bytes]]) -> None:
    """Where some field stands there more than once."""
    if sum(len(name) + len(value) for name, value in headers) > _HEADERS_MAX:
        raise _too_large()
    seen = set()
    for name, _ in headers:
        if name == b"authorization" and name in seen:
            raise TokenMisplaced("The request has two Authorization headers; send one token.")
        if name in _ONCE and name in seen:
            raise Malformed(f"The header {name.decode()} stands in the request twice.")
        seen.add(name)


def _too_large() -> HeadersTooLarge:
    return HeadersTooLarge(f"The header fields have more than the {_HEADERS_MAX} bytes taken.")


def _check_host(scope: Mapping[str, Any], host: str) -> None:
    """RFC 9112 section 3.2: without a host, or with one that cannot be one, nobody knows who was asked."""
    if not host and scope.get("http_version") == "1.1":  # granian gives an empty one where there is none
        raise Malformed("A request of HTTP/1.1 names a host, and this one does not.")
    if not _is_host(host):
        raise Malformed("The Host header is not a host.")


@lru_cache(1024)
def _is_host(said: str) -> bool:
    return _HOST.fullmatch(said) is not None
