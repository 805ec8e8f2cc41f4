"""Deal commitment: a deal that is likely enough is prepared for: its close finds people, papers and books ready.

    receive -> read -> template -> contract review -> customer readiness -> code -> PSA project, planned -> people, soft

Everything is kept under the keys opportunity-to-project uses: when the deal is won, that workflow finds the project and
the requests and goes on with them. Nothing is written to the books. A deal that is lost, or not likely any more, has
all of it taken back: requests withdrawn, project cancelled, review closed, code released.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.events import DealCommitted, DealUncommitted
from canonical.faults import NotBound, NotFound
from canonical.objects import Ticket
from canonical.ports.systems import Tickets
from process_apis import cases
from process_apis.events import outbox
from process_apis.journal import StepName
from process_apis.operating import Workflow
from process_apis.opportunity_to_project import codes, gathering, guards, steps, undo
from process_apis.opportunity_to_project.guards import Deal
from process_apis.opportunity_to_project.objects import Keys, Made, hours_of, keys_of
from process_apis.opportunity_to_project.templates import Plan
from process_apis.platform import here
from process_apis.steps import Scope, step, undo_step
from process_apis.tables import RUNS

NAME: Final = "deal_commitment"
STEPS: Final = [
    StepName("receive", "Deal likely enough"),
    StepName("read", "Read deal, account, quote and contract"),
    StepName("template", "Check the template"),
    StepName("review", "Ask for the contract's review"),
    StepName("customer", "Is the ERP ready for the customer"),
    StepName("code", "Reserve the project code"),
    StepName("psa_project", "Plan the project"),
    StepName("people", "Ask for people, softly"),
]
cases.SUGGESTIONS[NAME] = {}


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def deal_commitment(opportunity_id: str) -> str:
    """One run, under the workflow id `commit:{crm}:{opportunity_id}:{n}`; answers its final status."""
    try:
        await _flow(opportunity_id)
    except Exception as failure:
        raise await cases.end_failed(failure) from failure
    await cases.end_succeeded()
    return "succeeded"


async def _flow(opportunity_id: str) -> None:
    await step(1, "receive", lambda s: _receive(s, opportunity_id))
    deal = await step(2, "read", lambda s: steps.read(s, opportunity_id), role="crm")
    keys, entity = keys_of(here().systems.name("crm"), deal), deal.opportunity.legal_entity_id
    plan = await step(3, "template", lambda s: _template(s, deal))
    await step(4, "review", lambda s: _review(s, deal, keys), role="itsm", entity=entity)
    await step(5, "customer", lambda s: _ready(s, deal), role="erp", entity=entity)
    code = await step(6, "code", lambda s: steps.reserve(s, keys))
    made = Made(deal=deal, keys=keys, plan=plan, customer_id="", code=code)
    project_id = await step(7, "psa_project", lambda s: steps.psa_project(s, made), role="psa", entity=entity)
    whole = msgspec.structs.replace(made, psa_project_id=project_id)
    await step(8, "people", lambda s: _people(s, whole), role="psa", entity=entity)


async def _receive(s: Scope, opportunity_id: str) -> None:
    s.say(f"deal {opportunity_id}")


async def _template(s: Scope, deal: Deal) -> Plan:
    """The plan the deal would get, and what it would still be lacking."""
    opportunity = deal.opportunity
    plan = await steps.template(s, deal)
    lacking = [
        words
        for words, there in (
            ("a start", opportunity.expected_start),
            ("an end", opportunity.expected_end),
            ("roles", opportunity.role_demand),
            ("a practice", opportunity.practice),
            ("a project manager", opportunity.project_manager),
        )
        if not there
    ]
    said = f"the deal names no {', no '.join(each.split(' ', 1)[-1] for each in lacking)}" if lacking else "complete"
    s.say(f"{plan.template}: {len(plan.tasks)} tasks, {len(plan.billing)} billing lines, {said}")
    return plan


async def _review(s: Scope, deal: Deal, keys: Keys) -> None:
    """Legal operations are asked to look at the contract before the close, unless it is signed already."""
    contract, opportunity = deal.contract, deal.opportunity
    if contract is not None and contract.signed_at is not None:
        s.say(f"contract {contract.number} is signed already")
        return
    if not s.bound("itsm", opportunity.legal_entity_id):
        return
    named = f"Contract {contract.number}, {contract.status}" if contract else "No contract is linked yet"
    ticket = Ticket(
        correlation=review_key(keys.project),
        legal_entity_id=opportunity.legal_entity_id,
        summary=f"Review the contract of {opportunity.name} before it closes on {opportunity.close_date}",
        description=f"{named}. {opportunity.amount}, {opportunity.contract_type}, for {deal.account.legal_name}.",
        urgency="medium",
        status="new",
    )
    desk, key = s.ask("itsm", Tickets, opportunity.legal_entity_id), review_key(keys.project)
    await s.settle(lambda: desk.upsert_ticket(key, ticket), lambda: desk.ticket_by_key(key))
    s.say(f"asked for, {named[0].lower()}{named[1:]}")


async def _ready(s: Scope, deal: Deal) -> None:
    """What opportunity-to-project would refuse today. Nothing is refused here: there is time to mend it."""
    verdicts = guards.judge(deal, await gathering.gather(s, deal))
    failing = [verdict for verdict in verdicts if verdict.outcome == "failed"]
    told = "; ".join(f"{verdict.owner}: {verdict.evidence}" for verdict in failing)
    s.say(f"{guards.summary(verdicts)}. To mend before the close: {told}" if failing else guards.summary(verdicts))


async def _people(s: Scope, made: Made) -> None:
    await steps.people(s, made)
    hours = str(hours_of(made.deal.opportunity))
    probability = str(made.deal.opportunity.probability)
    event = DealCommitted(project_code=made.code, probability=probability, hours=hours)
    await s.record(lambda c: outbox.emit(c, s.run_id, event))


@DBOS.workflow(name=f"{NAME}.undo.v1", max_recovery_attempts=1000)
async def undo_deal_commitment(run_id: str) -> str:
    """Take back what a run began. What cannot be makes it a failed one, with a case; it may be undone again."""
    return await cases.end_undone(run_id, _undo(run_id))


async def _undo(run_id: str) -> None:
    this = await DBOS.run_step_async({"name": "undo-00-prepare"}, undo.prepare, run_id)
    if not await DBOS.run_step_async({"name": "undo-00-claimed"}, _claimed, this.key):
        await undo_step(run_id, 8, "people", lambda s: undo.people(s, this))
        await undo_step(run_id, 7, "psa_project", lambda s: undo.project(s, this, "psa"))
        await undo_step(run_id, 4, "review", lambda s: _withdrawn(s, this))
        await undo_step(run_id, 6, "code", lambda s: _released(s, this))


async def _claimed(key: str) -> bool:
    return await here().database.run(lambda c: claimed(c, key))


def claimed(connection: sa.Connection, key: str) -> bool:
    """Whether the deal was won and its project is opportunity-to-project's by now: then nothing here is taken back."""
    mine = (RUNS.c.business_key == key, RUNS.c.workflow == codes.REGISTERED_AS)
    going = sa.exists().where(*mine, RUNS.c.status.in_(("running", "succeeded", "failed")))
    return bool(connection.scalar(sa.select(going)))


