"""From a row for each record of calls to a row for each commit of them: what older records of both stores become.

A line is the JSON array of a row's values, which is what its digest was made of, with the digest last: chains and
anchors stay what they were, and what somebody had changed before is found as before.
"""

from collections.abc import Container, Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import msgspec

RECORD: Final = (
    "writer seq at api version layer operation issuer subject client acted_for scopes key status reason policy stage "
    "rule facts retention request_id trace took_ms request_digest answer_digest previous digest"
).split()
SHEET: Final = ("writer", "seq", "first", "since", "at", "retention", "words", "lines")
_WORDS: Final = [RECORD.index(name) for name in ("subject", "key", "request_id")]
_AT, _RETENTION = RECORD.index("at"), RECORD.index("retention")
_encode: Final = msgspec.json.Encoder().encode
READ: Final = f"SELECT {', '.join(RECORD)} FROM records ORDER BY writer, seq"  # noqa: S608 - our names


def in_sheets(rows: Iterable[tuple[Any, ...]], anchored: Container[tuple[str, int]]) -> Iterator[tuple[Any, ...]]:
    """Rows as `READ` gives them as rows of sheets: one ends with each record that is anchored, and with its chain."""
    for _, chain in groupby(rows, key=lambda row: row[0]):
        together: list[tuple[Any, ...]] = []
        for row in chain:
            together.append(tuple(row))
            if (row[0], row[1]) in anchored:
                yield _sheet(together)
                together = []
        if together:
            yield _sheet(together)


def _sheet(rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    moments, last = [row[_AT] for row in rows], rows[-1]
    words = {str(row[at]) for row in rows for at in _WORDS} - {""}
    lines = "\n".join(_encode(row).decode() for row in rows)
    listed = "\n" + "\n".join(sorted(words)) + "\n"
    return (*last[:2], rows[0][1], min(moments), max(moments), last[_RETENTION], listed, lines)
