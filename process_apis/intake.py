"""Intake: systems tell us that something changed, and where they forget, we ask.

A signed notification and a poll by watermark end in the same inbox, where one version of one record stands once. From
there changes are worked on one by one: a won deal starts its workflow; a refused one whose deal was edited since begins
again. What a notification says is never believed: the record is read again.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.faults import Conflict, Fault, NotBound, NotFound
from canonical.ports import Raw
from canonical.ports.processes import Intake, Received, StartOpportunityToProject
from canonical.ports.systems import Change, Changes, Delivery
from foundation.api import Api
from foundation.context import fresh, use
from foundation.database import insert_new, upsert
from process_apis import ProcessApi, cases
from process_apis.mending import mend
from process_apis.operating import REGISTERED, Operating, retry
from process_apis.platform import Platform, on_own_account
from process_apis.tables import INBOX, RUNS, WATERMARKS

SOURCES: Final = ("crm",)
"""Roles that are polled for changes."""
_FIRST_WAIT: Final = 5.0
"""Seconds before a change that could not be worked on is tried again; doubles each time."""
log = structlog.get_logger("tiergate.intake")


class Receiving:
    """Takes notifications in."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def receive_notification(self, connection: str, data: Raw) -> Received:
        """Verified by the system's own rules, stored, answered; worked on afterwards."""
        if connection not in self._platform.systems.roles():
            raise NotFound(f"No system is called {connection!r}.")
        delivery = Delivery(headers=data.headers, body=data.body.decode("utf-8", "replace"))
        try:
            system = self._platform.systems.ask(connection, Changes)
        except NotBound as silent:
            raise NotFound(f"{connection} sends no notifications.") from silent
        with use(fresh(caller=on_own_account("intake"))):
            changes = await system.read_notification(delivery)
        stored = await self._platform.database.run(lambda c: store(c, connection, changes, "notification"))
        self._platform.changed.set()
        return Received(stored=stored, known=len(changes) - stored)


