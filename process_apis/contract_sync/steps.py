"""What each step of contract sync does. Each looks before it writes, so that it can be repeated."""

from functools import partial
from typing import Final

import msgspec
import sqlalchemy as sa

from canonical.events import ContractActivated, ContractAmended, ContractSigned, ContractTerminated
from canonical.faults import Disagreement, FieldError, NotFound
from canonical.money import Money
from canonical.objects import BillingLine, BillingSchedule, Contract, ContractLine
from canonical.ports.contracts import AgreementMark, Agreements, ContractTerms
from canonical.ports.systems import BillingSchedules, Opportunities, Projects
from process_apis import journal
from process_apis.account_sync.customers import account_key
from process_apis.contract_sync import gathering, guards, verification
from process_apis.contract_sync.objects import Agreed, Carried, parts_of, terms_of
from process_apis.events import outbox
from process_apis.judging import refuse, summary
from process_apis.opportunity_to_project import holding
from process_apis.opportunity_to_project.objects import replanned
from process_apis.opportunity_to_project.steps import customer as deal_customer
from process_apis.projections import edition_of
from process_apis.steps import Scope

_OVER: Final = ("closed", "cancelled")
"""Stages of a project whose budget nobody changes any more."""


async def receive(s: Scope) -> None:
    """Say that it was signed."""
    contract_id, number, document = parts_of(s.run_id)
    event = ContractSigned(contract_id=contract_id, amendment=number, document=document)
    await s.record(lambda c: outbox.emit(c, s.run_id, event))
    s.say(f"contract {contract_id}, amendment {number}" if number else f"contract {contract_id}")


async def read(s: Scope) -> Agreed:
    """The contract as it is now, with its amendments, its deal, its master and the customer's other contracts."""
    contract_id, number, document = parts_of(s.run_id)
    crm, signed = s.ask("crm", Opportunities), s.ask("crm", Agreements)
    contract = await signed.agreement(contract_id)
    deal = await crm.opportunity(contract.opportunity_id)
    every = await signed.agreements(contract.account_id)
    agreed = Agreed(
        contract=contract,
        number=number,
        asked=document,
        opportunity=deal,
        account=await crm.account(deal.account_id),
        contacts=await crm.contacts(deal.account_id),
        quote=await crm.quote(deal.quote_id) if deal.quote_id else None,
        master=await _master(signed, contract, every),
        others=[each for each in every if each.id != contract.id],
    )
    name = s.platform.systems.name("crm")
    await s.record(lambda c: describe(c, s.run_id, agreed, name))
    worth = contract.in_force(number).value
    s.say(f"{contract.number}, {len(contract.amendments)} amendments; after {number}: {worth or 'no value'}")
    return agreed


async def guard(s: Scope, agreed: Agreed) -> None:
    """All guards; `GuardsFailed` names every one that does not hold. Who passes holds the contract from then on."""
    seen, crm = await gathering.gather(s, agreed), s.platform.systems.name("crm")
    verdicts = guards.judge(agreed, seen)
    s.say(summary(verdicts))
    refuse(verdicts)
    quicker = await s.record(lambda c: holding.take(c, agreed.key(crm), agreed.deal_key(crm)))
    refuse(guards.judge(agreed, msgspec.structs.replace(seen, holder=quicker)))


async def customer(s: Scope, agreed: Agreed) -> str:
    """The ERP's customer. Empty when the account was merged since the guards saw it: read again."""
    party = await deal_customer(s, agreed.deal)
    return party.customer_id if party else ""


async def terms(s: Scope, made: Carried) -> str:
    """Every line that holds now, in the ERP; a new contract waits there to be opened. Empty: edited since, read again.

    What is under the key already, from opportunity-to-project or an earlier document, is that same contract.
    """
    fresh = await s.ask("crm", Agreements).agreement(made.agreed.contract.id)
    if edition_of(fresh) != edition_of(made.agreed.contract):
        s.say("the contract or an amendment was edited since its guards passed: read again")
        return ""
    erp, data = s.ask("erp", ContractTerms, made.entity), terms_of(made)
    if data.status == "active" and not await _open(erp, made.key):
        data = msgspec.structs.replace(data, status="in_approval")
    written = await s.settle(lambda: erp.set_contract_terms(made.key, data), lambda: erp.contract_terms(made.key))
    system = s.platform.systems.name("erp", made.entity)
    await s.record(lambda c: journal.link(c, "contract", made.key, system, written.id, data.number))
    lines = len(data.lines) + sum(len(each.lines) for each in data.amendments)
    s.say(f"{data.number} is {written.id}: {lines} lines, {data.value}")
    return written.id


async def confirm(s: Scope, made: Carried) -> None:
    """Every line is there as it was signed; then a new contract is opened, and can be billed.

    Raises `Disagreement` with each document whose lines are not; a new contract stays closed to billing.
    """
    erp, data = s.ask("erp", ContractTerms, made.entity), terms_of(made)
    found = await erp.contract_terms(made.key)
    if odd := _odd(found, data):
        raise Disagreement(" ".join(each.detail for each in odd), errors=odd)
    if data.status == "active" and found.status != "active":
        await s.settle(lambda: erp.set_contract_terms(made.key, data), lambda: erp.contract_terms(made.key))
    s.say(f"{data.number} is {'closed' if data.status == 'cancelled' else 'open'} with {found.value}")


