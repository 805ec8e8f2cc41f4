"""A tier that writes down what arrives, byte by byte, and judges it by two readers that are not ours."""

import http.client
import io
import re
import socket
import threading
from contextlib import suppress
from typing import Final

import h11
import msgspec

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_ONCE: Final = ("host", "content-length", "content-type", "authorization", "idempotency-key", "transfer-encoding")
_NOT_ONWARD: Final = ("upgrade", "te", "trailer", "keep-alive", "proxy-connection", "http2-settings", "x-secret")
_LINE: Final = re.compile(rb"[A-Z]+ /[!-~]* HTTP/1\.1")


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """One request as its bytes came, and why it could be read in two ways (empty where it cannot)."""

    raw: bytes
    wrong: list[str]


class Tier:
    """Listens on a port of 127.0.0.1 until closed; every request that can be read is answered with `{}`."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.arrived: list[Arrived] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def of(self, name: str) -> list[Arrived]:
        """What arrived that holds this."""
        return [one for one in list(self.arrived) if name.encode() in one.raw]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while self._one(connection):
                connection.sendall(_ANSWER)

    def _one(self, connection: socket.socket) -> bool:
        """Read one request; False at the end, or behind what nobody should read on."""
        raw, reader = b"", h11.Connection(h11.SERVER)
        body, request = b"", None
        while True:
            try:
                event = reader.next_event()
            except h11.RemoteProtocolError as wrong:
                self.arrived.append(Arrived(raw=raw, wrong=[f"h11: {wrong}"]))
                return False
            if event is h11.NEED_DATA:
                more = connection.recv(65536)
                if not more and not raw:
                    return False
                raw += more
                reader.receive_data(more)
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                behind = reader.trailing_data[0]
                wrong = judged(raw, request, body) + (["bytes stand behind it"] if behind else [])
                self.arrived.append(Arrived(raw=raw, wrong=wrong))
                return not wrong
            else:
                return False


def judged(raw: bytes, request: h11.Request, body: bytes) -> list[str]:
    """Why these bytes are not one request to every reader."""
    head, _, _ = raw.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    wrong = [] if _LINE.fullmatch(line) else [f"its first line is {line!r}"]
    if re.search(rb"\r(?!\n)|(?<!\r)\n|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", head):
        wrong.append("a control character, or a line that ends by half")
    fields = http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n"))
    seen = [(name.lower(), value.strip()) for name, value in fields.items()]
    if seen != [(n.decode().lower(), v.decode("latin-1").strip()) for n, v in request.headers]:
        wrong.append("two readers read other fields")
    names = [name for name, _ in seen]
    wrong += [f"{name} stands there twice" for name in _ONCE if names.count(name) > 1]
    wrong += [f"{name} belongs to another hop" for name in _NOT_ONWARD if name in names]
    wrong += [f"{name} is ours to say" for name in ("tiergate-run", "x-forwarded-for") if name in names]
    if "host" not in names:
        wrong.append("it names no host")
    if "content-length" in names and "transfer-encoding" in names:
        wrong.append("a length and a coding")
    if (length := fields.get("content-length")) is not None and length != str(len(body)):
        wrong.append(f"its length is said to be {length} and is {len(body)}")
    if fields.get("transfer-encoding", "chunked") != "chunked":
        wrong.append("a coding that is not chunked alone")
    return wrong