class Worker:
    """Polls, works the inbox off, mends lost runs, and tells the service desk what it could not be told before."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, on the running loop."""
        self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._work())]

    async def stop(self) -> None:
        """End after the change in hand."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _poll(self) -> None:
        suspects: frozenset[str] = frozenset()
        while True:
            for role in SOURCES:
                try:
                    await poll_once(self._platform, role)
                except Fault as fault:
                    log.warning("a source could not be polled", role=role, reason=fault.reason)
                except Exception:
                    log.exception("polling broke and goes on", role=role)
            try:
                suspects = await mend(self._platform, suspects)
            except Exception:
                log.exception("looking for lost runs broke and goes on")
            self._platform.changed.set()
            await asyncio.sleep(self._platform.pace.poll)

    async def _work(self) -> None:
        while True:
            await self._platform.changed.wait()
            self._platform.changed.clear()
            try:
                await work_off(self._platform)
                await cases.tell_desk_of_all(self._platform)
            except Exception:
                log.exception("working the inbox off broke and goes on")


async def poll_once(platform: Platform, role: str) -> int:
    """One poll of one source, page by page until nothing is new; the number of changes not known before."""
    system = platform.systems.name(role)
    port = platform.systems.ask(system, Changes)
    seen = 0
    while True:
        since = await platform.database.run(lambda c: _watermark(c, system))
        with use(fresh(caller=on_own_account("intake"))):
            page = await port.changes(since)
        stored = await platform.database.run(
            partial(_store_page, system=system, changes=page.items, watermark=page.next)
        )
        seen += stored
        if stored == 0 or page.next == since:
            return seen


async def work_off(platform: Platform) -> None:
    """Everything in the inbox that is due, the newest version of each record only. One that fails holds up no other."""
    for row in await platform.database.run(_due):
        with use(fresh(caller=on_own_account("intake"))):
            try:
                outcome = await _work_on(platform, row)
            except (Conflict, NotFound) as settled:
                outcome = settled.reason
            except Exception as failure:  # noqa: BLE001 - it is said, and tried again later
                reason = failure.reason if isinstance(failure, Fault) else type(failure).__name__
                log.warning("a change waits", native_id=row.native_id, reason=reason)
                await platform.database.run(partial(_postpone, row=row))
                continue
        await platform.database.run(partial(_done, row=row, outcome=outcome))
    for run_id in await platform.database.run(_edited_since_refused):
        with use(fresh(caller=on_own_account("intake"))), suppress(Conflict):  # another process was quicker
            await retry(platform, run_id)


def store(connection: sa.Connection, system: str, changes: list[Change], via: str) -> int:
    """Put changes in the inbox; how many were not there."""
    stored = 0
    for change in changes:
        key = {"system": system, "object": change.object, "native_id": change.native_id, "version": change.version}
        values = {"via": via, "notification_id": change.notification_id, "received_at": now(), "tries": 0}
        stored += insert_new(connection, INBOX, key, values)
    return stored


async def _work_on(platform: Platform, row: Any) -> str:
    if row.object != "opportunity":
        return "no workflow"
    workflow = REGISTERED["opportunity_to_project"]
    await Operating(platform, workflow).start_run(StartOpportunityToProject(opportunity_id=row.native_id))
    return "run"


def _edited_since_refused(connection: sa.Connection) -> list[str]:
    """Runs that guards stopped, of deals that have a newer version by now than the guards saw.

    Asked of what is stored and not of the change at hand: a deal may be edited while its guards are still judging.
    """
    later = RUNS.alias("later")
    stopped = sa.or_(RUNS.c.status == "refused", sa.and_(RUNS.c.status == "failed", RUNS.c.reason == "guards_failed"))
    newer = sa.exists().where(
        INBOX.c.object == "opportunity",
        INBOX.c.system + ":" + INBOX.c.native_id == RUNS.c.business_key,
        INBOX.c.version > RUNS.c.source_version,
    )
    won_again = sa.exists().where(later.c.business_key == RUNS.c.business_key, later.c.generation > RUNS.c.generation)
    return list(connection.scalars(sa.select(RUNS.c.id).where(stopped, newer, ~won_again)))


def _watermark(connection: sa.Connection, system: str) -> str:
    return connection.scalar(sa.select(WATERMARKS.c.watermark).where(WATERMARKS.c.system == system)) or ""


def _store_page(connection: sa.Connection, system: str, changes: list[Change], watermark: str) -> int:
    stored = store(connection, system, changes, "poll")
    upsert(connection, WATERMARKS, {"system": system}, {"watermark": watermark, "polled_at": now()})
    return stored


def _due(connection: sa.Connection) -> list[Any]:
    """Due rows, the newest of each record; older versions of it are passed over as stale at once."""
    waiting = sa.and_(INBOX.c.done_at.is_(None), sa.or_(INBOX.c.not_before.is_(None), INBOX.c.not_before <= now()))
    newest: dict[tuple[str, str, str], Any] = {}
    for row in connection.execute(sa.select(INBOX).where(waiting).order_by(INBOX.c.id)):
        key = (row.system, row.object, row.native_id)
        known = newest.get(key)
        newest[key] = row if known is None or row.version >= known.version else known
        if known is not None:
            _done(connection, known if newest[key] is row else row, "stale")
    return list(newest.values())


def _done(connection: sa.Connection, row: Any, outcome: str) -> None:
    connection.execute(sa.update(INBOX).where(INBOX.c.id == row.id).values(done_at=now(), outcome=outcome))


def _postpone(connection: sa.Connection, row: Any) -> None:
    wait = timedelta(seconds=_FIRST_WAIT * 2 ** min(row.tries, 8))
    connection.execute(
        sa.update(INBOX).where(INBOX.c.id == row.id).values(tries=row.tries + 1, not_before=now() + wait)
    )


PROCESS_API: Final = ProcessApi(
    api=Api(
        name="intake",
        layer="process",
        title="Intake of notifications",
        description="Where systems tell us, with their signature, that something changed.",
        ports=(Intake,),
    ),
    implement=Receiving,
)
