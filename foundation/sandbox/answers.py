"""Raw answers: exactly the status, headers and body a vendor would send."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Response

from foundation.sandbox.store import encode

JSON: Final = "application/json;charset=UTF-8"

Answer = Response[bytes]


def answer(
    status: int, body: Any = None, headers: Mapping[str, str] | None = None, *, media_type: str = JSON
) -> Answer:
    """An answer. `bytes` and `str` go out as they are, None as an empty body, anything else as JSON."""
    if body is None:
        content = b""
    elif isinstance(body, bytes):
        content = body
    elif isinstance(body, str):
        content = body.encode()
    else:
        content = encode(body).encode()
    return Response(content, status_code=status, headers=dict(headers or {}), media_type=media_type)


class Refused(Exception):  # noqa: N818 - an answer, raised from wherever it is known
    """Raise it anywhere in a handler: the call is undone and answered so."""

    def __init__(self, with_answer: Answer) -> None:
        super().__init__(f"answered {with_answer.status_code}")
        self.answer = with_answer
