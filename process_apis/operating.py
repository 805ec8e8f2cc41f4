"""Operating a workflow: start, look at, list, retry from the failed step, cancel. The same for every workflow."""

import base64
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, Fault, FieldError, Invalid, NotBound, NotFound
from canonical.objects import Opportunity
from canonical.ports import Page
from canonical.ports.processes import Run, RunDetail, RunStatus, StartOpportunityToProject, SystemView
from canonical.ports.systems import Opportunities
from foundation.context import Criticality, current
from process_apis import cases, journal
from process_apis.journal import StepName
from process_apis.platform import Platform, about, acting
from process_apis.projections import edition_of
from process_apis.tables import CASES, RUNS, STEPS

T = TypeVar("T")
REGISTERED: Final[dict[str, "Workflow"]] = {}
FOLLOWED: Final[dict[str, Callable[[Platform, Run], Coroutine[Any, Any, None]]]] = {}
"""What is done again by hand though no run of the engine did it: by the workflow's name."""
VIEWED: Final[dict[str, Callable[[Platform, Run], Coroutine[Any, Any, list[SystemView]]]]] = {}
"""How a case of such a one shows the systems side by side."""
MOST: Final = 200
"""Runs on one page at the most."""
READ_ANEW: Final = ("guards_failed", "disagreement", "conflict")
"""Reasons of a failure that lie in the data."""


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as it is operated."""

    name: str
    prefix: str
    """The first part of its runs' ids."""
    steps: list[StepName]
    pivot: int
    """From this step on a run cannot be undone."""
    run: Callable[..., Coroutine[Any, Any, str]]
    undo: Callable[..., Coroutine[Any, Any, str]]
    criticality: Criticality = "T1"
    """What its runs are for, whoever started them: what they may use of a vendor's budget."""
    of_deal: bool = True
    """It begins with a deal of the CRM, whose id it is given; any other is given its run's id."""
    ended_too: bool = False
    """A run that ended well may be undone, too."""
    makes_project: bool = False
    """While one of its runs waits for a person, a project cannot begin."""
    known_as: str = ""
    """What the engine calls its runs, where there are older versions; empty: there are none."""
    older: tuple["Workflow", ...] = ()
    """Versions that runs in flight were begun under: each ends as it began."""

    def argument(self, run_id: str, business_key: str) -> str:
        """What `run` is given."""
        return business_key.partition(":")[2] if self.of_deal else run_id

    def __post_init__(self) -> None:
        REGISTERED[self.name] = self

    def begun_as(self, engine_says: str) -> "Workflow":
        """The version that a run which the engine knows under this name was begun under."""
        return next((each for each in self.older if each.known_as == engine_says), self)


def step_names() -> dict[str, list[StepName]]:
    """The steps of every workflow; those of a version that is older than others by what the engine calls it."""
    found = {name: workflow.steps for name, workflow in REGISTERED.items()}
    return found | {each.known_as: each.steps for workflow in REGISTERED.values() for each in workflow.older}


def begun_as(connection: sa.Connection, name: str, run_id: str) -> Workflow:
    """The workflow of a run, in the version it was begun under."""
    workflow = REGISTERED[name]
    return workflow.begun_as(journal.engine_name(connection, run_id)) if workflow.older else workflow


