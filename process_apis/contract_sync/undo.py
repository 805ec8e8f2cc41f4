"""Contract sync, undone: what an amendment added is taken back, and the terms before it hold again.

    mark -> billing plan -> budget -> terms

Of the contract itself the order is closed. Nothing that is billed is touched: that ends as a case.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.events import ContractReversed
from canonical.faults import NotFound
from canonical.money import Money
from canonical.ports.contracts import AgreementMark, Agreements, ContractTerms
from canonical.ports.systems import Opportunities
from process_apis import cases
from process_apis.contract_sync import steps
from process_apis.contract_sync.objects import Agreed, Carried, parts_of, terms_of
from process_apis.events import outbox
from process_apis.opportunity_to_project import holding
from process_apis.steps import Scope, at_rest, undo_step
from process_apis.tables import RUNS

TERMS: Final = 5
BUDGET: Final = 7
BILLING: Final = 8
LINK: Final = 9


@DBOS.workflow(name="contract_sync.undo.v1", max_recovery_attempts=1000)
async def undo_contract_sync(run_id: str) -> str:
    """Undo a cancelled run. What cannot be undone makes it a failed one, with a case; it may be cancelled again."""
    return await cases.end_undone(run_id, undo(run_id))


async def undo(run_id: str) -> None:
    """Undo what a run has done, from within a workflow. Raises `Conflict` where a line of it is billed."""
    await DBOS.run_step_async({"name": "undo-00-prepare"}, at_rest, run_id)
    # The ERP first: where it says that something is billed, nothing else has been changed yet.
    await undo_step(run_id, TERMS, "terms", _terms)
    await undo_step(run_id, BUDGET, "budget", _budget)
    await undo_step(run_id, BILLING, "billing", _billing)
    await undo_step(run_id, LINK, "link", _mark)


async def _terms(s: Scope) -> None:
    made = await _signed(s)
    erp, number = s.ask("erp", ContractTerms, made.entity), made.agreed.number
    try:
        there = await erp.contract_terms(made.key)
    except NotFound:
        s.say("nothing to undo")
        return
    if there.amendment != number:
        s.say("nothing to undo: another document holds there")
        return
    if await s.record(lambda c: holding.other(c, made.key, made.project_key)) is not None:
        s.say("nothing to undo: the contract is another deal's")
        return
    before, known = _before(made), msgspec.structs.replace(made, customer_id=there.account_id)
    data = terms_of(known, before or 0)
    if before is None:
        data = msgspec.structs.replace(data, status="cancelled", amendment=None, document_hash="")
    await s.settle(lambda: erp.set_contract_terms(made.key, data), lambda: erp.contract_terms(made.key))
    event = ContractReversed(contract_id=made.agreed.contract.id, amendment=number)
    await s.record(lambda c: outbox.emit(c, s.run_id, event))
    s.say(f"{there.id} closed" if before is None else f"{there.id} is as after {before}: {data.value}")


async def _budget(s: Scope) -> None:
    made = await _signed(s)
    await steps.budget(s, made, _worth(made))


async def _billing(s: Scope) -> None:
    made = await _signed(s)
    await steps.billing(s, made, _worth(made))


async def _mark(s: Scope) -> None:
    made = await _signed(s)
    contract, before = made.agreed.contract, _before(made)
    if contract.amendment != made.agreed.number:
        s.say("nothing to undo")
        return
    mark = AgreementMark(amendment=before, order_id=contract.order_id if before is not None else "")
    await s.settle(lambda: s.ask("crm", Agreements).mark_agreement(contract.id, mark))
    s.say("the mark is as it was before")


async def _signed(s: Scope) -> Carried:
    """What the run carried, read again: of what was agreed nothing is ever edited."""
    contract_id, number, document = parts_of(s.run_id)
    row = await s.record(lambda c: c.execute(sa.select(RUNS.c.legal_entity).where(RUNS.c.id == s.run_id)).one())
    contract, deals = await s.ask("crm", Agreements).agreement(contract_id), s.ask("crm", Opportunities)
    deal = await deals.opportunity(contract.opportunity_id)
    agreed = Agreed(
        contract=msgspec.structs.replace(contract, legal_entity_id=row.legal_entity),
        number=number,
        asked=document,
        opportunity=deal,
        account=await deals.account(deal.account_id),
        quote=await deals.quote(deal.quote_id) if deal.quote_id else None,
    )
    return Carried(agreed=agreed, crm=s.platform.systems.name("crm"))


def _before(made: Carried) -> int | None:
    """The document that holds again; None where the contract itself is undone."""
    number, contract = made.agreed.number, made.agreed.contract
    return max((each.number for each in contract.amended_up_to(number - 1)), default=0) if number else None


def _worth(made: Carried) -> Money | None:
    """What the contract comes to again; of one that is undone itself, nobody says."""
    before = _before(made)
    return None if before is None else made.agreed.contract.in_force(before).value
