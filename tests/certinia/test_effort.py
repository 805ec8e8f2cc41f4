"""Week rows, expense reports and billing events: told by days and receipts, billed by parts of months, once."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.faults import Conflict, Drifted, Invalid, NotFound
from canonical.money import Money
from canonical.objects import Project, TimeEntry
from canonical.ports.effort import Billed
from foundation.sandbox import Box, Record, Refused
from foundation.sandbox.salesforce import rows
from system_apis.certinia.adapter import Certinia
from tests.certinia.conftest import KEY

BILL = "bill:2026-12:US-26-0002"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.fixture
async def project_id(box: Box, certinia: Certinia, project: Project) -> str:
    """A project on which its people enter time."""
    written = await certinia.upsert_project(KEY, project)
    change(box, "pse__Proj__c", written.id, pse__Allow_Timecards_Without_Assignment__c=True)
    return written.id


def make(box: Box, kind: str, **fields: Any) -> str:
    return str(rows.create(box, rows.kind_of(box, kind), fields)["Id"])


def change(box: Box, kind: str, record_id: str, **fields: Any) -> None:
    rows.update(box, rows.kind_of(box, kind), record_id, fields)


def person(box: Box, email: str = "owen.tran@acme.example") -> str:
    [found] = box.store.find("Contact", Email=email)
    return str(found["Id"])


def week(box: Box, project_id: str, start: str, hours: str, **more: Any) -> str:
    """A timecard; hours of each day from Monday on, a point for none."""
    worked = {
        f"pse__{day}_Hours__c": Decimal(each) for day, each in zip(DAYS, hours.split(), strict=True) if each != "."
    }
    given: Record = {"pse__Project__c": project_id, "pse__Resource__c": person(box), "pse__Start_Date__c": start}
    return make(box, "pse__Timecard_Header__c", **{**given, "CurrencyIsoCode": "USD", **worked, **more})


def approve(box: Box, week_id: str) -> None:
    change(box, "pse__Timecard_Header__c", week_id, pse__Status__c="Approved")


def report(box: Box, project_id: str, *amounts: str, status: str = "Approved") -> str:
    made = make(
        box,
        "pse__Expense_Report__c",
        Name="Houston, December",
        CurrencyIsoCode="USD",
        pse__Project__c=project_id,
        pse__Resource__c=person(box),
    )
    for place, amount in enumerate(amounts):
        fields: Record = {"pse__Amount__c": Decimal(amount), "pse__Expense_Date__c": f"2026-12-{14 + place}"}
        fields |= {"pse__Type__c": "Travel", "CurrencyIsoCode": "USD", "pse__Billable__c": True}
        make(box, "pse__Expense__c", pse__Expense_Report__c=made, **fields)
    change(box, "pse__Expense_Report__c", made, pse__Status__c=status)
    return made


async def every(certinia: Certinia, limit: int, **more: str) -> list[TimeEntry]:
    found, at = [], ""
    while True:
        page = await certinia.time_entries(at, limit, **more)
        found += page.items
        assert len(page.items) <= limit
        at = page.next
        if not at:
            return found


async def test_a_row_is_as_many_entries_as_it_has_days_with_hours(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    row = week(box, project_id, "2026-12-14", "8 7.5 . 0 4 . .", pse__Tuesday_Notes__c="Meters", pse__Bill_Rate__c=160)
    found = await every(certinia, 100)
    assert [(each.worked_on.isoformat(), each.hours, each.notes) for each in found] == [
        ("2026-12-14", Decimal(8), ""),
        ("2026-12-15", Decimal("7.5"), "Meters"),
        ("2026-12-18", Decimal(4), ""),
    ]
    first = found[0]
    assert (first.id, first.resource, first.project_id) == (f"{row}.2026-12-14", "owen.tran@acme.example", project_id)
    assert (first.status, first.billable, first.bill_rate) == ("draft", True, Money.of(160, "USD"))
    assert await certinia.time_entry(found[1].id) == found[1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 100])
async def test_pages_end_within_a_row_and_go_on_there(
    box: Box, certinia: Certinia, project_id: str, limit: int
) -> None:
    made = [week(box, project_id, f"2026-{month}-07", "1 2 3 . 5 6 7") for month in ("09", "12")]
    empty = week(box, project_id, "2026-12-21", "0 . . . . . 0")
    found = await every(certinia, limit)
    assert [each.id.split(".")[0] for each in found] == [made[0]] * 6 + [made[1]] * 6
    assert empty not in {each.id.split(".")[0] for each in found}
    assert len({each.id for each in found}) == 12
    assert await every(certinia, limit, project_id=project_id) == found


@pytest.mark.parametrize(
    "nobody", ["", "x", "a1A5g0000000001EAA", "a1A5g0000000001EAA.2026-12-14", "a1A5g0000000001EAA.2026-13-14"]
)
async def test_a_day_that_is_not_there_is_not_found(certinia: Certinia, nobody: str) -> None:
    with pytest.raises(NotFound):
        await certinia.time_entry(nobody)


async def test_a_day_without_hours_is_no_entry(box: Box, certinia: Certinia, project_id: str) -> None:
    row = week(box, project_id, "2026-12-14", "8 . . . . . .")
    with pytest.raises(NotFound):
        await certinia.time_entry(f"{row}.2026-12-15")


async def test_only_what_is_approved_is_polled_and_a_changed_day_brings_its_whole_row(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    first = week(box, project_id, "2026-12-07", "8 8 . . . . .")
    week(box, project_id, "2026-12-14", "1 . . . . . .")
    approve(box, first)
    page = await certinia.approved_time("")
    assert [each.id for each in page.items] == [f"{first}.2026-12-07", f"{first}.2026-12-08"]
    assert {each.status for each in page.items} == {"approved"}
    box.store.set_setting("_clock_ahead", 3600.0)
    edit = {
        "pse__Monday_Hours__c": 6,
        "pse__Admin_Global_Edit__c": True,
        "pse__Audit_Notes__c": "Two hours were travel",
    }
    change(box, "pse__Timecard_Header__c", first, **edit)
    later = (await certinia.approved_time(page.next)).items
    assert [(each.worked_on.day, each.hours) for each in later] == [(7, Decimal(6)), (8, Decimal(8))]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_polling_goes_on_within_a_row_and_at_equal_stamps(
    box: Box, certinia: Certinia, project_id: str, limit: int
) -> None:
    for start in ("2026-11-30", "2026-12-07", "2026-12-14"):
        approve(box, week(box, project_id, start, "1 2 3 4 . . ."))
    stamp = rows.stamp(box.now())
    for each in box.store.all("pse__Timecard_Header__c"):
        box.store.update("pse__Timecard_Header__c", each["Id"], {"SystemModstamp": stamp})
    seen: list[str] = []
    since = ""
    for _ in range(20):
        page = await certinia.approved_time(since, limit)
        seen += [each.id for each in page.items]
        since = page.next
        if len(page.items) < limit:
            break
    assert (len(seen), len(set(seen))) in {(12, 12), (24, 12)}
    assert sorted(set(seen)) == sorted({each.id for each in await every(certinia, 100)})


@pytest.mark.parametrize("wrong", ["2026-01-01T00:00:00Z~x", "2026-01-01T00:00:00Z~a1A5g0000000001EAA"])
async def test_a_watermark_with_an_id_that_is_none_is_refused(certinia: Certinia, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        await certinia.approved_time(wrong)
    assert refused.value.errors[0].pointer == "query:since"


async def test_a_week_across_the_end_of_a_month_is_billed_in_two_parts(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    row = week(box, project_id, "2026-12-28", "8 8 8 8 8 . .")
    approve(box, row)
    december = [f"{row}.2026-12-{day}" for day in (28, 29, 30, 31)]
    billed = Billed(invoice_number="INV-1", invoiced_on=date(2026, 12, 31), time_entry_ids=december)
    assert (await certinia.mark_billed(project_id, BILL, billed)).created is True
    assert [(each.status, each.invoice_id) for each in await every(certinia, 100)] == [("billed", "INV-1")] * 4 + [
        ("approved", "")
    ]
    assert (box.store.get("pse__Timecard_Header__c", row) or {})["pse__Invoiced__c"] is False
    january = Billed(invoice_number="INV-2", invoiced_on=date(2027, 1, 31), time_entry_ids=[f"{row}.2027-01-01"])
    await certinia.mark_billed(project_id, "bill:2027-01", january)
    assert (box.store.get("pse__Timecard_Header__c", row) or {})["pse__Invoiced__c"] is True
    assert await certinia.billed(project_id, BILL) == billed


async def test_a_part_of_a_week_is_billed_whole_or_not_at_all(box: Box, certinia: Certinia, project_id: str) -> None:
    row = week(box, project_id, "2026-12-14", "8 8 . . . . .")
    approve(box, row)
    half = Billed(invoice_number="INV-1", invoiced_on=date(2026, 12, 31), time_entry_ids=[f"{row}.2026-12-14"])
    before = len(box.store.writes())
    with pytest.raises(Invalid) as refused:
        await certinia.mark_billed(project_id, BILL, half)
    assert f"{row}.2026-12-15 would be on no bill" in refused.value.errors[0].detail
    assert len(box.store.writes()) == before


async def test_a_bill_is_marked_again_changed_and_taken_back(box: Box, certinia: Certinia, project_id: str) -> None:
    row, spent = week(box, project_id, "2026-12-14", "8 . . . . . ."), report(box, project_id, "84.30", "12")
    approve(box, row)
    fields: dict[str, Any] = {"invoice_number": "INV-1", "invoiced_on": date(2026, 12, 31)}
    both = Billed(**fields, time_entry_ids=[f"{row}.2026-12-14"], expense_ids=[spent])
    await certinia.mark_billed(project_id, BILL, both)
    before = len(box.store.writes())
    assert (await certinia.mark_billed(project_id, BILL, both)).created is False
    assert len(box.store.writes()) == before, "the second time there was nothing to do"
    assert await certinia.billed(project_id, BILL) == both
    assert {line.invoice_id for line in (await certinia.expense_report(spent)).lines} == {"INV-1"}
    only = Billed(**fields, expense_ids=[spent])
    await certinia.mark_billed(project_id, BILL, only)
    assert await certinia.billed(project_id, BILL) == only
    assert (await certinia.time_entry(f"{row}.2026-12-14")).status == "approved"
    await certinia.mark_billed(project_id, BILL, Billed(**fields))
    with pytest.raises(NotFound):
        await certinia.billed(project_id, BILL)


async def test_what_is_on_one_bill_is_not_put_on_another(box: Box, certinia: Certinia, project_id: str) -> None:
    spent = report(box, project_id, "84.30")
    bill = Billed(invoice_number="INV-1", invoiced_on=date(2026, 12, 31), expense_ids=[spent])
    await certinia.mark_billed(project_id, BILL, bill)
    with pytest.raises(Conflict, match=BILL):
        await certinia.mark_billed(project_id, "bill:another", bill)
    by_hand = report(box, project_id, "10")
    [receipt] = box.store.find("pse__Expense__c", pse__Expense_Report__c=by_hand)
    change(box, "pse__Expense__c", receipt["Id"], pse__Invoiced__c=True, pse__Invoice_Number__c="PAPER-7")
    with pytest.raises(Conflict, match="PAPER-7"):
        await certinia.mark_billed(
            project_id, BILL, Billed(invoice_number="I", invoiced_on=date(2027, 1, 1), expense_ids=[by_hand])
        )


async def test_what_is_not_of_the_project_is_named(box: Box, certinia: Certinia, project_id: str) -> None:
    bill = Billed(
        invoice_number="INV-1",
        invoiced_on=date(2026, 12, 31),
        time_entry_ids=["nonsense"],
        expense_ids=["a1C5g0000000001EAA"],
    )
    with pytest.raises(Invalid) as refused:
        await certinia.mark_billed(project_id, BILL, bill)
    assert [error.pointer for error in refused.value.errors] == ["/time_entry_ids"]
    with pytest.raises(NotFound):
        await certinia.mark_billed("x", BILL, Billed(invoice_number="INV-1", invoiced_on=date(2026, 12, 31)))


async def test_a_report_is_told_with_its_receipts(box: Box, certinia: Certinia, project_id: str) -> None:
    spent = report(box, project_id, "84.30", "12")
    found = await certinia.expense_report(spent)
    assert (found.title, found.resource, found.status) == ("Houston, December", "owen.tran@acme.example", "approved")
    assert (found.reported_on, found.currency) == (date(2026, 12, 15), "USD")
    assert [(line.amount, line.category, line.billable, line.reimbursable) for line in found.lines] == [
        (Money.of("84.30", "USD"), "Travel", True, True),
        (Money.of("12", "USD"), "Travel", True, True),
    ]
    assert {line.project_id for line in found.lines} == {project_id}


async def test_reports_come_in_pages_and_only_approved_ones_are_polled(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    made = [report(box, project_id, "1", status=status) for status in ("Draft", "Approved", "Approved", "Paid")]
    first = await certinia.expense_reports("", 3, project_id)
    rest = await certinia.expense_reports(first.next, 3, project_id)
    assert [each.id for each in (*first.items, *rest.items)] == made
    assert rest.next == ""
    polled = await certinia.approved_expenses("")
    assert [each.id for each in polled.items] == made[1:]
    box.store.set_setting("_clock_ahead", 3600.0)
    change(box, "pse__Expense_Report__c", made[0], pse__Status__c="Approved")
    later = (await certinia.approved_expenses(polled.next)).items
    assert [each.id for each in later] == [*made[1:], made[0]], "the overlap, and then what is new"


async def test_a_billing_event_is_a_pro_forma(box: Box, certinia: Certinia, project_id: str, project: Project) -> None:
    row = week(box, project_id, "2026-12-14", "8 . . . . . .")
    [split] = box.store.find("pse__Timecard__c", pse__Timecard_Header__c=row)
    [stone, _] = box.store.find("pse__Milestone__c", pse__Project__c=project_id)
    event = make(
        box, "pse__Billing_Event__c", pse__Project__c=project_id, CurrencyIsoCode="USD", pse__Date__c="2026-12-31"
    )
    lines: list[Record] = [
        {
            "pse__Timecard_Split__c": split["Id"],
            "pse__Quantity__c": 8,
            "pse__Unit_Price__c": 160,
            "pse__Amount__c": 1280,
        },
        {"pse__Milestone__c": stone["Id"], "pse__Amount__c": 55920, "pse__Description__c": "Design accepted"},
        {"pse__Amount__c": -100, "pse__Category__c": "Goodwill"},
    ]
    for line in lines:
        make(box, "pse__Billing_Event_Item__c", pse__Billing_Event__c=event, CurrencyIsoCode="USD", **line)
    found = await certinia.proforma(event)
    assert (found.kind, found.title, found.status, found.number) == ("proforma", "BE-000001", "draft", "")
    assert (found.account_id, found.contract_id, found.project_id) == (
        project.account_id,
        project.contract_id,
        project_id,
    )
    assert found.net == found.total() == Money.of(57100, "USD")
    assert [(line.kind, line.quantity, line.unit) for line in found.lines] == [
        ("time", Decimal(8), "HUR"),
        ("milestone", Decimal(1), ""),
        ("adjustment", Decimal(1), ""),
    ]
    assert [line.description for line in found.lines[1:]] == ["Design accepted", "Goodwill"]
    change(box, "pse__Billing_Event__c", event, pse__Invoiced__c=True, pse__Invoice_Number__c="INV-1")
    assert (await certinia.proformas("", 10, project_id)).items[0].number == "INV-1"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"start": "2026-12-15"}, "starts on a Monday"),
        ({"hours": "25 . . . . . ."}, "no more than 24 hours"),
        ({"hours": "-1 . . . . . ."}, "no more than 24 hours"),
        ({"pse__End_Date__c": "2026-12-19"}, "six days after"),
    ],
)
async def test_what_the_package_refuses_of_a_timecard(
    box: Box, project_id: str, fields: dict[str, str], why: str
) -> None:
    given = {"start": "2026-12-14", "hours": "8 . . . . . ."} | fields
    with pytest.raises(Refused) as refused:
        week(box, project_id, **given)
    assert why in refused.value.answer.content.decode()


async def test_time_is_entered_by_who_is_assigned_while_the_project_is_open(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    change(box, "pse__Proj__c", project_id, pse__Allow_Timecards_Without_Assignment__c=False)
    with pytest.raises(Refused) as refused:
        week(box, project_id, "2026-12-14", "8 . . . . . .")
    assert "assignment is required" in refused.value.answer.content.decode()
    assigned = make(
        box,
        "pse__Assignment__c",
        Name="Owen",
        pse__Project__c=project_id,
        pse__Resource__c=person(box),
        pse__Role__c="Lead",
    )
    row = week(box, project_id, "2026-12-14", "8 . . . . . .", pse__Assignment__c=assigned)
    assert (await certinia.time_entry(f"{row}.2026-12-14")).role == "Lead"
    change(box, "pse__Proj__c", project_id, pse__Closed_for_Time_Entry__c=True)
    with pytest.raises(Refused) as refused:
        week(box, project_id, "2026-12-21", "8 . . . . . .", pse__Assignment__c=assigned)
    assert "closed for time entry" in refused.value.answer.content.decode()


async def test_an_approved_row_is_locked_but_for_who_says_why(
    box: Box, project_id: str, http: httpx.AsyncClient
) -> None:
    row = week(box, project_id, "2026-12-14", "8 . . . . . .")
    approve(box, row)
    path = f"/services/data/v62.0/sobjects/pse__Timecard_Header__c/{row}"
    edit: dict[str, Any] = {"pse__Monday_Hours__c": 6}
    assert (await http.patch(path, json=edit)).json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    said = {**edit, "pse__Admin_Global_Edit__c": True, "pse__Audit_Notes__c": "Travel"}
    assert (await http.patch(path, json=said)).status_code == 204
    assert (await http.delete(path)).status_code == 400


async def test_weeks_that_begin_on_another_day_are_days_all_the_same(
    box: Box, certinia: Certinia, project_id: str
) -> None:
    box.store.set_setting("week_starts_on", "Sunday")
    week(box, project_id, "2026-12-27", "1 2 3 4 5 6 7")
    found = {each.worked_on: each.hours for each in await every(certinia, 100)}
    assert found[date(2026, 12, 27)] == 7
    assert [found[date(2026, 12, 28) + timedelta(days=n)] for n in range(6)] == [1, 2, 3, 4, 5, 6]


async def test_hours_outside_of_the_week_are_drift(box: Box, certinia: Certinia, project_id: str) -> None:
    row = week(box, project_id, "2026-12-14", "1 . . . . . 2")
    box.store.update("pse__Timecard_Header__c", row, {"pse__End_Date__c": "2026-12-16"})
    with pytest.raises(Drifted, match="after its end"):
        await certinia.time_entries()
