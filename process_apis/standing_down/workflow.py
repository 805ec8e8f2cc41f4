"""Standing down: the contract of an active project is closed, or its deal is lost after all.

    read -> bookings released -> requests withdrawn -> what is worked and not billed -> contract closed in the ERP

Nobody is to work on what nobody pays for, and what was worked already is money: the run waits for Finance until all of
it is billed or written off, and only then closes the contract by which it could be billed. The deal is never written
to, and stays open where it is. The project stays, too: when it ends is the PMO's to say.

Safe to run twice: each step looks before it writes. It is not undone; a deal won again makes its own way.
"""

from functools import partial
from typing import Annotated, Final

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import FieldError, GuardsFailed, NotFound
from canonical.objects import Contract, Opportunity
from canonical.ports.systems import Contracts, Opportunities
from process_apis import cases, journal
from process_apis.journal import StepName
from process_apis.operating import Workflow
from process_apis.opportunity_to_project import holding, undo
from process_apis.opportunity_to_project.objects import ORDERED
from process_apis.platform import here
from process_apis.staffing import decisions, records
from process_apis.staffing.tables import STAFF_BOOKINGS, STAFF_DEMANDS
from process_apis.staffing.workflow import tell_psa
from process_apis.standing_down import actuals
from process_apis.steps import Scope, step
from process_apis.tables import RUNS

NAME: Final = "standing_down"
STEPS: Final = [
    StepName("read", "Read deal and contract again"),
    StepName("bookings", "Release who is booked"),
    StepName("people", "Withdraw the requests for people"),
    StepName("actuals", "What is worked and not billed"),
    StepName("contract", "Close the contract in the ERP"),
]
FIRST_WRITE: Final = 2
_WAITS: Final = "Bill or write off what it names in the PSA, then run it again: the contract is closed after that."
cases.SUGGESTIONS[NAME] = {"guards_failed": ("guards", "Finance", _WAITS)}


class Standing(Value, frozen=True, kw_only=True):
    """What is to be stood down."""

    why: Annotated[str, PUBLIC]
    """Empty: the deal has its ground again."""
    key: Annotated[str, PUBLIC]
    contract_key: Annotated[str, PUBLIC]
    entity: Annotated[str, PUBLIC]
    code: Annotated[str, PUBLIC]
    opportunity_id: Annotated[str, PUBLIC]
    psa_project_id: Annotated[str, PUBLIC] = ""


class Telling(Value, frozen=True, kw_only=True):
    """A booking that was let go, and the run that tells the PSA."""

    run_id: Annotated[str, PUBLIC]
    booking_id: Annotated[str, PUBLIC]


def ground_gone(deal: Opportunity, contract: Contract | None) -> str:
    """Why nothing more is to be worked on; empty where all is well. A contract that has run out is no closed one."""
    if deal.stage.category == "lost":
        return f"The deal is {deal.stage.code}."
    if contract is not None and contract.status == "cancelled":
        return f"Contract {contract.number} is closed; the deal is {deal.stage.code}."
    return ""


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def standing_down(opportunity_id: str) -> str:
    """One run, under the workflow id `down:{crm}:{opportunity_id}:{winning}:{contract}`; answers its final status."""
    try:
        await _flow(opportunity_id)
    except GuardsFailed as refused:
        return await cases.end_refused(refused, FIRST_WRITE)
    except Exception as failure:
        raise await cases.end_failed(failure) from failure
    await cases.end_succeeded()
    return "succeeded"


async def _flow(opportunity_id: str) -> None:
    this = await step(1, "read", lambda s: _read(s, opportunity_id), role="crm")
    if not this.why:
        return
    let_go = await step(2, "bookings", lambda s: _bookings(s, this), role="psa", entity=this.entity)
    for each in let_go:
        rest = each.booking_id.partition(":")[2]
        await here().engine.enqueue(each.run_id, each.booking_id, tell_psa, rest)
    await step(3, "people", lambda s: _people(s, this), role="psa", entity=this.entity)
    await step(4, "actuals", lambda s: _actuals(s, this), role="psa", entity=this.entity)
    await step(5, "contract", lambda s: _contract(s, this), role="erp", entity=this.entity)


