"""Ports of an ERP for what customers owe and pay. `cursor` and `since` are as in `canonical.ports.lists`."""

from typing import Protocol

from canonical.faults import Conflict, Invalid, NotFound
from canonical.objects import Invoice, Payment
from canonical.ports.lists import PAGE, PageSize, RecordChange
from canonical.ports.operation import Page, Written, operation


class Invoices(Protocol):
    """Invoices and credit notes.

    A draft can be written again; what is posted has its legal number and is never edited, only credited.
    """

    @operation("GET", "/invoices/{invoice_id}", raises=(NotFound,))
    async def invoice(self, invoice_id: str) -> Invoice:
        """One invoice or credit note by native id, with its lines."""

    @operation("GET", "/invoices/by-key/{key}", raises=(NotFound,))
    async def invoice_by_key(self, key: str) -> Invoice:
        """One invoice or credit note by our key."""

    @operation("PUT", "/invoices/by-key/{key}", raises=(Invalid, Conflict))
    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Make the draft exist under our key, its lines replacing those that were there.

        `Conflict` when it is posted already and differs; the same once more changes nothing.
        """

    @operation("PUT", "/invoices/{invoice_id}/posting", raises=(NotFound,))
    async def post_invoice(self, invoice_id: str) -> Written:
        """Post a draft: then it is owed and has its number. Idempotent. A closed period is the vendor's refusal."""

    @operation("PUT", "/credit-notes/by-key/{key}", raises=(Invalid, NotFound, Conflict))
    async def credit_invoice(self, key: str, data: Invoice) -> Written:
        """Take back an invoice, or part of it, by a posted credit note.

        It is applied to `corrects_invoice_id` as far as that is open. `kind` is `credit_note`, its lines are positive;
        `Invalid` when it comes to more than the invoice.
        """

    @operation("GET", "/invoices", raises=(Invalid,))
    async def invoices(self, cursor: str = "", limit: PageSize = PAGE, customer_id: str = "") -> Page[Invoice]:
        """All invoices and credit notes, or those of one customer. Lines are read with one invoice."""

    @operation("GET", "/changes/invoices", raises=(Invalid,))
    async def invoice_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Invoices and credit notes changed since a watermark, a payment of one being a change of it; oldest first."""


class Payments(Protocol):
    """What customers paid, read only: money is entered at the ERP."""

    @operation("GET", "/payments/{payment_id}", raises=(NotFound,))
    async def payment(self, payment_id: str) -> Payment:
        """One payment with its allocations."""

    @operation("GET", "/payments", raises=(Invalid,))
    async def payments(
        self, cursor: str = "", limit: PageSize = PAGE, customer_id: str = "", invoice_id: str = ""
    ) -> Page[Payment]:
        """All payments, those of one customer, or those that settle one invoice."""

    @operation("GET", "/changes/payments", raises=(Invalid,))
    async def payment_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Payments changed since a watermark, oldest first."""
