"""Guards of project setup, as data, like those of opportunity-to-project: all run before the first write."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Annotated, Final

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.objects import Contract, LegalEntity, Project, ProjectSetup, RateCard
from canonical.ports.setup_runs import StartSetup
from process_apis.judging import Skip, Verdict
from process_apis.project_setup.templates import PlannedTask

CODE_LENGTH: Final = 40
"""Some ERPs keep no more of a task's code (S/4HANA: 40)."""
BY_THE_HOUR: Final = ("tm", "nte")


class Seen(Value, frozen=True, kw_only=True):
    """All that the guards look at, read together."""

    asked: StartSetup
    key: Annotated[str, PUBLIC]
    """Our key of the project, the same in every system."""
    plan: list[PlannedTask]
    psa: Project | None = None
    erp: Project | None = None
    contract: Contract | None = None
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


class Guard(msgspec.Struct, frozen=True):
    """One rule. `check` gives None when it holds, a sentence when not, or a `Skip`."""

    rule: str
    owner: str
    check: Callable[[Seen], "str | Skip | None"]


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
    return f"{_some(outside)} would lie outside the contract, {span}." if outside else None


def _contract_lines(seen: Seen) -> str | None:
    lines = lines_of(seen.contract)
    odd = [each.task.ref for each in seen.plan if each.task.billable and each.contract_line not in lines]
    known = ", ".join(lines) or "none"
    return f"{_some(odd)} would be billed on no line of the contract; there is {known}." if odd else None


def _moved(seen: Seen) -> str | None:
    moved = [
        f"{each.task.ref} from {seen.earlier[each.task.ref] or 'none'} to {each.contract_line or 'none'}"
        for each in seen.plan
        if each.task.ref in seen.worked and seen.earlier.get(each.task.ref, each.contract_line) != each.contract_line
    ]
    return (
        f"Time was entered already on tasks that would move to another contract line: {_some(moved)}."
        if moved
        else None
    )


def _unique(seen: Seen) -> str | None:
    refs = Counter(each.task.ref for each in seen.plan)
    names = Counter(each.task.name.casefold() for each in seen.plan)
    twice = [ref for ref, count in refs.items() if count > 1] + [name for name, count in names.items() if count > 1]
    return f"These do not tell one task from another: {_some(twice)}." if twice else None


def _short_codes(seen: Seen) -> str | None:
    whole = [f"{seen.asked.project_code}.{each.task.ref}" for each in seen.plan]
    short = Counter(code[:CODE_LENGTH] for code in dict.fromkeys(whole))
    alike = [code for code in whole if short[code[:CODE_LENGTH]] > 1]
    return f"Cut to {CODE_LENGTH} characters these codes are one: {_some(alike)}." if alike else None


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
    start, end = span_of(seen.plan)
    if (card.valid_from and start and card.valid_from > start) or (card.valid_to and end and card.valid_to < end):
        return (
            f"{card.name} is in force from {card.valid_from or '...'} to {card.valid_to or '...'}, "
            f"the work runs from {start} to {end}."
        )
    known = {r.role.casefold() for r in card.rates if r.valid_from is None or start is None or r.valid_from <= start}
    wanted = dict.fromkeys([*seen.roles, *(each.role for each in seen.plan if each.role)])
    missing = [role for role in wanted if role.casefold() not in known]
    return f"{card.name} has no rate on {start} for {_some(missing)}." if missing else None


def _approver(seen: Seen) -> str | Skip | None:
    if approvers_of(seen):
        return None
    if seen.setup is None or "approvers" in seen.setup.cannot:
        return Skip("not applicable: no system here keeps a project's approvers")
    return "Nobody is named who approves the time."


def _self_approving(seen: Seen) -> str | Skip | None:
    approvers = approvers_of(seen)
    manager = (seen.psa.project_manager if seen.psa else "") or (seen.erp.project_manager if seen.erp else "")
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


def _unbound(role: str) -> Callable[[Seen], "str | Skip | None"]:
    def check(seen: Seen) -> Skip:
        return Skip(f"not applicable: {seen.unbound.get(role, f'{role} checks are not offered yet')}")

    return check


GUARDS: Final = (
    Guard("project_open", "PMO", _project_open),
    Guard("project_code", "PMO", _same_code),
    Guard("contract_dates", "PMO", _contract_dates),
    Guard("contract_lines", "PMO", _contract_lines),
    Guard("moved_with_time", "PMO", _moved),
    Guard("unique_tasks", "PMO", _unique),
    Guard("short_codes", "PMO", _short_codes),
    Guard("rates", "Deal desk", _rates),
    Guard("approver", "PMO", _approver),
    Guard("self_approval", "PMO", _self_approving),
    Guard("accounting", "Finance", _accounting),
    Guard("calendar", "PMO", _calendar),
    Guard("people_active", "PMO", _unbound("hr")),
    Guard("residency", "Legal operations", _unbound("documents")),
)


def judge(seen: Seen) -> list[Verdict]:
    """Every guard's verdict."""
    found = []
    for guard in GUARDS:
        said = guard.check(seen)
        outcome = "not_applicable" if isinstance(said, Skip) else "failed" if said else "passed"
        found.append(
            msgspec.convert(
                {"rule": guard.rule, "outcome": outcome, "evidence": str(said or ""), "owner": guard.owner}, Verdict
            )
        )
    return found


def approvers_of(seen: Seen) -> list[str]:
    """Who shall approve: as asked for, else as the PSA has it."""
    return list(seen.asked.approvers) or list((seen.setup.approvers if seen.setup else None) or [])


def span_of(plan: list[PlannedTask]) -> tuple[date | None, date | None]:
    """The first day and the last."""
    starts = [each.task.start for each in plan if each.task.start]
    ends = [each.task.end for each in plan if each.task.end]
    return min(starts, default=None), max(ends, default=None)


def _some(items: list[str]) -> str:
    """The first few, and how many more."""
    return ", ".join(items[:3]) + (f" and {len(items) - 3} more" if len(items) > 3 else "")
