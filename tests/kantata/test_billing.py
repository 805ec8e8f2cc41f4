"""Bills of the ERP as Kantata's own invoices: what they hold is billed, once, and let go of when taken back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from canonical.dates import now
from canonical.faults import Conflict, Drifted, Invalid, NotFound, OutcomeUnknown, VendorDown, VendorRefused
from canonical.money import Money
from canonical.objects import Project
from canonical.ports.effort import Billed
from foundation.sandbox import Box, FaultRule
from system_apis.kantata.adapter import Kantata
from system_apis.kantata.sandbox.brainstem import create
from tests.kantata.conftest import KEY

BILL = "bill:00000177:2026-12"
ON = date(2026, 12, 31)


@pytest.fixture
async def workspace(kantata: Kantata, project: Project) -> str:
    return (await kantata.upsert_project(KEY, project)).id


def worked(box: Box, workspace: str, minutes: int = 150, **more: Any) -> str:
    fields = {"workspace_id": workspace, "date_performed": "2026-12-17", "time_in_minutes": minutes, "notes": "Meters"}
    entry = create(box, "time_entries", fields | {"rate_in_cents": 16000} | more)
    box.store.update("time_entries", entry["id"], {"approved": True})
    return str(entry["id"])


def spent(box: Box, workspace: str) -> str:
    fields = {"workspace_id": workspace, "date": "2026-12-16", "category": "Travel", "amount_in_cents": 8430}
    return str(create(box, "expenses", fields)["id"])


def bill(time: list[str], expenses: list[str] | None = None, **more: Any) -> Billed:
    said: dict[str, Any] = {"invoice_number": "INV-77", "invoiced_on": ON}
    return Billed(**said | {"time_entry_ids": sorted(time), "expense_ids": sorted(expenses or [])} | more)


async def test_what_is_billed_is_on_an_invoice_of_its_own_and_says_so(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    time, expense = worked(box, workspace), spent(box, workspace)
    with pytest.raises(NotFound):
        await kantata.billed(workspace, BILL)
    assert (await kantata.mark_billed(workspace, BILL, bill([time], [expense]))).created is True
    assert await kantata.billed(workspace, BILL) == bill([time], [expense])
    found = await kantata.time_entry(time)
    assert (found.status, bool(found.invoice_id)) == ("billed", True)
    (invoice,) = box.store.all("invoices")
    assert (invoice["user_invoice_title"], invoice["invoice_date"], invoice["draft"]) == ("INV-77", "2026-12-31", False)
    with pytest.raises(NotFound):
        await kantata.billed("41000001", BILL)


async def test_the_client_gets_no_mail_of_it(box: Box, kantata: Kantata, workspace: str) -> None:
    await kantata.mark_billed(workspace, BILL, bill([worked(box, workspace)]))
    assert [each["suppress_emails"] for each in box.store.all("invoices")] == [True]


async def test_the_same_again_writes_nothing_and_another_set_replaces_it(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    one, two, expense = worked(box, workspace), worked(box, workspace, 20), spent(box, workspace)
    await kantata.mark_billed(workspace, BILL, bill([one], [expense]))
    writes = len(box.store.writes())
    assert (await kantata.mark_billed(workspace, BILL, bill([one], [expense]))).created is False
    assert len(box.store.writes()) == writes
    for changed in (bill([two]), bill([two], invoice_number="INV-78"), bill([two], invoiced_on=date(2027, 1, 2))):
        await kantata.mark_billed(workspace, BILL, changed)
        assert await kantata.billed(workspace, BILL) == changed
    assert (await kantata.time_entry(one)).status == "approved"
    assert (await kantata.time_entry(two)).status == "billed"
    assert len(box.store.all("invoices")) == 1


async def test_a_bill_taken_back_is_cancelled_and_may_be_made_again(box: Box, kantata: Kantata, workspace: str) -> None:
    time = worked(box, workspace)
    await kantata.mark_billed(workspace, BILL, bill([time]))
    for _ in range(2):
        assert (await kantata.mark_billed(workspace, BILL, bill([]))).created is False
        with pytest.raises(NotFound):
            await kantata.billed(workspace, BILL)
    assert (await kantata.time_entry(time)).status == "approved"
    assert [each["status"] for each in box.store.all("invoices")] == ["cancelled"]
    assert (await kantata.mark_billed(workspace, BILL, bill([time]))).created is True
    assert await kantata.billed(workspace, BILL) == bill([time])
    (held,) = box.store.find("external_references", service_model="bill")
    assert held["subject_id"] == box.store.find("invoices", status="new")[0]["id"]


async def test_a_draft_that_people_made_of_it_is_deleted_when_it_is_taken_back(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    time = worked(box, workspace)
    made = await kantata.mark_billed(workspace, BILL, bill([time]))
    box.store.update("invoices", made.id, {"draft": True})
    await kantata.mark_billed(workspace, BILL, bill([]))
    assert box.store.all("invoices") == []
    assert (await kantata.time_entry(time)).status == "approved"


async def test_a_paid_one_is_not_taken_back(box: Box, kantata: Kantata, workspace: str) -> None:
    made = await kantata.mark_billed(workspace, BILL, bill([worked(box, workspace)]))
    box.store.update("invoices", made.id, {"status": "accepted payment"})
    with pytest.raises(VendorRefused):
        await kantata.mark_billed(workspace, BILL, bill([]))


async def test_what_is_on_another_bill_is_a_conflict_and_nothing_is_written(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    time, fresh, expense = worked(box, workspace), worked(box, workspace), spent(box, workspace)
    await kantata.mark_billed(workspace, BILL, bill([time], [expense]))
    writes = len(box.store.writes())
    for taken in (bill([fresh, time]), bill([fresh], [expense])):
        with pytest.raises(Conflict):
            await kantata.mark_billed(workspace, "bill:another", taken)
    assert len(box.store.writes()) == writes


async def test_what_belongs_to_another_project_is_refused_by_its_place(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    mine, other = worked(box, workspace), worked(box, "41000001")
    with pytest.raises(Invalid) as refused:
        await kantata.mark_billed(workspace, BILL, bill([mine, other, "7"], ["999999999"]))
    assert sorted((each.pointer, each.detail.partition(" ")[0]) for each in refused.value.errors) == sorted(
        [("/time_entry_ids", other), ("/time_entry_ids", "7"), ("/expense_ids", "999999999")]
    )
    with pytest.raises(NotFound):
        await kantata.mark_billed("77", BILL, bill([mine]))
    await kantata.mark_billed(workspace, BILL, bill([mine]))
    with pytest.raises(Conflict):
        await kantata.mark_billed("41000001", BILL, bill([other]))


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("fault", ["timeout_after_commit", "truncated_body", "server_error"])
async def test_whichever_write_is_lost_the_repeat_bills_once(
    box: Box, kantata: Kantata, workspace: str, fault: Any, nested: bool
) -> None:
    box.store.set_setting("nested_references", nested)
    wanted = bill([worked(box, workspace)], [spent(box, workspace)])
    for lost in ("invoices", "external_references")[: 1 if nested else 2]:
        box.faults.add(FaultRule(fault=fault, method="POST", path=f"/api/v1/{lost}", times=1))
        with pytest.raises((OutcomeUnknown, VendorDown)):
            await kantata.mark_billed(workspace, BILL, wanted)
        box.faults.clear()
    await kantata.mark_billed(workspace, BILL, wanted)
    assert await kantata.billed(workspace, BILL) == wanted
    assert len(box.store.all("invoices")) == 1
    assert box.store.duplicates() == []


async def test_an_invoice_is_told_as_a_proforma_with_all_that_it_bills(
    box: Box, kantata: Kantata, workspace: str
) -> None:
    time, expense = worked(box, workspace, 20), spent(box, workspace)
    due = {"title": "Design", "amount_in_cents": 5592000, "workspace_id": workspace, "date_to_invoice": "2027-02-28"}
    milestone = create(box, "billing_milestones", due)["id"]
    items = {
        "fixed_fee_items": [{"notes": "Licence", "amount": 250}],
        "additional_items": [{"notes": "Goodwill", "amount": -100}],
    }
    held = {"time_entry_ids": [time], "expense_ids": [expense], "billing_milestone_ids": [milestone]}
    fields = {"workspace_id": workspace, "payment_schedule": 30, "invoice_date": "2027-02-28", "draft": True}
    made = create(box, "invoices", fields | items | held)
    found = await kantata.proforma(made["id"])
    assert [(line.kind, line.net.amount, line.source_refs) for line in found.lines] == [
        ("time", Decimal("53.33"), [time]),
        ("expense", Decimal("84.30"), [expense]),
        ("milestone", Decimal("55920.00"), [milestone]),
        ("fee", Decimal("250.00"), []),
        ("adjustment", Decimal("-100.00"), []),
    ]
    assert (found.kind, found.status, found.account_id, found.contract_id) == ("proforma", "draft", "1402", "00000102")
    assert (found.project_id, found.number, found.legal_entity_id) == (workspace, "1", "ACME-US")
    assert found.balance == Money.of("56207.63", "USD") == found.total()
    for status, told in (("new", "draft"), ("accepted payment", "paid"), ("cancelled", "void")):
        box.store.update("invoices", made["id"], {"status": status})
        assert (await kantata.proforma(made["id"])).status == told
    box.store.update("invoices", made["id"], {"status": "contested"})
    with pytest.raises(Drifted):
        await kantata.proforma(made["id"])


async def test_invoices_are_listed_by_project(box: Box, kantata: Kantata, workspace: str) -> None:
    made = await kantata.mark_billed(workspace, BILL, bill([worked(box, workspace)]))
    await kantata.mark_billed("41000001", "bill:other", bill([worked(box, "41000001")]))
    assert [each.id for each in (await kantata.proformas(project_id=workspace)).items] == [made.id]
    assert len((await kantata.proformas()).items) == 2


# --- rates ------------------------------------------------------------------------------------------------------------


def priced(box: Box, versions: list[tuple[int | None, bool, int]], currency: str = "EUR") -> str:
    """A card whose set has these versions: days from today on, published or not, the engineer's rate."""
    of = create(box, "rate_card_sets", {"title": "Standard"})["id"]
    engineer = create(box, "roles", {"name": "Data Engineer"})["id"]
    card = create(box, "rate_cards", {"rate_card_set_id": of, "currency": currency})["id"]
    for ahead, published, rate in versions:
        day = None if ahead is None else (now().date() + timedelta(days=ahead)).isoformat()
        version = create(box, "rate_card_set_versions", {"rate_card_set_id": of, "effective_date": day})["id"]
        box.store.update("rate_card_set_versions", version, {"active": published})
        (own,) = box.store.find("rate_card_versions", rate_card_id=card, rate_card_set_version_id=version)
        create(box, "rate_card_roles", {"rate_card_version_id": own["id"], "role_id": engineer, "rate": rate})
    return str(card)


