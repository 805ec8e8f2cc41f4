"""Intake: systems tell us that something changed, and where they forget, we ask.

A signed notification and a poll by watermark end in the same inbox, where one version of one record stands once. From
there changes are worked on one by one: a won deal starts its workflow; a refused one whose deal was edited since begins
again. What a notification says is never believed: the record is read again.
"""

import asyncio
import secrets
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa
import structlog

from canonical.faults import Conflict, Fault, Invalid, NotBound, NotFound
from canonical.ports import Raw
from canonical.ports.processes import Intake, Received, StartOpportunityToProject
from canonical.ports.systems import Change, Changes, Delivery, KeyedMessage, Messages
from foundation.api import Api
from foundation.context import fresh, use
from process_apis import ProcessApi, cases, journal
from process_apis.account_sync import intake as account_intake
from process_apis.account_sync import leads
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.people import CONTACTS
from process_apis.contract_sync.expiring import tell_expiring
from process_apis.contract_sync.following import contract_told
from process_apis.cross_references.keying import key_digests
from process_apis.deal_commitment.following import follow
from process_apis.events import inbound, inbox, parking, turns
from process_apis.events.polling import (
    CONTRACT,
    MERGED,
    SOURCE,
    poll_contracts,
    poll_customers,
    poll_leads,
    poll_once,
    poll_people,
)
from process_apis.events.telling import Teller
from process_apis.events.turns import Worked
from process_apis.mending import mend
from process_apis.operating import REGISTERED, Operating, edited, retry, step_names
from process_apis.opportunity_to_project.at_risk import tell_ended
from process_apis.pauses import Doors
from process_apis.platform import Platform, on_own_account
from process_apis.reconcile.nightly import Nights
from process_apis.standing_down.following import stand_down
from process_apis.tables import INBOX, RUNS

_TURNS: Final = 50
"""Records that one process takes at once."""
T = TypeVar("T")
log = structlog.get_logger("tiergate.intake")


class Receiving:
    """Takes notifications in."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def receive_notification(self, connection: str, data: Raw) -> Received:
        """Verified by the system's own rules, stored, answered; worked on afterwards."""
        system = self._asked(connection, Changes)
        delivery = Delivery(headers=data.headers, body=data.body.decode("utf-8", "replace"))
        try:
            with use(fresh(caller=on_own_account("intake"))):
                changes = await system.read_notification(delivery)
        except Invalid as unreadable:
            held = unreadable
            await self._platform.database.run(lambda c: inbound.keep(c, self._platform, connection, delivery, held))
            return Received(stored=0, known=0, quarantined=1)
        stored = await self._store(connection, changes)
        return Received(stored=stored, known=len(changes) - stored)

    async def receive_message(self, connection: str, key: str, data: Raw) -> str:
        """As a notification; one that cannot be read is refused, and its sender keeps it, since it signed nothing."""
        system = self._asked(connection, Messages)
        with use(fresh(caller=on_own_account("intake"))):
            heard = await system.read_message(KeyedMessage(key=key, body=data.body.decode("utf-8", "replace")))
        await self._store(connection, heard.changes)
        return heard.answer

    def _asked(self, connection: str, port: type[T]) -> T:
        if connection not in self._platform.systems.roles():
            raise NotFound(f"No system is called {connection!r}.")
        try:
            return self._platform.systems.ask(connection, port)
        except NotBound as silent:
            raise NotFound(f"{connection} sends no {'messages' if port is Messages else 'notifications'}.") from silent

    async def _store(self, connection: str, changes: list[Change]) -> int:
        """How many of these changes nobody had told us yet."""
        stored = await self._platform.database.run(lambda c: inbox.store(c, connection, changes, "notification"))
        self._platform.changed.set()
        return stored


class Worker:
    """Polls, works the inbox off, mends lost runs, tries paused connections, tells the desk and all who subscribed."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._teller = Teller(platform)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin, on the running loop; nobody is looked for before every digest of a person has its key."""
        await key_digests(self._platform.database, self._platform.masker)
        self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._work())]
        self._teller.start()

    async def stop(self) -> None:
        """End after the change in hand."""
        await self._teller.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _poll(self) -> None:
        suspects: frozenset[str] = frozenset()
        doors, nights = Doors(self._platform), Nights(self._platform)
        while True:
            for system in self._platform.systems.playing(SOURCE):
                await _in_any_case(f"polling {system}", poll_once(self._platform, system), 0)
            await _in_any_case("polling customers", poll_customers(self._platform), 0)
            await _in_any_case("polling people", poll_people(self._platform), 0)
            await _in_any_case("polling leads", poll_leads(self._platform), 0)
            await _in_any_case("polling contracts", poll_contracts(self._platform), 0)
            await _in_any_case("looking for contracts that end", tell_expiring(self._platform), 0)
            await _in_any_case("looking for approvals at risk that ended", tell_ended(self._platform), 0)
            suspects = await _in_any_case("looking for lost runs", mend(self._platform, suspects), suspects)
            await _in_any_case("trying paused connections", doors.try_all(), None)
            await _in_any_case("beginning reconciliations", nights.begin_due(), None)
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


