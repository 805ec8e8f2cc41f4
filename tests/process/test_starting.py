"""Starting: one run a winning, whoever asks and however often; and runs of one deal one after the other."""

import asyncio

import pytest
import sqlalchemy as sa

from canonical.faults import Conflict, Invalid, NotFound
from process_apis.steps import observers
from process_apis.tables import RUNS
from tests.process.world import World


async def test_a_deal_that_is_not_won_is_not_started(firm: World) -> None:
    with pytest.raises(Conflict, match="not won"):
        await firm.start("D01")
    assert (await firm.workflow.runs()).items == []


async def test_the_same_deal_again_answers_with_the_run_there_is(firm: World) -> None:
    done = await firm.played("D01")
    again = await firm.start("D01")
    assert (again.id, again.status, again.ended_at) == (done.run.id, "succeeded", done.run.ended_at)
    assert len((await firm.workflow.runs()).items) == 1


async def test_started_ten_times_at_once_it_runs_once(firm: World) -> None:
    await firm.win("D01")
    runs = await asyncio.gather(*(firm.start("D01") for _ in range(10)))
    assert len({run.id for run in runs}) == 1
    done = await firm.finished(runs[0].id)
    assert done.run.status == "succeeded"
    assert firm.duplicates() == []


async def test_the_winnings_of_one_deal_run_one_after_the_other(firm: World) -> None:
    seen: list[tuple[str, int]] = []
    watch = lambda run, number, what: seen.append((run, number)) if what == "begun" else None  # noqa: E731 - an observer
    observers.append(watch)
    try:
        await firm.win("D01")
        first = await firm.start("D01")
        await firm.reopen("D01")
        await firm.win("D01")
        second = await firm.start("D01")
        await firm.finished(second.id)
    finally:
        observers.remove(watch)
    of_second = [n for n, (run, _) in enumerate(seen) if run == second.id]
    of_first = [n for n, (run, _) in enumerate(seen) if run == first.id]
    assert max(of_first) < min(of_second)


async def test_other_deals_do_not_wait(firm: World) -> None:
    held, go = asyncio.Event(), asyncio.Event()
    kantata = firm.adapters["kantata"]
    original = kantata.upsert_project

    async def slow(key: str, data: object) -> object:
        if key == firm.deal("D01").key:
            held.set()
            await go.wait()
        return await original(key, data)

    kantata.upsert_project = slow
    await firm.win("D01")
    first = await firm.start("D01")
    await held.wait()
    assert (await firm.played("D02")).run.status == "succeeded"
    assert (await firm.workflow.run(first.id)).run.status == "running"
    go.set()
    assert (await firm.finished(first.id)).run.status == "succeeded"


async def test_runs_are_listed_by_any_key_newest_first_and_page_by_page(firm: World) -> None:
    for code in ("D09", "D10", "D11"):
        await firm.played(code)
    first = await firm.workflow.runs(limit=2)
    second = await firm.workflow.runs(limit=2, cursor=first.next)
    listed = [run.title for run in (*first.items, *second.items)]
    assert listed == [firm.deal(code).name for code in ("D11", "D10", "D09")]
    assert second.next == ""
    assert [r.title for r in (await firm.workflow.runs(key=firm.deal("D10").id)).items] == [firm.deal("D10").name]
    assert (await firm.workflow.runs(status="succeeded")).items == []
    with pytest.raises(Invalid) as wrong:
        await firm.workflow.runs(cursor="nonsense")
    assert wrong.value.errors[0].pointer == "query:cursor"


async def test_only_a_stopped_run_can_be_run_again(firm: World) -> None:
    done = await firm.played("D01")
    with pytest.raises(Conflict):
        await firm.workflow.retry_run(done.run.id)
    with pytest.raises(NotFound):
        await firm.workflow.retry_run("o2p:salesforce:nothing:1")


async def test_run_again_by_two_at_once_it_runs_once(firm: World) -> None:
    refused = await firm.played("D11")
    answers = await asyncio.gather(*(firm.workflow.retry_run(refused.run.id) for _ in range(3)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "Run"]
    again = await firm.finished(refused.run.id)
    assert again.run.status == "refused"


async def test_a_run_remembers_for_whom_it_works(firm: World) -> None:
    await firm.win("D01")
    run = await firm.start("D01")
    query = sa.select(RUNS.c.acted_for).where(RUNS.c.id == run.id)
    assert await firm.platform.database.run(lambda c: c.scalar(query)) == "priya@acme.example@console"
    await firm.finished(run.id)
