"""Opportunity to project: a won deal becomes a customer, a contract, a staffed and billable project.

    receive -> re-read -> guard -> customer -> contract -> template -> code -> ERP project -> PSA project
            -> billing plan -> people -> link back -> activate -> workspace -> verify

Safe to run twice: the run's id is the opportunity's and its winning, and every step looks up before it writes. Nothing
is written before all guards hold. Up to the activation a run can be undone; from there it only goes forward.
"""

from typing import Final

import msgspec
from dbos import DBOS

from canonical.faults import Conflict, GuardsFailed
from canonical.ports.deal_runs import DealRuns
from foundation.api import Api
from process_apis import ProcessApi, cases
from process_apis.journal import StepName
from process_apis.operating import Operating, Workflow
from process_apis.opportunity_to_project import steps
from process_apis.opportunity_to_project.guards import Deal
from process_apis.opportunity_to_project.objects import Made, keys_of
from process_apis.opportunity_to_project.runs import OperatingDealRuns
from process_apis.opportunity_to_project.templates import Books
from process_apis.opportunity_to_project.undo import PIVOT, undo, undo_opportunity_to_project
from process_apis.platform import here
from process_apis.steps import step

NAME: Final = "opportunity_to_project"
FIRST_WRITE: Final = 4
"""Before this step nothing is written to any system."""
READS: Final = 3
"""How often a deal edited while it is worked on is read again, before a person is asked."""
STEPS: Final = [
    StepName("receive", "Deal won"),
    StepName("read", "Read deal, account, quote and contract again"),
    StepName("guard", "Guards"),
    StepName("customer", "Make sure the customer exists"),
    StepName("contract", "Make sure the contract exists"),
    StepName("template", "Choose the template"),
    StepName("code", "Reserve the project code"),
    StepName("erp_project", "Create the project, inactive"),
    StepName("psa_project", "Create project, tasks, milestones"),
    StepName("billing", "Billing schedule"),
    StepName("people", "Ask for people"),
    StepName("link", "Link the ids to the deal"),
    StepName("activate", "Activate"),
    StepName("workspace", "Workspace and messages"),
    StepName("verify", "Check that all systems agree"),
]


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def opportunity_to_project(opportunity_id: str) -> str:
    """One run, under the workflow id `o2p:{crm}:{opportunity_id}:{winning}`; answers its final status."""
    try:
        return await _flow(opportunity_id)
    except GuardsFailed as refused:
        return await cases.end_refused(refused, FIRST_WRITE)
    except Exception as failure:
        raise await cases.end_failed(failure) from failure


async def _flow(opportunity_id: str) -> str:
    await step(1, "receive", lambda s: steps.receive(s, opportunity_id))
    made = await _up_to_the_erp_project(opportunity_id)
    if made is None:
        await undo(str(DBOS.workflow_id))
        await cases.end_cancelled(Conflict("The deal is not won any more; nothing was activated."))
        return "cancelled"
    await _from_the_psa_project_on(made)
    await cases.end_succeeded()
    return "succeeded"


async def _up_to_the_erp_project(opportunity_id: str) -> Made | None:
    """Steps 2 to 8, again as often as the deal changes between its guards and the first project; None: not won."""
    for _ in range(READS):
        deal = await step(2, "read", lambda s: steps.read(s, opportunity_id), role="crm")
        if deal.opportunity.stage.category != "won":
            return None
        made = await _to_the_erp_project(deal)
        if made is not None:
            return made
    raise Conflict("The deal is being edited again and again; nobody knows which amount is meant.")


async def _to_the_erp_project(deal: Deal) -> Made | None:
    """Steps 3 to 8 on one reading of the deal; None when it turns out to have changed. All are repeated safely."""
    keys, entity = keys_of(here().systems.name("crm"), deal), deal.opportunity.legal_entity_id
    # None where a run in flight passed its guards before they told of the books.
    books: Books | None = await step(3, "guard", lambda s: steps.guard(s, deal))
    party = await step(4, "customer", lambda s: steps.customer(s, deal), role="erp", entity=entity)
    if party is None:
        return None
    known = party.customer_id
    await step(5, "contract", lambda s: steps.contract(s, deal, keys, known, "draft"), role="erp", entity=entity)
    plan = await step(6, "template", lambda s: steps.template(s, deal, books))
    code = await step(7, "code", lambda s: steps.reserve(s, keys))
    made = Made(deal=deal, keys=keys, plan=plan, customer_id=known, code=code)
    project_id = await step(8, "erp_project", lambda s: steps.erp_project(s, made), role="erp", entity=entity)
    return msgspec.structs.replace(made, erp_project_id=project_id) if project_id else None


async def _from_the_psa_project_on(made: Made) -> None:
    """Steps 9 to 15, on a deal that stays as its guards saw it."""
    entity = made.entity
    project_id = await step(9, "psa_project", lambda s: steps.psa_project(s, made), role="psa", entity=entity)
    whole = msgspec.structs.replace(made, psa_project_id=project_id)
    await step(10, "billing", lambda s: steps.billing(s, whole), role="erp", entity=entity)
    await step(11, "people", lambda s: steps.people(s, whole), role="psa", entity=entity)
    await step(12, "link", lambda s: steps.link(s, whole), role="crm")
    await step(PIVOT, "activate", lambda s: steps.activate(s, whole), role="erp", entity=entity)
    await step(14, "workspace", lambda s: steps.workspace(s, whole), role="psa", entity=entity)
    await step(15, "verify", lambda s: steps.verify(s, whole))


WORKFLOW: Final = Workflow(
    name=NAME,
    prefix="o2p",
    steps=STEPS,
    pivot=PIVOT,
    run=opportunity_to_project,
    undo=undo_opportunity_to_project,
    makes_project=True,
)
PROCESS_API: Final = ProcessApi(
    api=Api(
        name="opportunity-to-project",
        layer="process",
        title="Opportunity to project",
        description="A won deal becomes a customer, a contract, a staffed and billable project.",
        ports=(DealRuns,),
        major=2,
    ),
    implement=lambda platform: OperatingDealRuns(Operating(platform, WORKFLOW)),
)
