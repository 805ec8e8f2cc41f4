"""Bytes over a socket, and the answers that come back."""

import socket
import time
from collections.abc import Sequence
from typing import Final

import msgspec

_QUIET: Final = 0.25
"""Seconds of silence after a whole answer, after which no other is expected."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a connection."""

    statuses: list[int]
    closed: bool
    """The other side ended it."""
    seconds: float
    rest: bytes = b""
    """What came that is no whole answer."""


def exchange(address: tuple[str, int], pieces: Sequence[bytes | float | None], within: float) -> Heard:
    """Send the pieces, listening all the while, and hear until the other side ends it or has nothing more to say."""
    started = time.monotonic()
    with socket.create_connection(address, timeout=within) as connection:
        came, over = b"", False
        for piece in pieces:
            wait = piece if isinstance(piece, (int, float)) else 0.0
            try:
                if piece is None:
                    connection.shutdown(socket.SHUT_WR)
                elif isinstance(piece, bytes):
                    connection.settimeout(within)
                    connection.sendall(piece)
            except OSError:
                break  # it has heard enough; its answer may still be there
            more, over = _hear(connection, wait)
            came += more
            if over:
                break
        until = started + within
        while not over and time.monotonic() < until:
            statuses, rest = answers(came)
            wait = _QUIET if any(s >= 200 for s in statuses) and not rest else until - time.monotonic()
            more, over = _hear(connection, min(wait, until - time.monotonic()), first=True)
            came += more
            if not more and wait == _QUIET:
                break
    statuses, rest = answers(came)
    return Heard(statuses=statuses, closed=over, seconds=time.monotonic() - started, rest=rest)


def _hear(connection: socket.socket, seconds: float, *, first: bool = False) -> tuple[bytes, bool]:
    """What comes in that time (or the first of it), and whether the other side has ended."""
    came, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            more = connection.recv(65536)
        except TimeoutError:
            break
        except OSError:  # reset: it ended it with our bytes unread
            return came, True
        if not more:
            return came, True
        came += more
        if first:
            break
    return came, False


def answers(came: bytes) -> tuple[list[int], bytes]:
    """The statuses of the answers in it (none of them to HEAD), and what is left. Raises `ValueError` for no HTTP."""
    found = []
    while came:
        head, end, rest = came.partition(b"\r\n\r\n")
        if not end:
            break
        first, *lines = head.split(b"\r\n")
        if not first.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")):
            raise ValueError(f"no answer of HTTP: {first[:80]!r}")
        status = int(first.split(b" ")[1])
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if b"transfer-encoding" in fields:
            _, end, after = rest.partition(b"0\r\n\r\n")
            if not end:
                break
            rest = after
        else:
            length = 0 if status < 200 or status == 204 else int(fields.get(b"content-length", b"0"))
            if len(rest) < length:
                break
            rest = rest[length:]
        found.append(status)
        came = rest
    return found, came
