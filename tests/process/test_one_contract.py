"""One contract is billed for one deal: a second that rests on it never writes its own amount over the first's."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.processes import RunDetail
from foundation.database import engine_of, migrate
from foundation.sandbox import Box
from process_apis.opportunity_to_project import gathering, holding
from process_apis.opportunity_to_project.guards import Deal, Evidence
from process_apis.steps import Scope
from process_apis.tables import CONTRACT_HOLDERS, RUNS
from system_apis import Demo
from tests.postgres import server
from tests.process.world import World, world

FIRST, SECOND = "D01", "D02"
"""Two deals of one legal entity and currency, of different amounts."""


async def on_one_contract(firm: World) -> str:
    """Both rest on the first one's contract; what we call it."""
    contract = firm.boxes["salesforce"].store.get("Opportunity", firm.deal(FIRST).id)["ContractId"]  # type: ignore[index]  # seeded
    await firm.edit("Opportunity", firm.deal(SECOND).id, ContractId=contract)
    return f"salesforce:{contract}"


def order(firm: World, key: str) -> dict[str, Any]:
    """The one order the ERP has under this key."""
    (found,) = [each for each in firm.records("netsuite", "salesOrder") if each["externalId"] == key]
    return found


def worth(found: dict[str, Any]) -> Decimal:
    return Decimal(str(found["total"]))


def refused_for(done: RunDetail) -> list[str]:
    return [error.rule for error in done.run.errors]


async def test_edge_6_two_deals_on_one_contract_are_one_project_and_a_case_that_names_it(firm: World) -> None:
    key = await on_one_contract(firm)
    first = await firm.played(FIRST)
    second = await firm.played(SECOND)
    assert (first.run.status, first.run.verified) == ("succeeded", True)
    assert (second.run.status, refused_for(second)) == ("refused", ["contract_free"])
    assert worth(order(firm, key)) == firm.deal(FIRST).amount, "the contract's amount is its own deal's"
    assert [job["entityId"] for job in firm.records("netsuite", "job")] == [first.run.project_code]
    assert firm.records("kantata", "workspaces")[1:][0]["title"].startswith(first.run.project_code)
    case = await firm.case_of(second.run.id)
    assert case is not None
    (said,) = case.errors
    assert (case.state, case.owner, said.owner) == ("open", "Deal desk", "Deal desk")
    assert all(word in said.detail for word in (first.run.title, firm.deal(FIRST).key, first.run.project_code))


@contextmanager
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.real("initdb", "postgres"))])
async def anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path
) -> AsyncIterator[World]:
    """A firm on either database."""
    if request.param == "sqlite":
        path = tmp_path / "tiergate.sqlite"
        shutil.copy(empty, path)
        async with world(f"sqlite:///{path}", known, boxes) as made:
            yield made
        return
    with postgres() as url:
        async with world(url, known, boxes) as made:
            yield made