async def _withdrawn(s: Scope, this: undo.Undoing) -> None:
    """The review is not needed any more."""
    try:
        desk = s.ask("itsm", Tickets, this.entity)
        found = await desk.ticket_by_key(review_key(this.key))
    except (NotBound, NotFound):
        s.say("nothing to undo")
        return
    done = msgspec.structs.replace(found, status="resolved", close_notes="The deal is not likely any more.")
    await s.settle(lambda: desk.upsert_ticket(review_key(this.key), done))
    s.say(f"{found.number} closed")


async def _released(s: Scope, this: undo.Undoing) -> None:
    code = await s.record(lambda c: codes.code_of(c, this.key))
    await s.record(lambda c: codes.release(c, this.key))
    await s.record(lambda c: outbox.emit(c, s.run_id, DealUncommitted(project_code=code)))
    s.say(f"{code} released")


def review_key(project_key: str) -> str:
    """Under which a review stands at the service desk."""
    return f"review:{project_key}"


WORKFLOW: Final = Workflow(
    name=NAME,
    prefix="commit",
    steps=STEPS,
    pivot=len(STEPS) + 1,  # there is no point of no return before the deal is won
    run=deal_commitment,
    undo=undo_deal_commitment,
    criticality="T2",
    ended_too=True,
)
