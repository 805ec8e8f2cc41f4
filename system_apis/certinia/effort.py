"""Time, expenses and what is billed of them: read by rows, told by days, marked by what the package bills.

Lists stand at a row and, within it, at a day. A bill is marked on splits and receipts: on a week's part of a
month, never on a day, since the package knows no smaller thing that is billed.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from canonical.faults import Conflict, Drifted, FieldError, Invalid, NotFound
from canonical.objects import ExpenseReport, Invoice, RateCard, TimeEntry
from canonical.ports import Page, Written
from canonical.ports.effort import Billed
from canonical.ports.lists import RecordChange
from foundation.cursors import cursor, place
from foundation.marks import Mark
from foundation.salesforce.records import Records, changed_after, quoted
from foundation.salesforce.wire import Row
from foundation.vendor_values import instant
from system_apis.certinia import billing, expenses, rates, timecards
from system_apis.certinia import effort_wire as wire
from system_apis.certinia.mapping import SYSTEM

ID: Final = r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?"
DAY: Final = r"\d{4}-\d\d-\d\d"
BATCH: Final = 50
"""Records saved at once, as of a project's plan."""
MOST: Final = 200
"""Records named in one query: their ids must fit into an address."""

R = TypeVar("R", bound=Row)


class Effort:
    """What people worked and spent in one org."""

    def __init__(self, org: Records) -> None:
        self._org = org

    # --- time ---------------------------------------------------------------------------------------------------------

    async def time_entry(self, time_entry_id: str) -> TimeEntry:
        """One day of a row."""
        found = timecards.parts(time_entry_id)
        if found:
            for week in await self._org.query(wire.WEEK, f"Id = '{found[0]}'", wire.Week):
                for entry in timecards.days(week, await self._splits([week.id])):
                    if entry.worked_on == found[1]:
                        return entry
        raise NotFound(f"there is no time entry {time_entry_id[:60]!r}", system=SYSTEM)

    async def time_entries(self, at: str, limit: int, project_id: str) -> Page[TimeEntry]:
        """Days from a place in the list on."""
        row, day = place(at, ID, DAY)
        of_project = self._of_project(project_id)

        def after(last: wire.Week | None) -> str:
            begin = f"Id > '{last.id}'" if last else f"Id >= '{row}'" if row else "Id != null"
            return f"{begin}{of_project} ORDER BY Id"

        items: list[TimeEntry] = []
        async for week, entries in self._weeks(after, limit + 1):
            for entry in entries:
                if week.id == row and entry.worked_on.isoformat() <= day:
                    continue
                if len(items) == limit:
                    return Page(items=items, next=cursor(*items[-1].id.split(".")))
                items.append(entry)
        return Page(items=items)

    async def approved_time(self, since: str, limit: int) -> Page[TimeEntry]:
        """Days of approved rows from a mark on; a row that changed is told whole."""
        mark = mark_of(since, f"{ID}\\.{DAY}")
        row, _, day = mark.native_id.partition(".")

        def after(last: wire.Week | None) -> str:
            if last is None:
                return f"pse__Status__c = 'Approved' AND {changed_after(mark.stamp, row, within=True)}"
            stamp = instant(last.system_modstamp, system=SYSTEM)
            return f"pse__Status__c = 'Approved' AND {changed_after(stamp, last.id)}"

        items: list[TimeEntry] = []
        async for week, entries in self._weeks(after, limit):
            for entry in entries:
                changed_at = instant(week.system_modstamp, system=SYSTEM)
                if (changed_at, week.id) == (mark.stamp, row) and entry.worked_on.isoformat() <= day:
                    continue
                items.append(entry)
                if len(items) == limit:
                    return Page(items=items, next=mark.after(_change(entry), more=True).text())
        return Page(items=items, next=mark.after(_change(items[-1]) if items else None, more=False).text())

    # --- expenses -----------------------------------------------------------------------------------------------------

    async def expense_report(self, report_id: str) -> ExpenseReport:
        """One report with its receipts."""
        for found in await self._org.query(wire.REPORT, f"Id = '{self._org.checked(report_id)}'", wire.Report):
            return (await self._reports([found]))[0]
        raise NotFound(f"there is no expense report {report_id}", system=SYSTEM)

    async def expense_reports(self, at: str, limit: int, project_id: str) -> Page[ExpenseReport]:
        """Reports from a place in the list on."""
        found, following = await self._org.page(
            wire.REPORT, wire.Report, at, min(limit, MOST), self._of_project(project_id).removeprefix(" AND ")
        )
        return Page(items=await self._reports(found), next=following)

    async def approved_expenses(self, since: str, limit: int) -> Page[ExpenseReport]:
        """Approved reports from a mark on."""
        mark, most = mark_of(since, ID), min(limit, MOST)
        where = f"pse__Status__c IN ('Approved', 'Paid') AND {changed_after(mark.stamp, mark.native_id)}"
        items = await self._reports(await self._org.query(wire.REPORT, f"{where} LIMIT {most}", wire.Report))
        change = _change(items[-1]) if items else None
        return Page(items=items, next=mark.after(change, more=len(items) == most).text())

    # --- billing ------------------------------------------------------------------------------------------------------

    async def proforma(self, proforma_id: str) -> Invoice:
        """One billing event with its items."""
        for found in await self._org.query(wire.EVENT, f"Id = '{self._org.checked(proforma_id)}'", wire.Event):
            return (await self._proformas([found]))[0]
        raise NotFound(f"there is no billing event {proforma_id}", system=SYSTEM)

    async def proformas(self, at: str, limit: int, project_id: str) -> Page[Invoice]:
        """Billing events from a place in the list on."""
        found, following = await self._org.page(
            wire.EVENT, wire.Event, at, min(limit, MOST), self._of_project(project_id).removeprefix(" AND ")
        )
        return Page(items=await self._proformas(found), next=following)

    async def rate_card(self, rate_card_id: str) -> RateCard:
        """One set of rate cards."""
        for found in await self._org.query(wire.CARDS, f"Id = '{self._org.checked(rate_card_id)}'", wire.CardSet):
            return (await self._rate_cards([found]))[0]
        raise NotFound(f"there is no rate card set {rate_card_id}", system=SYSTEM)

    async def rate_cards(self, at: str, limit: int) -> Page[RateCard]:
        """Sets of rate cards from a place in the list on."""
        found, following = await self._org.page(wire.CARDS, wire.CardSet, at, min(limit, MOST))
        return Page(items=await self._rate_cards(found), next=following)

    async def billed(self, project_id: str, key: str) -> Billed:
        """What is marked under our key."""
        splits, receipts = await self._marked(project_id, key)
        marked: list[wire.Billable] = [*splits, *receipts]
        if not marked:
            raise NotFound(f"nothing of project {project_id} is billed as {key}", system=SYSTEM)
        first = marked[0]
        if first.invoice_date is None:
            raise Drifted(f"{first.id} is on a bill without a date", system=SYSTEM)
        entries = [each for split, own in await self._days_of(splits) for each in timecards.split_days(split, own)]
        return Billed(
            invoice_number=first.invoice_number or "",
            invoiced_on=first.invoice_date,
            time_entry_ids=sorted(entry.id for entry in entries),
            expense_ids=sorted({each.report for each in receipts if each.report}),
        )

    async def mark_billed(self, project_id: str, key: str, data: Billed) -> Written:
        """Mark these and no others; what is wrong with one of them is said before any is marked."""
        splits = await self._splits_of(project_id, data.time_entry_ids)
        receipts = await self._receipts_of(project_id, data.expense_ids)
        wanted: list[tuple[str, wire.Billable]] = [(wire.SPLIT, each) for each in splits]
        wanted += [(wire.EXPENSE, each) for each in receipts]
        for _, each in wanted:
            if each.bill not in (None, key) or (each.invoiced and each.bill is None):
                raise Conflict(f"{each.id} is billed already, as {each.bill or each.invoice_number}", system=SYSTEM)
        old_splits, old_receipts = await self._marked(project_id, key)
        held: list[tuple[str, wire.Billable]] = [(wire.SPLIT, each) for each in old_splits]
        held += [(wire.EXPENSE, each) for each in old_receipts]
        kept = {each.id for _, each in wanted}
        so_already = {each.id for _, each in held if (each.invoice_number, each.invoice_date) == _said(data)}
        marks = [billing.mark(kind, each.id, "", None) for kind, each in held if each.id not in kept]
        marks += [billing.mark(kind, each.id, key, data) for kind, each in wanted if each.id not in so_already]
        for start in range(0, len(marks), BATCH):
            await self._org.update_all(marks[start : start + BATCH])
        return Written(id=key, created=not held)

    # --- rows ---------------------------------------------------------------------------------------------------------

    async def _weeks(
        self, after: Callable[[wire.Week | None], str], size: int
    ) -> AsyncIterator[tuple[wire.Week, list[TimeEntry]]]:
        """Rows with their days, as many at a time as are wanted at most."""
        size, last = min(size, MOST), None
        while True:
            weeks = await self._org.query(wire.WEEK, f"{after(last)} LIMIT {size}", wire.Week)
            splits = await self._splits([week.id for week in weeks])
            for week in weeks:
                yield week, timecards.days(week, [each for each in splits if each.week == week.id])
            if len(weeks) < size:
                return
            last = weeks[-1]

    async def _marked(self, project_id: str, key: str) -> tuple[list[wire.Split], list[wire.Expense]]:
        ours = f"{wire.BILL} = {quoted(key)} AND pse__Project__c = '{self._org.checked(project_id)}' ORDER BY Id"
        splits = await self._org.query(wire.SPLIT, ours, wire.Split)
        return splits, await self._org.query(wire.EXPENSE, ours, wire.Expense)

    async def _splits(self, week_ids: Sequence[str]) -> list[wire.Split]:
        return await self._below(wire.SPLIT, "pse__Timecard_Header__c", week_ids, wire.Split)

    async def _reports(self, found: Sequence[wire.Report]) -> list[ExpenseReport]:
        receipts = await self._below(wire.EXPENSE, "pse__Expense_Report__c", [each.id for each in found], wire.Expense)
        return [expenses.report(each, [r for r in receipts if r.report == each.id]) for each in found]

    async def _proformas(self, found: Sequence[wire.Event]) -> list[Invoice]:
        items = await self._below(wire.ITEM, "pse__Billing_Event__c", [each.id for each in found], wire.Item)
        return [billing.proforma(each, [item for item in items if item.event == each.id]) for each in found]

    async def _rate_cards(self, found: Sequence[wire.CardSet]) -> list[RateCard]:
        members = await self._below(wire.IN_CARDS, "pse__Rate_Card_Set__c", [each.id for each in found], wire.InSet)
        return [rates.rate_card(each, [one for one in members if one.cards == each.id]) for each in found]

    async def _below(self, kind: str, field: str, ids: Sequence[str], shape: type[R]) -> list[R]:
        """The records that hang on these."""
        found: list[R] = []
        for start in range(0, len(ids), MOST):
            named = ", ".join(f"'{self._org.checked(each)}'" for each in ids[start : start + MOST])
            found += await self._org.query(kind, f"{field} IN ({named}) ORDER BY Id", shape)
        return found

    async def _days_of(self, splits: Iterable[wire.Split]) -> list[tuple[wire.Split, list[TimeEntry]]]:
        """Each split with all days of its week."""
        known = list(splits)
        weeks = await self._below(wire.WEEK, "Id", sorted({each.week for each in known if each.week}), wire.Week)
        entries = {week.id: timecards.days(week, known) for week in weeks}
        return [(each, entries.get(each.week or "", [])) for each in known]

    async def _splits_of(self, project_id: str, entry_ids: Sequence[str]) -> list[wire.Split]:
        """The splits these days make up: all of each split's days or none."""
        named = [(entry_id, timecards.parts(entry_id)) for entry_id in entry_ids]
        weeks = sorted({found[0] for _, found in named if found})
        chosen, left = [], set(entry_ids)
        for split, entries in await self._days_of(await self._splits(weeks)):
            own = {entry.id for entry in timecards.split_days(split, entries) if split.project == project_id}
            if missing := sorted(own - set(entry_ids)) if own & left else []:
                detail = f"a week's part of a month is billed whole: {', '.join(missing)} would be on no bill"
                raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/time_entry_ids")])
            if own & left:
                chosen.append(split)
            left -= own
        _all_there(left, "/time_entry_ids", project_id)
        return chosen

    async def _receipts_of(self, project_id: str, report_ids: Sequence[str]) -> list[wire.Expense]:
        good = [each for each in report_ids if self._org.is_id(each)]
        found = await self._below(wire.EXPENSE, "pse__Expense_Report__c", good, wire.Expense)
        chosen = [each for each in found if each.project == project_id]
        _all_there(set(report_ids) - {each.report or "" for each in chosen}, "/expense_ids", project_id)
        return chosen

    def _of_project(self, project_id: str) -> str:
        return f" AND pse__Project__c = '{self._org.checked(project_id)}'" if project_id else ""


def mark_of(since: str, pattern: str) -> Mark:
    """A mark whose id is one of ours; `Invalid` for any other."""
    mark = Mark.read(since)
    if mark.native_id and not re.fullmatch(pattern, mark.native_id):
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])
    return mark


def _change(item: TimeEntry | ExpenseReport) -> RecordChange:
    at = item.source.updated_at if item.source else None
    return RecordChange(native_id=item.id, changed_at=at or datetime.now(UTC))


def _all_there(left: Iterable[str], pointer: str, project_id: str) -> None:
    errors = [FieldError(detail=f"{each} is none of project {project_id}", pointer=pointer) for each in sorted(left)]
    if errors:
        raise Invalid(system=SYSTEM, errors=errors)


def _said(data: Billed) -> tuple[str, date]:
    return data.invoice_number, data.invoiced_on
