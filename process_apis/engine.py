"""The durable engine: DBOS on our own database, one queue ordered by business key, leases and the reaper.

A process that dies leaves its runs behind. Every process holds a lease, renewed by a thread of its own so that a busy
loop cannot lose it; every process, at each tick, looks for owners of unfinished runs whose lease is gone and takes
those runs over. The take-over is guarded in the store, so all may try and no leader is needed.
"""

import asyncio
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from foundation.context import current
from foundation.database import Database, upsert
from foundation.structs import prepare
from process_apis.serializer import RegisteredTypes
from process_apis.tables import LEASES, RUNS

QUEUE: Final = "business-keys"
AT_ONCE: Final = 8
"""Runs that one process works on, where nothing else is said."""
UNDER_WAY: Final = ("PENDING", "ENQUEUED", "DELAYED")
"""What the engine says of a run that is not over."""
APPLICATION_VERSION: Final = "1"
"""Fixed: a changed flow gets a new workflow name (`...v2`) beside the old one until the old runs are done."""

log = structlog.get_logger("tiergate.engine")


def run_at_hand() -> str:
    """The id of the run that this code is part of, or works for; empty outside of any."""
    return DBOS.workflow_id or current().run


class Engine:
    """The engine of this process. DBOS is one a process, and so is this."""

    def __init__(self, database: Database, *, lease: float = 30.0, poll: float = 0.5, at_once: int = AT_ONCE) -> None:
        """`lease`: seconds after which a silent process counts as dead; `poll`: seconds between looks at the queue.

        `at_once`: how many runs this process works on; most of them wait for a vendor.
        """
        self._database = database
        self.lease = lease
        self._beat, self._expiry, self._poll, self._at_once = lease / 6, lease, poll, at_once
        self.executor = f"{_machine()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None
        self._reaper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take a lease, launch, take over what the dead left behind. Runs resume on the calling loop."""
        prepare()  # the engine reads what it stored in threads, several at once
        await self._database.run(self._renew)
        self._heart = threading.Thread(target=self._keep_beating, name="tiergate-lease", daemon=True)
        self._heart.start()
        await launched(self._database.engine, self.executor, self._poll, self._at_once)
        self._reaper = asyncio.create_task(self._reap())

    async def stop(self, drain: float = 10.0) -> None:
        """Let running steps end (at most `drain` seconds), then shut down and give the lease back."""
        if self._reaper is not None:
            self._reaper.cancel()
            await asyncio.gather(self._reaper, return_exceptions=True)
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=int(drain))
        # It has shut the loop's default threads down with its own.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        self._stop.set()
        if self._heart is not None:
            await asyncio.to_thread(self._heart.join)
        await self._database.run(lambda c: c.execute(sa.delete(LEASES).where(LEASES.c.executor == self.executor)))

    async def enqueue(
        self, run_id: str, partition: str, workflow: Callable[..., Coroutine[Any, Any, Any]], *args: Any
    ) -> None:
        """Run `workflow` under `run_id`, after all earlier ones of the same partition; the same id again is a no-op."""
        with SetWorkflowID(run_id), SetEnqueueOptions(queue_partition_key=partition):
            await DBOS.enqueue_workflow_async(QUEUE, workflow, *args)

    async def rewind(self, run_id: str, partition: str, from_step: str = "") -> None:
        """Run a finished run again, under its id, from the last step whose name starts with `from_step`.

        The last, since a run may have gone through some steps more than once.
        """
        start = 1
        if from_step:
            steps = await DBOS.list_workflow_steps_async(run_id, load_output=False)
            start = max((s["function_id"] for s in steps if s["function_name"].startswith(from_step)), default=1)
        await DBOS.rewind_workflow_async(
            run_id,
            start_step=start,
            application_version=APPLICATION_VERSION,
            queue_name=QUEUE,
            queue_partition_key=partition,
        )

    async def cancel(self, run_id: str) -> None:
        """Stop a run before its next step; what it did stays done until it is undone."""
        await DBOS.cancel_workflow_async(run_id)

    async def statuses(self, run_ids: list[str]) -> dict[str, str]:
        """The engine's own word for the state of runs: PENDING, ENQUEUED, SUCCESS, ERROR ...; only of those it has."""
        found = await DBOS.list_workflows_async(workflow_ids=run_ids, load_input=False, load_output=False)
        return {each.workflow_id: each.status for each in found}

    async def over(self, run_id: str, patience: float = 10.0) -> bool:
        """Whether a run is over; one whose last words are still being said is waited for, `patience` seconds."""
        deadline = asyncio.get_running_loop().time() + patience
        while (await self.statuses([run_id])).get(run_id) in UNDER_WAY:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(self._poll / 2)
        return True

    def _renew(self, connection: sa.Connection) -> None:
        upsert(connection, LEASES, {"executor": self.executor}, {"beat_at": time.time()})

    def _keep_beating(self) -> None:
        while not self._stop.wait(self._beat):
            try:
                self._database.now(self._renew)
            except sa.exc.SQLAlchemyError:
                log.warning("the lease could not be renewed", executor=self.executor)

    async def _reap(self) -> None:
        while True:
            try:
                await self._take_over()
            except Exception:
                log.exception("the reaper failed and tries again")
            await asyncio.sleep(self._beat)

    async def _take_over(self) -> None:
        dead = await self._database.run(self._dead)
        if not dead:
            return
        taken = await asyncio.to_thread(DBOS._recover_pending_workflows, dead)
        for handle in taken:
            log.info("took a run over", run=handle.workflow_id)
        ids = [handle.workflow_id for handle in taken]
        await self._database.run(lambda c: _note_takeovers(c, ids, dead))

    def _dead(self, connection: sa.Connection) -> list[str]:
        """Owners of unfinished runs without a live lease."""
        status = sa.table("workflow_status", sa.column("executor_id"), sa.column("status"))
        if connection.dialect.name == "postgresql":
            status.schema = "dbos"
        owners = set(connection.scalars(sa.select(status.c.executor_id).where(status.c.status == "PENDING").distinct()))
        alive = set(
            connection.scalars(sa.select(LEASES.c.executor).where(LEASES.c.beat_at > time.time() - self._expiry))
        )
        owners -= {"", None, self.executor}
        return sorted(owner for owner in owners if owner not in alive or _surely_dead(owner))


