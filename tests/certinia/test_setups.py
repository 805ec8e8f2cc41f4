"""What projects are worked under in Certinia: its settings, and a work breakdown that grows and goes page by page."""

from typing import Any

import pytest

from canonical.faults import Invalid, OutcomeUnknown, VendorBusy, VendorRefused
from canonical.money import Money
from canonical.objects import Project, ProjectSetup, Task
from canonical.ports.setups import TASKS, TaskPage, TaskRefs
from foundation.sandbox import Box, FaultRule, Record
from foundation.sandbox.salesforce import rows
from system_apis.certinia.adapter import Certinia
from system_apis.certinia.setups import CANNOT
from tests.certinia.conftest import KEY

TASK = "pse__Project_Task__c"


def make(box: Box, kind: str, **fields: Any) -> str:
    return str(rows.create(box, rows.kind_of(box, kind), fields)["Id"])


def live(box: Box, **equal: Any) -> list[Record]:
    return box.store.find(TASK, IsDeleted=False, **equal)


def task_of(box: Box, ref: str) -> Record:
    [found] = live(box, Tiergate_Key__c=f"{KEY}:task:{ref}")
    return found


def entered(box: Box, project_id: str, task_id: str) -> None:
    """Somebody's day on a task."""
    [owen] = box.store.find("Contact", Email="owen.tran@acme.example")
    where: Record = {"pse__Project__c": project_id, "CurrencyIsoCode": "USD", "pse__Resource__c": owen["Id"]}
    where["pse__Assignment__c"] = make(box, "pse__Assignment__c", Name="Owen", **where)
    week = make(box, "pse__Timecard_Header__c", pse__Start_Date__c="2026-12-07", pse__Monday_Hours__c=8, **where)
    hours: Record = {"pse__Timecard__c": week, "pse__Monday_Hours__c": 8}
    make(box, "pse__Task_Time__c", CurrencyIsoCode="USD", pse__Project_Task__c=task_id, **hours)


def page(*refs: str) -> TaskPage:
    """Tasks, each below what stands before its last dot."""
    return TaskPage(tasks=[Task(ref=ref, name=f"Task {ref}", parent_ref=ref.rpartition(".")[0]) for ref in refs])


async def test_what_is_set_is_read_back_and_cleared_again(box: Box, certinia: Certinia, project: Project) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    cards = make(box, "pse__Rate_Card_Set__c", Name="Standard", CurrencyIsoCode="USD")
    wanted = ProjectSetup(
        practice="Data",
        calendar="US",
        rate_card_id=cards,
        budget=Money.of("190000.00", "USD"),
        open_for_time=True,
        open_for_expenses=False,
        cannot=CANNOT,
    )
    change = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if name != "cannot"}
    await certinia.set_project_setup(native, ProjectSetup(**change))
    assert await certinia.project_setup(native) == wanted
    before = len(box.store.writes())
    await certinia.set_project_setup(native, ProjectSetup())
    assert len(box.store.writes()) == before, "nothing was named"
    await certinia.set_project_setup(native, ProjectSetup(practice="", calendar="", rate_card_id=""))
    cleared = await certinia.project_setup(native)
    assert (cleared.practice, cleared.calendar, cleared.rate_card_id, cleared.budget) == ("", "", "", wanted.budget)


async def test_what_is_not_kept_or_not_there_is_named_and_nothing_is_written(
    box: Box, certinia: Certinia, project: Project
) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    before = len(box.store.writes())
    for data, pointers in (
        (
            ProjectSetup(cost_center="4711", documents="https://docs.acme.example", practice="Data"),
            ["cost_center", "documents"],
        ),
        (ProjectSetup(rate_card_id="standard"), ["rate_card_id"]),
        (ProjectSetup(budget=Money.of(1, "EUR")), ["budget"]),
    ):
        with pytest.raises(Invalid) as refused:
            await certinia.set_project_setup(native, data)
        assert [error.pointer for error in refused.value.errors] == [f"/{each}" for each in pointers]
    with pytest.raises(VendorRefused, match="Foreign key external ID: FR not found"):
        await certinia.set_project_setup(native, ProjectSetup(calendar="FR"))
    own = make(box, "pse__Proj__c", Name="By hand", CurrencyIsoCode="USD")
    with pytest.raises(Invalid, match="a project we made"):
        await certinia.upsert_tasks(own, page("design"))
    with pytest.raises(Invalid, match="a project we made"):
        await certinia.set_project_setup(own, ProjectSetup(budget=Money.of(1, "USD")))
    assert len(box.store.writes()) == before + 1, "but for the one made by hand"


