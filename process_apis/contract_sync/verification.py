"""The closing step, and what a case shows: the contract as signed, and as each system has it, field by field."""

import asyncio
from decimal import Decimal

import sqlalchemy as sa

from canonical.faults import NotFound
from canonical.money import Money
from canonical.objects import Contract
from canonical.ports.contracts import Agreements, ContractTerms
from canonical.ports.processes import Run, SystemView
from canonical.ports.systems import BillingSchedules, Projects
from process_apis.contract_sync.objects import Carried, parts_of
from process_apis.operating import view_of
from process_apis.opportunity_to_project.verification import agree
from process_apis.platform import Platform
from process_apis.steps import Scope
from process_apis.tables import RUNS


async def verify(s: Scope, made: Carried) -> str:
    """Read back until all agree, or the settle window is over; `Disagreement` names each field that differs."""

    async def read() -> dict[str, dict[str, str]]:
        name, agreed = s.platform.systems.name, made.agreed
        signed = await s.ask("crm", Agreements).agreement(agreed.contract.id)
        crm, worth = signed_facts(signed, agreed.number), signed.in_force(agreed.number).value
        erp = billed_facts(await s.ask("erp", ContractTerms, made.entity).contract_terms(made.key))
        found = {made.crm: crm, name("erp", made.entity): erp}
        await _of_project(s, made, found, worth)
        return found

    return await agree(s, read)


async def _of_project(s: Scope, made: Carried, found: dict[str, dict[str, str]], worth: Money | None) -> None:
    """What the project may cost and is billed, where the deal has one: both are what the contract comes to."""
    name = s.platform.systems.name
    for role in ("erp", "psa"):
        if not s.platform.systems.plays(role, made.entity):
            continue
        try:
            project = await s.ask(role, Projects, made.entity).project_by_key(made.project_key)
        except NotFound:
            continue
        if project.stage in ("closed", "cancelled"):
            continue
        found.setdefault(name(role, made.entity), {})["budget"] = str(project.budget)
        found[made.crm]["budget"] = str(worth)
    try:
        plan = await s.ask("erp", BillingSchedules, made.entity).billing_schedule_by_key(f"{made.project_key}:billing")
    except NotFound:
        return
    found[name("erp", made.entity)]["billed in all"] = str(plan.total())
    found[made.crm]["billed in all"] = str(worth)


def signed_facts(contract: Contract, number: int) -> dict[str, str]:
    """What the CRM says of the contract after an amendment; the mark says how far it is carried."""
    held = contract.in_force(number)
    carried = "nothing" if contract.amendment is None else str(contract.amendment)
    return _facts(held) | {"carried up to": carried}


def billed_facts(contract: Contract) -> dict[str, str]:
    """What the ERP says of it."""
    carried = "nothing" if contract.amendment is None else str(contract.amendment)
    return _facts(contract) | {"carried up to": carried}


def _facts(contract: Contract) -> dict[str, str]:
    ended = contract.status in ("cancelled", "expired")
    found = {
        "contract": contract.number,
        "document": contract.document_hash[:12].lower(),
        "value": str(contract.value),
        "may not exceed": str(contract.not_to_exceed or "no limit"),
        "end": str(contract.end or "open"),
        "status": "ended" if ended else contract.status,
    }
    for each in contract.amendments:
        if each.lines:
            summed = sum((line.amount.amount for line in each.lines), Decimal(0))
            found[f"amendment {each.number}"] = str(Money.of(summed, contract.currency))
    return found


async def side_by_side(platform: Platform, run: Run) -> list[SystemView]:
    """A case's view: the contract as it was signed, and as the ERP bills it at this moment."""
    crm, entity, (contract_id, number, _) = platform.systems.name("crm"), run.legal_entity, parts_of(run.id)
    key = await platform.database.run(lambda c: c.scalar(sa.select(RUNS.c.contract_key).where(RUNS.c.id == run.id)))

    async def of_signed() -> dict[str, str]:
        return signed_facts(await platform.systems.of("crm", Agreements).agreement(contract_id), number)

    async def of_billed() -> dict[str, str]:
        return billed_facts(await platform.systems.of("erp", ContractTerms, entity).contract_terms(key or ""))

    asked = {crm: of_signed()}
    if platform.systems.plays("erp", entity):
        asked[platform.systems.name("erp", entity)] = of_billed()
    return await asyncio.gather(*(view_of(platform, name, what) for name, what in asked.items()))
