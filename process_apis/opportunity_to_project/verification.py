"""The closing step: read every system back and compare, field by field.

A system that keeps no such field is not asked about it. Reads that lag behind writes get a settle window before a
difference counts.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final, Protocol, TypeVar

import msgspec

from canonical.faults import Disagreement, FieldError, NotFound
from canonical.money import Money
from canonical.objects import BillingSchedule, Contract, Opportunity, Project
from canonical.ports.contracts import Agreements
from canonical.ports.processes import Agreement
from canonical.ports.systems import BillingSchedules, Contracts, Opportunities, Projects
from process_apis import journal
from process_apis.bindings import Systems
from process_apis.steps import Scope

T = TypeVar("T")
P = TypeVar("P")


class Ask(Protocol):
    """Gives the port of the system that plays a role for a legal entity."""

    def __call__(self, role: str, port: type[P], entity: str = "") -> P: ...


_TEXT_LIMIT: Final = 40
"""Names are compared on their first characters: some systems keep no more."""


async def verify(s: Scope, project_key: str, contract_key: str, opportunity_id: str, entity: str) -> str:
    """Read the project, contract and plan back, and compare them with the deal."""
    systems = s.platform.systems
    return await agree(s, lambda: read_back(systems, s.ask, project_key, contract_key, opportunity_id, entity))


async def agree(s: Scope, read: Callable[[], Awaitable[dict[str, dict[str, str]]]]) -> str:
    """Read back until all systems agree or the settle window is over; the finding is recorded either way.

    `read` gives field and value by system. Raises `Disagreement` with each field that differs.
    """
    found: list[Agreement] = []
    async for _ in s.looks((0.0, *s.platform.pace.verify)):
        found = compare(await read())
        if all(a.agree for a in found):
            break
    encoded = msgspec.json.encode(found).decode()
    alike = all(a.agree for a in found)
    await s.record(lambda c: journal.update_run(c, s.run_id, agreement=encoded, verified=alike))
    if alike:
        return f"{len(found)} fields agree in {len({name for a in found for name in a.values})} systems"
    raise disagreement(found)


def disagreement(found: Sequence[Agreement]) -> Disagreement:
    """Each field that differs, with what every system says of it."""
    odd = [a for a in found if not a.agree]
    return Disagreement(
        "; ".join(f"{a.field}: " + ", ".join(f"{k} {v}" for k, v in a.values.items()) for a in odd),
        errors=[FieldError(rule=a.field, detail=", ".join(f"{k}: {v}" for k, v in a.values.items())) for a in odd],
    )


def compare(systems: Mapping[str, Mapping[str, str]]) -> list[Agreement]:
    """Field by field over what each system said; a field only one system has agrees with itself."""
    fields = list(dict.fromkeys(name for said in systems.values() for name in said))
    found = []
    for field in fields:
        values = {system: said[field] for system, said in systems.items() if field in said}
        found.append(Agreement(field=field, values=values, agree=len(set(values.values())) == 1))
    return found


async def read_back(
    systems: Systems, ask: Ask, project_key: str, contract_key: str, opportunity_id: str, entity: str
) -> dict[str, dict[str, str]]:
    """What each system says of a project, by its name; `ask` gives the port of the system in a role."""
    name = systems.name
    found: dict[str, dict[str, str]] = {}
    deal = await ask("crm", Opportunities, entity).opportunity(opportunity_id)
    signed = await _or_none(ask("erp", Contracts, entity).contract_by_key(contract_key))
    amount = deal.amount
    if signed is not None and signed.amendment:
        # It was amended since it was won: its value in the CRM is what it is worth now.
        contract = await ask("crm", Agreements, entity).agreement(deal.contract_id)
        amount = contract.in_force(signed.amendment).value or amount
    # What the deal is worth must be what is agreed and what will be billed, too.
    worth = {"value": _money(amount), "contract value": _money(amount), "billed in all": _money(amount)}
    found[name("crm", entity)] = deal_facts(deal) | worth
    project = await _or_none(ask("erp", Projects, entity).project_by_key(project_key))
    plan = await _or_none(ask("erp", BillingSchedules, entity).billing_schedule_by_key(f"{project_key}:billing"))
    found[name("erp", entity)] = _with_contract(project_facts(project), signed) | billing_facts(plan)
    if systems.plays("psa", entity):
        psa = await _or_none(ask("psa", Projects, entity).project_by_key(project_key))
        found[name("psa", entity)] = project_facts(psa)
    return found


async def _or_none(reading: Awaitable[T]) -> T | None:
    try:
        return await reading
    except NotFound:
        return None


def deal_facts(deal: Opportunity) -> dict[str, str]:
    """What the CRM says of the project."""
    return _said(
        code=deal.project_code,
        name=_text(deal.name),
        value=_money(deal.amount),
        start=_day(deal.expected_start),
        end=_day(deal.expected_end),
        manager=deal.project_manager.lower(),
    )


def project_facts(project: Project | None) -> dict[str, str]:
    """What an ERP or a PSA says of the project; its absence is a difference too."""
    if project is None:
        return {"status": "not there"}
    return _said(
        code=project.code,
        name=_text(project.name),
        value=_money(project.budget),
        start=_day(project.start),
        end=_day(project.end),
        manager=project.project_manager.lower(),
        status=project.stage,
    )


def _with_contract(project: dict[str, str], contract: Contract | None) -> dict[str, str]:
    """The ERP's project with its contract: a project is only as open as what it is billed by."""
    if contract is None:
        return project | {"contract value": "no contract"}
    billable = contract.status == "active" or contract.amendment  # one that an amendment ended is over by agreement
    status = project["status"] if billable else f"{project['status']}, contract {contract.status}"
    return project | {"status": status} | _said(**{"contract value": _money(contract.value)})


def billing_facts(schedule: BillingSchedule | None) -> dict[str, str]:
    """What the ERP will bill."""
    return {"billed in all": "nothing" if schedule is None else _money(schedule.total())}


def _said(**facts: str) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _text(value: str) -> str:
    return value.strip()[:_TEXT_LIMIT]


def _money(value: Money | None) -> str:
    return str(value) if value is not None else ""


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""
