"""Expense reports as cost of projects: each line by itself, all of them together."""

from datetime import date
from typing import Any

import pytest

from canonical.faults import Conflict, Drifted, Fault, Invalid, NotFound
from canonical.money import Money
from canonical.objects import ExpenseLine, ExpenseReport
from foundation.sandbox import Box, FaultRule
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.sandbox.working_rules import imported
from tests.ports import objects

KEY = objects.EXPENSES


@pytest.fixture
async def project(fusion: OracleFusion) -> str:
    customer = await fusion.upsert_customer(objects.CUSTOMER, objects.customer())
    return (await fusion.upsert_project(objects.DEAL, objects.project(account_id=customer.id))).id


def line(ref: str, amount: str, project: str = "", **more: Any) -> ExpenseLine:
    plain: dict[str, Any] = {"spent_on": date(2026, 12, 16), "category": "Travel", "description": f"Trip {ref}"}
    return ExpenseLine(ref=ref, amount=Money.of(amount, "EUR"), project_id=project, **plain | more)


def report(*lines: ExpenseLine, **more: Any) -> ExpenseReport:
    return objects.expense_report(lines=list(lines), **more)


def rows(box: Box) -> list[tuple[str, str]]:
    """Reference and project of what waits."""
    found = box.store.all("unprocessedProjectCosts")
    return sorted((each["OriginalTransactionReference"].partition("#")[2], each["ProjectNumber"]) for each in found)


async def test_a_report_is_read_back_line_by_line_in_its_order(fusion: OracleFusion, box: Box, project: str) -> None:
    lines = [
        line("z", "84.30", project, billable=True, tax=Money.of("13.46", "EUR")),
        line("a", "12.00", category="Meals", reimbursable=False),
        line("b", "-5.00", project, spent_on=date(2026, 12, 17)),
    ]
    sent = report(*lines, number="ER-7")
    assert (await fusion.upsert_expense_posting(KEY, sent)).created
    assert rows(box) == [("a", "TG-ACME-DE"), ("b", "DE-27-0077"), ("z", "DE-27-0077")]
    there = await fusion.expense_posting_by_key(KEY)
    assert (there.lines, there.number, there.title) == (lines, "ER-7", sent.title)
    assert (there.reported_on, there.resource, there.currency, there.status) == (
        sent.reported_on,
        sent.resource,
        "EUR",
        "approved",
    )
    count = len(box.store.writes())
    assert not (await fusion.upsert_expense_posting(KEY, sent)).created
    assert len(box.store.writes()) == count
    with pytest.raises(NotFound):
        await fusion.expense_posting_by_key(KEY[:-1])


async def test_a_changed_report_is_written_as_a_whole_or_not_at_all(
    fusion: OracleFusion, box: Box, project: str
) -> None:
    await fusion.upsert_expense_posting(KEY, report(line("a", "10.00", project), line("b", "20.00", project)))
    changed = report(line("a", "11.00"), line("c", "5.00", project, category="Meals"), title="Kiel, again")
    box.faults.add(FaultRule(fault="server_error", method="POST", path="/11.13.18.05/$", times=1))
    with pytest.raises(Fault):
        await fusion.upsert_expense_posting(KEY, changed)
    assert [ref for ref, _ in rows(box)] == ["a", "b"]
    assert not (await fusion.upsert_expense_posting(KEY, changed)).created
    there = await fusion.expense_posting_by_key(KEY)
    assert (there.lines, there.title) == (changed.lines, "Kiel, again")
    again = report(line("a", "11.00", category="Hotel"), line("c", "5.00", project, category="Meals"))
    await fusion.upsert_expense_posting(KEY, again)
    assert (await fusion.expense_posting_by_key(KEY)).lines == again.lines, "a type is another cost"


async def test_what_is_posted_stays_as_it_is(fusion: OracleFusion, box: Box, project: str) -> None:
    first, second = line("a", "10.00", project), line("b", "20.00", project)
    await fusion.upsert_expense_posting(KEY, report(first, second))
    (number,) = [
        str(each["_id"])
        for each in box.store.all("unprocessedProjectCosts")
        if each["OriginalTransactionReference"] == f"{KEY}#a"
    ]
    imported(box, number)
    assert (await fusion.expense_posting_by_key(KEY)).status == "approved", "one line still waits"
    for wrong in (report(line("a", "11.00", project), second), report(second), report(line("a", "10.00"), second)):
        with pytest.raises(Conflict):
            await fusion.upsert_expense_posting(KEY, wrong)
    billed = line("a", "10.00", project, invoice_id="77")
    await fusion.upsert_expense_posting(KEY, report(billed))
    there = await fusion.expense_posting_by_key(KEY)
    assert (there.lines, there.status) == ([billed], "posted")


async def test_what_fusion_rejected_is_told_and_a_word_it_never_had_is_drift(fusion: OracleFusion, box: Box) -> None:
    await fusion.upsert_expense_posting(KEY, report(line("a", "10.00")))
    (row,) = box.store.all("unprocessedProjectCosts")
    box.store.update("unprocessedProjectCosts", str(row["_id"]), {"StatusCode": "R"})
    assert (await fusion.expense_posting_by_key(KEY)).status == "rejected"
    for wrong in ({"StatusCode": "X"}, {"TransactionCurrencyCode": "??"}, {"ExpenditureItemDate": None}):
        box.store.update("unprocessedProjectCosts", str(row["_id"]), {**row, **wrong})
        with pytest.raises(Drifted):
            await fusion.expense_posting_by_key(KEY)


async def test_what_has_no_place_in_the_books_is_refused_at_its_own(
    fusion: OracleFusion, box: Box, project: str
) -> None:
    good = line("a", "10.00", project)
    for wrong, pointer in (
        (report(good, status="submitted"), "/status"),
        (report(good, resource=""), "/resource"),
        (report(), "/lines"),
        (report(good, line("b", "1.00", "7")), "/lines/1/project_id"),
        (report(good, line("x" * 120, "1.00", project)), "/lines/1/ref"),
        (report(good, legal_entity_id="ACME-XX"), "/legal_entity_id"),
    ):
        with pytest.raises(Invalid) as refused:
            await fusion.upsert_expense_posting(KEY, wrong)
        assert [error.pointer for error in refused.value.errors] == [pointer]
    (overhead,) = box.store.find("projects", ProjectNumber="TG-ACME-DE")
    box.store.delete("projects", str(overhead["_id"]))
    with pytest.raises(Invalid) as none:
        await fusion.upsert_expense_posting(KEY, report(good, line("b", "1.00")))
    assert [error.pointer for error in none.value.errors] == ["/lines/1/project_id"]
    assert rows(box) == []


async def test_overhead_is_no_project_of_a_list(fusion: OracleFusion, project: str) -> None:
    assert [each.id for each in (await fusion.projects()).items] == [project]
    assert [each.native_id for each in (await fusion.project_changes("")).items] == [project]