async def budget(s: Scope, made: Carried, worth: Money | None) -> None:
    """What the deal's project may cost, in the ERP and the PSA, where there is a project."""
    told = []
    for role in ("erp", "psa"):
        if not s.platform.systems.plays(role, made.entity):
            continue
        projects = s.ask(role, Projects, made.entity)
        try:
            there = await projects.project_by_key(made.project_key)
        except NotFound:
            continue
        if there.stage in _OVER or worth is None or (there.budget is not None and there.budget.same(worth)):
            told.append(f"{there.code} stays in the {role.upper()}")
            continue
        data = msgspec.structs.replace(there, budget=worth, tasks=[], milestones=[])
        await s.settle(
            partial(projects.upsert_project, made.project_key, data),
            partial(projects.project_by_key, made.project_key),
        )
        told.append(f"{there.code} has {worth} in the {role.upper()}")
    if not told:
        s.status = "not_applicable"
    s.say(", ".join(told) or "not applicable: the deal has no project yet")


async def billing(s: Scope, made: Carried, worth: Money | None) -> None:
    """What the project is billed in all: the plan gets a line more, or less of its last ones."""
    plans, key = s.ask("erp", BillingSchedules, made.entity), f"{made.project_key}:billing"
    try:
        there = await plans.billing_schedule_by_key(key)
    except NotFound:
        s.status = "not_applicable"
        s.say("not applicable: the deal has no billing plan yet")
        return
    if worth is None or there.total().same(worth):
        s.say(f"{there.total()} in all, as it was")
        return
    data = replanned(there, worth, _due(made, there))
    await s.settle(lambda: plans.upsert_billing_schedule(key, data), lambda: plans.billing_schedule_by_key(key))
    s.say(f"{data.total()} in all, in {len(data.lines)} lines")


def _due(made: Carried, plan: BillingSchedule) -> BillingLine:
    """When what an amendment adds is billed: on the day it takes effect, else with the plan's last line."""
    agreed, nothing = made.agreed, Money.of(0, made.agreed.contract.currency)
    effective = agreed.effective or max(each.due for each in plan.lines)
    return BillingLine(ref=f"a{agreed.number}", name=f"Amendment {agreed.number}", due=effective, amount=nothing)


async def link(s: Scope, made: Carried) -> None:
    """Say on the contract how far it is carried, and as which order."""
    agreed = made.agreed
    ended = agreed.contract.in_force(agreed.number).status == "cancelled"
    mark = AgreementMark(amendment=agreed.number, order_id=made.order_id, ended=ended)
    await s.settle(lambda: s.ask("crm", Agreements).mark_agreement(agreed.contract.id, mark))
    s.say(f"carried up to {agreed.number} as {made.order_id}")


async def verify(s: Scope, made: Carried) -> None:
    """Read every system back; `Disagreement` when they do not agree. Then it is told."""
    said = await verification.verify(s, made)
    await s.record(lambda c: outbox.emit(c, s.run_id, _event(made)))
    s.say(said)


def _event(made: Carried) -> ContractActivated | ContractAmended | ContractTerminated:
    agreed = made.agreed
    held, plain = agreed.contract.in_force(agreed.number), (agreed.contract.id, agreed.number)
    value, effective = str(held.value), str(agreed.effective)
    if held.status == "cancelled":
        return ContractTerminated(contract_id=plain[0], amendment=plain[1], effective=effective, value=value)
    if agreed.number:
        return ContractAmended(contract_id=plain[0], amendment=plain[1], effective=effective, value=value)
    return ContractActivated(contract_id=plain[0], amendment=0, order_id=made.order_id, value=value)


async def _master(signed: Agreements, contract: Contract, every: list[Contract]) -> Contract | None:
    if not contract.master_id:
        return None
    known = next((each for each in every if each.id == contract.master_id), None)
    if known is not None:
        return known
    try:
        return await signed.agreement(contract.master_id)
    except NotFound:
        return None


async def _open(erp: ContractTerms, key: str) -> bool:
    """Whether it can be billed there already."""
    try:
        return (await erp.contract_terms(key)).status == "active"
    except NotFound:
        return False


def _odd(found: Contract, wanted: Contract) -> list[FieldError]:
    """What of the lines is not as it was signed, document by document."""
    there = {0: found.lines, **{each.number: each.lines for each in found.amendments}}
    sent = {0: wanted.lines, **{each.number: each.lines for each in wanted.amendments if each.lines}}
    odd = []
    for number in sorted(there.keys() | sent.keys()):
        kept, asked = _sum(there.get(number, [])), _sum(sent.get(number, []))
        if kept != asked:
            name = f"amendment {number}" if number else "the contract itself"
            detail = f"Lines of {name}: {asked} was signed, {kept} is kept."
            odd.append(FieldError(rule=f"lines {number}", detail=detail, owner="Finance"))
    return odd


def _sum(lines: list[ContractLine]) -> str:
    totals: dict[str, Money] = {}
    for line in lines:
        known = totals.get(line.amount.currency)
        totals[line.amount.currency] = known + line.amount if known else line.amount
    return " and ".join(str(each) for each in totals.values()) or "nothing"


def describe(connection: sa.Connection, run_id: str, agreed: Agreed, crm: str) -> None:
    """What people see of the run."""
    contract, key = agreed.contract, agreed.key(crm)
    worth = contract.in_force(agreed.number).value
    journal.update_run(
        connection,
        run_id,
        title=agreed.opportunity.name,
        customer=agreed.account.legal_name,
        account_key=account_key(crm, agreed.account),
        contract_key=key,
        legal_entity=agreed.entity,
        amount=str(worth.amount) if worth else "",
        currency=worth.currency if worth else "",
        source_version=edition_of(contract),
    )
    journal.link(connection, "contract", key, crm, contract.id, contract.number)
