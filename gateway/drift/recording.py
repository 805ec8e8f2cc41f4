"""Writing drift down: counted in memory, and written every few seconds, in a thread of its own.

A call costs two look-ups in a dict. Memory and table are bounded: what is new beyond that is not written down, and the
log says how often.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from canonical.classes import KEY
from foundation.database import Database, insert_new
from foundation.masking import Masker
from foundation.violations import Violation, pointer_of
from gateway.drift.tables import DRIFT, READERS

_EVERY: Final = 5.0
"""Seconds between two writings."""
_IN_MEMORY: Final = 2_000
"""So many different things are counted between two of them."""
_IN_TABLE: Final = 10_000
_KEPT: Final = 90 * 86_400.0
"""Seconds; what was not seen for so long is gone."""
_LONGEST: Final = 80
_NAME: Final = re.compile(r"[A-Za-z_@$][A-Za-z0-9_.$-]{0,63}")
"""What looks like the name of a field. Anything else may be data (a mail address, an account), and is noted as `?`."""
log = structlog.get_logger("tiergate.drift")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which answers of an operation differ from its contract."""

    api: str
    """`{api}-v{major}`."""
    operation: str
    place: str
    """`status`, `header:<name>`, or `body` and a JSON Pointer in which `*` is any entry."""
    rule_at: str
    """JSON Pointer of the rule in the contract."""
    keyword: str
    expected: str
    seen: str
    example: str
    """What stood there, as far as its data class lets a log say it."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A client that reads the answers of an operation."""

    api: str
    operation: str
    client: str


class _Count(msgspec.Struct):
    times: int
    first_at: float
    last_at: float


class Drift:
    """What one process saw. `clock` counts seconds since the epoch."""

    def __init__(
        self, database: Database, masker: Masker, clock: Callable[[], float] = time.time, every: float = _EVERY
    ) -> None:
        self._database = database
        self._masker = masker
        self._clock = clock
        self._every = every
        self._lock = threading.Lock()
        self._counted: dict[Seen | Reader, _Count] = {}
        self._left_out = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def read_by(self, api: str, operation: str, client: str) -> None:
        """A client was given an answer of an operation that is looked at."""
        self._count(Reader(api=api, operation=operation, client=client))

    def note(self, api: str, operation: str, found: Iterable[Violation], contract: Mapping[str, Any]) -> None:
        """Answers differed; `contract` is the document they are held against."""
        for each in found:
            self._count(
                Seen(
                    api=api,
                    operation=operation,
                    place=_place(each),
                    rule_at=pointer_of(each.rule_at),
                    keyword=each.keyword,
                    expected=each.expected,
                    seen=each.seen,
                    example=self._example(each, contract),
                )
            )

    def flush(self) -> None:
        """Write down what was counted; what cannot be written now is kept for the next time."""
        with self._lock:
            counted, self._counted = self._counted, {}
            left_out, self._left_out = self._left_out, 0
        if left_out:
            log.warning("drift: more was seen than is counted", times=left_out)
        if not counted:
            return
        try:
            self._database.now(lambda connection: _write(connection, counted, self._clock()))
        except sa.exc.SQLAlchemyError:
            log.warning("drift could not be written down", different=len(counted), exc_info=True)
            with self._lock:
                for what, count in counted.items():
                    newer = self._counted.get(what)
                    count.times += newer.times if newer is not None else 0
                    count.last_at = newer.last_at if newer is not None else count.last_at
                self._counted |= counted

    def close(self) -> None:
        """Write down what is left."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _count(self, what: Seen | Reader) -> None:
        now = self._clock()
        with self._lock:
            known = self._counted.get(what)
            if known is not None:
                known.times += 1
                known.last_at = now
            elif len(self._counted) < _IN_MEMORY:
                self._counted[what] = _Count(1, now, now)
            else:
                self._left_out += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="contract-drift", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(self._every):
            self.flush()

    def _example(self, violation: Violation, contract: Mapping[str, Any]) -> str:
        if violation.value is None:
            return ""
        data_class = _class_at(contract, violation.rule_at[:-1])
        shown = self._masker.apply(violation.value, data_class)
        return "" if shown is None else str(shown)[:_LONGEST]


def _place(violation: Violation) -> str:
    first, *named = violation.place
    parts = violation.of_any if len(violation.of_any) == len(named) else ("*",) * len(named)
    return str(first) + pointer_of(part if part == "*" or _NAME.fullmatch(part) else "?" for part in parts)


def _class_at(contract: Any, at: Iterable[str | int]) -> str:
    found: Any = contract
    for part in at:
        if isinstance(found, list) and str(part).isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    said = found.get(KEY) if isinstance(found, Mapping) else None
    return str(said or "unclassified")


def _write(connection: sa.Connection, counted: Mapping[Seen | Reader, _Count], now: float) -> None:
    for table in (DRIFT, READERS):
        connection.execute(sa.delete(table).where(table.c.last_at < now - _KEPT))
    for what, count in counted.items():
        table = DRIFT if isinstance(what, Seen) else READERS
        said = msgspec.structs.asdict(what)
        key = hashlib.sha256(msgspec.json.encode(said)).hexdigest()
        more = sa.update(table).where(table.c.id == key)
        more = more.values(times=table.c.times + count.times, last_at=count.last_at)
        if connection.execute(more).rowcount:
            continue
        if (connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0) >= _IN_TABLE:
            log.warning("drift: the table is full", table=table.name)
            continue
        fresh = {**said, "times": count.times, "first_at": count.first_at, "last_at": count.last_at}
        if not insert_new(connection, table, {"id": key}, fresh):
            connection.execute(more)  # another process was first
