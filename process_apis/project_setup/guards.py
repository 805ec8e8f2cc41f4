"""Guards of project setup, as data, like those of opportunity-to-project: all run before the first write.

What only holds is waived in the CRM, by the rule's name on the contract of the project's deal.
"""

from collections import Counter
from datetime import date
from typing import Annotated, Final

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.objects import Contract, LegalEntity, Project, ProjectSetup, RateCard
from canonical.ports.setup_runs import StartSetup
from process_apis.judging import Guard, Leniency, Skip, Verdict, in_the_crm, judged
from process_apis.opportunity_to_project.guards import at_risk
from process_apis.project_setup.templates import PlannedTask
from process_apis.rate_cards import BY_THE_HOUR, lacking, some
from process_apis.staffing.known import Employed

CODE_LENGTH: Final = 40
"""Some ERPs keep no more of a task's code (S/4HANA: 40)."""


class Seen(Value, frozen=True, kw_only=True):
    """All that the guards look at, read together."""

    asked: StartSetup
    key: Annotated[str, PUBLIC]
    """Our key of the project, the same in every system."""
    plan: list[PlannedTask]
    psa: Project | None = None
    erp: Project | None = None
    contract: Contract | None = None
    """As the ERP bills it."""
    signed: Contract | None = None
    """As the CRM has it."""
    employed: Employed = Employed()
    """What HR has told of those who are named."""
    entity: LegalEntity | None = None
    setup: ProjectSetup | None = None
    """The PSA's settings as they are."""
    rate_card: RateCard | None = None
    no_rates: Annotated[str, PUBLIC] = ""
    """Why no rate card could be read."""
    roles: Annotated[list[str], PUBLIC] = []
    """Whom the project asks for."""
    earlier: Annotated[dict[str, str], PUBLIC] = {}
    """What an earlier setup had each task paid by."""
    worked: Annotated[list[str], PUBLIC] = []
    """Tasks that have time on them."""
    today: Annotated[date, PUBLIC]
    unbound: Annotated[dict[str, str], PUBLIC] = {}


def lines_of(contract: Contract | None) -> list[str]:
    """The lines of a contract that work can be billed on: as we keep it, it has one."""
    return [f"{contract.number}-1"] if contract is not None else []


def _project_open(seen: Seen) -> str | None:
    there = {"PSA": seen.psa, "ERP": seen.erp}
    if seen.psa is None and seen.erp is None:
        return "No system has the project."
    closed = [f"the {name} has it {each.stage}" for name, each in there.items() if each and each.stage != "active"]
    return f"Work can be set up on an active project only: {' and '.join(closed)}." if closed else None


def _same_code(seen: Seen) -> str | Skip | None:
    found = {name: each.code for name, each in (("PSA", seen.psa), ("ERP", seen.erp)) if each is not None}
    odd = [f"the {name} has {code}" for name, code in found.items() if code != seen.asked.project_code]
    return f"The record under our key is not {seen.asked.project_code}: {', '.join(odd)}." if odd else None


def _contract_dates(seen: Seen) -> str | Skip | None:
    contract = seen.contract
    if contract is None:
        return "The ERP has no contract for the project."
    if contract.start is None and contract.end is None:
        return Skip("not applicable: the contract names no dates")
    outside = [
        each.task.ref
        for each in seen.plan
        if (contract.start and each.task.start and each.task.start < contract.start)
        or (contract.end and each.task.end and each.task.end > contract.end)
    ]
    span = f"{contract.start or '...'} to {contract.end or '...'}"
    return f"{some(outside)} would lie outside the contract, {span}." if outside else None


def _contract_lines(seen: Seen) -> str | None:
    lines = lines_of(seen.contract)
    odd = [each.task.ref for each in seen.plan if each.task.billable and each.contract_line not in lines]
    known = ", ".join(lines) or "none"
    return f"{some(odd)} would be billed on no line of the contract; there is {known}." if odd else None


def _moved(seen: Seen) -> str | None:
    moved = [
        f"{each.task.ref} from {seen.earlier[each.task.ref] or 'none'} to {each.contract_line or 'none'}"
        for each in seen.plan
        if each.task.ref in seen.worked and seen.earlier.get(each.task.ref, each.contract_line) != each.contract_line
    ]
    return (
        f"Time was entered already on tasks that would move to another contract line: {some(moved)}." if moved else None
    )


def _unique(seen: Seen) -> str | None:
    refs = Counter(each.task.ref for each in seen.plan)
    names = Counter(each.task.name.casefold() for each in seen.plan)
    twice = [ref for ref, count in refs.items() if count > 1] + [name for name, count in names.items() if count > 1]
    return f"These do not tell one task from another: {some(twice)}." if twice else None


def _short_codes(seen: Seen) -> str | None:
    whole = [f"{seen.asked.project_code}.{each.task.ref}" for each in seen.plan]
    short = Counter(code[:CODE_LENGTH] for code in dict.fromkeys(whole))
    alike = [code for code in whole if short[code[:CODE_LENGTH]] > 1]
    return f"Cut to {CODE_LENGTH} characters these codes are one: {some(alike)}." if alike else None