class Operating:
    """The operations of one workflow that begins with a won deal."""

    def __init__(self, platform: Platform, workflow: Workflow) -> None:
        self._platform, self._workflow = platform, workflow

    async def start_run(self, data: StartOpportunityToProject, crm: str = "") -> Run:
        """Start for a deal, or answer with the run this winning of it has already. `crm`: whose deal, where not known.

        `Conflict` where the deal's legal entity sells with another CRM.
        """
        return await self.begin(await self.first(data.opportunity_id, crm or self._platform.systems.name("crm")))

    async def first(self, opportunity_id: str, crm: str) -> dict[str, Any]:
        """What is written of a won deal's run when it begins. `Conflict` where none would."""
        with acting() as caller:
            deal = await self._platform.systems.ask(crm, Opportunities).opportunity(opportunity_id)
        self.sold_with(crm, deal)
        if deal.stage.category != "won":
            raise Conflict(f"{deal.name} is {deal.stage.code}, not won.")
        generation = max(deal.won_generation, 1)
        return first_row(self._workflow, f"{crm}:{deal.id}", generation, deal, caller.acted_for)

    async def begin(self, values: dict[str, Any]) -> Run:
        """Begin the run of this first row, or answer with the one there is under its id."""
        run_id, key = str(values["id"]), str(values["business_key"])
        await self._platform.database.run(lambda c: journal.begin_run(c, values))
        # Asked for even when the row was there: a process may have died between the row and the queue.
        given = self._workflow.argument(run_id, key)
        await self._platform.engine.enqueue(run_id, key, self._workflow.run, given)
        return await self._load(run_id)

    def crm_of(self, said: str, pointer: str) -> str:
        """The CRM that is meant: it must be said where legal entities have their own. `Invalid` with the pointer."""
        crms = self._platform.systems.playing("crm")
        if not crms:
            raise NotBound("no CRM bound")
        named = " or ".join(map(repr, crms))
        detail = f"must say which: {named}" if not said and len(crms) > 1 else ""
        if said and said not in crms:
            detail = f"{said!r} is not the CRM here; it is {named}"
        if detail:
            raise Invalid("Some fields are not as they must be.", errors=[FieldError(pointer=pointer, detail=detail)])
        return said or crms[0]

    def sold_with(self, crm: str, deal: Opportunity) -> None:
        """`Conflict` where the deal's legal entity sells with another CRM."""
        systems, entity = self._platform.systems, deal.legal_entity_id
        if systems.plays("crm", entity) and (bound := systems.name("crm", entity)) != crm:
            raise Conflict(f"{deal.name} is a deal of {entity}, which sells with {bound} and not with {crm}.")

    async def run(self, run_id: str) -> RunDetail:
        """One run with its steps."""
        detail = await self._platform.database.run(lambda c: journal.load_detail(c, run_id, step_names()))
        if detail is None or detail.run.workflow != self._workflow.name:
            raise NotFound(f"There is no run {run_id}.")
        return detail

    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[Run]:
        """Runs of this workflow, newest first."""
        return await list_runs(self._platform, self._workflow.name, key, status, limit, cursor)

    async def retry_run(self, run_id: str) -> Run:
        """From the failed step; from the beginning where the deal may be another by now."""
        await self._load(run_id)
        return await retry(self._platform, run_id)

    async def cancel_run(self, run_id: str) -> Run:
        """Stop and undo, in reverse."""
        run, engine = await self._load(run_id), self._platform.engine
        begun = await self._platform.database.run(lambda c: begun_as(c, self._workflow.name, run_id))
        pivot, too = begun.pivot, begun.ended_too
        if not await self._platform.database.run(lambda c: journal.cancel_run(c, run_id, pivot, too)):
            if run.status in ("succeeded", "cancelled"):
                raise Conflict(f"The run has {run.status} already.")
            raise Conflict(f"Step {pivot} was begun: from there on a run only goes forward.")
        await engine.cancel(run_id)
        undo = undo_id(run_id)
        if await engine.statuses([undo]):
            if not await engine.over(undo):
                raise Conflict("The run is just being undone; try again in a moment.")
            await engine.rewind(undo, run.business_key)  # an undoing that failed once
        else:
            await engine.enqueue(undo, run.business_key, begun.undo, run_id)
        return await self._load(run_id)

    async def _load(self, run_id: str) -> Run:
        run = await self._platform.database.run(lambda c: journal.load_run(c, run_id, step_names()))
        if run is None or run.workflow != self._workflow.name:
            raise NotFound(f"There is no run {run_id}.")
        return run


def first_row(
    workflow: Workflow, key: str, generation: int, deal: Opportunity, acted_for: tuple[str, ...]
) -> dict[str, Any]:
    """What is written of a deal's run when it begins."""
    return {
        "id": f"{workflow.prefix}:{key}:{generation}",
        "workflow": workflow.name,
        "business_key": key,
        "generation": generation,
        "input_hash": journal.input_hash({"opportunity_id": deal.id}),
        "status": "running",
        "title": deal.name,
        "legal_entity": deal.legal_entity_id,
        "amount": str(deal.amount.amount),
        "currency": deal.amount.currency,
        "started_at": now(),
        "traceparent": current().traceparent,
        "acted_for": " ".join(acted_for),
        "source_version": edition_of(deal),
    }


def undo_id(run_id: str) -> str:
    """The id of the run that undoes a run."""
    return f"{run_id}:undo"


