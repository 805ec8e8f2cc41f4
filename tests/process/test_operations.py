"""What the service desk asks: cases, traces, connections and the state of the whole; and what clients may see."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, Invalid, NotFound
from canonical.money import Money
from canonical.ports.processes import Resolve
from foundation.context import Caller, fresh, use
from process_apis import own_cases
from process_apis.operating import acting_person
from process_apis.tables import CALLS
from tests.process.ordering import Ordering
from tests.process.world import World


async def parked(firm: World) -> None:
    """Three refused deals and one that waits for the PSA."""
    for code in ("D09", "D10", "D11"):
        await firm.played(code)
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=0)
    await firm.played("D12")
    firm.boxes["kantata"].faults.clear()


async def test_the_overview_sums_each_currency_apart(firm: World) -> None:
    await parked(firm)
    await firm.played("D01")
    seen = await firm.operations.overview()
    assert seen.money_at_risk == [
        Money.of("47000.00", "EUR"),
        Money.of("22000000.00", "INR"),
        Money.of("196000.00", "USD"),
    ]
    assert (seen.open_cases, seen.running, seen.succeeded, seen.verified) == (4, 0, 1, 1)
    assert seen.faults == firm.platform.pace.attempts
    assert seen.repaired == 0
    assert seen.oldest_case_at is not None


async def test_money_that_two_runs_of_a_deal_wait_for_is_at_risk_once(firm: World) -> None:
    await firm.played("D10")
    desk = Ordering(firm)
    assert (await desk.played(desk.quote("D10"))).run.status == "refused"
    seen = await firm.operations.overview()
    assert (seen.open_cases, seen.money_at_risk) == (2, [Money.of("64000.00", "USD")])
    assert seen.projects_blocked == 1, "an order that waits is no project"


async def test_a_project_that_cannot_be_set_up_is_blocked_and_a_case_of_anything_else_is_none(firm: World) -> None:
    await parked(firm)
    assert (await firm.operations.overview()).projects_blocked == 4
    setup = {"workflow": "project_setup", "business_key": (await firm.workflow.runs()).items[0].business_key}
    rows = (("psetup:same", setup), ("undo:a sync", {"workflow": "sync_undo", "business_key": "an account"}))
    for run_id, row in rows:
        said = {"title": "", **row}
        await firm.platform.database.run(
            lambda c, r=run_id, s=said: own_cases.open_case(c, firm.platform, r, s, Conflict("It waits."))
        )
    seen = await firm.operations.overview()
    assert (seen.open_cases, seen.projects_blocked) == (6, 4), "the same project twice, and an undoing of a sync"


async def test_a_fault_the_platform_got_over_counts_as_repaired(firm: World) -> None:
    firm.fault("netsuite", "server_error", method="PUT", path="/job/", times=2)
    await firm.played("D01")
    seen = await firm.operations.overview()
    assert (seen.faults, seen.repaired) == (2, 2)


async def test_cases_come_page_by_page_those_with_most_money_first(firm: World) -> None:
    await parked(firm)
    first = await firm.operations.cases(state="open", limit=3)
    second = await firm.operations.cases(state="open", limit=3, cursor=first.next)
    amounts = [case.amount.amount for case in (*first.items, *second.items) if case.amount]
    assert amounts == [Decimal(each) for each in ("22000000.00", "132000.00", "64000.00", "47000.00")]
    assert second.next == ""
    with pytest.raises(Invalid):
        await firm.operations.cases(cursor="nonsense")


async def test_a_page_goes_on_though_the_case_before_it_is_closed_meanwhile(firm: World) -> None:
    await parked(firm)
    first = await firm.operations.cases(state="open", limit=2)
    await firm.operations.resolve_case(first.items[-1].id, Resolve(note="Done."))
    second = await firm.operations.cases(state="open", limit=2, cursor=first.next)
    assert [case.amount.amount for case in second.items if case.amount] == [Decimal("64000.00"), Decimal("47000.00")]
    every = await firm.operations.cases()
    assert [case.state for case in every.items] == ["open", "open", "open", "resolved"]


async def test_a_case_shows_the_systems_side_by_side_as_they_are_now(firm: World) -> None:
    await parked(firm)
    case = (await firm.operations.cases(state="open")).items[0]
    firm.fault("salesforce", "server_error", times=0)
    detail = await firm.operations.case(case.id)
    views = {view.system: view for view in detail.systems}
    assert set(views) == {"salesforce", "netsuite", "kantata"}
    assert views["salesforce"].unreachable
    assert views["netsuite"].fields["status"] == "planned"
    assert (views["kantata"].found, views["kantata"].unreachable) == (False, "")
    assert detail.history[0].what == "Opened: Kantata is not answering."


async def test_all_guards_that_failed_are_in_the_case_with_their_owners(firm: World) -> None:
    done = await firm.played("D09")
    case = await firm.case_of(done.run.id)
    assert case is not None
    assert [(e.rule, e.owner) for e in case.errors] == [
        ("tax_profile", "Account owner"),
        ("currency", "Sales operations"),
    ]
    assert firm.writes("netsuite", "kantata") == []


async def test_a_case_nobody_opened_is_not_found(firm: World) -> None:
    for case_id in ("CASE-0001", "nonsense", "CASE-"):
        with pytest.raises(NotFound):
            await firm.operations.case(case_id)


async def test_a_deal_is_traced_by_whatever_somebody_has_in_hand(firm: World) -> None:
    done = await firm.played("D03")
    await firm.played("D01")
    deal, native = firm.deal("D03"), {(x.instance, x.system): x.native_id for x in done.run.ids}
    words = [
        deal.id,
        deal.key,
        done.run.id,
        deal.name,
        deal.account.legal_name,
        deal.account.legal_name.upper(),
        deal.account.id,
        done.run.project_code,
        native["project", "kantata"],
    ]
    for word in words:
        found = await firm.operations.trace(word)
        assert [detail.run.id for detail in found.runs] == [done.run.id], word
        assert found.events[0].type == "com.tiergate.project.requested.v1"
    for number in (native[kind, "netsuite"] for kind in ("project", "contract", "customer")):
        # An ERP numbers each kind of record from one: such a word may mean several deals, and all are shown.
        assert done.run.id in [detail.run.id for detail in (await firm.operations.trace(number)).runs]
    with pytest.raises(NotFound):
        await firm.operations.trace("nothing of the kind")


async def test_a_name_with_an_umlaut_is_found(firm: World) -> None:
    """SQLite knows the case of ASCII letters only, and Python of all."""
    await firm.edit("Opportunity", firm.deal("D03").id, Name="Überseehafen ÄÖÜ")
    done = await firm.played("D03")
    assert (await firm.operations.trace("Überseehafen ÄÖÜ")).runs[0].run.id == done.run.id


CALL: dict[str, Any] = {"method": "GET", "path": "/", "status": 200, "request_id": "r", "run_id": "", "number": 0}
HEALTH: list[tuple[str, list[tuple[int, str]], str]] = [
    ("nobody called it", [], "unused"),
    ("answers come soon", [(20, ""), (30, "not_found"), (20, "")], "well"),
    ("answers come late", [(2500, ""), (2600, ""), (20, "")], "slow"),
    ("the last one failed", [(20, ""), (20, "vendor_down")], "failing"),
    ("it failed once and answers again", [(20, "vendor_down"), (20, "")], "well"),
    ("it refuses our sign-in", [(20, ""), (20, "vendor_sign_in")], "signed_out"),
]


async def test_a_connection_is_as_its_last_calls_were(firm: World) -> None:
    long_ago = {"at": now() - timedelta(hours=2), "system": "kantata", "took_ms": 1, "fault": "vendor_down"}
    for what, calls, state in HEALTH:
        rows = [CALL | {"at": now(), "system": "kantata", "took_ms": ms, "fault": fault} for ms, fault in calls]
        await firm.platform.database.run(partial(_called, rows=[*rows, CALL | long_ago]))
        health = {each.system: each for each in await firm.operations.connections()}
        assert (health["kantata"].state, health["kantata"].calls) == (state, len(calls)), what
        assert (health["netsuite"].state, health["netsuite"].roles) == ("unused", ["erp"])
    letters = [health[name].abbreviation for name in ("netsuite", "kantata", "salesforce")]
    assert letters == ["NS", "KA", "SF"]


def _called(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(sa.delete(CALLS))
    connection.execute(sa.insert(CALLS), rows)


async def test_a_client_sees_the_projects_of_its_own_account_and_no_other(firm: World) -> None:
    mine = await firm.played("D02")
    other = await firm.played("D01")
    account = firm.deal("D02").account.key
    (found,) = await firm.engagements.engagements(account)
    assert (found.code, found.value, found.stage) == (mine.run.project_code, Money.of("186400.00", "USD"), "active")
    assert found.next_milestone is not None
    assert found.next_milestone.name == "Design accepted"
    detail = await firm.engagements.engagement(account, found.code)
    assert detail.billing is not None
    assert detail.billing.total() == Money.of("186400.00", "USD")
    with pytest.raises(NotFound):
        await firm.engagements.engagement(account, other.run.project_code)


async def test_what_is_still_being_made_is_nobodys_business_outside(firm: World) -> None:
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=0)
    failed = await firm.played("D01")
    account = firm.deal("D01").account.key
    assert await firm.engagements.engagements(account) == []
    with pytest.raises(NotFound):
        await firm.engagements.engagement(account, failed.run.project_code)


def test_the_history_names_the_person_and_not_the_program_they_used() -> None:
    face = Caller(subject="experience-tier", client="experience-tier", layer="experience")
    priya = Caller(subject="priya@acme.example", client="console")
    with use(fresh(caller=priya.acting(face))):
        assert acting_person() == "priya@acme.example"
    with use(fresh(caller=priya)):
        assert acting_person() == "priya@acme.example"
