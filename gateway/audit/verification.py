"""Is the record whole? Every change to it is found by its chains, and a cut end or a forged chain by the anchors.

Each commit leaves a signed anchor, in the record's store and in a second place. So who can write the store alone finds
that what they changed no longer follows (chain), what they made follow is not what was signed (anchors), and what they
cut off was anchored elsewhere. Who has the key, too, is not found by this: only what left the machine convicts them.
"""

from collections.abc import Generator, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from gateway.audit.entry import GENESIS, Anchor, Record, Segment
from gateway.audit.keyring import Keyring
from gateway.audit.names import MARK
from gateway.audit.removals import Removals
from gateway.audit.sheet import SELECT, Sheet, holding, sheet_of
from gateway.audit.store import Place, Store, Where, place_of
from gateway.audit.trail import digest_of

_SHEETS: Final = f"{SELECT} ORDER BY writer, seq"
_LINE: Final = msgspec.json.Decoder(Anchor)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was written."""

    writer: str
    """The chain; or what else is wrong, where `seq` is 0."""
    seq: int
    problem: str

    def __str__(self) -> str:
        return f"record {self.seq} of {self.writer}: {self.problem}" if self.seq else f"{self.writer}: {self.problem}"


def verify(where: Where) -> list[Finding]:
    """Everything wrong with a record; empty when it is whole.

    `FileNotFoundError` when there is no such record, or no key to verify its signatures with.
    """
    place = place_of(where)
    if not place.exists() and not place.anchors.exists():
        raise FileNotFoundError(f"{place.name} does not exist: there is no audit to verify")
    if not place.exists():
        return [Finding(writer=place.name, seq=0, problem=f"is gone: {place.anchors.name} says what it held")]
    store, keys = place.open(), Keyring.reading(place.keys)
    try:
        found = list(_Verification(place, store, keys).findings())
    finally:
        store.close()
    return sorted({(f.writer, f.seq): f for f in reversed(found)}.values(), key=lambda f: (f.writer, f.seq))


class _Verification:
    def __init__(self, place: Place, store: Store, keys: Keyring) -> None:
        self._place, self._store, self._keys = place, store, keys
        self._removals = Removals(store, keys)
        self._here: dict[str, dict[int, str]] = {}
        self._there: dict[str, dict[int, str]] = {}
        self._subjects: set[str] = set()
        """Pseudonyms of those who called."""

    def findings(self) -> Iterator[Finding]:
        for name in self._removals.forged:
            yield Finding(writer=f"removal {name}", seq=0, problem="was not stated by this platform: it is not signed")
        yield from self._read_anchors()
        seen = set()
        sheets = map(sheet_of, self._store.stream(_SHEETS))
        for writer, chain in groupby(sheets, key=lambda sheet: sheet.writer):
            seen.add(writer)
            yield from self._chain(writer, chain)
        for writer in {**self._there, **self._here}:
            if writer not in seen:
                yield from self._end(writer, self._start(writer)[0])
        yield from self._names()

    def _read_anchors(self) -> Iterator[Finding]:
        rows = self._store.rows("SELECT writer, seq, digest, at, signature FROM anchors")
        here = (Anchor(writer=w, seq=q, digest=d, at=at, signature=s) for w, q, d, at, s in rows)
        yield from self._signed(here, self._here)
        if self._place.anchors.exists():
            yield from self._signed(_lines(self._place.anchors), self._there)
        elif self._here:
            yield Finding(writer=str(self._place.anchors), seq=0, problem="the second place of the anchors is gone")
        for writer, known in self._here.items() if self._there else ():
            there, last = self._there.get(writer, {}), max(known)
            for seq in sorted(known):
                # A process may have died between its last commit and the second place.
                if seq not in there and seq != last:
                    yield Finding(writer=writer, seq=seq, problem="its anchor is not in the second place")

    def _signed(self, anchors: Iterator[Anchor], into: dict[str, dict[int, str]]) -> Iterator[Finding]:
        for anchor in anchors:
            if self._keys.signed(anchor.signed_text(), anchor.signature):
                into.setdefault(anchor.writer, {})[anchor.seq] = anchor.digest
            else:
                yield Finding(writer=anchor.writer, seq=anchor.seq, problem="its anchor is not signed by this platform")

    def _start(self, writer: str) -> tuple[int, str]:
        """What the first record left follows."""
        dropped: Segment | None = self._removals.dropped.get(writer)
        return (dropped.upto, dropped.digest) if dropped is not None else (0, GENESIS)

    def _chain(self, writer: str, sheets: Iterator[Sheet]) -> Iterator[Finding]:
        before, digest = self._start(writer)
        for sheet in sheets:
            try:
                records = sheet.records()
            except ValueError:
                yield Finding(writer=writer, seq=sheet.first, problem="cannot be read any more: its line was changed")
                before, digest = sheet.seq, self._here.get(writer, {}).get(sheet.seq, "")
                continue
            before, digest = yield from self._follow(writer, records, before, digest)
            if sheet != Sheet.of(records):
                said = "is not found any more by what it says: what its sheet is searched by was changed"
                yield Finding(writer=writer, seq=sheet.first, problem=said)
            yield from self._bodies(records)
            self._subjects.update(record.subject for record in records if record.subject.startswith(MARK))
        yield from self._end(writer, before)

    def _follow(
        self, writer: str, records: list[Record], before: int, digest: str
    ) -> Generator[Finding, None, tuple[int, str]]:
        """What is wrong with the next records of a chain; where it then is."""
        for record in records:
            follows = digest
            if record.seq > before + 1:
                missing = f"{before + 1}" if record.seq == before + 2 else f"{before + 1} to {record.seq - 1}"
                yield Finding(writer=writer, seq=before + 1, problem=f"is missing (removed: {missing})")
                digest = record.digest
            elif record.previous != digest:
                rightful = self._following(writer, digest)
                said = (
                    f"is not where it was written; record {rightful[0]} belongs here" if rightful else "does not follow"
                )
                yield Finding(writer=writer, seq=record.seq, problem=said)
                # The chain goes on from the right one, so that the rest is not blamed.
                digest = rightful[1] if rightful else record.digest
            else:
                digest = record.digest
            if record.expected_digest() != record.digest and record.previous == follows:
                yield Finding(writer=writer, seq=record.seq, problem="was changed")
            for place in (self._here, self._there):
                if place.get(writer, {}).get(record.seq, record.digest) != record.digest:
                    yield Finding(writer=writer, seq=record.seq, problem="is not the record that was anchored")
            before = record.seq
        return before, digest

    def _following(self, writer: str, digest: str) -> tuple[int, str] | None:
        for row in self._store.rows(f"{SELECT} WHERE writer = ? AND lines LIKE ?", (writer, holding(digest))):
            for record in sheet_of(row).readable():
                if record.previous == digest:
                    return record.seq, record.digest
        return None

    def _end(self, writer: str, last: int) -> Iterator[Finding]:
        reached = max((*self._here.get(writer, {0: ""}), *self._there.get(writer, {0: ""})))
        if reached > last:
            problem = f"is missing (cut off the end; record {reached} was anchored)"
            yield Finding(writer=writer, seq=last + 1, problem=problem)
        elif reached < last:
            yield Finding(writer=writer, seq=reached + 1, problem="was added by something else: no anchor covers it")

    def _bodies(self, records: list[Record]) -> Iterator[Finding]:
        """Those of the records of one sheet that had some."""
        had = [record for record in records if record.request_digest or record.answer_digest]
        if not had:
            return
        asked = "SELECT seq, request, answer, removal FROM bodies WHERE writer = ? AND seq BETWEEN ? AND ?"
        there = {row[0]: row[1:] for row in self._store.rows(asked, (had[0].writer, had[0].seq, had[-1].seq))}
        for record in had:
            request, answer, removal = there.get(record.seq, (None, None, None))
            writer, seq = record.writer, record.seq
            if request is None and answer is None:
                if not self._removals.erased(removal, writer, seq):
                    yield Finding(writer=writer, seq=seq, problem="its bodies are gone, and no removal says why")
                continue
            for name, text, digest in (
                ("request", request, record.request_digest),
                ("answer", answer, record.answer_digest),
            ):
                if digest_of(text) != digest:
                    yield Finding(writer=writer, seq=seq, problem=f"its {name} body was changed")

    def _names(self) -> Iterator[Finding]:
        known = {row[0] for row in self._store.rows("SELECT pseudonym FROM names")}
        for pseudonym in sorted(self._subjects - known - self._removals.pseudonyms):
            yield Finding(writer=f"person {pseudonym}", seq=0, problem="the name is gone, and no removal says why")


def _lines(path: Path) -> Iterator[Anchor]:
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield _LINE.decode(line)
            except msgspec.MsgspecError:
                continue  # a line half written when the machine stopped; one removed on purpose is missed below
