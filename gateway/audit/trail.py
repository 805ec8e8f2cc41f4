"""Writing the record: one thread a process, which chains, masks and commits what has come together since the last time.

A call only puts its entry into a queue. Most calls do not wait for it: on a crash what had not been committed is lost
(a fifth of a second). A durable call waits: all that wait at a time share one commit, which is on disk before any
of them is answered. While the store cannot be written nothing is dropped, and durable calls are refused.
"""

import asyncio
import hashlib
import os
import queue
import secrets
import threading
import time
from concurrent.futures import Future
from typing import Any, Final, TypeAlias

import msgspec
import structlog

from foundation.masking import Masker
from gateway.audit.entry import GENESIS, Anchor, Bodies, Entry
from gateway.audit.keyring import Keyring
from gateway.audit.names import Names
from gateway.audit.recording import Recorder
from gateway.audit.sheet import INSERT, Draft
from gateway.audit.store import Where, place_of

_GATHER: Final = 0.2
"""Seconds a commit waits for company, unless somebody waits for it."""
_MOST: Final = 5_000
"""Records a commit takes at most: a reader holds a whole sheet, and after a failure many have come together."""
_RETRY: Final = 1.0
log = structlog.get_logger("tiergate.audit")


class _Item(msgspec.Struct, frozen=True):
    """What is more than an entry: it has bodies, or somebody waits for it."""

    entry: Entry
    bodies: Bodies | None
    done: Future[None] | None


_Recorded: TypeAlias = Entry | _Item
_RECORDED: Final = (Entry, _Item)


class _Batch(msgspec.Struct):
    """What one commit writes."""

    heads: dict[str, tuple[int, str]]
    """By chain: its last record and that one's digest."""
    drafts: dict[str, Draft] = {}
    """By class of retention: the sheet of its chain, as far as it is written."""
    bodies: list[tuple[Any, ...]] = []
    anchors: list[Anchor] = []
    durable: bool = False