async def test_a_rate_card_tells_the_rates_in_force_and_to_come(box: Box, kantata: Kantata) -> None:
    card = priced(box, [(None, True, 14000), (-30, True, 15000), (-1, False, 99900), (30, True, 16000)])
    found = await kantata.rate_card(card)
    assert (found.name, found.currency) == ("Standard", "EUR")
    today = now().date()
    assert [(rate.role, rate.price.amount, rate.valid_from) for rate in found.rates] == [
        ("Data Engineer", Decimal("150.00"), today - timedelta(days=30)),
        ("Data Engineer", Decimal("160.00"), today + timedelta(days=30)),
    ]


async def test_a_rate_is_in_the_minor_units_of_its_currency(box: Box, kantata: Kantata) -> None:
    prices = {
        code: (await kantata.rate_card(priced(box, [(None, True, 16000)], code))).rates for code in ("JPY", "KWD")
    }
    assert [(rates[0].price.amount, rates[0].valid_from) for rates in prices.values()] == [
        (Decimal(16000), None),
        (Decimal("16.000"), None),
    ]


async def test_a_card_without_a_published_version_has_no_rates(box: Box, kantata: Kantata) -> None:
    assert (await kantata.rate_card(priced(box, [(-1, False, 100)]))).rates == []
    assert (await kantata.rate_card(priced(box, []))).rates == []
    with pytest.raises(NotFound):
        await kantata.rate_card("77")
