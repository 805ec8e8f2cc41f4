"""What each step of project setup does. Each looks before it writes; what no system can keep is said in its summary."""

from functools import partial
from typing import Annotated, Any, Final

import msgspec
import sqlalchemy as sa

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import business_date, now
from canonical.events import ProjectOpenedForTime, ProjectSetupCompleted
from canonical.faults import NotBound, NotFound, Unsupported
from canonical.money import Money
from canonical.objects import Contract, LegalEntity, Project, ProjectSetup, RateCard
from canonical.ports.effort import RateCards
from canonical.ports.setup_runs import StartSetup
from canonical.ports.setups import ProjectSetups, TaskPage, TaskState, WorkBreakdowns
from canonical.ports.systems import (
    Contracts,
    LegalEntities,
    Message,
    Opportunities,
    Projects,
    ResourceDemands,
    Workspaces,
)
from process_apis.events import outbox
from process_apis.judging import refuse, summary
from process_apis.opportunity_to_project.verification import agree
from process_apis.project_setup import guards, kept
from process_apis.project_setup.guards import Seen
from process_apis.project_setup.templates import PlannedTask, Template, choose, plan
from process_apis.staffing.known import employed
from process_apis.steps import Scope
from process_apis.tables import RUNS

PAGE: Final = 100
"""Tasks on one page of a work breakdown; each page is a checkpoint of its own."""


class Ready(Value, frozen=True, kw_only=True):
    """What the steps after the guards work on."""

    asked: StartSetup
    key: Annotated[str, PUBLIC]
    entity: Annotated[str, PUBLIC]
    template: Annotated[str, PUBLIC]
    plan: list[PlannedTask]
    psa_id: Annotated[str, PUBLIC] = ""
    erp_id: Annotated[str, PUBLIC] = ""
    wanted: ProjectSetup
    checklist: Annotated[list[str], PUBLIC] = []

    def pages(self) -> list[list[PlannedTask]]:
        """The plan in pages."""
        return [self.plan[first : first + PAGE] for first in range(0, len(self.plan), PAGE)]

    def places(self) -> list[tuple[str, str]]:
        """Role and native id of the project, where there is one."""
        return [(role, native) for role, native in (("psa", self.psa_id), ("erp", self.erp_id)) if native]


async def read(s: Scope) -> Seen:
    """The project and what it rests on, as they are now."""
    run, row = await s.record(lambda c: (run_of(c, s.run_id), kept.load(c, s.run_id)))
    asked, key, entity = kept.asked_of(row), row.project_key, run.legal_entity
    psa, erp = await _project(s, "psa", key, entity), await _project(s, "erp", key, entity)
    setup, tasks = await _as_it_is(s, psa, entity)
    project = psa or erp
    contract = await billed_by(s, run.contract_key, entity)
    signed = await _signed(s, key, entity)
    legal = await _entity(s, entity)
    card, no_rates = await _rates(s, asked, entity)
    chosen = choose(asked.template, asked.template_version, project.billing_method if project else "tm")
    planned = _plan(chosen, asked, project, contract, tasks)
    refs = [each.task.ref for each in tasks]
    await s.record(lambda c: kept.plan(c, s.run_id, planned, refs))
    s.say(f"{len(planned)} tasks by {chosen.key}")
    named = [*asked.approvers, *asked.team, *((setup.approvers if setup else None) or [])]
    named += [each.project_manager for each in (psa, erp) if each]
    return Seen(
        asked=asked,
        key=key,
        plan=planned,
        psa=psa,
        erp=erp,
        contract=contract,
        signed=signed,
        employed=await s.record(lambda c: employed(c, entity, named)),
        entity=legal,
        setup=setup,
        rate_card=card,
        no_rates=no_rates,
        roles=await _roles(s, psa, entity),
        earlier=await s.record(lambda c: kept.earlier_lines(c, s.run_id, key)),
        worked=[each.task.ref for each in tasks if each.has_time],
        today=business_date(now(), legal.time_zone) if legal else now().date(),
        unbound=_unbound(s, entity),
    )


