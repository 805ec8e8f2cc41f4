"""Opportunity to project, undone before its point of no return.

    people -> PSA project -> ERP project -> billing plan -> contract -> link on the deal -> code

The reverse of the steps that were done. Nothing is deleted: what has left traces is cancelled, so that books and
history stay. Each part looks first, so undoing twice changes nothing more.
"""

import asyncio
from functools import partial
from typing import Final

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.base import Value
from canonical.faults import NotBound, NotFound
from canonical.objects import ProjectLink
from canonical.ports.systems import Contracts, Opportunities, Projects, ResourceDemands, StageChange
from process_apis import cases, codes, journal
from process_apis.platform import here
from process_apis.steps import Scope, undo_step
from process_apis.tables import RUNS, STEPS, XREFS

_CANCELLED: Final = StageChange(stage="cancelled")
_WAIT_FOR_STEP: Final = 60.0
"""Seconds a step in flight gets to end before what it did is undone."""


class Undoing(Value, frozen=True, kw_only=True):
    """What is to be undone."""

    run_id: str
    key: str
    entity: str
    opportunity_id: str


@DBOS.workflow(name="opportunity_to_project.undo.v1", max_recovery_attempts=1000)
async def undo_opportunity_to_project(run_id: str) -> str:
    """Undo a cancelled run; its status becomes `cancelled` when all is undone."""
    this = await DBOS.run_step_async({"name": "00-prepare"}, _prepare, run_id)
    await undo_step(run_id, 11, "people", lambda s: _people(s, this))
    await undo_step(run_id, 9, "psa_project", lambda s: _project(s, this, "psa"))
    await undo_step(run_id, 8, "erp_project", lambda s: _project(s, this, "erp"))
    await undo_step(run_id, 5, "contract", lambda s: _contract(s, this))
    await undo_step(run_id, 12, "link", lambda s: _link(s, this))
    await undo_step(run_id, 7, "code", lambda s: s.record(lambda c: codes.release(c, this.key)))
    await cases.end_undone(run_id)
    return "cancelled"


async def _prepare(run_id: str) -> Undoing:
    """Wait until no step of the run is in flight any more."""
    database = here().database

    def read(connection: sa.Connection) -> tuple[Undoing, bool]:
        row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
        busy = connection.scalar(sa.select(STEPS.c.number).where(STEPS.c.run_id == run_id, STEPS.c.status == "running"))
        opportunity_id = row.business_key.partition(":")[2]
        this = Undoing(run_id=run_id, key=row.business_key, entity=row.legal_entity, opportunity_id=opportunity_id)
        return this, busy is not None

    this, busy = await database.run(read)
    deadline = asyncio.get_running_loop().time() + _WAIT_FOR_STEP
    while busy and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.5)
        this, busy = await database.run(read)
    return this


async def _people(s: Scope, this: Undoing) -> None:
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


async def _project(s: Scope, this: Undoing, role: str) -> None:
    try:
        projects = s.ask(role, Projects, this.entity)
        there = await projects.project_by_key(this.key)
    except (NotFound, NotBound):
        s.say("nothing to undo")
        return
    if there.stage != "cancelled":
        await s.settle(lambda: projects.set_project_stage(there.id, _CANCELLED))
    s.say(f"{there.id} cancelled")


async def _contract(s: Scope, this: Undoing) -> None:
    contracts = s.ask("erp", Contracts, this.entity)
    opportunity = await s.ask("crm", Opportunities).opportunity(this.opportunity_id)
    crm = s.platform.systems.name("crm")
    key = f"{crm}:{opportunity.contract_id}" if opportunity.contract_id else f"{this.key}:contract"
    try:
        there = await contracts.contract_by_key(key)
    except NotFound:
        s.say("nothing to undo")
        return
    if there.status != "cancelled":
        await s.settle(lambda: contracts.upsert_contract(key, msgspec.structs.replace(there, status="cancelled")))
    s.say(f"{there.id} cancelled")


async def _link(s: Scope, this: Undoing) -> None:
    opportunity = await s.ask("crm", Opportunities).opportunity(this.opportunity_id)
    if opportunity.project_code:
        crm = s.ask("crm", Opportunities)
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
    return dict(row._tuple() for row in rows)
