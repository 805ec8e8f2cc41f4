"""Expenses, each a report of its own, and what approves them: the expense report they were submitted in.

An expense does not say that it is approved. It is when its active submission is, or when its workspace asks for no
approval (the `approved` filter of the vendor's `/expenses` says it in these words). An approval changes the submission,
and maybe nothing of the expense; neither list can be ordered by change. So a poll reads what changed of both, whole.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from canonical.objects import ExpenseReport
from canonical.ports import Page
from canonical.ports.effort import Expenses
from canonical.ports.lists import PAGE, RecordChange
from foundation.marks import Mark, read_on
from system_apis.kantata import effort, wire
from system_apis.kantata.effort import Spent
from system_apis.kantata.keeping import Keeping
from system_apis.kantata.wire import EXPENSES, SUBMISSIONS


class Spending(Keeping):
    """The expenses of one account."""

    async def expense_report(self, report_id: str) -> ExpenseReport:
        """One expense."""
        found, beside = await self._records.whole(EXPENSES, report_id)
        return (await self._reports([effort.spent(found, beside)]))[0]

    async def expense_reports(self, cursor: str = "", limit: int = PAGE, project_id: str = "") -> Page[ExpenseReport]:
        """Expenses, oldest first."""
        where = {"workspace_id": project_id} if project_id else {}
        found, following, beside = await self._records.whole_page(EXPENSES, cursor, limit, **where)
        return Page(items=await self._reports([effort.spent(each, beside) for each in found]), next=following)

    async def approved_expenses(self, since: str, limit: int = PAGE) -> Page[ExpenseReport]:
        """What is approved, billed or not, and changed or was approved since a watermark."""
        mark = Mark.read(since)
        ids = sorted(await self._changed(mark.stamp))
        read = [
            effort.spent(each, beside)
            async for beside in self._records.named(EXPENSES, ids)
            for each in beside.expenses.values()
        ]
        kept = {each.expense.id: each for each in read if each.is_approved}

        async def told() -> AsyncIterator[RecordChange]:
            changes = map(effort.spent_change, kept.values())
            for each in sorted(changes, key=lambda one: (one.changed_at, one.native_id)):
                yield each

        page = await read_on(mark, told(), limit)
        return Page(items=await self._reports([kept[each.native_id] for each in page.items]), next=page.next)

    async def _changed(self, stamp: datetime) -> set[str]:
        """The ids of expenses that changed themselves, or were on a submission that was approved."""
        ids = {each.id async for each in self._records.since(EXPENSES, stamp, wire.PAGE, "created_at:asc")}
        asked = {"all_on_account": "true", "statuses": "approved"}
        async for each in self._records.since(SUBMISSIONS, stamp, wire.PAGE, "created_at:asc", **asked):
            ids |= set(each.expense_ids)
        return ids

    async def _reports(self, found: list[Spent]) -> list[ExpenseReport]:
        people = await self._people([each.expense for each in found])
        return [effort.expense_report(each, people.get(each.expense.user_id or "", "")) for each in found]


_port: type[Expenses] = Spending  # the type checker holds us to the port