async def guard(s: Scope, seen: Seen) -> Ready:
    """All guards; `GuardsFailed` names every one that does not hold."""
    verdicts = guards.judge(seen)
    s.say(summary(verdicts))
    refuse(verdicts)
    project = seen.psa or seen.erp
    assert project is not None, "a guard holds that some system has it"
    chosen = choose(seen.asked.template, seen.asked.template_version, project.billing_method)
    return Ready(
        asked=seen.asked,
        key=seen.key,
        entity=project.legal_entity_id or (seen.erp.legal_entity_id if seen.erp else ""),
        template=chosen.key,
        plan=seen.plan,
        psa_id=seen.psa.id if seen.psa else "",
        erp_id=seen.erp.id if seen.erp else "",
        wanted=wanted_of(seen, project),
        checklist=list(chosen.checklist),
    )


def wanted_of(seen: Seen, project: Project) -> ProjectSetup:
    """How the project shall be set up; null what nobody asked for."""
    asked = seen.asked
    return ProjectSetup(
        cost_center=asked.cost_center or None,
        profit_center=asked.profit_center or None,
        practice=asked.practice or project.practice or None,
        rate_card_id=asked.rate_card_id or None,
        calendar=asked.calendar or (seen.entity.country if seen.entity else None),
        approval_required=True,
        approvers=guards.approvers_of(seen) or None,
        budget=seen.contract.value if seen.contract and seen.contract.value else project.budget,
        team=asked.team or None,
        documents=asked.documents or None,
        open_for_time=True,
        open_for_expenses=True,
    )


async def breakdown(s: Scope, ready: Ready, number: int) -> dict[str, int]:
    """One page of the work breakdown, in every system that keeps tasks; by role, how many its owners had deleted."""
    pages = ready.pages()
    page, said = TaskPage(tasks=[each.task for each in pages[number - 1]]), []
    left: dict[str, int] = {}
    for role, native in ready.places():
        try:
            setups = s.ask(role, WorkBreakdowns, ready.entity)
            written = await s.settle(partial(setups.upsert_tasks, native, page))
        except (NotBound, Unsupported) as no:
            said.append(no.detail)
            continue
        left[role] = written.left
        said.append(f"{_title(s, role, ready.entity)}: {written.made} made, {written.found} were there")
    if not left:
        s.status = "not_applicable"
    s.say(f"page {number} of {len(pages)}, {len(ready.plan)} tasks in all; {'; '.join(said)}")
    return left


async def part(s: Scope, ready: Ready, *fields: str) -> None:
    """These fields, in every system that keeps them; each that does not says why."""
    values = {name: getattr(ready.wanted, name) for name in fields}
    wanted = {name: value for name, value in values.items() if value is not None}
    if not wanted:
        s.status, s.summary = "not_applicable", "not applicable: nothing was asked for"
        return
    kept_somewhere, said = False, []
    for role, native in ready.places():
        title = _title(s, role, ready.entity)
        try:
            there = await s.ask(role, ProjectSetups, ready.entity).project_setup(native)
        except (NotBound, Unsupported) as no:
            said.append(f"{title} keeps none of it: {no.detail}")
            continue
        able = {name: value for name, value in wanted.items() if name not in there.cannot}
        said += dict.fromkeys(f"{title}: {there.cannot[name]}" for name in wanted if name in there.cannot)
        if able:
            kept_somewhere = True
            changed = await _set(s, ready, role, native, there, able)
            said.append(f"{title}: {', '.join(_named(able))} {'set' if changed else 'as wanted already'}")
    if not kept_somewhere:
        s.status = "not_applicable"
    s.say("; ".join(dict.fromkeys(said)))


async def budget(s: Scope, ready: Ready) -> None:
    """What the project may cost: what its contract comes to by now, in every system that keeps it.

    A setup that failed waits for somebody, and lets the deal's other runs pass: an amendment may have been carried
    since the contract was read.
    """
    await part(s, _worth_now(ready, await _worth(s, ready)), "budget")