async def _read(s: Scope, opportunity_id: str) -> Standing:
    crm = s.ask("crm", Opportunities)
    deal = await crm.opportunity(opportunity_id)
    contract = await crm.contract(deal.contract_id) if deal.contract_id else None
    row = await s.record(lambda c: c.execute(sa.select(RUNS).where(RUNS.c.id == s.run_id)).one())
    in_psa = ""
    if s.platform.systems.plays("psa", row.legal_entity):
        known = await s.record(lambda c: journal.links(c, "project", row.business_key))
        in_psa = known.get(s.platform.systems.name("psa", row.legal_entity), "")
    why = ground_gone(deal, contract)
    s.say(why or "the deal has its ground again: nothing to do")
    return Standing(
        why=why,
        key=row.business_key,
        contract_key=row.contract_key,
        entity=row.legal_entity,
        code=row.project_code,
        opportunity_id=opportunity_id,
        psa_project_id=in_psa,
    )


async def _bookings(s: Scope, this: Standing) -> list[Telling]:
    """Every demand of the project or the deal is cancelled; what somebody has worked stays booked, as what it is."""
    time = await actuals.worked(s, this.entity, this.psa_project_id) if this.psa_project_id else None

    def write(c: sa.Connection) -> list[Telling]:
        acted_for = c.scalar(sa.select(RUNS.c.acted_for).where(RUNS.c.id == s.run_id)) or ""
        found = _demands(c, this)
        for demand_id in found:
            demand = records.demand_of(c, demand_id)
            if demand.status != "cancelled":
                last = decisions.last_days(time or [], demand.asked.start, demand.asked.end)
                decisions.cancel(c, demand_id, last, acted_for)
        waiting = sa.select(STAFF_BOOKINGS.c.id, STAFF_BOOKINGS.c.run_id)
        waiting = waiting.where(STAFF_BOOKINGS.c.demand_id.in_(found), STAFF_BOOKINGS.c.psa == "telling")
        return [Telling(run_id=row.run_id, booking_id=row.id) for row in c.execute(waiting)]

    let_go = await s.record(write)
    s.say(f"{len(let_go)} bookings of the PSA released or cut short")
    return let_go


def _demands(c: sa.Connection, this: Standing) -> list[str]:
    """Those of the project, and those that were asked for while it was only a deal."""
    named = STAFF_DEMANDS.c.body.contains(f'"deal_id":"{this.opportunity_id}"', autoescape=True)
    of_project = STAFF_DEMANDS.c.project_id == this.psa_project_id if this.psa_project_id else sa.false()
    return list(c.scalars(sa.select(STAFF_DEMANDS.c.id).where(sa.or_(of_project, named)).order_by(STAFF_DEMANDS.c.id)))


async def _people(s: Scope, this: Standing) -> None:
    gone = undo.Undoing(
        run_id=s.run_id,
        key=this.key,
        contract_key=this.contract_key,
        entity=this.entity,
        opportunity_id=this.opportunity_id,
    )
    await undo.people(s, gone)


async def _actuals(s: Scope, this: Standing) -> None:
    """`GuardsFailed` while anything is worked or spent and on no invoice: it is Finance's to bill or to write off."""
    if not s.bound("psa", this.entity):
        return
    time = await actuals.worked(s, this.entity, this.psa_project_id)
    expenses = await actuals.spent(s, this.entity, this.psa_project_id)
    if time is None and expenses is None:
        s.status = "not_applicable"
        s.say("not applicable: the PSA keeps no time or expenses that can be asked for")
        return
    left = actuals.unbilled(time or [], expenses or [], this.psa_project_id)
    if left:
        said = f"{this.why} On {this.code} {left} are not billed."
        raise GuardsFailed(said, errors=[FieldError(rule="unbilled_actuals", detail=said, owner="Finance")])
    s.say("nothing is left to bill")


async def _contract(s: Scope, this: Standing) -> None:
    """Nothing more is billed by it. An order of a quote stays: whoever cancels it does so by quote-to-order."""
    if not s.bound("erp", this.entity):
        return
    if this.contract_key.startswith(f"{ORDERED}:"):
        s.say("it is billed by the order of its quote, which stays")
        return
    if await s.record(lambda c: holding.other(c, this.contract_key, this.key)) is not None:
        s.say("the contract is another deal's: it stays")
        return
    contracts = s.ask("erp", Contracts, this.entity)
    try:
        there = await contracts.contract_by_key(this.contract_key)
    except NotFound:
        s.say("the ERP has no such contract")
        return
    if there.status != "cancelled":
        closed = msgspec.structs.replace(there, status="cancelled")
        await s.settle(partial(contracts.upsert_contract, this.contract_key, closed))
    s.say(f"{there.id} closed")


WORKFLOW: Final = Workflow(
    name=NAME, prefix="down", steps=STEPS, pivot=1, run=standing_down, undo=standing_down, criticality="T1"
)
"""It is not undone: a deal won again activates its contract anew, and asks for people anew."""
