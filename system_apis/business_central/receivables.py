"""What customers owe and paid: sales invoices, credit memos, and the payments of the customer ledger.

A document is a draft until the bound action posts it, and keeps its id. Money is entered in payment journals, whose
lines are gone once they are posted: what came in is read from the ledger.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from canonical.faults import Conflict, FieldError, Invalid, NotFound, VendorRefused
from canonical.objects import Invoice, Payment
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from system_apis.business_central import mapping
from system_apis.business_central import receivables_mapping as here
from system_apis.business_central import receivables_wire as there
from system_apis.business_central.codes import plain
from system_apis.business_central.companies import Place
from system_apis.business_central.records import EXPANDS, Records

INVOICES: Final = "salesInvoices"
MEMOS: Final = "salesCreditMemos"
ENTRIES: Final = "customerLedgerEntries"
POST: Final = "Microsoft.NAV.post"
_DOCUMENTS: Final[Mapping[str, type[Any]]] = {INVOICES: there.Invoice, MEMOS: there.CreditMemo}
_PAYMENTS: Final = f"documentType eq '{here.PAYMENT}'"


class Receivables(Records):
    """Those of one environment."""

    async def invoice(self, invoice_id: str) -> Invoice:
        """An invoice by id, or the credit memo that has it."""
        return await self._document((await self._either(invoice_id))[1])

    async def invoice_by_key(self, key: str) -> Invoice:
        """An invoice or a credit memo by our key."""
        try:
            return await self._document(await self._by_key(INVOICES, key, there.Invoice))
        except NotFound:
            return await self._document(await self._by_key(MEMOS, key, there.CreditMemo))

    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Write the draft, its lines one by one where it is there already; a posted one is left as it is."""
        if data.kind != "invoice":
            raise _wrong("/kind", "a draft is an invoice; creditInvoice writes the other")
        company, customer = await self._within(data.account_id, "/account_id", data.legal_entity_id)
        draft = here.invoice_draft(
            key,
            data,
            company=company.name,
            customer_id=customer,
            project_id=mapping.guid_in(data.project_id, company.name, "/project_id"),
            local=await self._companies.local(company),
        )
        known = await self._keyed(company, INVOICES, key, there.Invoice)
        if known is not None and plain(known.status) not in here.DRAFTS:
            return _unchanged(await self._document(Place(company, known)), data)
        written = await self._put(company, INVOICES, known, draft, here.invoice_head(draft))
        if known is not None:
            kept = {str(line.sequence): line for line in known.sales_invoice_lines}
            wanted = {str(line.sequence): line for line in draft.sales_invoice_lines}
            await self._settle(company, f"{INVOICES}({known.id})/{EXPANDS[INVOICES]}", kept, wanted)
            for line in known.sales_invoice_lines:
                if str(line.sequence) not in wanted:
                    await self._drop(company, EXPANDS[INVOICES], line)
        return written

    async def post_invoice(self, invoice_id: str) -> Written:
        """Post a draft. A date outside of what the company may post to is the vendor's refusal."""
        name, found = await self._either(invoice_id)
        if plain(found.row.status) in here.DRAFTS:
            await self._post(name, found)
        return Written(id=mapping.native(found.company.name, found.row.id), created=False)

    async def credit_invoice(self, key: str, data: Invoice) -> Written:
        """Make a credit memo for the invoice's customer, then post it: each is done where it is not yet."""
        if data.kind != "credit_note":
            raise _wrong("/kind", "this is written as an invoice; upsertInvoice writes one")
        corrected = await self._by_id(INVOICES, data.corrects_invoice_id, there.Invoice)
        company, created = corrected.company, False
        known = await self._keyed(company, MEMOS, key, there.CreditMemo)
        if known is None:
            await self._creditable(corrected, data)
            local = await self._companies.local(company)
            draft = here.credit_draft(key, data, corrected.row, company=company.name, local=local)
            made = await self._write("POST", self._path(company.id, MEMOS), draft)
            known, created = await self._one(company, MEMOS, made.id, there.CreditMemo), True
        else:
            _unchanged(await self._document(Place(company, known)), data)
        if plain(known.status) in here.DRAFTS:
            await self._post(MEMOS, Place(company, known))
        return Written(id=mapping.native(company.name, known.id), created=created)

    async def invoices(self, cursor: str = "", limit: int = PAGE, customer_id: str = "") -> Page[Invoice]:
        """Invoices and credit memos, company by company, without their lines."""
        only = await self._of_customer(customer_id)
        found, following = await self._lists.page(_DOCUMENTS, cursor, limit, **only)
        return Page(items=[await self._document(each) for each in found], next=following)

    async def invoice_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Invoices and credit memos changed in any company; what is applied to one touches it there."""
        return await self._lists.changes(tuple(_DOCUMENTS), since, limit)

    async def payment(self, payment_id: str) -> Payment:
        """A payment of the ledger, with what it is applied to."""
        found = await self._by_id(ENTRIES, payment_id, there.LedgerEntry)
        if plain(found.row.document_type) != here.PAYMENT:
            raise NotFound(f"the ledger entry {payment_id} is no payment", system=mapping.SYSTEM)
        return await self._payment(found)

    async def payments(
        self, cursor: str = "", limit: int = PAGE, customer_id: str = "", invoice_id: str = ""
    ) -> Page[Payment]:
        """Payments, company by company. Those of an invoice are its customer's that settle it: a page may be short."""
        if invoice_id and not customer_id:
            try:
                customer_id = (await self.invoice(invoice_id)).account_id
            except NotFound:
                return Page(items=[])
        only = await self._of_customer(customer_id)
        where = " and ".join(each for each in (_PAYMENTS, only["options"].get("$filter", "")) if each)
        only["options"] = {"$filter": where, "$expand": EXPANDS[ENTRIES]}
        found, following = await self._lists.page({ENTRIES: there.LedgerEntry}, cursor, limit, **only)
        read = [await self._payment(each) for each in found]
        settling = [each for each in read if not invoice_id or _settles(each, invoice_id)]
        return Page(items=settling, next=following)

    async def payment_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Payments changed in any company."""
        return await self._lists.changes((ENTRIES,), since, limit, _PAYMENTS)

    async def _document(self, found: Place) -> Invoice:
        local = await self._companies.local(found.company)
        return here.document(found.row, company=found.company.name, local=local)

    async def _payment(self, found: Place) -> Payment:
        local = await self._companies.local(found.company)
        return here.payment(found.row, company=found.company.name, local=local)

    async def _either(self, native_id: str) -> tuple[str, Place]:
        try:
            return INVOICES, await self._by_id(INVOICES, native_id, there.Invoice)
        except NotFound:
            return MEMOS, await self._by_id(MEMOS, native_id, there.CreditMemo)

    async def _post(self, name: str, found: Place) -> None:
        """Post a draft; that somebody else did meanwhile is as good."""
        path = self._path(found.company.id, f"{name}({found.row.id})")
        try:
            await self._send("POST", f"{path}/{POST}")
        except VendorRefused:
            row: Any = await self._one(found.company, name, found.row.id, _DOCUMENTS[name])
            if plain(row.status) in here.DRAFTS:
                raise

    async def _creditable(self, corrected: Place, data: Invoice) -> None:
        """`Invalid` for more than other credit memos have left of the invoice."""
        where = f"correctsInvoiceId eq {corrected.row.id}"
        others = await self._rows(corrected.company.id, MEMOS, there.CreditMemo, where=where)
        still = (each for each in others if plain(each.status) != here.CANCELED)
        taken = sum((each.total_amount_excluding_tax for each in still), Decimal(0))
        here.creditable(data, await self._document(corrected), taken)

    async def _of_customer(self, customer_id: str) -> dict[str, Any]:
        """How a list is held to one customer, who is in one company."""
        if not customer_id:
            return {"options": {}}
        company, customer = await self._within(customer_id, "query:customer_id")
        return {"company": company, "options": {"$filter": f"customerId eq {customer}"}}


def _unchanged(known: Invoice, data: Invoice) -> Written:
    if not here.same(known, data):
        raise Conflict(f"{known.number or known.id} is there and says something else: credit it", system=mapping.SYSTEM)
    return Written(id=known.id, created=False)


def _settles(found: Payment, invoice_id: str) -> bool:
    return any(each.invoice_id == invoice_id for each in found.allocations)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=mapping.SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
