"""Ports for time and expenses: a PSA has them entered and approved, an ERP posts them.

`cursor` and `since` are as in `canonical.ports.lists`.
"""

from datetime import date
from typing import Annotated, Protocol

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict, Invalid, NotFound
from canonical.objects import ExpenseReport, Invoice, RateCard, TimeEntry
from canonical.ports.lists import PAGE, PageSize
from canonical.ports.operation import Page, Written, operation


class Billed(Value, frozen=True, kw_only=True):
    """What an invoice of the ERP bills of a project, for the PSA to know. Empty lists take it back."""

    invoice_number: Annotated[str, PUBLIC]
    invoiced_on: Annotated[date, PUBLIC]
    time_entry_ids: Annotated[list[str], PUBLIC] = []
    expense_ids: Annotated[list[str], PUBLIC] = []
    """Reports, or where the system has none, single expenses."""


class TimeEntries(Protocol):
    """Time in a PSA."""

    @operation("GET", "/time-entries/{time_entry_id}", raises=(NotFound,))
    async def time_entry(self, time_entry_id: str) -> TimeEntry:
        """One entry by native id."""

    @operation("GET", "/time-entries", raises=(Invalid,))
    async def time_entries(self, cursor: str = "", limit: PageSize = PAGE, project_id: str = "") -> Page[TimeEntry]:
        """All time, or that of one project, in whatever status."""

    @operation("GET", "/changes/approved-time", raises=(Invalid,))
    async def approved_time(self, since: str, limit: PageSize = PAGE) -> Page[TimeEntry]:
        """Entries that are approved, billed or not, and changed since a watermark; oldest change first."""


class Expenses(Protocol):
    """Expenses in a PSA."""

    @operation("GET", "/expense-reports/{report_id}", raises=(NotFound,))
    async def expense_report(self, report_id: str) -> ExpenseReport:
        """One report by native id."""

    @operation("GET", "/expense-reports", raises=(Invalid,))
    async def expense_reports(
        self, cursor: str = "", limit: PageSize = PAGE, project_id: str = ""
    ) -> Page[ExpenseReport]:
        """All reports, or those with a line of one project, in whatever status."""

    @operation("GET", "/changes/approved-expenses", raises=(Invalid,))
    async def approved_expenses(self, since: str, limit: PageSize = PAGE) -> Page[ExpenseReport]:
        """Reports that are approved and changed since a watermark; oldest change first."""


class BillingMarks(Protocol):
    """What of a PSA's time and expenses is billed: the ERP invoices, and the PSA must know."""

    @operation("GET", "/projects/{project_id}/billed/{key}", raises=(NotFound,))
    async def billed(self, project_id: str, key: str) -> Billed:
        """What was marked under our key."""

    @operation("PUT", "/projects/{project_id}/billed/{key}", raises=(Invalid, NotFound, Conflict))
    async def mark_billed(self, project_id: str, key: str, data: Billed) -> Written:
        """Mark exactly these as billed under our key. `Conflict` when one of them is billed under another."""


class Proformas(Protocol):
    """The PSA's own view of what is or will be invoiced: before tax, before the legal number."""

    @operation("GET", "/proformas/{proforma_id}", raises=(NotFound,))
    async def proforma(self, proforma_id: str) -> Invoice:
        """One by native id; its `kind` is `proforma`."""

    @operation("GET", "/proformas", raises=(Invalid,))
    async def proformas(self, cursor: str = "", limit: PageSize = PAGE, project_id: str = "") -> Page[Invoice]:
        """All of them, or those of one project."""


class RateCards(Protocol):
    """Price lists for work."""

    @operation("GET", "/rate-cards/{rate_card_id}", raises=(NotFound,))
    async def rate_card(self, rate_card_id: str) -> RateCard:
        """One by native id, with the rates in force and to come."""

    @operation("GET", "/rate-cards", raises=(Invalid,))
    async def rate_cards(self, cursor: str = "", limit: PageSize = PAGE) -> Page[RateCard]:
        """All of them."""


class TimePostings(Protocol):
    """Time in an ERP: posted there to cost it, and to bill it."""

    @operation("GET", "/time-postings/by-key/{key}", raises=(NotFound,))
    async def time_posting_by_key(self, key: str) -> TimeEntry:
        """One posting by our key."""

    @operation("PUT", "/time-postings/by-key/{key}", raises=(Invalid, Conflict))
    async def upsert_time_posting(self, key: str, data: TimeEntry) -> Written:
        """Make the posting exist; `resource` says whose it is. `Conflict` when it is billed already and differs."""


class ExpensePostings(Protocol):
    """Expense reports in an ERP."""

    @operation("GET", "/expense-postings/by-key/{key}", raises=(NotFound,))
    async def expense_posting_by_key(self, key: str) -> ExpenseReport:
        """One report by our key."""

    @operation("PUT", "/expense-postings/by-key/{key}", raises=(Invalid, Conflict))
    async def upsert_expense_posting(self, key: str, data: ExpenseReport) -> Written:
        """Make the report exist, its lines replacing those that were there. `Conflict` when it is paid out already."""