async def launched(database: sa.Engine, executor: str, poll: float, at_once: int = AT_ONCE) -> None:
    """DBOS as we use it: on our database, with our types, listening to the one queue."""
    config: DBOSConfig = {
        "name": "tiergate",
        "system_database_engine": database,
        "serializer": RegisteredTypes(),
        "application_version": APPLICATION_VERSION,
        "executor_id": executor,
        "max_executor_threads": 8,
        "enable_otlp": False,
        "log_level": "CRITICAL",  # its tracebacks can hold payloads
        "use_listen_notify": database.dialect.name == "postgresql",
        "notification_listener_polling_interval_sec": 4 * poll,  # a stop waits for it
        "scheduler_polling_interval_sec": 60.0,
    }
    DBOS(config=config)
    DBOS.listen_queues([QUEUE])
    DBOS.launch()
    await DBOS.register_queue_async(
        QUEUE, partition_concurrency=1, worker_concurrency=at_once, polling_interval_sec=poll
    )


def _note_takeovers(connection: sa.Connection, run_ids: list[str], dead: list[str]) -> None:
    connection.execute(sa.update(RUNS).where(RUNS.c.id.in_(run_ids)).values(takeovers=RUNS.c.takeovers + 1))
    connection.execute(sa.delete(LEASES).where(LEASES.c.executor.in_(dead)))


def _machine() -> str:
    """This machine as processes see it: two containers may share a host name, but not the space their ids live in."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        space = "0"
    return f"{socket.gethostname()[:40]}/{space}"


def _surely_dead(executor: str) -> bool:
    """A process of this machine that is gone need not be waited for until its lease ends."""
    machine, _, rest = executor.partition(":")
    pid = rest.partition(":")[0]
    if machine != _machine() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return True  # not this engine, and a process has only one: it died, and its number came round again
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's process has the id now: the lease decides
    return False
