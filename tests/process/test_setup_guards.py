"""The edges of project setup that its guards see, asked through the workflow over the sandboxes, each by its number.

1 a task renamed and 6 a page that fails: `test_setup_edges`.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.dates import now
from canonical.ports.setup_runs import SetupRunDetail
from canonical.ports.systems import StageChange
from foundation.context import fresh, use
from process_apis.project_setup.templates import TEMPLATES, Phase, Template, Work
from process_apis.staffing import records
from tests.process.contracting import Contracting
from tests.process.test_setup_edges import APPROVER, set_up, setups
from tests.process.world import PRIYA, World
from tests.staffing.staff import somebody


@pytest.fixture
async def code(firm: World) -> str:
    """A project that is active and not set up."""
    return (await firm.played("D02")).run.project_code


@pytest.fixture
def templates() -> Iterator[list[Template]]:
    """Those there are, and what a test adds to them."""
    before = list(TEMPLATES)
    yield TEMPLATES
    TEMPLATES[:] = before


def refused(run: SetupRunDetail) -> dict[str, str]:
    """The guards that stopped it before the first write, in their words."""
    assert run.run.status == "refused", run.run
    assert run.run.problem is not None
    return {error.rule: error.detail for error in run.run.problem.errors}


async def again(firm: World, run: SetupRunDetail) -> SetupRunDetail:
    """The same setup, after somebody mended what it was stopped by."""
    with use(fresh(caller=PRIYA)):
        await setups(firm).retry_setup(run.run.id)
    await firm.finished_any(run.run.id)
    return await setups(firm).setup(run.run.id)


def guarded(run: SetupRunDetail) -> str:
    """What the step of the guards says."""
    return next(step.summary for step in run.steps if step.name == "guard")


def of(name: str, *work: Work) -> Template:
    return Template(name=name, version="1", billed=frozenset(), phases=(Phase("p", "Phase", 1, work),), checklist=())


async def tell_of(firm: World, email: str, last_day: date | None = None, entity: str = "ACME-US") -> None:
    """What HR says of somebody."""
    person = somebody(email=email, legal_entity=entity, last_day=last_day)
    await firm.platform.database.run(lambda c: records.put_person(c, email.partition("@")[0], person))


async def test_edge_2_a_task_with_time_is_not_moved_under_another_contract_line(
    firm: World, code: str, templates: list[Template]
) -> None:
    first = await set_up(firm, code)
    assert first.run.status == "succeeded", first.run.problem
    box = firm.boxes["kantata"]
    (build,) = box.store.find("stories", title="Delivery: build")
    hours = {"workspace_id": build["workspace_id"], "story_id": build["id"], "date_performed": "2027-01-11"}
    assert box.sandbox.enter is not None
    box.sandbox.enter(box, "time_entries", hours | {"time_in_minutes": 60})
    templates.append(msgspec.structs.replace(templates[0], version="2027.1"))
    line = f"{(await Contracting(firm).signed('D02')).number}-1"
    said = refused(await set_up(firm, code, contract_lines={"deliver": "0815-2"}))
    assert said["moved_with_time"].endswith(f"deliver.build from {line} to 0815-2.")
    assert "deliver, deliver.design, deliver.build and 2 more would be billed on no line" in said["contract_lines"]
    untouched = await set_up(firm, code, contract_lines={"close": "0815-2"})
    assert set(refused(untouched)) == {"contract_lines"}, "nobody has worked on those"


async def test_edge_3_what_does_not_tell_one_task_from_another_is_refused(
    firm: World, code: str, templates: list[Template]
) -> None:
    templates.append(of("twice", Work("p.one", "Kick-off", 1), Work("p.two", "KICK-OFF", 1), Work("p.one", "Other", 1)))
    said = refused(await set_up(firm, code, template="twice"))
    assert said == {"unique_tasks": "These do not tell one task from another: p.one, kick-off."}
    assert not any(": " in story["title"] for story in firm.records("kantata", "stories"))


async def test_edge_4_closed_in_one_system_and_open_in_the_other_is_refused_by_name(firm: World, code: str) -> None:
    key, run = firm.deal("D02").key, None
    for system, words in (("kantata", "the PSA has it closed"), ("netsuite", "the ERP has it closed")):
        adapter = firm.adapters[system]
        native = (await adapter.project_by_key(key)).id
        await adapter.set_project_stage(native, StageChange(stage="closed"))
        run = await again(firm, run) if run else await set_up(firm, code)
        assert refused(run)["project_open"] == f"Work can be set up on an active project only: {words}."
        await adapter.set_project_stage(native, StageChange(stage="active"))
    assert run is not None
    assert (await again(firm, run)).run.status == "succeeded"


async def test_edge_5_a_code_that_belongs_to_another_project_by_now_is_refused(firm: World, code: str) -> None:
    box = firm.boxes["netsuite"]
    (job,) = box.store.find("job", entityId=code)
    box.store.update("job", job["id"], {"entityId": "PRJ-00007"})
    said = refused(await set_up(firm, code))
    assert said == {"project_code": f"The record under our key is not {code}: the ERP has PRJ-00007."}


async def test_edge_7_the_manager_leaves_and_time_that_nobody_else_would_approve_is_refused(
    firm: World, code: str
) -> None:
    manager = firm.deal("D02").project_manager
    assert refused(await set_up(firm, code, approvers=[])) == {"approver": "Nobody is named who approves the time."}
    assert set(refused(await set_up(firm, code, approvers=[manager.title()]))) == {"self_approval"}
    yesterday = now().date() - timedelta(days=1)
    await tell_of(firm, manager, yesterday)
    gone = await set_up(firm, code)
    assert refused(gone) == {"people_active": f"{manager} left on {yesterday}; HR knows no {APPROVER}."}
    soon = firm.deal("D02").end - timedelta(days=1)
    await tell_of(firm, manager, soon)
    await tell_of(firm, APPROVER)
    assert refused(await again(firm, gone)) == {
        "people_active": f"{manager} leaves on {soon}, before the work ends on {firm.deal('D02').end}."
    }
    await tell_of(firm, manager)
    opened = await set_up(firm, code, team=[manager, "sam@elsewhere.example"])
    assert guarded(opened).endswith("; mind: HR knows no sam@elsewhere.example."), "of the team it is told only"


async def test_edge_8_rates_that_begin_tomorrow_warn_at_the_winning_and_hold_the_setup_until_they_are_waived(
    firm: World,
) -> None:
    deal, box = firm.deal("D01"), firm.boxes["kantata"]
    for version in box.store.find("rate_card_set_versions"):
        later = (deal.start + timedelta(days=1)).isoformat()
        box.store.update("rate_card_set_versions", version["id"], {"effective_date": later})
    (card,) = box.store.find("rate_cards", currency=deal.currency)
    won = await firm.played("D01")
    assert (won.run.status, won.run.verified) == ("succeeded", True), "a warning stops nothing"
    lacking = f"Standard has no rate on {deal.start} for Delivery Lead, Engineer, Analyst."
    told = next(step.summary for step in won.steps if step.name == "guard")
    assert told.endswith(f"; mind: {lacking}"), told
    validated = next(each for each in (await firm.operations.trace(deal.key)).events if "validated" in each.type)
    assert lacking in validated.summary

    asked: dict[str, Any] = {"rate_card_id": card["id"]}
    held = await set_up(firm, won.run.project_code, **asked)
    assert refused(held) == {"rates": lacking}
    case = await firm.case_of(held.run.id)
    assert case is not None
    assert [(error.rule, error.owner) for error in case.errors] == [("rates", "Deal desk")]
    assert refused(await set_up(firm, won.run.project_code)) == {
        "rates": "The project is billed by the hour, and no rate card is named."
    }
    legal = Contracting(firm)
    legal.waive(legal.contract("D01"), "rates", "people_active", kind="contract")
    done = await set_up(firm, won.run.project_code, **asked)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    assert f"waived in the CRM (rates): {lacking}" in guarded(done)


async def test_edge_9_the_holidays_of_another_country_are_told_and_stop_nothing(firm: World, code: str) -> None:
    done = await set_up(firm, code, calendar="IN")
    assert done.run.status == "succeeded", done.run.problem
    odd = "The calendar is that of IN, but ACME-US works in US."
    assert guarded(done).endswith(f"; mind: {odd}")


async def test_edge_10_codes_that_are_one_when_cut_to_forty_characters_are_refused(
    firm: World, code: str, templates: list[Template]
) -> None:
    long = "integration-with-the-warehouse"
    templates.append(of("long", Work(f"{long}.inbound", "In", 1), Work(f"{long}.outbound", "Out", 1)))
    assert refused(await set_up(firm, code, template="long")) == {
        "short_codes": f"Cut to 40 characters these codes are one: {code}.{long}.inbound, {code}.{long}.outbound."
    }


async def test_a_project_begun_at_risk_is_not_opened_after_the_approval_has_ended(firm: World) -> None:
    """D11 waits for its signature: beyond the cap it is held, waived it begins, and after the day it is not opened."""
    legal, deal, today = Contracting(firm), firm.deal("D11"), now().date()
    cap = {"At_Risk_Until__c": (today + timedelta(days=2)).isoformat(), "At_Risk_Cap__c": str(deal.amount - 1)}
    legal.typed("D11", **cap)
    beyond = await firm.played("D11")
    assert [error.rule for error in beyond.run.errors] == ["at_risk_cap"]
    assert firm.writes("netsuite", "kantata") == []
    legal.waive(legal.contract("D11"), "at_risk_cap", kind="contract")
    await firm.workflow.retry_run(beyond.run.id)
    won = await firm.finished(beyond.run.id)
    assert (won.run.status, won.run.verified) == ("succeeded", True), won.run.detail
    told = next(step.summary for step in won.steps if step.name == "guard")
    assert "waived in the CRM (at_risk_cap)" in told
    assert "mind: Work begins before contract" in told

    over = today - timedelta(days=2)
    legal.typed("D11", At_Risk_Until__c=over.isoformat())
    (card,) = firm.boxes["kantata"].store.find("rate_cards", currency=deal.currency)
    said = refused(await set_up(firm, won.run.project_code, rate_card_id=card["id"]))
    assert set(said) == {"signed_contract"}
    assert said["signed_contract"].endswith(f"is not signed; the at-risk approval ended on {over}.")
    assert Decimal(legal.held("D11")["At_Risk_Cap__c"]) == deal.amount - 1
