"""Contract sync: a contract that was signed, or amended, is carried to the ERP of its legal entity, and to the PSA.

    receive -> re-read -> guard -> customer -> terms -> confirm lines -> budget -> billing plan -> link back -> verify

Safe to run twice: the run's id is the contract's, its amendment's and its document's, the contract stands under the key
that opportunity-to-project writes it under, and every step looks up before it writes. Nothing is written before all
guards hold. What was carried can be taken back until it is billed.
"""

from typing import Final

from dbos import DBOS

from canonical.faults import Conflict, GuardsFailed
from canonical.ports.contract_runs import ContractRuns
from foundation.api import Api
from process_apis import ProcessApi, cases
from process_apis.contract_sync import steps, verification
from process_apis.contract_sync.objects import PREFIX, Agreed, Carried
from process_apis.contract_sync.runs import OperatingContractRuns
from process_apis.contract_sync.undo import BILLING, BUDGET, LINK, TERMS, undo_contract_sync
from process_apis.journal import StepName
from process_apis.operating import VIEWED, Operating, Workflow
from process_apis.platform import here
from process_apis.steps import step

NAME: Final = "contract_sync"
FIRST_WRITE: Final = 4
"""Before this step nothing is written to any system."""
READS: Final = 3
"""How often a contract edited while it is worked on is read again, before a person is asked."""
STEPS: Final = [
    StepName("receive", "Document signed"),
    StepName("read", "Read contract, amendments, deal and quote again"),
    StepName("guard", "Guards"),
    StepName("customer", "Make sure the customer exists"),
    StepName("terms", "Write the lines that hold now"),
    StepName("confirm", "Check every line, then open the contract"),
    StepName("budget", "Budget of the project"),
    StepName("billing", "Billing plan"),
    StepName("link", "Mark the contract as carried"),
    StepName("verify", "Check that all systems agree"),
]
cases.SUGGESTIONS[NAME] = {
    "guards_failed": (
        "guards",
        "Legal operations",
        "Mend what the guards name, or have what only holds waived in the CRM; then run it again: it reads all anew.",
    ),
    "disagreement": ("disagreement", "Finance", "Make the systems agree, then run it again."),
}


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def contract_sync(run_id: str) -> str:
    """One run, under the workflow id `ctr:{crm}:{contract}:{amendment}:{document}`; answers its final status."""
    try:
        return await _flow()
    except GuardsFailed as refused:
        return await cases.end_refused(refused, FIRST_WRITE)
    except Exception as failure:
        raise await cases.end_failed(failure) from failure


async def _flow() -> str:
    await step(1, "receive", steps.receive)
    made = await _written()
    entity, agreed = made.entity, made.agreed
    worth = agreed.contract.in_force(agreed.number).value
    await step(6, "confirm", lambda s: steps.confirm(s, made), role="erp", entity=entity)
    await step(BUDGET, "budget", lambda s: steps.budget(s, made, worth), role="psa", entity=entity)
    await step(BILLING, "billing", lambda s: steps.billing(s, made, worth), role="erp", entity=entity)
    await step(LINK, "link", lambda s: steps.link(s, made), role="crm")
    await step(10, "verify", lambda s: steps.verify(s, made))
    await cases.end_succeeded()
    return "succeeded"


async def _written() -> Carried:
    """Steps 2 to 5, again as often as the contract changes between its guards and the first line."""
    for _ in range(READS):
        if made := await _once(await step(2, "read", steps.read, role="crm")):
            return made
    raise Conflict("The contract is being edited again and again; nobody knows what was agreed.")


async def _once(agreed: Agreed) -> Carried | None:
    """Steps 3 to 5 on one reading; None when it turns out to have changed. All are repeated safely."""
    crm, entity = here().systems.name("crm"), agreed.entity
    await step(3, "guard", lambda s: steps.guard(s, agreed))
    known = await step(4, "customer", lambda s: steps.customer(s, agreed), role="erp", entity=entity)
    if not known:
        return None
    made = Carried(agreed=agreed, crm=crm, customer_id=known)
    order = await step(TERMS, "terms", lambda s: steps.terms(s, made), role="erp", entity=entity)
    return Carried(agreed=agreed, crm=crm, customer_id=known, order_id=order) if order else None


WORKFLOW: Final = Workflow(
    name=NAME,
    prefix=PREFIX,
    steps=STEPS,
    pivot=len(STEPS) + 1,  # there is none: what is not billed can be taken back
    run=contract_sync,
    undo=undo_contract_sync,
    of_deal=False,
    ended_too=True,
)
VIEWED[NAME] = verification.side_by_side
PROCESS_API: Final = ProcessApi(
    api=Api(
        name="contract-sync",
        layer="process",
        title="Contract sync",
        description="A contract signed or amended in the CRM is carried to the ERP, line by line, and read back.",
        ports=(ContractRuns,),
    ),
    implement=lambda platform: OperatingContractRuns(platform, Operating(platform, WORKFLOW)),
)