async def test_new_tasks_take_no_time_until_the_project_is_opened_and_closing_shuts_all(
    box: Box, certinia: Certinia, project: Project
) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    await certinia.upsert_tasks(native, page("setup.kickoff"))
    kickoff = task_of(box, "setup.kickoff")
    assert [each["Name"] for each in live(box, pse__Closed_for_Time_Entry__c=True)] == [kickoff["Name"]]
    assert (await certinia.project_setup(native)).open_for_time is False
    before = len(box.store.writes())
    await certinia.set_project_setup(native, ProjectSetup(open_for_time=True))
    assert [write.kind for write in box.store.writes()[before:]] == [TASK, "pse__Proj__c"], "the project last"
    assert (await certinia.project_setup(native)).open_for_time is True
    entered(box, native, kickoff["Id"])
    await certinia.set_project_setup(native, ProjectSetup(open_for_time=False))
    assert {each["pse__Closed_for_Time_Entry__c"] for each in live(box)} == {True}
    assert (box.store.get("pse__Proj__c", native) or {})["pse__Closed_for_Time_Entry__c"] is True


async def test_a_breakdown_grows_page_by_page_and_a_repeat_saves_nothing(
    box: Box, certinia: Certinia, project: Project
) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    first, second = page(*(f"setup.{n}" for n in range(TASKS))), page("deliver.build", "deliver.build.inner", "setup.3")
    box.faults.add(FaultRule(fault="timeout_after_commit", method="PATCH", after=1, times=1))
    with pytest.raises(OutcomeUnknown):
        await certinia.upsert_tasks(native, first)
    assert len(live(box)) == 3 + 100, "two batches of fifty are there, and the answer to the second is lost"
    written = await certinia.upsert_tasks(native, first)
    assert (written.made, written.found, written.left) == (25, 100, 0)
    written = await certinia.upsert_tasks(native, second)
    assert (written.made, written.found) == (2, 1)
    before = len(box.store.writes())
    assert (await certinia.upsert_tasks(native, second)).made == 0
    assert len(box.store.writes()) == before
    there = {each.task.ref: each.task for each in await certinia.project_tasks(native)}
    assert len(there) == 3 + TASKS + 2
    assert there["deliver.build.inner"].parent_ref == "deliver.build"
    assert box.store.duplicates() == []
    with pytest.raises(Invalid, match="form a tree"):
        await certinia.upsert_tasks(native, page("nowhere.build"))


async def test_what_people_removed_stays_removed_and_so_does_what_was_to_hang_below(
    box: Box, certinia: Certinia, project: Project
) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    await certinia.upsert_tasks(native, page("close.handover"))
    rows.delete(box, rows.kind_of(box, TASK), task_of(box, "close")["Id"])
    assert live(box, Tiergate_Key__c=f"{KEY}:task:close.handover") == [], "the package takes along what is below"
    written = await certinia.upsert_tasks(
        native, page("close.handover", "close.lessons", "close.lessons.inner", "setup.a")
    )
    assert (written.made, written.found, written.left) == (1, 3, 3)


async def test_tasks_go_but_for_those_with_time_and_those_above_one_that_stays(
    box: Box, certinia: Certinia, project: Project
) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    await certinia.upsert_tasks(native, page("close.a", "close.a.in", "close.b", "close.b.in", "close.c"))
    await certinia.set_project_setup(native, ProjectSetup(open_for_time=True))
    entered(box, native, task_of(box, "close.a.in")["Id"])
    own = make(box, TASK, Name="Travel plan", pse__Project__c=native, pse__Parent_Task__c=task_of(box, "close.c")["Id"])
    asked = TaskRefs(refs=["close.a", "close.b", "close.c", "close.a.in", "close.b.in", "nobody"])
    done = await certinia.remove_tasks(native, asked)
    assert done.removed == ["close.b", "close.b.in", "nobody"]
    assert done.kept == ["close.a", "close.a.in", "close.c"]
    there = {each.task.ref: each.has_time for each in await certinia.project_tasks(native)}
    assert there.keys() == {"setup", "deliver", "close", "close.a", "close.a.in", "close.c", own}
    assert [ref for ref, has_time in there.items() if has_time] == ["close.a.in"]
    assert len(box.store.find("pse__Task_Time__c", IsDeleted=False)) == 1
    assert (await certinia.remove_tasks(native, asked)).removed == done.removed, "what is gone counts as removed"
    again = await certinia.upsert_tasks(native, page("close.b", "close.b.in"))
    assert (again.made, again.left) == (2, 0), "we removed it, so we may make it again"


async def test_a_removal_that_a_row_lock_undoes_leaves_key_and_task(
    box: Box, certinia: Certinia, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = (await certinia.upsert_project(KEY, project)).id
    await certinia.upsert_tasks(native, page("close.a"))

    def locked(*_: Any) -> None:
        from foundation.sandbox.salesforce.errors import refused

        raise refused(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", [])

    with monkeypatch.context() as patch:
        patch.setattr(rows, "delete", locked)
        with pytest.raises(VendorBusy):
            await certinia.remove_tasks(native, TaskRefs(refs=["close.a"]))
    assert task_of(box, "close.a")["IsDeleted"] is False
    assert (await certinia.remove_tasks(native, TaskRefs(refs=["close.a"]))).removed == ["close.a"]
