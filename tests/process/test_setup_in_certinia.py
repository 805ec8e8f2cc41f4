"""Project setup with Certinia as the PSA: a binding and nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from canonical.money import Money
from canonical.objects import Rate, RateCard
from foundation.context import fresh, use
from foundation.sandbox import Box, Record
from foundation.sandbox.salesforce import rows
from process_apis.project_setup.templates import TEMPLATES
from system_apis.certinia.suite import plant_rates
from tests.process.test_setup_edges import rollout, set_up, setups
from tests.process.world import PRIYA, Over, World

TASK = "pse__Project_Task__c"


@pytest.fixture
async def firm(over: Over) -> AsyncIterator[World]:
    async with over(psa="certinia") as made:
        yield made


def make(box: Box, kind: str, **fields: Any) -> str:
    return str(rows.create(box, rows.kind_of(box, kind), fields)["Id"])


def live(firm: World, **equal: Any) -> list[Record]:
    return firm.boxes["certinia"].store.find(TASK, IsDeleted=False, **equal)


def entered(box: Box, project: Record, task: Record) -> None:
    """The project manager's day on a task."""
    where: Record = {"pse__Project__c": project["Id"], "CurrencyIsoCode": project["CurrencyIsoCode"]}
    where["pse__Resource__c"] = project["pse__Project_Manager__c"]
    where["pse__Assignment__c"] = make(box, "pse__Assignment__c", Name="On site", **where)
    week = make(box, "pse__Timecard_Header__c", pse__Start_Date__c="2027-01-11", pse__Monday_Hours__c=8, **where)
    hours: Record = {"pse__Timecard__c": week, "pse__Monday_Hours__c": 8}
    make(box, "pse__Task_Time__c", CurrencyIsoCode=project["CurrencyIsoCode"], pse__Project_Task__c=task["Id"], **hours)


async def opened(firm: World, code: str, cards: str, tasks: int) -> None:
    """Whatever was asked for is in the PSA and in the ERP."""
    box = firm.boxes["certinia"]
    [project] = box.store.find("pse__Proj__c", Project_Code__c=code)
    there = await firm.adapters["certinia"].project_setup(project["Id"])
    assert (there.rate_card_id, there.practice, there.budget) == (cards, firm.deal("D02").practice, there.budget)
    assert (there.open_for_time, there.open_for_expenses, there.calendar) == (True, True, "US")
    [calendar] = box.store.find("pse__Work_Calendar__c", Country_Code__c="US")
    assert project["pse__Work_Calendar__c"] == calendar["Id"]
    assert len(live(firm)) == tasks
    assert {each["pse__Closed_for_Time_Entry__c"] for each in live(firm)} == {False}
    [job] = [job for job in firm.records("netsuite", "job") if job["entityId"] == code]
    assert (job["custentity_tg_cost_center"], job["allowTime"]) == ("4711", True)


@pytest.mark.parametrize("waves", [0, pytest.param(2, marks=pytest.mark.real)])
async def test_a_project_of_certinia_is_set_up_page_by_page_opened_last_and_put_back(firm: World, waves: int) -> None:
    """By the firm's own template; and by one of two pages, while an answer to the second is lost on the way."""
    template = rollout("1", waves) if waves else next(each for each in TEMPLATES if each.name == "delivery")
    if waves:
        TEMPLATES.append(template)
    try:
        await _round(firm, template.name, waves)
    finally:
        if waves:
            TEMPLATES.remove(template)


async def _round(firm: World, template: str, waves: int) -> None:
    box, deal = firm.boxes["certinia"], firm.deal("D02")
    code = (await firm.played("D02")).run.project_code
    before = {each["Name"] for each in live(firm)}
    rates = [Rate(role=each.name, price=Money.of(each.rate, deal.currency)) for each in deal.roles]
    cards = plant_rates(box, RateCard(id="", name="Standard", currency=deal.currency, rates=rates))
    if waves:
        firm.fault("certinia", "timeout_after_commit", method="PATCH", path="/composite/sobjects", after=4, times=1)
    asked = {"template": template, "rate_card_id": cards, "cost_center": "4711"}
    done = await set_up(firm, code, **asked)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    said = {step.name: (step.status, step.summary) for step in done.steps}
    assert said["calendar"][0] == "done"
    assert "approval process" in said["controls"][1]
    made = len(live(firm)) - len(before)
    await opened(firm, code, cards, len(before) + made)
    agreed = {each.field: each.values for each in done.agreement}
    assert agreed["tasks"]["asked"] == agreed["tasks"]["certinia"] == str(100 * waves or made + len(before))
    assert set(agreed["open_for_time"]) == {"asked", "certinia", "netsuite"}
    if waves:
        assert f"page 2 of 2, {made} tasks in all" in said["breakdown"][1]
        assert [each.fault for each in done.steps[3].attempts if each.fault] == ["outcome_unknown"]

    [project] = box.store.find("pse__Proj__c", Project_Code__c=code)
    worked = next(each for each in live(firm) if each["pse__Parent_Task__c"] and each["Name"] not in before)
    entered(box, project, worked)
    with use(fresh(caller=PRIYA)):
        await setups(firm).undo_setup(done.run.id)
    await firm.finished_any(done.run.id)
    undone = await setups(firm).setup(done.run.id)
    assert undone.run.status == "cancelled", undone.run.problem
    # Time keeps a task, and the task above it.
    above = (box.store.get(TASK, worked["pse__Parent_Task__c"]) or {})["Name"]
    assert {each["Name"] for each in live(firm)} == before | {worked["Name"], above}, (
        "time keeps a task, and its parent"
    )
    assert len(box.store.find("pse__Task_Time__c", IsDeleted=False)) == 1
    back = await firm.adapters["certinia"].project_setup(project["Id"])
    assert (back.open_for_time, back.open_for_expenses, back.rate_card_id, back.calendar) == (False, False, "", "")
    [job] = [job for job in firm.records("netsuite", "job") if job["entityId"] == code]
    assert (job["allowTime"], job.get("custentity_tg_cost_center")) == (False, None)
    assert firm.duplicates() == []

    again = await set_up(firm, code, **asked)
    assert (again.run.status, again.run.verified) == ("succeeded", True), again.run.problem
    await opened(firm, code, cards, len(before) + made)
