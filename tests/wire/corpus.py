"""The corpus: requests as nobody should send them, and what must become of each. `corpus.yaml` says how a row reads."""

import re
from pathlib import Path
from typing import Final

import msgspec
import yaml

_FILE: Final = Path(__file__).with_name("corpus.yaml")
_POST: Final = "POST /intake/v1/notifications/~id~ HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n"
_BEHIND: Final = "POST /intake/v1/notifications/behind~id~ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n"
_WORDS: Final = {
    "${post}": _POST,
    "${chunked}": _POST + "Transfer-Encoding: chunked\r\n\r\n",
    "${get}": "GET /intake/v1/notifications/~id~ HTTP/1.1\r\nHost: a.example\r\n",
    "${behind}": _BEHIND + "\r\n{}",
    "${behind-and-close}": _BEHIND + "Connection: close\r\n\r\n{}",
}
_MANY: Final = re.compile(r"\$\{(\d+) ([^}]*)\}")
END: Final = "end"
"""Instead of a piece: the sender says that it has no more to say, and listens on."""


class Then(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of it."""

    status: list[int | str]
    """Of each answer; `any` for what the tier says, `any-refusal` for any below 500, `any-or-none` if there is one."""
    arrives: int = 0
    """How many requests reach a tier."""
    behind: int = 0
    """How many of those behind the row's own do, since both readers take them for requests of their own."""
    within: float = 8.0
    """Seconds after which the connection is over."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One connection's worth of bytes."""

    id: str
    send: str | list[str | float]
    then: Then

    @property
    def name(self) -> str:
        """What stands in everything it sends, and in nothing another row sends."""
        return f"~{self.id}~"

    def pieces(self) -> list[bytes | float | None]:
        """Bytes to send, seconds to wait, None for the end."""
        said = [self.send] if isinstance(self.send, str) else self.send
        return [self._piece(piece) if isinstance(piece, str) else piece for piece in said]

    def _piece(self, piece: str) -> bytes | None:
        if piece == END:
            return None
        for word, meaning in _WORDS.items():
            piece = piece.replace(word, meaning)
        piece = _MANY.sub(lambda found: found[2] * int(found[1]), piece)
        return piece.replace("~id~", self.name).encode("latin-1")


def rows() -> list[Row]:
    """All of them. Raises `msgspec.ValidationError` where the file is not as it must be."""
    return msgspec.convert(yaml.safe_load(_FILE.read_text(encoding="utf-8")), list[Row])