async def kick_off(s: Scope, ready: Ready) -> None:
    """The checklist, where the project's people talk."""
    if not s.bound("psa", ready.entity) or not ready.psa_id:
        return
    lines = "\n".join(f"[ ] {line}" for line in ready.checklist)
    post = Message(key=f"{ready.key}:kickoff:{ready.template}", text=f"{ready.asked.project_code} kick-off\n{lines}")
    await s.settle(lambda: s.ask("psa", Workspaces, ready.entity).post_message(ready.psa_id, post))
    s.say(f"{len(ready.checklist)} points in the project's workspace")


async def opened(s: Scope, ready: Ready) -> None:
    """Time and expenses may be entered from now on."""
    await part(s, ready, "open_for_time", "open_for_expenses")
    systems = []
    for role, native in ready.places():
        if (there := await _setup(s, role, native, ready.entity)) and there.open_for_time:
            systems.append(s.platform.systems.name(role, ready.entity))
    event = ProjectOpenedForTime(project_code=ready.asked.project_code, systems=", ".join(systems))
    await s.record(lambda c: outbox.emit(c, s.run_id, event))


async def verify(s: Scope, ready: Ready, left: dict[str, int]) -> None:
    """Read every system back, field by field and task by task; `Disagreement` names what is not as asked for.

    The budget is held beside what the contract comes to now: an amendment may have been carried since.
    """
    await agree(s, lambda: _read_back(s, ready, left))
    name, _, version = ready.template.partition("-")
    event = ProjectSetupCompleted(project_code=ready.asked.project_code, template=name, template_version=version)
    await s.record(lambda c: outbox.emit(c, s.run_id, event))
    s.say("every field is as it was asked for")


async def _read_back(s: Scope, ready: Ready, left: dict[str, int]) -> dict[str, dict[str, str]]:
    """System to field to value; what was asked for stands beside them like a system, where one keeps the field."""
    wanted = _worth_now(ready, await _worth(s, ready)).wanted
    asked = {name: _text(value) for name, value in _fields(wanted).items() if value is not None}
    found: dict[str, dict[str, str]] = {"asked": {}}
    for role, native in ready.places():
        there = await _setup(s, role, native, ready.entity)
        if there is None:
            continue
        kept_there = [name for name in asked if name not in there.cannot]
        found["asked"] |= {name: asked[name] for name in kept_there}
        mine = found[s.platform.systems.name(role, ready.entity)] = {n: _text(getattr(there, n)) for n in kept_there}
        try:
            tasks = await s.ask(role, WorkBreakdowns, ready.entity).project_tasks(native)
        except (NotBound, Unsupported):
            continue
        ours = {each.task.ref for each in ready.plan}
        there_now = len([each for each in tasks if each.task.ref in ours]) + left.get(role, 0)
        found["asked"]["tasks"], mine["tasks"] = str(len(ours)), str(there_now)
    return found


async def _set(
    s: Scope, ready: Ready, role: str, native: str, there: ProjectSetup, able: dict[str, Any]
) -> dict[str, Any]:
    """Write what is not as wanted, remembering first what it was; what was written."""
    changed = {name: value for name, value in able.items() if getattr(there, name) != value}
    if changed:
        setups, data = s.ask(role, ProjectSetups, ready.entity), ProjectSetup(**changed)
        system = s.platform.systems.name(role, ready.entity)
        await s.record(lambda c: kept.remember(c, s.run_id, system, there, data))
        await s.settle(lambda: setups.set_project_setup(native, data), lambda: setups.project_setup(native))
    return changed


async def _project(s: Scope, role: str, key: str, entity: str) -> Project | None:
    try:
        return await s.ask(role, Projects, entity).project_by_key(key)
    except (NotBound, NotFound):
        return None


async def _setup(s: Scope, role: str, native: str, entity: str) -> ProjectSetup | None:
    try:
        return await s.ask(role, ProjectSetups, entity).project_setup(native)
    except (NotBound, Unsupported):
        return None