class Trail:
    """The writer of one process. Its chains, one for each class of retention, begin with it and bear its name."""

    def __init__(self, where: Where, masker: Masker, *, name: str = "tiergate") -> None:
        self.place = place_of(where)
        self.writer = f"{name}-{secrets.token_hex(6)}"
        self.failing = False
        """Whether the store could not be written the last time."""
        self._masker = masker
        self._queue: queue.SimpleQueue[_Recorded | Future[None] | None] = queue.SimpleQueue()
        self._hurry = threading.Event()
        self._stopping = threading.Event()
        self._heads: dict[str, tuple[int, str]] = {}
        self._keys = Keyring.at(self.place.keys)
        self._store = self.place.open()
        self._names = Names(self._store, self._keys)
        self.place.anchors.parent.mkdir(parents=True, exist_ok=True)
        self._anchors = self.place.anchors.open("ab", buffering=0)
        self._unwritten = b""
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def add(self, entry: Entry, bodies: Bodies | None = None) -> None:
        """Record one call. Returns at once."""
        self._queue.put(entry if bodies is None else _Item(entry, bodies, None))

    def add_durable(self, entry: Entry, bodies: Bodies | None = None) -> Future[None]:
        """Record one call; done when that is on disk."""
        done: Future[None] = Future()
        self._queue.put(_Item(entry, bodies, done))
        self._hurry.set()
        return done

    async def flush(self) -> None:
        """Wait until everything added before is committed."""
        done: Future[None] = Future()
        self._queue.put(done)
        self._hurry.set()
        await asyncio.wrap_future(done)

    def close(self) -> None:
        """Commit what is left and let go of the files. What the store cannot take by then is lost: the log says so."""
        if self._thread.is_alive():
            self._stopping.set()
            self._queue.put(None)
            self._hurry.set()
            self._thread.join()
            self._store.close()
            self._anchors.close()

    def _run(self) -> None:
        going, behind = True, False
        while going:
            items = [self._queue.get()]
            if not behind:
                self._hurry.wait(_GATHER)
            self._hurry.clear()
            items += [self._queue.get() for _ in range(min(self._queue.qsize(), _MOST - 1))]
            behind = len(items) >= _MOST
            going = None not in items
            written = self._write([item for item in items if isinstance(item, _RECORDED)])
            for item in [each for each in items if not isinstance(each, Entry)]:
                done = item.done if isinstance(item, _Item) else item
                if not isinstance(done, Future) or not done.set_running_or_notify_cancel():
                    continue  # nobody waits, or nobody any more
                if written:
                    done.set_result(None)
                else:
                    done.set_exception(OSError("the record could not be written before the end"))

    def _write(self, items: list[_Recorded]) -> bool:
        while items:
            try:
                batch = self._batch(items)
                self._commit(batch)
            except self._store.errors:
                # Nothing is dropped: the queue grows until the store is back, and everyone is told.
                log.exception("audit cannot be written", waiting=len(items), lost=self._stopping.is_set())
                self.failing = True
                if self._stopping.is_set():
                    return False
                time.sleep(_RETRY)
            else:
                self._heads = batch.heads
                self._tell(batch)
                self.failing = False
                return True
        return True

    def _commit(self, batch: _Batch) -> None:
        with self._store.begin(durable=batch.durable) as store:
            store.executemany(INSERT, [msgspec.structs.astuple(draft.sheet()) for draft in batch.drafts.values()])
            if batch.bodies:
                store.executemany("INSERT INTO bodies (writer, seq, request, answer) VALUES (?, ?, ?, ?)", batch.bodies)
            store.executemany(
                "INSERT INTO anchors (writer, seq, digest, at, signature) VALUES (?, ?, ?, ?, ?)",
                [msgspec.structs.astuple(anchor) for anchor in batch.anchors],
            )

    def _tell(self, batch: _Batch) -> None:
        """The second place. What it cannot take now, it is told with the next commit; the records are safe."""
        self._unwritten += b"".join(msgspec.json.encode(anchor) + b"\n" for anchor in batch.anchors)
        try:
            while self._unwritten:
                self._unwritten = self._unwritten[self._anchors.write(self._unwritten) or 0 :]
            if batch.durable:
                os.fdatasync(self._anchors.fileno())
        except OSError:
            log.exception("the second place of the audit's anchors cannot be written", place=str(self.place.anchors))

    def _batch(self, items: list[_Recorded]) -> _Batch:
        batch, recorder = _Batch(dict(self._heads)), Recorder(self._names.hide)
        drafts = batch.drafts
        for item in items:
            entry, bodies, done = (item, None, None) if isinstance(item, Entry) else msgspec.structs.astuple(item)
            retention = entry.about.retention
            draft = drafts.get(retention)
            if draft is None:
                chain = f"{self.writer}.{retention}"
                draft = drafts[retention] = Draft(chain, retention, *batch.heads.get(chain, (0, GENESIS)))
            if bodies is None:
                draft.add(recorder.line_of(entry, draft.writer, draft.seq + 1, previous=draft.digest))
            else:
                self._add_with(entry, bodies, draft, recorder, batch)
            batch.durable = batch.durable or done is not None
        for draft in drafts.values():
            batch.heads[draft.writer] = (draft.seq, draft.digest)
            batch.anchors.append(self._anchor(draft))
        return batch

    def _add_with(self, entry: Entry, bodies: Bodies, draft: Draft, recorder: Recorder, batch: _Batch) -> None:
        request, answer = self._masked(bodies)
        line = recorder.line_of(
            entry,
            draft.writer,
            draft.seq + 1,
            previous=draft.digest,
            request_digest=digest_of(request),
            answer_digest=digest_of(answer),
        )
        draft.add(line)
        if request is not None or answer is not None:
            batch.bodies.append((draft.writer, draft.seq, request, answer))

    def _anchor(self, draft: Draft) -> Anchor:
        anchor = Anchor(writer=draft.writer, seq=draft.seq, digest=draft.digest, at=draft.ended)
        return msgspec.structs.replace(anchor, signature=self._keys.sign(anchor.signed_text()))

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
        except Exception:
            log.exception("a body could not be masked, so nothing of it is kept")
            return None


def digest_of(text: str | None) -> str:
    """Of a body as it is kept; empty where none is."""
    return hashlib.sha256(text.encode()).hexdigest() if text is not None else ""