async def _in_any_case(what: str, work: Awaitable[T], otherwise: T) -> T:
    """What a part of a poll answers, or `otherwise`: whatever it comes to, the other parts have their turn."""
    try:
        return await work
    except Fault as fault:
        log.warning("a part of the poll has to wait", part=what, reason=fault.reason)
    except Exception:
        log.exception("a part of the poll broke and goes on", part=what)
    return otherwise


async def work_off(platform: Platform) -> None:
    """Everything in the inbox that is due, the newest version of each record only. One that fails holds up no other."""
    for kind in (CUSTOMERS, CONTACTS):  # a person after its account
        due = await platform.database.run(partial(inbox.due, kind=kind.name))
        with use(fresh(caller=on_own_account("intake"))):
            await account_intake.work_off(platform, kind, due)
    who, starting = f"{platform.engine.executor[:60]}/{secrets.token_hex(6)}", partial(_work_on, platform)
    held, told = platform.in_hand, partial(_told, platform)
    while await turns.work(platform.database, who, _TURNS, starting, but=MERGED, held=held, told=told):
        pass
    for run_id in await platform.database.run(_edited_since_refused):
        with use(fresh(caller=on_own_account("intake"))), suppress(Conflict):  # another process was quicker
            await retry(platform, run_id)


def _told(platform: Platform, connection: sa.Connection, key: turns.Key, failure: Exception | None) -> None:
    """A record that is parked has a case; one that was worked on needs none any more."""
    if failure is None:
        parking.close_cases(connection, [key])
    else:
        parking.open_case(connection, platform, key, failure)


async def _work_on(platform: Platform, row: Any) -> Worked:
    if row.object == "lead":
        with use(fresh(caller=on_own_account("intake"))):
            return Worked(await leads.convert(platform, row.system, row.native_id))
    if row.object == CONTRACT:
        with use(fresh(caller=on_own_account("intake"))):
            return Worked(await contract_told(platform, row.native_id, row.system))
    if row.object != "opportunity":
        return Worked("no workflow")
    workflow = REGISTERED["opportunity_to_project"]
    with use(fresh(caller=on_own_account("intake"))):
        if row.outcome:
            await _begin_again(platform, f"{row.system}:{row.native_id}")
        try:
            run = await Operating(platform, workflow).start_run(
                StartOpportunityToProject(opportunity_id=row.native_id), row.system
            )
        except Conflict:  # it is not won: perhaps it is likely enough to be prepared for, or was; or it is lost
            done = await follow(platform, row.native_id, row.system)
            done = done or await stand_down(platform, row.native_id, row.system)
            if not done:
                raise
            return Worked(done)
        if run.status == "succeeded":
            return Worked(await stand_down(platform, row.native_id, row.system) or "run")
    return Worked("run")


async def _begin_again(platform: Platform, key: str) -> None:
    """At the second look at a deal: those of its runs that guards stopped and that say something else by now, under the
    very stamp the guards saw."""
    for run_id in await platform.database.run(lambda c: _stopped(c, RUNS.c.business_key == key)):
        run = await platform.database.run(partial(journal.load_run, run_id=run_id, names=step_names()))
        if run is not None and await edited(platform, run):
            with suppress(Conflict):  # another process was quicker
                await retry(platform, run_id)


def _edited_since_refused(connection: sa.Connection) -> list[str]:
    """Runs that guards stopped, of deals that have a newer version by now than the guards saw.

    Asked of what is stored and not of the change at hand: a deal may be edited while its guards are still judging.
    """
    newer = sa.exists().where(
        INBOX.c.object == "opportunity",
        INBOX.c.system + ":" + INBOX.c.native_id == RUNS.c.business_key,
        INBOX.c.version > RUNS.c.source_version,
    )
    return _stopped(connection, newer)


def _stopped(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[str]:
    """Runs that guards stopped, of deals that were not won again since."""
    later = RUNS.alias("later")
    stopped = sa.or_(RUNS.c.status == "refused", sa.and_(RUNS.c.status == "failed", RUNS.c.reason == "guards_failed"))
    of_deals = RUNS.c.workflow.in_([each.name for each in REGISTERED.values() if each.of_deal])
    won_again = sa.exists().where(
        later.c.business_key == RUNS.c.business_key,
        later.c.workflow == RUNS.c.workflow,
        later.c.generation > RUNS.c.generation,
    )
    return list(connection.scalars(sa.select(RUNS.c.id).where(stopped, of_deals, which, ~won_again)))


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