async def test_two_deals_on_one_contract_started_at_once_do_not_both_pass(
    anywhere: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked, and seen nobody, before either takes it: the database decides."""
    firm, both = anywhere, asyncio.Barrier(2)
    key, gather = await on_one_contract(firm), gathering.gather

    async def together(s: Scope, deal: Deal) -> Evidence:
        seen = await gather(s, deal)
        assert seen.contract_holder is None
        await both.wait()
        return seen

    monkeypatch.setattr(gathering, "gather", together)
    for code in (FIRST, SECOND):
        await firm.win(code)
    begun = await asyncio.gather(firm.start(FIRST), firm.start(SECOND))
    done = {code: await firm.finished(run.id) for code, run in zip((FIRST, SECOND), begun, strict=True)}
    won = [code for code, each in done.items() if each.run.status == "succeeded"]
    lost = [code for code, each in done.items() if refused_for(each) == ["contract_free"]]
    assert (len(won), len(lost)) == (1, 1)
    assert worth(order(firm, key)) == firm.deal(won[0]).amount
    assert len(firm.records("netsuite", "job")) == 1
    assert firm.duplicates() == []


async def test_two_deals_on_one_contract_of_which_the_first_is_refused_leave_it_to_the_second(firm: World) -> None:
    key = await on_one_contract(firm)
    await firm.edit("Opportunity", firm.deal(FIRST).id, Amount=1)  # not what its quote comes to
    first, second = await firm.played(FIRST), await firm.played(SECOND)
    assert (first.run.status, refused_for(first)) == ("refused", ["quote_total"])
    assert (second.run.status, second.run.verified) == ("succeeded", True)
    assert worth(order(firm, key)) == firm.deal(SECOND).amount


async def test_two_deals_on_one_contract_of_which_the_first_is_undone_let_the_second_go_on(firm: World) -> None:
    key = await on_one_contract(firm)
    firm.fault("netsuite", "server_error", method="PUT", path="/job/", times=0)
    first, second = await firm.played(FIRST), await firm.played(SECOND)
    assert (first.run.status, first.run.step) == ("failed", 8)
    assert refused_for(second) == ["contract_free"], "the first only waits: the contract is its own"
    firm.boxes["netsuite"].faults.clear()

    await firm.workflow.retry_run(second.run.id)
    assert refused_for(await firm.finished(second.run.id)) == ["contract_free"]
    await firm.workflow.cancel_run(first.run.id)
    assert (await firm.finished(first.run.id)).run.status == "cancelled"
    assert order(firm, key)["orderStatus"] == {"id": "H"}, "closed"

    await firm.workflow.retry_run(second.run.id)
    done = await firm.finished(second.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert worth(order(firm, key)) == firm.deal(SECOND).amount
    assert order(firm, key)["orderStatus"] == {"id": "B"}, "open again"
    again = await firm.finished((await firm.start(FIRST)).id)
    assert again.run.status == "cancelled"


async def test_a_contract_whose_second_deal_is_undone_stays_as_its_first_deal_has_it(firm: World) -> None:
    """The second had its own when it began; its link was moved while it waited."""
    await firm.win(FIRST)
    firm.fault("netsuite", "server_error", method="PUT", path="/job/", times=0)
    second = await firm.played(SECOND)
    assert second.run.step == 8
    firm.boxes["netsuite"].faults.clear()
    key = await on_one_contract(firm)
    first = await firm.finished((await firm.start(FIRST)).id)
    assert first.run.verified is True
    await firm.workflow.retry_run(second.run.id)
    failed = await firm.finished(second.run.id)
    assert (failed.run.status, refused_for(failed)) == ("failed", ["contract_free"])
    await firm.workflow.cancel_run(second.run.id)
    assert (await firm.finished(second.run.id)).run.status == "cancelled"
    assert order(firm, key)["orderStatus"] == {"id": "B"}
    assert worth(order(firm, key)) == firm.deal(FIRST).amount


async def test_a_deal_won_again_holds_its_contract_still(firm: World) -> None:
    key = await on_one_contract(firm)
    await firm.played(FIRST)
    await firm.reopen(FIRST)
    again = await firm.played(FIRST)
    assert (again.run.generation, again.run.verified) == (2, True)
    holders = sa.select(CONTRACT_HOLDERS.c.contract_key, CONTRACT_HOLDERS.c.business_key)
    rows = await firm.platform.database.run(lambda c: [tuple(row) for row in c.execute(holders)])
    assert rows == [(key, firm.deal(FIRST).key)]


def test_a_contract_that_was_carried_before_anybody_held_it_is_its_first_deals(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path / 'tiergate.sqlite'}")
    migrate(engine, "0016")
    with engine.begin() as c:
        for number, (key, status) in enumerate([("1", "refused"), ("2", "succeeded"), ("3", "failed")]):
            told = {"id": f"ctr:{key}", "workflow": "contract_sync", "business_key": f"crm:{key}", "status": status}
            row = {"generation": 1, "input_hash": "", "started_at": now() + timedelta(seconds=number)}
            c.execute(sa.insert(RUNS).values(**row, contract_key="crm:800", **told))
    migrate(engine)
    with engine.begin() as c:
        assert c.scalar(sa.select(CONTRACT_HOLDERS.c.business_key)) == "crm:2"
        assert holding.other(c, "crm:800", "crm:3") is not None
    engine.dispose()


def test_a_preparation_for_a_deal_holds_no_contract(empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    engine = sa.create_engine(f"sqlite:///{path}")
    row = {"generation": 1, "input_hash": "", "started_at": now(), "contract_key": "crm:800"}
    with engine.begin() as c:
        assert holding.take(c, "crm:800", "crm:1") is None
        likely = {"id": "commit:1", "workflow": "deal_commitment", "business_key": "crm:1", "status": "succeeded"}
        c.execute(sa.insert(RUNS).values(**row, **likely))
        assert holding.other(c, "crm:800", "crm:2") is None
        going = {"id": "o2p:1", "workflow": "opportunity_to_project", "business_key": "crm:1", "status": "cancelled"}
        c.execute(sa.insert(RUNS).values(**row, **going))
        being_undone = holding.take(c, "crm:800", "crm:2")
        assert being_undone is not None
        assert being_undone.key == "crm:1"
        c.execute(sa.update(RUNS).values(ended_at=now()))
        assert holding.take(c, "crm:800", "crm:2") is None
        assert c.scalar(sa.select(CONTRACT_HOLDERS.c.business_key)) == "crm:2"
    engine.dispose()
