"""docs/reference/raw-requests.md: the corpus as a page."""

from typing import Final

from tests.processes import ROOT
from tests.wire.corpus import Row, rows

PAGE: Final = ROOT / "docs" / "reference" / "raw-requests.md"
_HEAD: Final = """\
# Requests as nobody should send them

Written by `python -m tests.wire` from `tests/wire/corpus.yaml`. `tests/wire` sends every row over a raw socket to
`tiergate serve` in one process and to `tiergate serve gateway` with a tier apart that writes down what arrives, asks
after each whether the process lives, and has what arrived read by two readers that are not ours: it is exactly one
request to both, or nothing. `any` is what the tier answers; `${post}`, `${chunked}` and `${get}` begin a good request,
`${behind}` is a whole one that stands behind it. A request refused for its fields or for how its body is framed ends
its connection.

How long a request's head, and again its body, may take to come is `TIERGATE_SLOW_SECONDS` (30 unless said; 2 in these
rows). The server holds 64 KB of a head and 100 fields, and what is taken is half of that; a body has the `body_max` of
its operation, and 64 KB where no policy governs.

What the server decides before we can see it, and what then arrives: a length said twice alike is one length; a line may
end by LF alone; a fragment of a target is cut off; extensions and trailers of chunks are dropped; of a length beside
chunks the chunks count, and the connection ends. Each arrives as one plain request.
"""


def page() -> str:
    """The whole page."""
    lines = [("row", "sent", "answers", "arrives"), ("---",) * 4, *(_line(row) for row in rows())]
    return (
        _HEAD
        + "\n"
        + "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        + "\n"
    )


def _line(row: Row) -> tuple[str, str, str, str]:
    said = [row.send] if isinstance(row.send, str) else row.send
    sent = "<br>".join(
        f"`{_shown(piece)}`" if isinstance(piece, str) else f"after {piece:g} s" for piece in said if piece
    )
    answers = ", ".join(map(str, row.then.status)) or "the connection ends"
    arrives = [f"{row.then.arrives}"] + ([f"{row.then.behind} of what stands behind"] if row.then.behind else [])
    return f"`{row.id}`", sent, answers, " and ".join(arrives)


def _shown(piece: str) -> str:
    return piece.encode("unicode_escape").decode().replace("`", "'")
