"""One request over a socket of its own, exactly as a row says it, and the answer with every field line kept."""

import http.client
import io
import json
import socket
from typing import Any, Final

import msgspec

from tests.conformance.table import When

TIMEOUT: Final = 10.0
LONG: Final = "x" * 40_000
"""What `${long}` stands for."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Status 0: the connection ended without an answer."""

    status: int
    headers: list[tuple[str, str]] = []
    body: bytes = b""
    closed: bool = False
    """The connection ended after it."""

    def lines(self, name: str) -> list[str]:
        """The values of a field, one for each line it stands on."""
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """A field's lines as one (RFC 9110 section 5.3); None where there is none."""
        return ", ".join(self.lines(name)) if self.lines(name) else None


class _Reader(io.BufferedReader):
    """What comes in on a connection; an answer that was read to its end does not close it for the next."""

    def close(self) -> None:
        """The connection is closed by whoever opened it."""

    def makefile(self, _: str) -> "_Reader":
        """As `http.client` asks a socket for it."""
        return self


def ask(address: tuple[str, int], when: When, token: str, scheme: str = "Bearer") -> Answer:
    """Send it, and read the one answer (or as many as the row says, and give the last)."""
    own = (when.peer, 0) if when.peer else None
    with socket.create_connection(address, timeout=TIMEOUT, source_address=own) as connection:
        incoming = _Reader(connection.makefile("rb", buffering=0))
        try:
            connection.sendall(_bytes(address, when, token, scheme))
            answers = [_answer(incoming, when.method) for _ in range(when.answer)]
        except (http.client.BadStatusLine, ConnectionError):
            return Answer(status=0)
        return msgspec.structs.replace(answers[-1], closed=_ended(connection)) if when.raw else answers[-1]


def _answer(incoming: Any, method: str) -> Answer:
    response = http.client.HTTPResponse(incoming, method=method)
    response.begin()
    return Answer(status=response.status, headers=list(response.msg.items()), body=response.read())


def _ended(connection: socket.socket) -> bool:
    """Whether the other side ends the connection, without being asked for more."""
    connection.settimeout(0.3)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def _bytes(address: tuple[str, int], when: When, token: str, scheme: str) -> bytes:
    if when.raw is not None:
        return when.raw.replace("${token}", token).encode("latin-1")
    body = _body(when)
    fields: dict[str, str | list[str]] = {"Host": f"{address[0]}:{address[1]}", "Connection": "close"}
    if token:
        fields["Authorization"] = f"{scheme} {token}"
    if body:
        fields["Content-Length"] = str(len(body))
    if when.json is not msgspec.UNSET:
        fields["Content-Type"] = "application/json"
    fields |= when.headers
    lines = [f"{when.method} {when.path} HTTP/1.1"]
    for name, said in fields.items():
        copies = when.copies if name in when.headers else 1
        lines += [f"{name}: {value}" for value in ([said] if isinstance(said, str) else said) * copies]
    head = "\r\n".join(lines).replace("${token}", token).replace("${long}", LONG)
    return f"{head}\r\n\r\n".encode("latin-1") + body


def _body(when: When) -> bytes:
    if when.json is not msgspec.UNSET:
        return json.dumps(when.json).encode()
    return (when.text or " " * when.size).encode()
