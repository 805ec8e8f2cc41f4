"""What was worked and spent on a project and is on no invoice yet."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from canonical.faults import NotBound, Unsupported
from canonical.money import Money
from canonical.objects import ExpenseReport, TimeEntry
from canonical.ports.effort import Expenses, TimeEntries
from process_apis.paging import pages
from process_apis.steps import Scope

_PAGE: Final = 200
"""Asked for at once."""
_DONE_TIME: Final = ("rejected", "billed", "written_off")


async def worked(s: Scope, entity: str, project_id: str) -> list[TimeEntry] | None:
    """All time of a project; None where the PSA keeps none that we could ask for."""
    try:
        psa = s.ask("psa", TimeEntries, entity)
        listed = partial(psa.time_entries, limit=_PAGE, project_id=project_id)
        return [each async for page in pages(listed) for each in page]
    except (NotBound, Unsupported):
        return None


async def spent(s: Scope, entity: str, project_id: str) -> list[ExpenseReport] | None:
    """All expenses with a line of a project; None likewise."""
    try:
        psa = s.ask("psa", Expenses, entity)
        listed = partial(psa.expense_reports, limit=_PAGE, project_id=project_id)
        return [each async for page in pages(listed) for each in page]
    except (NotBound, Unsupported):
        return None


def unbilled(time: Sequence[TimeEntry], expenses: Sequence[ExpenseReport], project_id: str) -> str:
    """What is still to be billed or written off, in words; empty for nothing. Hours without a rate have no worth."""
    entries = [each for each in time if each.billable and not each.invoice_id and each.status not in _DONE_TIME]
    lines = [
        line
        for report in expenses
        if report.status != "rejected"
        for line in report.lines
        if line.billable and not line.invoice_id and line.project_id == project_id
    ]
    said = []
    if entries:
        rated = [(each.bill_rate, each.hours) for each in entries if each.bill_rate is not None]
        priced = [Money(amount=rate.amount * hours, currency=rate.currency) for rate, hours in rated]
        hours = sum((each.hours for each in entries), Decimal(0))
        without = hours - sum((each for _, each in rated), Decimal(0))
        rest = f", {without.normalize():f} hours of them without a rate" if without else ""
        people = len({each.resource or each.resource_id for each in entries})
        said.append(f"{hours.normalize():f} hours of {people} people{_worth(priced)}{rest}")
    if lines:
        said.append(f"{len(lines)} expenses{_worth([line.amount for line in lines])}")
    return " and ".join(said)


def _worth(amounts: Sequence[Money]) -> str:
    by_currency: dict[str, Decimal] = defaultdict(Decimal)
    for each in amounts:
        by_currency[each.currency] += each.amount
    sums = [str(Money(amount=amount, currency=currency).quantize()) for currency, amount in sorted(by_currency.items())]
    return f", worth {' and '.join(sums)}" if sums else ""
