"""Edges 1 and 6 of project setup, the whole of it, and how it is undone; the others are in `test_setup_guards`."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.faults import Conflict, Invalid, NotFound
from canonical.money import Money
from canonical.objects import Contract, LegalEntity, Project, ProjectSetup, Rate, RateCard, TimeEntry
from canonical.ports.setup_runs import SetupRunDetail, StartSetup
from canonical.ports.setups import TaskPage
from foundation.context import fresh, use
from process_apis.operating import Operating
from process_apis.project_setup.guards import Seen, judge
from process_apis.project_setup.runs import OperatingSetups
from process_apis.project_setup.templates import TEMPLATES, Phase, PlannedTask, Template, Work, choose, plan, shared
from process_apis.project_setup.workflow import WORKFLOW
from tests.ports.world import World as Alone
from tests.process.books import BOOKS
from tests.process.contracting import ROLES
from tests.process.world import PRIYA, World, in_each_firm

APPROVER = "tiergate@acme.example"
START, END = date(2027, 1, 4), date(2027, 6, 30)
LINE = "00000177-1"


# ── what the guards see ────────────────────────────────────────────────────────────────────────────────────────────


def planned(**more: Any) -> list[PlannedTask]:
    return plan(choose("delivery", "", "tm"), START, END, {"deliver": Decimal(100)}, more, LINE)


def project(**more: Any) -> Project:
    plain: dict[str, Any] = {"code": "PRJ-10001", "name": "Dock planning", "account_id": "7", "currency": "EUR"}
    plain |= {"stage": "active", "project_manager": "katrin.behrens@acme.example", "start": START, "end": END}
    return Project(**plain | {"legal_entity_id": "ACME-DE", "budget": Money.of("48200.50", "EUR")} | more)


def card(**more: Any) -> RateCard:
    price = Money.of("180.00", "EUR")
    return RateCard(
        **{"id": "9", "name": "Standard", "currency": "EUR", "rates": [Rate(role="Consultant", price=price)]} | more
    )


def seen(asked: dict[str, Any] | None = None, **more: Any) -> Seen:
    """A project that may be set up, but for what is said."""
    wanted = {"project_code": "PRJ-10001", "approvers": [APPROVER], "rate_card_id": "9", "calendar": "DE"}
    contract = Contract(number="00000177", account_id="7", currency="EUR", start=START, end=END, status="active")
    entity = LegalEntity(
        code="ACME-DE", legal_name="ACME GmbH", country="DE", functional_currency="EUR", time_zone="Europe/Berlin"
    )
    plain: dict[str, Any] = {
        "asked": StartSetup(**wanted | (asked or {})),
        "key": "salesforce:006",
        "plan": planned(),
        "psa": project(),
        "erp": project(),
        "contract": contract,
        "entity": entity,
        "setup": ProjectSetup(approvers=[]),
        "rate_card": card(),
        "roles": ["Consultant"],
        "today": date(2026, 12, 1),
    }
    return Seen(**plain | more)


def refusals(of: Seen) -> dict[str, str]:
    """What fails, in which words."""
    return {each.rule: each.evidence for each in judge(of) if each.outcome == "failed"}


def test_a_project_as_it_should_be_passes_every_guard_that_can_be_asked() -> None:
    verdicts = {each.rule: each.outcome for each in judge(seen())}
    assert {rule for rule, outcome in verdicts.items() if outcome != "passed"} == {
        "signed_contract",
        "people_active",
        "team_active",
    }


def test_an_approver_the_psa_has_is_one_and_where_it_keeps_none_nobody_is_missed() -> None:
    nobody = seen({"approvers": []})
    assert refusals(nobody) == {"approver": "Nobody is named who approves the time."}
    stays = seen({"approvers": []}, setup=ProjectSetup(approvers=[APPROVER]))
    assert refusals(stays) == {}, "an approver the PSA has already is one"
    alone = seen({"approvers": ["Katrin.Behrens@acme.example"]})
    assert set(refusals(alone)) == {"self_approval"}
    keeps_none = seen({"approvers": []}, setup=ProjectSetup(cannot={"approvers": "It keeps none."}))
    assert refusals(keeps_none) == {}


def test_a_rate_card_must_be_in_force_over_the_whole_of_the_work() -> None:
    tomorrow, late = card(valid_from=START + timedelta(days=1)), card(valid_to=END - timedelta(days=1))
    assert "is in force from 2027-01-05" in refusals(seen(rate_card=tomorrow))["rates"]
    assert "to 2027-06-29, the work runs from 2027-01-04 to 2027-06-30" in refusals(seen(rate_card=late))["rates"]
    price = Money.of("180.00", "EUR")
    soon = card(rates=[Rate(role="consultant", price=price, valid_from=START + timedelta(days=1))])
    assert refusals(seen(rate_card=soon)) == {"rates": "Standard has no rate on 2027-01-04 for Consultant."}
    assert refusals(seen(roles=["Consultant", "Architect"]))["rates"].endswith("for Architect.")
    assert (
        refusals(seen({"rate_card_id": ""}))["rates"] == "The project is billed by the hour, and no rate card is named."
    )
    assert refusals(seen(rate_card=None)) == {"rates": "There is no such rate card."}
    fixed = seen({"rate_card_id": ""}, psa=project(billing_method="fixed"), erp=project(billing_method="fixed"))
    assert refusals(fixed) == {}


def test_work_outside_the_contract_or_in_a_closed_entity_is_refused() -> None:
    short = msgspec.structs.replace(
        seen().contract or Contract(number="", account_id="", currency="EUR"), end=date(2027, 6, 1)
    )
    assert set(refusals(seen(contract=short))) == {"contract_dates"}
    assert {"contract_dates", "contract_lines"} <= set(refusals(seen(contract=None)))
    entity = seen().entity
    assert entity is not None
    closed = msgspec.structs.replace(entity, status="closed")
    assert refusals(seen(entity=closed)) == {"accounting": "ACME-DE is not open in the ERP."}
    assert set(refusals(seen(psa=None, erp=None))) == {"project_open", "accounting"}


def test_hours_are_shared_out_without_losing_or_making_any() -> None:
    assert shared(Decimal("100.1"), [2, 2, 1]) == [Decimal(40), Decimal(40), Decimal("20.1")]
    work = [each.task for each in planned() if each.task.parent_ref == "deliver"]
    assert sum(task.planned_hours for task in work) == 100
    assert [each.contract_line for each in planned() if not each.task.billable] == ["", ""]


# ── the whole of it ────────────────────────────────────────────────────────────────────────────────────────────────


def setups(firm: World) -> OperatingSetups:
    return OperatingSetups(firm.platform, Operating(firm.platform, WORKFLOW), WORKFLOW)


async def set_up(firm: World, code: str, **asked: Any) -> SetupRunDetail:
    """Ask for a setup and wait for its end."""
    plain: dict[str, Any] = {"project_code": code, "approvers": [APPROVER]}
    with use(fresh(caller=PRIYA)):
        run = await setups(firm).start_setup(StartSetup(**plain | asked))
    await firm.finished_any(run.id)
    return await setups(firm).setup(run.id)


async def test_an_activated_project_is_set_up_opened_last_and_put_back_when_undone(firm: World) -> None:
    with pytest.raises(NotFound):
        await set_up(firm, "PRJ-10001")
    code = (await firm.played("D02")).run.project_code
    asked = {"cost_center": "4711", "documents": "https://docs.acme.example/d02"}
    with pytest.raises(Invalid) as refused:
        await set_up(firm, code, template="delivery", template_version="1999.1")
    assert refused.value.errors[0].pointer == "/template_version"

    stopped = await set_up(firm, code, approvers=["grace.okafor@elsewhere.example"], **asked)
    assert (stopped.run.status, stopped.run.progress.step) == ("failed", 9), "no such user there"
    assert not any(story["time_trackable"] for story in _work(firm)), "opened last"
    done = await set_up(firm, code, **asked)
    assert (done.run.id, done.run.status, done.run.verified) == (f"psetup:{code}:delivery-2026.1", "succeeded", True)
    case = await firm.case_of(done.run.id)
    assert case is not None
    assert case.state == "resolved"
    said = {step.name: (step.status, step.summary) for step in done.steps}
    assert said["breakdown"][1].endswith("; NetSuite: 0 made, 15 were there"), "the run that stopped had made them"
    agreed = {each.field: each.values for each in done.agreement}
    assert set(agreed["tasks"]) == {"asked", "kantata", "netsuite"}
    assert said["calendar"][0] == "not_applicable"
    assert "Kantata keeps no financial dimensions" in said["dimensions"][1]
    (job,) = [job for job in firm.records("netsuite", "job") if job["entityId"] == code]
    assert (job["custentity_tg_cost_center"], job["custentity_tg_documents"]) == ("4711", asked["documents"])
    assert {story["time_trackable"] for story in _work(firm)} == {True}
    trace = await firm.operations.trace(code)
    assert [each.type.removeprefix("com.tiergate.") for each in trace.events[-3:]] == [
        "project.setup.failed.v1",
        "project.opened_for_time.v1",
        "project.setup.completed.v1",
    ]
    assert (await set_up(firm, code, **asked)).run.started_at == done.run.started_at, "the same again is the same run"
    with pytest.raises(Conflict):
        await set_up(firm, code, cost_center="4712")

    assert firm.duplicates() == []
    build = next(story for story in _work(firm) if story["title"] == "Delivery: build")
    hours = {"workspace_id": build["workspace_id"], "story_id": build["id"], "date_performed": "2027-01-11"}
    firm.boxes["kantata"].sandbox.enter(firm.boxes["kantata"], "time_entries", hours | {"time_in_minutes": 60})
    erp, email = firm.adapters["netsuite"], firm.records("netsuite", "employee")[0]["email"]
    entry = TimeEntry(resource=email, project_id=job["id"], task_id="deliver.test", worked_on=START, hours=Decimal(1))
    await erp.upsert_time_posting("te:1", entry)
    with use(fresh(caller=PRIYA)):
        await setups(firm).undo_setup(done.run.id)
    await firm.finished_any(done.run.id)
    undone = await setups(firm).setup(done.run.id)
    assert undone.run.status == "cancelled"
    each_place = "10 tasks deleted, 1 stay since time was entered on them"
    assert [step.summary for step in undone.steps if step.name == "breakdown"] == [f"{each_place}; {each_place}"]
    assert [story["title"] for story in _work(firm)] == ["Delivery: build"]
    assert [each.task.ref for each in await erp.project_tasks(job["id"]) if each.task.parent_ref] == ["deliver.test"]
    (job,) = [job for job in firm.records("netsuite", "job") if job["entityId"] == code]
    assert (job["allowTime"], job.get("custentity_tg_cost_center"), job["custentity_tg_practice"]) == (
        False,
        None,
        "Data",
    )
    again = await set_up(firm, code, **asked)
    assert (again.run.id, again.run.status) == (f"{done.run.id}:2", "succeeded"), again.run.problem
    assert len(_work(firm)) == 11


def _work(firm: World) -> list[dict[str, Any]]:
    """The stories a setup makes."""
    return [story for story in firm.records("kantata", "stories") if ": " in story["title"]]


def rollout(version: str, sites: int) -> Template:
    """A template of a hundred tasks for each five sites: 500 with all of them."""
    waves = tuple(
        Phase(f"w{n}", f"Wave {n}", 1, tuple(Work(f"w{n}.{m:02d}", f"Wave {n}: site {m}", 1) for m in range(1, 100)))
        for n in range(1, sites + 1)
    )
    return Template(name="rollout", version=version, billed=frozenset(), phases=waves, checklist=("Meet",))


async def test_edge_6_a_page_that_fails_goes_on_where_it_was(firm: World) -> None:
    TEMPLATES.append(rollout("1", 5))
    try:
        code = (await firm.played("D02")).run.project_code
        before = len(firm.records("kantata", "stories"))
        box = firm.boxes["kantata"]
        # Page 4 begins with the 301st task: one answer is lost after the task was made, later the service is down.
        firm.fault("kantata", "timeout_after_commit", method="POST", path="/api/v1/stories", after=310, times=1)
        firm.fault("kantata", "server_error", method="POST", path="/api/v1/stories", after=350, times=0)
        parked = await set_up(firm, code, template="rollout", template_version="1")
        assert (parked.run.status, parked.run.progress.step) == ("failed", 4)
        assert 300 < len(firm.records("kantata", "stories")) - before < 400
        asked = {system: _pages(parked, system) for system in ("kantata", "netsuite")}
        box.faults.clear()
        with use(fresh(caller=PRIYA)):
            await setups(firm).retry_setup(parked.run.id)
        await firm.finished_any(parked.run.id)
        done = await setups(firm).setup(parked.run.id)
        assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
        assert len(firm.records("kantata", "stories")) - before == 500
        created = [write.kind for write in box.store.writes() if write.action == "create"]
        assert created.count("stories") == before + 500
        assert asked["netsuite"] == 3, "the fourth comes after the PSA's"
        again = {system: _pages(done, system) - times for system, times in asked.items()}
        assert again == {"kantata": 2, "netsuite": 2}, "pages one to three are not asked for again"
        assert len(firm.records("netsuite", "projectTask")) == 500
        assert firm.duplicates() == []
    finally:
        del TEMPLATES[-1]


def _pages(of: SetupRunDetail, system: str) -> int:
    """How many times a system was asked for a page."""
    return sum(each.operation.startswith("PUT") and each.system == system for each in of.steps[3].attempts)


@in_each_firm
async def test_edge_6_a_page_of_which_the_erp_took_a_part_is_made_whole_and_no_task_is_twice(firm: World) -> None:
    crm, erp, psa = (firm.platform.systems.name(role, "ACME-US") for role in ROLES)
    code, key = (await firm.played("D02")).run.project_code, f"{crm}:{firm.native('D02')}"
    method, path = BOOKS[erp].WRITES_TASK
    # Of the eleven new tasks one is made and its answer lost; then the service is down.
    firm.fault(erp, "timeout_after_commit", method=method, path=path, after=2, times=1)
    firm.fault(erp, "server_error", method=method, path=path, after=6, times=0)
    parked = await set_up(firm, code, template="delivery")
    assert (parked.run.status, parked.run.progress.step) == ("failed", 4), parked.run.problem
    assert {"outcome_unknown", "vendor_down"} <= {each.fault for each in parked.steps[3].attempts}
    firm.boxes[erp].faults.clear()
    with use(fresh(caller=PRIYA)):
        await setups(firm).retry_setup(parked.run.id)
    await firm.finished_any(parked.run.id)
    done = await setups(firm).setup(parked.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    there = {}
    for system in (erp, psa):
        adapter = firm.adapters[system]
        tasks = await adapter.project_tasks((await adapter.project_by_key(key)).id)
        there[system] = sorted(each.task.ref for each in tasks)
    assert there[erp] == there[psa] == sorted(set(there[erp]))
    assert len([ref for ref in there[erp] if "." in ref]) == 11


async def test_edge_1_a_task_renamed_in_the_psa_is_still_that_task() -> None:
    kantata = Alone("kantata")
    native = (await kantata.adapter.upsert_project("salesforce:006", project())).id
    page = TaskPage(tasks=[each.task for each in planned()])
    first = await kantata.adapter.upsert_tasks(native, page)
    (build,) = kantata.box.store.find("stories", title="Delivery: build")
    kantata.box.store.update("stories", build["id"], {"title": "Delivery: yard and dock"})
    again = await kantata.adapter.upsert_tasks(native, page)
    assert (first.made, again.made, again.found) == (15, 0, 15)
    there = {each.task.ref: each.task for each in await kantata.adapter.project_tasks(native)}
    assert len(there) == 15
    assert there["deliver.build"].parent_ref == "deliver"
    (gone,) = kantata.box.store.find("stories", title="Delivery: test")
    kantata.box.store.delete("stories", gone["id"])
    assert (await kantata.adapter.upsert_tasks(native, page)).left == 1, "what its owners deleted is not made again"
    assert len(await kantata.adapter.project_tasks(native)) == 14
    await kantata.close()
