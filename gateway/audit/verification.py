"""Is the record whole? Every change to it is found by its chain, and a cut end by the anchors."""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gateway.audit.entry import FIELDS, GENESIS, Anchor, Record
from gateway.audit.sqlite import anchors_of, connect


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was written."""

    writer: str
    seq: int
    problem: str

    def __str__(self) -> str:
        return f"record {self.seq} of {self.writer}: {self.problem}"


def verify(path: Path) -> list[Finding]:
    """Everything wrong with an audit file; empty when it is whole.

    `FileNotFoundError` when there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: there is no audit to verify")
    store = connect(path)
    try:
        chains: dict[str, list[Record]] = {}
        for record in _records(store):
            chains.setdefault(record.writer, []).append(record)
        anchors: dict[str, list[Anchor]] = {}
        for anchor in _anchors(anchors_of(path)):
            anchors.setdefault(anchor.writer, []).append(anchor)
        found = [finding for chain in chains.values() for finding in _chain(chain)]
        found += [finding for name, said in anchors.items() for finding in _anchored(said, chains.get(name, []))]
        found += list(_bodies(store))
    finally:
        store.close()
    return sorted({(f.writer, f.seq): f for f in reversed(found)}.values(), key=lambda f: (f.writer, f.seq))


def _chain(chain: list[Record]) -> Iterator[Finding]:
    follower = {record.previous: record for record in chain}
    before, digest = 0, GENESIS
    for record in chain:
        expected = follower.get(digest)
        if record.seq != before + 1:
            missing = f"{before + 1}" if record.seq == before + 2 else f"{before + 1} to {record.seq - 1}"
            yield Finding(writer=record.writer, seq=before + 1, problem=f"is missing (removed: {missing})")
            expected = None
        elif record.previous != digest:
            place = (
                f"is not where it was written; record {expected.seq} belongs here" if expected else "does not follow"
            )
            yield Finding(writer=record.writer, seq=record.seq, problem=place)
        elif record.expected_digest() != record.digest:
            yield Finding(writer=record.writer, seq=record.seq, problem="was changed")
        # After one in the wrong place the chain goes on from the right one, so that the rest is not blamed.
        before, digest = record.seq, (expected or record).digest


def _anchored(anchors: list[Anchor], chain: list[Record]) -> Iterator[Finding]:
    """What one writer's anchors say of its chain."""
    held = {record.seq: record.digest for record in chain}
    last, reached = max(held, default=0), max(anchors, key=lambda anchor: anchor.seq)
    if reached.seq > last:
        problem = f"is missing (cut off the end; record {reached.seq} was anchored)"
        yield Finding(writer=reached.writer, seq=last + 1, problem=problem)
    for anchor in anchors:
        if held.get(anchor.seq, anchor.digest) != anchor.digest:
            yield Finding(writer=anchor.writer, seq=anchor.seq, problem="is not the record that was anchored")


def _bodies(store: sqlite3.Connection) -> Iterator[Finding]:
    rows = store.execute(
        "SELECT r.writer, r.seq, r.request_digest, r.answer_digest, b.request, b.answer "
        "FROM bodies b JOIN records r ON r.writer = b.writer AND r.seq = b.seq"
    )
    for writer, seq, request_digest, answer_digest, request, answer in rows:
        for name, text, digest in (("request", request, request_digest), ("answer", answer, answer_digest)):
            # Erased is allowed: its digest stays. Another text than was recorded is not.
            if text is not None and hashlib.sha256(text.encode()).hexdigest() != digest:
                yield Finding(writer=writer, seq=seq, problem=f"its {name} body was changed")


def _records(store: sqlite3.Connection) -> Iterator[Record]:
    for row in store.execute(f"SELECT {', '.join(FIELDS)} FROM records ORDER BY writer, seq"):  # noqa: S608 - our names
        yield Record(**dict(zip(FIELDS, row, strict=True)))


def _anchors(path: Path) -> list[Anchor]:
    if not path.exists():
        return []
    lines: list[Any] = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Anchor) for line in lines if line.endswith(b"}")]