async def retry(platform: Platform, run_id: str, anew: bool = False) -> Run:
    """Run a failed or refused run again, `anew` from its beginning. `Conflict` while it runs or has ended otherwise."""
    run = await platform.database.run(lambda c: journal.load_run(c, run_id, step_names()))
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    if run.status not in ("failed", "refused"):
        raise Conflict(f"The run is {run.status}; only a failed or refused one can be run again.")
    if run.workflow in FOLLOWED:
        await FOLLOWED[run.workflow](platform, run)
        return await platform.database.run(lambda c: journal.load_run(c, run_id, step_names())) or run
    if not await platform.engine.over(run_id):
        raise Conflict("The run is just coming to its end; try again in a moment.")
    again = 1 if anew else await _begin_at(platform, run)
    who = acting_person()

    def reopen(connection: sa.Connection) -> bool:
        reopened = journal.reopen_run(connection, run_id, again, run.ended_at)
        number = connection.scalar(sa.select(CASES.c.number).where(CASES.c.run_id == run_id))
        if reopened and number:
            cases.note(connection, number, who, f"Run again from step {again}.")
        return reopened

    if not await platform.database.run(reopen):
        raise Conflict("Somebody else has just run it again.")
    platform.paused.clear()  # whoever runs it again may have mended the sign-in: the run itself finds out
    await platform.engine.rewind(run_id, run.business_key, f"{again:02d}-")
    found = await platform.database.run(lambda c: journal.load_run(c, run_id, step_names()))
    assert found is not None
    return found


async def _begin_at(platform: Platform, run: Run) -> int:
    """The failed step; the first one where what was read may be out of date, or what was done is undone."""
    undone = sa.exists().where(STEPS.c.run_id == run.id, STEPS.c.status == "undone")
    if (
        run.status == "refused"
        or run.reason in READ_ANEW
        or await platform.database.run(lambda c: bool(c.scalar(sa.select(undone))))
        or await edited(platform, run)
    ):
        return 1
    return max(run.step, 1)


async def edited(platform: Platform, run: Run) -> bool:
    """Whether the deal was edited since its guards saw it. From the pivot on that no longer matters."""
    workflow = await platform.database.run(lambda c: begun_as(c, run.workflow, run.id))
    if run.step >= workflow.pivot or not workflow.of_deal:
        return False
    seen = sa.select(RUNS.c.source_version).where(RUNS.c.id == run.id)
    try:
        with about(run.id), acting():
            crm = platform.systems.of("crm", Opportunities)
            deal = await crm.opportunity(run.business_key.partition(":")[2])
    except Fault:
        return False  # the run itself finds out, and says so better
    return edition_of(deal) != (await platform.database.run(lambda c: c.scalar(seen)))


def acting_person() -> str:
    """Who is behind the call: the person a face acts for, else the caller itself."""
    caller = current().caller
    if caller is None:
        return cases.TIERGATE
    # The first of the chain is whoever asked, as `subject@client`; people are known by their subject.
    return caller.acted_for[0].rpartition("@")[0] if caller.acted_for else caller.subject


async def list_runs(
    platform: Platform, workflow: str | None, key: str | None, status: str | None, limit: int, cursor: str
) -> Page[Run]:
    """One page of runs, newest first."""
    most = max(1, min(limit, MOST))

    def read(connection: sa.Connection) -> Page[Run]:
        query = sa.select(RUNS).order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc()).limit(most + 1)
        if workflow:
            query = query.where(RUNS.c.workflow == workflow)
        if key:
            query = query.where(RUNS.c.business_key.in_(journal.keys_of(connection, key)))
        if status:
            query = query.where(RUNS.c.status == status)
        if cursor:
            at, last = open_cursor(cursor, tuple[datetime, str])
            older = sa.or_(RUNS.c.started_at < at, sa.and_(RUNS.c.started_at == at, RUNS.c.id < last))
            query = query.where(older)
        rows, names = list(connection.execute(query)), step_names()
        items = [
            journal.run_of(row, len(journal.titles_of(connection, row, names)), journal.ids_of(connection, row))
            for row in rows[:most]
        ]
        more = cursor_of((rows[most - 1].started_at, rows[most - 1].id)) if len(rows) > most else ""
        return Page(items=items, next=more)

    return await platform.database.run(read)


async def view_of(platform: Platform, name: str, asked: Awaitable[dict[str, str]]) -> SystemView:
    """What a system says for a case, by what it is asked; or that it has no such thing, or does not answer."""
    title = platform.systems.title(name)
    try:
        return SystemView(system=name, title=title, found=True, fields=await asked)
    except NotFound:
        return SystemView(system=name, title=title, found=False)
    except Fault as fault:
        return SystemView(system=name, title=title, found=False, unreachable=str(fault))


def cursor_of(place: tuple[Any, ...]) -> str:
    """The opaque cursor of a place in an order."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def open_cursor(cursor: str, kind: type[T]) -> T:
    """The place a cursor stands for. `Invalid` for one this API never gave out."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode()), type=kind)
    except ValueError:  # msgspec's and base64's own errors are such
        wrong = FieldError(pointer="query:cursor", detail="is not one this API gave out")
        raise Invalid("A parameter is not as it must be.", errors=[wrong]) from None
