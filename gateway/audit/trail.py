"""Writing the record: one thread a process, which chains, masks and commits what has come together since the last time.

A call only puts its entry into a queue. On a crash what had not been committed is lost (some tens of milliseconds);
`flush` waits until everything said before it is on disk.
"""

import asyncio
import hashlib
import queue
import secrets
import sqlite3
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from foundation.masking import Masker
from gateway.audit.entry import FIELDS, GENESIS, Anchor, Bodies, Entry, Record
from gateway.audit.recording import record_of
from gateway.audit.sqlite import SCHEMA, anchors_of, connect

_GATHER: Final = 0.05
"""Seconds a commit waits for company."""
_RETRY: Final = 1.0
_INSERT: Final = f"INSERT INTO records VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608 - no input in it
_Item = tuple[Entry, Bodies | None]
log = structlog.get_logger("tiergate.audit")


class Trail:
    """The writer of one process. Its chain begins with it; `writer` names it in every record."""

    def __init__(self, path: Path, masker: Masker, *, name: str = "tiergate") -> None:
        self.path = path
        self.writer = f"{name}-{secrets.token_hex(6)}"
        self._masker = masker
        self._queue: queue.SimpleQueue[_Item | Future[None] | None] = queue.SimpleQueue()
        self._seq = 0
        self._previous = GENESIS
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = connect(path)
        self._store.executescript(SCHEMA)
        self._anchors = anchors_of(path).open("ab", buffering=0)
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def add(self, entry: Entry, bodies: Bodies | None = None) -> None:
        """Record one call. Returns at once."""
        self._queue.put((entry, bodies))

    async def flush(self) -> None:
        """Wait until everything added before is committed."""
        done: Future[None] = Future()
        self._queue.put(done)
        await asyncio.wrap_future(done)

    def close(self) -> None:
        """Commit what is left and let go of the files."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
            self._store.close()
            self._anchors.close()

    def _run(self) -> None:
        going = True
        while going:
            items = [self._queue.get()]
            if isinstance(items[0], tuple):
                time.sleep(_GATHER)
            while not self._queue.empty():
                items.append(self._queue.get())
            going = None not in items
            self._write([item for item in items if isinstance(item, tuple)])
            for item in items:
                if isinstance(item, Future):
                    item.set_result(None)

    def _write(self, items: list[_Item]) -> None:
        records, bodies = self._chained(items)
        while records:
            try:
                self._commit(records, bodies)
                return
            except (sqlite3.Error, OSError):
                # Nothing is dropped: the queue grows until the disk is back, and everyone is told.
                log.exception("audit cannot be written", waiting=len(records))
                time.sleep(_RETRY)

    def _commit(self, records: list[Record], bodies: list[tuple[Any, ...]]) -> None:
        self._store.execute("BEGIN IMMEDIATE")
        try:
            self._store.executemany(_INSERT, [msgspec.structs.astuple(record) for record in records])
            self._store.executemany("INSERT INTO bodies VALUES (?, ?, ?, ?)", bodies)
            self._store.execute("COMMIT")
        except sqlite3.Error:
            self._store.execute("ROLLBACK")
            raise
        last = records[-1]
        anchor = Anchor(writer=last.writer, seq=last.seq, digest=last.digest, at=last.at)
        self._anchors.write(msgspec.json.encode(anchor) + b"\n")

    def _chained(self, items: list[_Item]) -> tuple[list[Record], list[tuple[Any, ...]]]:
        records: list[Record] = []
        kept: list[tuple[Any, ...]] = []
        for entry, bodies in items:
            request, answer = self._masked(bodies) if bodies is not None else (None, None)
            self._seq += 1
            record = record_of(entry, self.writer, self._seq, str)
            record = msgspec.structs.replace(
                record,
                request_digest=_digest(request),
                answer_digest=_digest(answer),
                previous=self._previous,
            )
            record = msgspec.structs.replace(record, digest=record.expected_digest())
            self._previous = record.digest
            records.append(record)
            if request is not None or answer is not None:
                kept.append((self.writer, record.seq, request, answer))
        return records, kept

    def _masked(self, bodies: Bodies) -> tuple[str | None, str | None]:
        return self._mask(bodies.request, bodies.request_type), self._mask(bodies.answer, bodies.answer_type)

    def _mask(self, said: Any, kind: Any) -> str | None:
        if said is None or said == b"" or kind is None:
            return None
        try:
            value = msgspec.json.decode(said) if isinstance(said, bytes) else said
            return msgspec.json.encode(self._masker.mask(value, kind)).decode()
        except msgspec.DecodeError:
            return None  # not JSON, or longer than is kept: then nothing of it may be written


def _digest(text: str | None) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text is not None else ""
