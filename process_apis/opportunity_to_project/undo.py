"""Opportunity to project, undone before its point of no return.

    people -> PSA project -> ERP project -> contract -> link on the deal -> code

The reverse of the steps that were done. Nothing is deleted: what has left traces is cancelled, so that books and
history stay; the customer stays too, and so does the billing plan, since that of a cancelled project bills nothing.
Each part looks first, so undoing twice changes nothing more.
"""

from functools import partial
from typing import Annotated, Final

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict, NotFound
from canonical.objects import ProjectLink
from canonical.ports.systems import Contracts, Opportunities, Projects, ResourceDemands, StageChange
from process_apis import cases, journal
from process_apis.opportunity_to_project import codes, holding
from process_apis.opportunity_to_project.codes import REGISTERED_AS
from process_apis.opportunity_to_project.objects import ORDERED
from process_apis.platform import here
from process_apis.steps import Scope, at_rest, undo_step
from process_apis.tables import RUNS, XREFS

PIVOT: Final = 13
"""From this step on the run only goes forward."""
_CANCELLED: Final = StageChange(stage="cancelled")


class Undoing(Value, frozen=True, kw_only=True):
    """What is to be undone."""

    run_id: Annotated[str, PUBLIC]
    key: Annotated[str, PUBLIC]
    contract_key: Annotated[str, PUBLIC]
    entity: Annotated[str, PUBLIC]
    opportunity_id: Annotated[str, PUBLIC]


@DBOS.workflow(name="opportunity_to_project.undo.v1", max_recovery_attempts=1000)
async def undo_opportunity_to_project(run_id: str) -> str:
    """Undo a cancelled run. What cannot be undone makes it a failed one, with a case; it may be cancelled again."""
    return await cases.end_undone(run_id, undo(run_id))


async def undo(run_id: str) -> None:
    """Undo what a run has done, from within a workflow. Raises `Conflict` once its project is active."""
    this = await DBOS.run_step_async({"name": "undo-00-prepare"}, prepare, run_id)
    await undo_step(run_id, 11, "people", lambda s: people(s, this))
    await undo_step(run_id, 9, "psa_project", lambda s: project(s, this, "psa"))
    await undo_step(run_id, 8, "erp_project", lambda s: project(s, this, "erp"))
    await undo_step(run_id, 5, "contract", lambda s: _contract(s, this))
    await undo_step(run_id, 12, "link", lambda s: _link(s, this))
    await undo_step(run_id, 7, "code", lambda s: s.record(lambda c: codes.release(c, this.key)))


async def prepare(run_id: str) -> Undoing:
    """Wait until no step of the run is in flight any more."""
    database = here().database

    def read(connection: sa.Connection) -> Undoing:
        row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
        if row.workflow == REGISTERED_AS and journal.ever_began(connection, run_id, PIVOT):
            raise Conflict("The deal is not won any more, but its project is active already.")
        return Undoing(
            run_id=run_id,
            key=row.business_key,
            contract_key=row.contract_key,
            entity=row.legal_entity,
            opportunity_id=row.business_key.partition(":")[2],
        )

    await database.run(read)
    await at_rest(run_id)
    return await database.run(read)


async def people(s: Scope, this: Undoing) -> None:
    """Requests for people withdrawn."""
    if not s.bound("psa", this.entity):
        return
    psa = s.ask("psa", ResourceDemands, this.entity)
    project_id = (await _links(s, "project", this.key)).get(s.platform.systems.name("psa", this.entity))
    if project_id is None:
        s.say("nothing to undo")
        return
    keys = await s.record(lambda c: _demand_keys(c, this.key))
    demands = {d.id: d for d in await psa.resource_demands(project_id)}
    for key, native in keys.items():
        if native in demands and demands[native].status != "cancelled":
            withdrawn = msgspec.structs.replace(demands[native], status="cancelled")
            await s.settle(partial(psa.upsert_resource_demand, key, withdrawn))
    s.say(f"{len(keys)} requests withdrawn")


async def project(s: Scope, this: Undoing, role: str) -> None:
    """The project in one system cancelled."""
    if not s.bound(role, this.entity):
        return
    projects = s.ask(role, Projects, this.entity)
    try:
        there = await projects.project_by_key(this.key)
    except NotFound:
        s.say("nothing to undo")
        return
    if there.stage != "cancelled":
        await s.settle(lambda: projects.set_project_stage(there.id, _CANCELLED))
    s.say(f"{there.id} cancelled")


async def _contract(s: Scope, this: Undoing) -> None:
    if not s.bound("erp", this.entity):
        return
    if await s.record(lambda c: _shared(c, this)):
        s.say("another deal rests on the same contract: it stays")
        return
    if this.contract_key.startswith(f"{ORDERED}:"):
        s.say("it is billed by the order of its quote, which stays")
        return
    contracts, key = s.ask("erp", Contracts, this.entity), this.contract_key
    try:
        there = await contracts.contract_by_key(key)
    except NotFound:
        s.say("nothing to undo")
        return
    if there.amendment is not None:
        s.say(f"{there.id} was carried as it was signed: it stays until the contract itself ends")
        return
    if there.status != "cancelled":
        await s.settle(lambda: contracts.upsert_contract(key, msgspec.structs.replace(there, status="cancelled")))
    s.say(f"{there.id} cancelled")


async def _link(s: Scope, this: Undoing) -> None:
    crm = s.ask("crm", Opportunities)
    ours = await s.record(lambda c: codes.code_of(c, this.key))
    if (await crm.opportunity(this.opportunity_id)).project_code != ours:
        s.say("nothing to undo")
        return
    await s.settle(lambda: crm.link_project(this.opportunity_id, ProjectLink(project_code="")))
    s.say("link cleared")


async def _links(s: Scope, kind: str, key: str) -> dict[str, str]:
    return await s.record(lambda c: journal.links(c, kind, key))


def _demand_keys(connection: sa.Connection, key: str) -> dict[str, str]:
    rows = connection.execute(
        sa.select(XREFS.c.key, XREFS.c.native_id).where(
            XREFS.c.object == "resource_demand", XREFS.c.key.startswith(key + ":", autoescape=True)
        )
    )
    return {key: native_id for key, native_id in rows}  # noqa: C416 - rows are tuples to Python only


def _shared(connection: sa.Connection, this: Undoing) -> bool:
    """Whether the contract is another deal's, or such a one has a project that is billed by it (of a time when each of
    the deals of a contract got one)."""
    done = sa.exists().where(
        RUNS.c.contract_key == this.contract_key,
        RUNS.c.business_key != this.key,
        RUNS.c.workflow == REGISTERED_AS,
        RUNS.c.status == "succeeded",
    )
    other = holding.other(connection, this.contract_key, this.key)
    return other is not None or bool(connection.scalar(sa.select(done)))
