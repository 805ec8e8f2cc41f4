"""What runs did, by run and step: their calls, the transactions in which they wrote, the bytes of their checkpoints."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx
import msgspec
import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy import event

from foundation.context import current
from foundation.database import Database

T = TypeVar("T")
_WRITES: Final = ("INSERT", "UPDATE", "DELETE")
_OF_THE_MOMENT: Final = frozenset({"host", "authorization", "content-length", "connection", "if-unmodified-since"})
"""Headers that whoever replays a call sets itself, or leaves: the record was saved at another time."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a system and how it was answered."""

    system: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    status: int
    answer: bytes
    location: str


class Write(msgspec.Struct, frozen=True):
    """One transaction: its writing statements with their parameters, as the driver gets them."""

    statements: list[tuple[str, Any, bool]]


Done = Call | Write


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what was done before it was queued, and by each step, in order; how long each checkpoint is."""

    run: str
    before: list[Done]
    steps: dict[int, list[Done]]
    checkpoints: dict[int, int]


class Recorder:
    """Writes down what runs do while it is installed."""

    def __init__(self, systems: Mapping[str, str]) -> None:
        """`systems`: name by origin."""
        self._systems = dict(systems)
        self.done: dict[tuple[str, int], list[Done]] = {}
        self._open = threading.local()

    def note(self, done: Done) -> None:
        """Under the run and the step that is under way; 0 is before the run was queued."""
        run = DBOS.workflow_id or _starting()
        if run:
            self.done.setdefault((run, DBOS.step_id or 0), []).append(done)

    @contextmanager
    def installed(self, engine: sa.Engine) -> Iterator[None]:
        """Between our code and the network, and between it and the database."""
        event.listen(engine, "before_cursor_execute", self._statement)
        with sending(self._call), patch.object(Database, "now", self._transaction(Database.now)):
            yield
        event.remove(engine, "before_cursor_execute", self._statement)

    def plays(self, checkpoints: Mapping[str, Mapping[int, int]]) -> list[Play]:
        """Every run that ended, in the order of their ids."""
        return [
            Play(
                run=run,
                before=self.done.get((run, 0), []) + self.done.get((run.split(":")[2], 0), []),
                steps={step: self.done.get((run, step), []) for step in lengths},
                checkpoints=dict(lengths),
            )
            for run, lengths in sorted(checkpoints.items())
        ]

    def _call(self, request: httpx.Request, answer: httpx.Response, _began: float, _ended: float) -> None:
        parts = urlsplit(str(request.url))
        system = self._systems.get(f"{parts.scheme}://{parts.netloc}", "")
        if not system or "authorization" not in request.headers:
            return  # signing in: whoever replays has done so before
        headers = [(name, value) for name, value in request.headers.items() if name not in _OF_THE_MOMENT]
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.note(
            Call(
                system=system,
                method=request.method,
                path=path,
                headers=headers,
                body=request.content,
                status=answer.status_code,
                answer=answer.content,
                location=answer.headers.get("location", ""),
            )
        )

    def _statement(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        written = getattr(self._open, "written", None)
        if written is not None and statement.lstrip()[:6].upper() in _WRITES:
            written.append((statement, parameters, many))

    def _transaction(self, now: Callable[..., T]) -> Callable[..., T]:
        def recorded(database: Database, work: Callable[[sa.Connection], T]) -> T:
            self._open.written = written = []
            try:
                result = now(database, work)
            finally:
                self._open.written = None
            if written:
                self.note(Write(written))
            return result

        return recorded


def _starting() -> str:
    return current().run


@contextmanager
def sending(tell: Callable[[httpx.Request, httpx.Response, float, float], None]) -> Iterator[None]:
    """`tell` of every request, its answer, and when it began and ended."""
    send = httpx.AsyncHTTPTransport.handle_async_request

    async def told(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        answer = await send(transport, request)
        await answer.aread()
        tell(request, answer, began, time.monotonic())
        return answer

    with patch.object(httpx.AsyncHTTPTransport, "handle_async_request", told):
        yield


class UnderWay:
    """When calls were under way, seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch every call."""
        with sending(lambda _r, _s, began, ended: self.spans.append((began, ended))):
            yield


def covered(spans: list[tuple[float, float]]) -> float:
    """The length of time in which at least one span was under way."""
    total, until = 0.0, float("-inf")
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


def checkpoints(connection: sa.Connection) -> dict[str, dict[int, int]]:
    """Bytes of each step's stored output, by run and step."""
    table = "dbos.operation_outputs" if connection.dialect.name == "postgresql" else "operation_outputs"
    asked = (
        f"SELECT workflow_uuid, function_id, coalesce(length(output), 0) FROM {table} WHERE workflow_uuid LIKE 'o2p:%'"  # noqa: S608 - a name of the engine's own
    )
    found: dict[str, dict[int, int]] = {}
    for run, step, length in connection.execute(sa.text(asked)):
        found.setdefault(run, {})[step] = length
    return found


async def until(over: Callable[[], bool], seconds: float) -> None:
    """Wait in short looks. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(over):  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)
