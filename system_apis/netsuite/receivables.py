"""Invoices, credit memos and payments of one account.

An invoice is a draft while it is pending approval, and approving it posts it: the account's approval routing for
invoices must be on (QUIRKS.md). A credit memo posts as it is saved.
"""

from typing import Any, Final

from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.objects import Invoice, Payment
from canonical.ports.lists import PAGE, RecordChange
from canonical.ports.operation import Page, Written
from system_apis.netsuite import receivables_mapping as mapping
from system_apis.netsuite import receivables_wire as wire
from system_apis.netsuite import rows
from system_apis.netsuite.calls import RECORDS, checked, eid
from system_apis.netsuite.listing import STAMP, Listing
from system_apis.netsuite.wire import Ref, Rows

INVOICES: Final = "type IN ('CustInvc', 'CustCred')"
PAYMENTS: Final = "type = 'CustPymt'"
_HEADS: Final = (
    "SELECT id, externalid, type, tranid, TO_CHAR(trandate, 'YYYY-MM-DD') AS trandate,"  # noqa: S608 - a constant
    " TO_CHAR(duedate, 'YYYY-MM-DD') AS duedate, entity, subsidiary, currency, otherrefnum, memo, job, approvalstatus,"
    f" foreigntotal, foreignamountunpaid, custbody_tg_contract, custbody_tg_corrects, {STAMP} FROM transaction"
)
_IDS: Final = "SELECT id FROM transaction"


class Receivables(Listing):
    """What customers owe and pay."""

    async def invoice(self, invoice_id: str) -> Invoice:
        """An invoice by internal id, or the credit memo that has it: transactions share their ids."""
        return await self._either(checked(invoice_id))

    async def invoice_by_key(self, key: str) -> Invoice:
        """An invoice or a credit memo by external id."""
        return await self._either(eid(key))

    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Write the draft, pending approval; a posted one is left as it is, and is a conflict where it differs."""
        if data.kind != "invoice":
            error = FieldError(detail="a draft is an invoice; creditInvoice writes the other", pointer="/kind")
            raise Invalid(system="netsuite", errors=[error])
        draft = mapping.invoice_draft(
            data,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
        )
        known = await self._known(key)
        if known is not None and known.status != "draft":
            return _unchanged(known, data)
        return await self._upsert("invoice", key, draft, replace="item")

    async def post_invoice(self, invoice_id: str) -> Written:
        """Approve an invoice, which posts it."""
        found = await self._get("invoice", checked(invoice_id), wire.Invoice)
        if found.approval_status.id == mapping.APPROVED:
            return Written(id=found.id, created=False)
        approved = wire.Approval(approval_status=Ref(id=mapping.APPROVED))
        return await self._write("PATCH", f"{RECORDS}/invoice/{found.id}", approved)

    async def credit_invoice(self, key: str, data: Invoice) -> Written:
        """Write a credit memo, applied to its invoice; one that is there already is not written again."""
        known = await self._known(key)
        if known is not None:
            return _unchanged(known, data)
        corrected = await self._invoice(await self._get("invoice", checked(data.corrects_invoice_id), wire.Invoice))
        draft = mapping.credit_draft(
            data,
            corrected,
            subsidiary=await self._references.subsidiaries.id(corrected.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
        )
        return await self._upsert("creditMemo", key, draft, replace="item,apply")

    async def invoices(self, cursor: str = "", limit: int = PAGE, customer_id: str = "") -> Page[Invoice]:
        """Invoices and credit memos by internal id, without their lines."""
        where = INVOICES + (f" AND entity = {_number(customer_id)}" if customer_id else "")
        found, following = await self._listed(_HEADS, Rows[rows.Transaction], cursor, limit, where)
        items = []
        for row in found:
            entity, currency = await self._entity(Ref(id=row.subsidiary)), await self._currency(Ref(id=row.currency))
            items.append(mapping.head(row, legal_entity=entity, currency=currency))
        return Page(items=items, next=following)

    async def invoice_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Invoices and credit memos changed since a watermark."""
        return await self._changes("transaction", since, limit, INVOICES)

    async def payment(self, payment_id: str) -> Payment:
        """A payment by internal id."""
        return await self._payment(await self._get("customerPayment", checked(payment_id), wire.Payment))

    async def payments(
        self, cursor: str = "", limit: int = PAGE, customer_id: str = "", invoice_id: str = ""
    ) -> Page[Payment]:
        """Payments by internal id, each read with what it is applied to.

        Those of an invoice are looked for among its customer's, so a page of them may be short.
        """
        if invoice_id and not customer_id:
            try:
                customer_id = (await self.invoice(invoice_id)).account_id
            except NotFound:
                return Page(items=[])
        where = PAYMENTS + (f" AND entity = {_number(customer_id)}" if customer_id else "")
        found, following = await self._listed(_IDS, Rows[rows.Row], cursor, limit, where)
        read = [await self.payment(row.id) for row in found]
        items = [each for each in read if not invoice_id or _settles(each, invoice_id)]
        return Page(items=items, next=following)

    async def payment_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Payments changed since a watermark."""
        return await self._changes("transaction", since, limit, PAYMENTS)

    async def _known(self, key: str) -> Invoice | None:
        try:
            return await self.invoice_by_key(key)
        except NotFound:
            return None

    async def _either(self, ident: str) -> Invoice:
        try:
            return await self._invoice(await self._get("invoice", ident, wire.Invoice))
        except NotFound:
            return await self._credit_note(await self._get("creditMemo", ident, wire.CreditMemo))

    async def _invoice(self, found: wire.Invoice) -> Invoice:
        return mapping.invoice(found, **await self._place(found))

    async def _credit_note(self, found: wire.CreditMemo) -> Invoice:
        return mapping.credit_note(found, **await self._place(found))

    async def _payment(self, found: wire.Payment) -> Payment:
        return mapping.payment(found, **await self._place(found))

    async def _place(self, found: Any) -> dict[str, str]:
        return {
            "legal_entity": await self._entity(found.subsidiary),
            "currency": await self._currency(found.currency),
        }


def _unchanged(known: Invoice, data: Invoice) -> Written:
    if not mapping.same(known, data):
        raise Conflict(f"{known.number or known.id} is posted and says something else: credit it", system="netsuite")
    return Written(id=known.id, created=False)


def _settles(found: Payment, invoice_id: str) -> bool:
    return any(each.invoice_id == invoice_id for each in found.allocations)


def _number(native_id: str) -> str:
    """An internal id as it stands in a query."""
    if not native_id.isascii() or not native_id.isdigit():
        error = FieldError(detail="this is the internal id of no customer", pointer="query:customer_id")
        raise Invalid(system="netsuite", errors=[error])
    return native_id