async def _as_it_is(s: Scope, psa: Project | None, entity: str) -> tuple[ProjectSetup | None, list[TaskState]]:
    """The PSA's settings and tasks; of a PSA that has no such port, the tasks of the project."""
    if psa is None:
        return None, []
    try:
        setup = await s.ask("psa", ProjectSetups, entity).project_setup(psa.id)
        return setup, await s.ask("psa", WorkBreakdowns, entity).project_tasks(psa.id)
    except (NotBound, Unsupported):
        return None, [TaskState(task=task, has_time=False) for task in psa.tasks]


async def _worth(s: Scope, ready: Ready) -> Money | None:
    """What the project's contract comes to at this moment; where none says so, what was read at the start."""
    run = await s.record(lambda c: run_of(c, s.run_id))
    contract = await billed_by(s, run.contract_key, ready.entity)
    return contract.value if contract and contract.value else ready.wanted.budget


def _worth_now(ready: Ready, worth: Money | None) -> Ready:
    return msgspec.structs.replace(ready, wanted=msgspec.structs.replace(ready.wanted, budget=worth))


async def billed_by(s: Scope, key: str, entity: str) -> Contract | None:
    """The contract under this key, as the ERP bills it; None where there is none."""
    try:
        return await s.ask("erp", Contracts, entity).contract_by_key(key)
    except (NotBound, NotFound, Unsupported):
        return None


async def _signed(s: Scope, key: str, entity: str) -> Contract | None:
    """The contract of the project's deal, as the CRM has it now."""
    try:
        crm = s.ask("crm", Opportunities, entity)
        deal = await crm.opportunity(key.partition(":")[2])
        return await crm.contract(deal.contract_id) if deal.contract_id else None
    except (NotBound, NotFound):
        return None


async def _entity(s: Scope, code: str) -> LegalEntity | None:
    try:
        return await s.ask("erp", LegalEntities, code).legal_entity(code)
    except (NotBound, NotFound, Unsupported):
        return None


async def _rates(s: Scope, asked: StartSetup, entity: str) -> tuple[RateCard | None, str]:
    """The rate card, or why none can be read."""
    if not asked.rate_card_id:
        return None, ""
    try:
        return await s.ask("psa", RateCards, entity).rate_card(asked.rate_card_id), ""
    except NotFound:
        return None, ""
    except (NotBound, Unsupported) as no:
        return None, no.detail


async def _roles(s: Scope, psa: Project | None, entity: str) -> list[str]:
    if psa is None:
        return []
    try:
        demands = await s.ask("psa", ResourceDemands, entity).resource_demands(psa.id)
    except (NotBound, Unsupported):
        return []
    return list(dict.fromkeys(each.role for each in demands if each.status != "cancelled"))


def _plan(
    chosen: Template, asked: StartSetup, project: Project | None, contract: Contract | None, tasks: list[TaskState]
) -> list[PlannedTask]:
    """The plan over the project's days. A phase has the hours that were sold: they stand on its task already."""
    if project is None or project.start is None:
        return []
    hours = {each.task.ref: each.task.planned_hours for each in tasks if not each.task.parent_ref}
    lines = guards.lines_of(contract)
    end = project.end or project.start
    return plan(chosen, project.start, end, hours, asked.contract_lines, lines[0] if lines else "")


def _unbound(s: Scope, entity: str) -> dict[str, str]:
    found = {}
    for role in ("psa", "erp"):
        try:
            s.platform.systems.name(role, entity)
        except NotBound as none:
            found[role] = none.detail
    return found


def run_of(connection: sa.Connection, run_id: str) -> Any:
    """The row of a run."""
    return connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()


def _fields(setup: ProjectSetup) -> dict[str, Any]:
    return {name: getattr(setup, name) for name in setup.__struct_fields__ if name != "cannot"}


def _title(s: Scope, role: str, entity: str) -> str:
    return s.platform.systems.title(s.platform.systems.name(role, entity))


def _named(fields: dict[str, Any]) -> list[str]:
    return [name.replace("_", " ").removesuffix(" id") for name in fields]


def _text(value: Any) -> str:
    """A value as it is compared: people in any order, whatever the case of their addresses."""
    if isinstance(value, list):
        return ", ".join(sorted(str(each).casefold() for each in value))
    return "yes" if value is True else "no" if value is False else str(value)
