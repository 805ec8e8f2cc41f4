"""A sync of an account or a person, undone: what it overwrote is back, and what somebody changed since is not lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import NotFound, VendorStale
from canonical.money import Money
from canonical.objects import Credit, Customer
from canonical.ports.sync_runs import Sync, SyncDetail
from foundation.context import Caller, fresh, use
from process_apis import operating, steps
from process_apis.account_sync.runs import OperatingSyncs
from process_apis.account_sync.undo import WORKFLOW
from process_apis.cross_references import xrefs
from process_apis.engine import Engine
from process_apis.operating import Operating
from process_apis.tables import ATTEMPTS, CASES, EVENTS, RUNS, STEPS, SYNC_WRITES
from tests.accounts.people import person_of
from tests.accounts.two_systems import Firm, firm, lost_after_it_was_done, ownership

DANA = Caller(subject="dana@acme.example", client="console", layer="experience")
PATIENCE = 60.0


class Steward:
    """Somebody who looks at what syncs wrote, and has one undone."""

    def __init__(self, acme: Firm) -> None:
        self.acme = acme
        self.api = OperatingSyncs(acme.platform, Operating(acme.platform, WORKFLOW))

    async def last(self, key: str = "") -> Sync:
        return (await self.api.syncs(key)).items[0]

    async def undone(self, sync_id: str) -> SyncDetail:
        """The sync, once its undoing has come to an end."""
        with use(fresh(caller=DANA)):
            await self.api.undo_sync(sync_id)
        return await self.over(sync_id)

    async def over(self, sync_id: str) -> SyncDetail:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.api.sync(sync_id)
                if found.sync.undo and found.sync.undo.ended_at:
                    return found
                await asyncio.sleep(0.02)


async def with_engine(acme: Firm) -> AsyncIterator[Steward]:
    acme.platform.engine = Engine(acme.database, lease=2.0, poll=0.05)
    await acme.platform.engine.start()
    try:
        yield Steward(acme)
    finally:
        await acme.platform.engine.stop(drain=0)


@pytest.fixture
async def dana(acme: Firm) -> AsyncIterator[Steward]:
    async for made in with_engine(acme):
        yield made


async def renamed(acme: Firm) -> None:
    """An account whose books renamed it and shortened its terms, as the CRM knows by now."""
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", legal_name="Rebranded SE", payment_terms="Net 7")
    assert await acme.round() == {"written": 1}
    await acme.settled()
    assert (acme.crm.records["A1"].legal_name, acme.crm.records["A1"].payment_terms) == ("REBRANDED SE", "Net 7")


async def test_what_a_sync_overwrote_is_put_back_once_and_stays_until_its_owner_changes_it_again(
    acme: Firm, dana: Steward
) -> None:
    await renamed(acme)
    sync = await dana.last("A1")
    assert sync.canonical_id == await acme.id_of("crm", "A1")
    assert [(r.system, r.native_id, r.fields) for r in sync.records] == [
        ("crm", "A1", ["legal_name", "payment_terms"])
    ], "the books were not written"
    before = acme.writes()
    done = await dana.undone(sync.id)
    assert done.sync.undo is not None
    assert (done.sync.undo.status, done.sync.undo.verified, done.sync.undo.problem) == ("succeeded", True, None)
    assert [step.status for step in done.steps] == ["done"] * 4
    account = acme.crm.records["A1"]
    assert (account.legal_name, account.payment_terms) == ("CUSTOMER 1 GMBH", "Net 30")
    assert await dana.undone(sync.id) == done, "asked again, it is the same undoing"
    assert await acme.round() == {"echo": 1}
    assert acme.writes() == before + 1
    assert (await acme.events())[-1] == "com.tiergate.account.updated.v1"
    acme.erp.edit("D1", payment_terms="Net 14")
    await acme.settled()
    account = acme.crm.records["A1"]
    assert (account.legal_name, account.payment_terms) == ("CUSTOMER 1 GMBH", "Net 14"), "the name is left as agreed"
    acme.erp.edit("D1", legal_name="Rebranded again SE")
    await acme.settled()
    assert acme.crm.records["A1"].legal_name == "REBRANDED AGAIN SE"


async def test_what_somebody_changed_since_is_left_and_is_a_case_until_it_is_as_it_was(
    acme: Firm, dana: Steward
) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", email="books@customer-1.example", payment_terms="Net 7")
    await acme.settled()
    sync = await dana.last("A1")
    acme.crm.edit("A1", email="by.hand@customer-1.example")
    await acme.settled()
    done = await dana.undone(sync.id)
    assert done.sync.undo is not None
    assert done.sync.undo.problem is not None
    assert (done.sync.undo.status, done.sync.undo.problem.reason) == ("failed", "conflict")
    account = acme.crm.records["A1"]
    assert (account.email, account.payment_terms) == ("by.hand@customer-1.example", "Net 30")
    (case,) = await acme.cases()
    assert (case.kind, case.owner) == ("changed_since", "Account steward")
    assert "email of crm A1" in case.errors
    assert "customer-1.example" not in case.errors + case.title
    written = acme.writes()
    assert (await dana.undone(sync.id)).sync.undo != done.sync.undo, "run again"
    assert acme.writes() == written
    assert len(await acme.cases()) == 1
    acme.crm.edit("A1", email="ap@customer-1.example")
    assert (await operating.retry(acme.platform, case.run_id)).status == "running"
    assert (await dana.over(sync.id)).sync.undo.status == "succeeded"  # type: ignore[union-attr]  # it has one
    assert await acme.cases() == []


async def test_whom_a_sync_made_in_the_books_is_inactive_and_stays_so_and_nobody_reads_who_it_is(
    acme: Firm, dana: Steward
) -> None:
    acme.account(1)
    acme.crm.people.save("C1", person_of("A1"))
    await acme.settled()
    person = await acme.id_of("crm", "C1", "contact")
    sync = await dana.last(person)
    assert [(r.system, r.native_id, r.made) for r in sync.records] == [("erp", "P1", True)]
    done = await dana.undone(sync.id)
    assert (done.sync.object, done.sync.undo and done.sync.undo.status) == ("contact", "succeeded")
    assert acme.erp.people.records["P1"].status == "inactive"
    acme.crm.people.edit("C1", phone="+49 431 555 99")
    await acme.settled()
    assert (acme.erp.people.records["P1"].phone, acme.erp.people.records["P1"].status) == (
        "+49 431 555 99",
        "inactive",
    )
    assert list(acme.erp.people.records) == ["P1"]
    phone = await dana.last(person)
    assert (await dana.undone(phone.id)).sync.undo.status == "succeeded"  # type: ignore[union-attr]  # it has one
    assert acme.erp.people.records["P1"].phone == "+49 431 555 01"
    shown = [RUNS, STEPS, ATTEMPTS, EVENTS, CASES]
    engine = sa.text("SELECT inputs FROM workflow_status UNION ALL SELECT output FROM operation_outputs")
    said = await acme.database.run(lambda c: str([list(c.execute(sa.select(each))) for each in shown]))
    said += await acme.database.run(lambda c: str(list(c.execute(engine))))
    assert "PATCH /people/{person_id}" in said, "its calls are on record"
    for word in ("555 99", "555 01", "Lindqvist", "customer.example"):
        assert word not in said
    kept = await acme.database.run(lambda c: str(list(c.execute(sa.select(SYNC_WRITES.c.fields)))))
    assert "555 99" not in kept, "of what was written only a digest is kept"
    acme.crm.people.delete("C1")
    acme.erp.people.delete("P1")
    await acme.settled()
    of_people = sa.select(SYNC_WRITES).where(SYNC_WRITES.c.sync_id.startswith("cont:"))
    assert await acme.database.run(lambda c: list(c.execute(of_people))) == [], "deleted, nothing is kept of it"
    with pytest.raises(NotFound):
        await dana.api.sync(phone.id)


async def test_what_the_guards_forbid_any_sync_is_forbidden_its_undoing(tmp_path: Path, database: str) -> None:
    raised = "{owner: crm, mode: authoritative, written_to: [erp]}"
    with firm(database, ownership(tmp_path / "policies", credit__limit=raised)) as acme:
        async for dana in with_engine(acme):
            acme.account(1)
            await acme.settled()
            acme.crm.edit("A1", credit=Credit(limit=Money.of(20_000, "EUR")))
            await acme.settled()
            before = acme.writes()
            done = await dana.undone((await dana.last("D1")).id)
            assert done.sync.undo is not None
            assert done.sync.undo.problem is not None
            assert (done.sync.undo.status, done.sync.undo.problem.reason) == ("refused", "guards_failed")
            assert acme.erp.records["D1"].credit.limit == Money.of(20_000, "EUR")
            assert acme.writes() == before
            assert [case.kind for case in await acme.cases()] == ["guard_credit_limit"]


async def test_a_sync_that_was_merged_anew_is_undone_to_what_was_there_before_all_of_it(
    tmp_path: Path, database: str
) -> None:
    owned = "{owner: crm, mode: authoritative, written_to: [erp]}"
    with firm(database, ownership(tmp_path / "policies", email=owned)) as acme:
        async for dana in with_engine(acme):
            acme.account(1)
            acme.account(1, erp="books", crm=False)
            await acme.settled()
            before, writes = acme.books.records["D1"], len(acme.erp.writes)

            def meanwhile(before: Customer = before, acme: Firm = acme) -> None:
                acme.books.records["D1"] = before
                acme.crm.edit("A1", email="second@customer-1.example")
                raise VendorStale("changed since", system="books")

            acme.books.faults.append(meanwhile)
            acme.crm.edit("A1", email="first@customer-1.example")
            await acme.settled()
            assert len(acme.erp.writes) == writes + 2, "these books had the first one already"
            assert {each.records["D1"].email for each in (acme.erp, acme.books)} == {"second@customer-1.example"}
            done = await dana.undone((await dana.last("A1")).id)
            assert done.sync.undo is not None
            assert done.sync.undo.status == "succeeded"
            assert {each.records["D1"].email for each in (acme.erp, acme.books)} == {"ap@customer-1.example"}


async def test_a_sync_that_died_between_its_write_and_its_record_can_be_undone_all_the_same(
    acme: Firm, dana: Steward
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die() -> None:
        raise Killed

    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 7")
    acme.crm.faults.append(die)
    with pytest.raises(Killed):
        await acme.round()
    assert acme.crm.records["A1"].payment_terms == "Net 7", "its write is in"
    await acme.settled()
    sync = await dana.last("A1")
    assert sync.records[0].fields == ["payment_terms"]
    assert (await dana.undone(sync.id)).sync.undo.status == "succeeded"  # type: ignore[union-attr]  # it has one
    assert acme.crm.records["A1"].payment_terms == "Net 30"


@pytest.mark.parametrize("lost", [False, True])
async def test_every_step_done_twice_as_after_a_kill_before_its_checkpoint_puts_back_once(
    acme: Firm, dana: Steward, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    attempt = steps._attempt

    async def twice(run_id: str, number: int, *args: Any) -> Any:
        await attempt(run_id, number, *args)
        return await attempt(run_id, number, *args)

    monkeypatch.setattr(steps, "_attempt", twice)
    await renamed(acme)
    before, told = acme.writes(), len(await acme.events())
    if lost:
        acme.crm.faults.append(lost_after_it_was_done)
    done = await dana.undone((await dana.last("A1")).id)
    assert done.sync.undo is not None
    assert (done.sync.undo.status, done.sync.undo.verified) == ("succeeded", True)
    assert acme.crm.records["A1"].legal_name == "CUSTOMER 1 GMBH"
    assert (acme.writes() - before, len(await acme.events()) - told) == (1, 1)
    assert await acme.round() == {"echo": 1}


async def test_while_a_sync_works_on_it_its_undoing_waits(acme: Firm, dana: Steward) -> None:
    await renamed(acme)
    owner = await acme.id_of("crm", "A1")
    until = now() + acme.platform.in_hand
    await acme.database.run(lambda c: xrefs.hold(c, [owner], "a sync", until))
    sync = await dana.last("A1")
    with use(fresh(caller=DANA)):
        assert (await dana.api.undo_sync(sync.id)).undo is not None
    await asyncio.sleep(0.4)
    assert acme.crm.records["A1"].payment_terms == "Net 7"
    await acme.database.run(lambda c: xrefs.release(c, "a sync", [owner]))
    assert (await dana.over(sync.id)).sync.undo.status == "succeeded"  # type: ignore[union-attr]  # it has one
    assert acme.crm.records["A1"].payment_terms == "Net 30"
    assert await acme.database.run(lambda c: xrefs.hold(c, [owner], "another", now())) == {owner}, "it is let go"


async def test_syncs_are_listed_newest_first_page_by_page_and_what_is_none_is_not_found(
    acme: Firm, dana: Steward
) -> None:
    await renamed(acme)
    acme.erp.edit("D1", payment_terms="Net 8")
    await acme.settled()
    pages, cursor = [], ""
    while not pages or cursor:
        page = await dana.api.syncs("D1", 1, cursor)
        pages += page.items
        cursor = page.next
    assert [each.records[0].fields for each in pages][:2] == [["payment_terms"], ["legal_name", "payment_terms"]]
    assert (await dana.api.syncs("nobody")).items == []
    for unknown in ("acct:nobody:nothing", "o2p:1", ""):
        with pytest.raises(NotFound):
            await dana.api.undo_sync(unknown)
    older = await dana.undone(pages[1].id)
    assert older.sync.undo is not None
    assert older.sync.undo.status == "failed", "the terms were written again since"
    assert acme.crm.records["A1"].payment_terms == "Net 8"
    assert acme.crm.records["A1"].legal_name == "CUSTOMER 1 GMBH"
