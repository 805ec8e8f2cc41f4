"""Invoices and credit notes. A credit note is an invoice whose amounts are negative.

What Tryton's own client works out on the way (where a line is booked, how it is taxed, who is billed where) we ask it
for, as that client does. What is posted stays; a credit note pays the invoice it takes back.
"""

from typing import Any, Final

import msgspec

from canonical.faults import Conflict, Drifted, Invalid, NotFound
from canonical.objects import Invoice
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from system_apis.tryton import billing_wire, memo
from system_apis.tryton import receivables_mapping as mapping
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import WORK, found_one, native, refused
from system_apis.tryton.codes import SERVICE
from system_apis.tryton.listing import Listing
from system_apis.tryton.mapping import decimal

INVOICE: Final = "account.invoice"
LINE: Final = "account.invoice.line"
_OURS: Final = [["type", "=", "out"]]


class Receivables(Listing):
    """What customers owe."""

    async def invoice(self, invoice_id: str) -> Invoice:
        """An invoice or a credit note by id."""
        return await self._invoice(await self._record(invoice_id))

    async def invoice_by_key(self, key: str) -> Invoice:
        """An invoice or a credit note by our key."""
        return await self._invoice(found_one(await self._keyed(key), key))

    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Write the draft; one that people have validated or posted is left, and is a conflict where it differs."""
        if data.kind != "invoice":
            raise refused("a draft is an invoice; creditInvoice writes the other", "/kind")
        known = next(iter(await self._keyed(key)), None)
        if known is not None and known.state != "draft":
            return _unchanged(await self._invoice(known), data)
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        if data.project_id:
            await self._billed_by_us(data.project_id)
        return await self._written(key, data, known, company)

    async def post_invoice(self, invoice_id: str) -> Written:
        """Post a draft. A date to come, a closed period, or one before the last number's day is Tryton's refusal."""
        found = await self._record(invoice_id)
        if found.state not in ("posted", "paid"):
            await self._rpc.button(INVOICE, "post", found.id, found.company)
        return Written(id=str(found.id), created=False)

    async def credit_invoice(self, key: str, data: Invoice) -> Written:
        """Make a credit note, post it, and let it pay its invoice; each of the three is done where it is not yet."""
        known = next(iter(await self._keyed(key)), None)
        corrected = await self._record(data.corrects_invoice_id)
        if known is None:
            mapping.creditable(data, await self._invoice(corrected))
            theirs = msgspec.structs.replace(data, account_id=str(corrected.party))
            made = await self._written(key, theirs, None, corrected.company)
            known = await self._record(made.id)
        else:
            made = _unchanged(await self._invoice(known), data)
        if known.state == "draft":
            await self.post_invoice(str(known.id))
            known = await self._record(str(known.id))
        await self._settle(corrected, known)
        return made

    async def invoices(self, cursor: str = "", limit: int = PAGE, customer_id: str = "") -> Page[Invoice]:
        """Invoices and credit notes by id, with their lines."""
        found, following = await self._page(billing_wire.Invoice, INVOICE, [*_OURS, *_of(customer_id)], cursor, limit)
        return Page(items=[await self._invoice(each) for each in found], next=following)

    async def invoice_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Invoices and credit notes changed since a watermark."""
        return await self._changes(INVOICE, _OURS, since, limit)

    async def _record(self, invoice_id: str) -> billing_wire.Invoice:
        wanted = [*_OURS, ["id", "=", native(invoice_id)]]
        found = await self._rpc.search(billing_wire.Invoice, INVOICE, wanted, most=1)
        if not found:
            raise NotFound(f"there is no invoice to a customer with the id {invoice_id}", system=SYSTEM)
        return found[0]

    async def _keyed(self, key: str) -> list[billing_wire.Invoice]:
        wanted = [*_OURS, ["comment", "like", memo.pattern(mapping.KEY, key)]]
        found = await self._rpc.search(billing_wire.Invoice, INVOICE, wanted)
        return [each for each in found if memo.read(each.comment).get(mapping.KEY) == key]

    async def _invoice(self, found: billing_wire.Invoice) -> Invoice:
        return mapping.invoice(found, entity=await self._known.companies.code(found.company))

    async def _written(self, key: str, data: Invoice, known: billing_wire.Invoice | None, company: int) -> Written:
        party = await self._customer_id(data.account_id)
        currency = await self._known.currencies.id(data.currency, "/currency")
        if known is not None and (known.party, known.currency.code) != (party, data.currency):
            raise Conflict("the draft is for another customer, or in another currency", system=SYSTEM)
        head = {"type": "out", "party": party, "company": company, "currency": currency}
        billing = await self._rpc.worked_out(INVOICE, "party", billing_wire.Billing, head, company)
        product = await self._known.products.id(SERVICE, "/lines")
        line = {"type": "line", "product": product, "party": party, "invoice_type": "out", "company": company}
        booking = await self._rpc.worked_out(LINE, "product", billing_wire.Booking, line, company)
        if billing.account is None or billing.invoice_address is None or booking.account is None:
            missing = "an account for receivables, one for the revenue of services, or the customer's address"
            raise Drifted(f"Tryton does not know where to book this: {missing} is missing", system=SYSTEM)
        values = mapping.invoice_values(key, data, known, booking, currency)
        values |= {"payment_term": None if data.due_on else billing.payment_term}
        if known is None:
            journal = await self._known.journals.id("revenue", "/lines")
            values |= {**head, "account": billing.account, "journal": journal}
        values["invoice_address"] = billing.invoice_address
        return await self._put(INVOICE, known, values, company)

    async def _billed_by_us(self, project_id: str) -> None:
        """What we bill nobody bills again: Tryton's own button would, which cannot be told what our lines are for."""
        work = await self._within(project_id)
        if work.project_invoice_method == "timesheet":
            await self._put(WORK, work, {"project_invoice_method": "manual"}, work.company)

    async def _settle(self, corrected: billing_wire.Invoice, note: billing_wire.Invoice) -> None:
        """Let a credit note pay the invoice, unless it does, or comes to more than is open: then people decide."""
        lines = [each.id for each in note.lines_to_pay if not each.invoice_payments]
        fits = -decimal(note.total_amount) <= decimal(corrected.amount_to_pay)
        if lines and fits and corrected.state == "posted":
            await self._put(INVOICE, corrected, {"payment_lines": [["add", lines]]}, corrected.company)


def _unchanged(known: Invoice, data: Invoice) -> Written:
    if not mapping.same(known, data):
        raise Conflict(f"{known.number or known.id} is there and says something else: credit it", system=SYSTEM)
    return Written(id=known.id, created=False)


def _of(customer_id: str) -> list[Any]:
    if not customer_id:
        return []
    try:
        return [["party", "=", native(customer_id)]]
    except NotFound as none:
        raise Invalid(errors=refused("this is the id of no customer", "query:customer_id").errors) from none