def _rates(seen: Seen) -> str | Skip | None:
    project = seen.psa or seen.erp
    method = project.billing_method if project else "tm"
    if not seen.asked.rate_card_id:
        if method in BY_THE_HOUR:
            return "The project is billed by the hour, and no rate card is named."
        return Skip("not applicable: it is not billed by the hour, and no rate card is named")
    card = seen.rate_card
    if card is None:
        return Skip(f"not applicable: {seen.no_rates}") if seen.no_rates else "There is no such rate card."
    wanted = [*seen.roles, *(each.role for each in seen.plan if each.role)]
    return lacking(card, wanted, *span_of(seen.plan)) or None


def _approver(seen: Seen) -> str | Skip | None:
    if approvers_of(seen):
        return None
    if seen.setup is None or "approvers" in seen.setup.cannot:
        return Skip("not applicable: no system here keeps a project's approvers")
    return "Nobody is named who approves the time."


def _self_approving(seen: Seen) -> str | Skip | None:
    approvers = approvers_of(seen)
    manager = manager_of(seen)
    if not approvers or not manager:
        return Skip("not applicable: no approver or no project manager is known")
    if any(each.casefold() != manager.casefold() for each in approvers):
        return None
    return f"{manager} manages the project, and nobody else would approve the manager's own time."


def _accounting(seen: Seen) -> str | Skip | None:
    if seen.erp is None:
        return (
            Skip("not applicable: no ERP has the project") if "erp" in seen.unbound else "The ERP has no such project."
        )
    if seen.entity is None or seen.entity.status != "open":
        return f"{seen.erp.legal_entity_id or 'The legal entity'} is not open in the ERP."
    if seen.contract is not None and seen.contract.currency != seen.erp.currency:
        return f"The project is kept in {seen.erp.currency}, its contract in {seen.contract.currency}."
    return None


def _calendar(seen: Seen) -> str | Skip | None:
    if not seen.asked.calendar or seen.entity is None:
        return Skip("not applicable: no calendar is asked for")
    if seen.asked.calendar == seen.entity.country:
        return None
    return f"The calendar is that of {seen.asked.calendar}, but {seen.entity.code} works in {seen.entity.country}."


def _covered(seen: Seen) -> str | Skip | None:
    signed = seen.signed
    if signed is None:
        return Skip("not applicable: the CRM has no contract of the deal")
    if signed.signed_at is not None or at_risk(signed, seen.today):
        return None
    over = f"; the at-risk approval ended on {signed.at_risk_until}" if signed.at_risk_until else ""
    return f"Contract {signed.number} is not signed{over}."


def _people(seen: Seen) -> str | Skip | None:
    return seen.employed.missing([manager_of(seen), *approvers_of(seen)], *_ahead(seen))


def _team(seen: Seen) -> str | Skip | None:
    return seen.employed.missing(seen.asked.team, *_ahead(seen))


def _ahead(seen: Seen) -> tuple[date, date | None]:
    """The days of the work that are still to come."""
    start, end = span_of(seen.plan)
    return max(start or seen.today, seen.today), end


GUARDS: Final[tuple[Guard[[Seen]], ...]] = (
    Guard("project_open", "PMO", _project_open),
    Guard("project_code", "PMO", _same_code),
    Guard("signed_contract", "Legal operations", _covered),
    Guard("contract_dates", "PMO", _contract_dates, "hold", "Legal operations"),
    Guard("contract_lines", "PMO", _contract_lines),
    Guard("moved_with_time", "PMO", _moved),
    Guard("unique_tasks", "PMO", _unique),
    Guard("short_codes", "PMO", _short_codes),
    Guard("rates", "Deal desk", _rates, "hold", "Finance"),
    Guard("approver", "PMO", _approver),
    Guard("self_approval", "PMO", _self_approving),
    Guard("accounting", "Finance", _accounting),
    Guard("calendar", "PMO", _calendar, "warn"),
    Guard("people_active", "PMO", _people),
    Guard("team_active", "PMO", _team, "warn"),
)
NOT_ASKED: Final = {"residency": "No system there is an adapter for keeps where a document site's files lie."}
"""Rules of the trade that are no guards here, and why."""


def judge(seen: Seen) -> list[Verdict]:
    """Every guard's verdict."""
    waived = in_the_crm(seen.signed.approved_exceptions if seen.signed else ())
    return judged(GUARDS, Leniency(waived=waived), seen)


def approvers_of(seen: Seen) -> list[str]:
    """Who shall approve: as asked for, else as the PSA has it."""
    return list(seen.asked.approvers) or list((seen.setup.approvers if seen.setup else None) or [])


def manager_of(seen: Seen) -> str:
    """Who manages the project, as PSA or ERP have it."""
    return (seen.psa.project_manager if seen.psa else "") or (seen.erp.project_manager if seen.erp else "")


def span_of(plan: list[PlannedTask]) -> tuple[date | None, date | None]:
    """The first day and the last."""
    starts = [each.task.start for each in plan if each.task.start]
    ends = [each.task.end for each in plan if each.task.end]
    return min(starts, default=None), max(ends, default=None)
