"""What customers owe and paid: requests that are billed, billing documents, and customers' items in accounting.

An invoice begins as a debit memo request, which can be changed until it is billed. Posting it makes the billing
document and puts that into accounting. What is open, and what came in, only the customers' items say.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from canonical.faults import Conflict, FieldError, Invalid, NotFound, VendorRefused
from canonical.objects import Invoice, Payment
from canonical.ports.lists import PAGE
from canonical.ports.operation import Page, Written, cannot
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from system_apis.sap_s4hana import owed_mapping as mapping
from system_apis.sap_s4hana import owed_updates, owed_wire
from system_apis.sap_s4hana.calls import JSON, Calls, first, given
from system_apis.sap_s4hana.odata import SYSTEM, day, keyed, literal
from system_apis.sap_s4hana.owed_mapping import Key

Requested = owed_wire.Debit | owed_wire.Credit
REQUEST_WITH: Final = "to_Item/to_PricingElement"
BILL_WITH: Final = "to_Item"
UNTOLD: Final = (
    "SAP tells changes of requests, billing documents and accounting items apart, of the last the day and no order."
)
_ID: Final = re.compile(r"([BCD])(\d{1,10})")
_PAYMENT: Final = re.compile(r"([A-Z0-9]{4})\.(\d{4})\.(\d{1,10})")
_PAID: Final = "FinancialAccountType eq 'D' and AccountingDocumentType eq 'DZ'"


class Receivables(Calls):
    """Those of one tenant."""

    async def invoice(self, invoice_id: str) -> Invoice:
        """An invoice or credit note by its request's number, or its billing document's."""
        return (await self._by_id(invoice_id))[0]

    async def invoice_by_key(self, key: str) -> Invoice:
        """An invoice or credit note by our key."""
        found = await self._debit_by(key) or await self._credit_by(key)
        if found is None:
            raise NotFound(f"SAP has nothing under the key {key[:80]}", system=SYSTEM)
        return (await self._requested([found]))[0]

    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Write the request, changed where it is there; what is billed is left as it is."""
        if data.kind != "invoice":
            raise _wrong("/kind", "a draft is an invoice; creditInvoice writes the other")
        entity = await self._entities.by_code(data.legal_entity_id)
        job = await self._job(data.project_id) if data.project_id else None
        draft = mapping.debit_draft(key, data, entity, job)
        found = await self._debit_by(key)
        if found is None:
            made = await self._create(f"{owed_wire.DEBITS}/A_DebitMemoRequest", draft)
            return Written(id=f"D{given(made.debit_memo_request)}", created=True)
        if found.overall_ord_reltd_billg_status not in mapping.NOT_BILLED:
            return _unchanged((await self._requested([found]))[0], data)
        kept = (found.sold_to_party, found.transaction_currency, found.sales_organization)
        if kept != (draft.sold_to_party, draft.transaction_currency, draft.sales_organization):
            raise Conflict("the request is for another customer, or in another currency", system=SYSTEM)
        await self._apply(owed_updates.of_request(found, draft))
        return Written(id=f"D{found.number}", created=False)

    async def post_invoice(self, invoice_id: str) -> Written:
        """Bill a request, and put it into accounting; each is done where it is not yet."""
        kind, number = _parted(invoice_id)
        if kind == "B":
            await self._put_into_accounting(await self._bill(number))
        else:
            await self._post(await self._debit(number) if kind == "D" else await self._credit(number))
        return Written(id=f"{kind}{number}", created=False)

    async def credit_invoice(self, key: str, data: Invoice) -> Written:
        """Make a credit memo request of the invoice's billing document, then post it."""
        if data.kind != "credit_note":
            raise _wrong("/kind", "this is written as an invoice; upsertInvoice writes one")
        corrected, bill = await self._by_id(data.corrects_invoice_id)
        found, created = await self._credit_by(key), False
        if found is None:
            taken = await self._credits(f"YY1_TGCorrects_SDH eq {literal(corrected.id)}")
            mapping.creditable(data, corrected, sum((each.total_net_amount for each in taken), Decimal(0)))
            if bill is None:
                raise Conflict("the invoice is not billed yet", system=SYSTEM)
            entity = await self._entities.by_code(corrected.legal_entity_id)
            draft = mapping.credit_draft(key, data, corrected, bill, entity)
            made = await self._create(f"{owed_wire.CREDITS}/A_CreditMemoRequest", draft)
            found, created = await self._credit(given(made.credit_memo_request)), True
        else:
            _unchanged((await self._requested([found]))[0], data)
        await self._post(found)
        return Written(id=f"C{found.number}", created=created)

    async def invoices(self, cursor: str = "", limit: int = PAGE, customer_id: str = "") -> Page[Invoice]:
        """Requests for invoices, those for credit notes, then what else is billed: a page of these may be short."""
        lane, last = place(cursor, "[BCD]", r"\d{0,10}")
        for each in "DCB"["DCB".index(lane or "D") :]:
            items, following = await self._lane(each, last if each == lane else "", limit, customer_id)
            onward = "DCB".partition(each)[2][:1]
            if following:
                return Page(items=items, next=next_place(each, following))
            if items or not onward:
                return Page(items=items, next=next_place(onward, "") if onward else "")
        return Page(items=[])

    invoice_changes = cannot(UNTOLD, system=SYSTEM)
    payment_changes = cannot(UNTOLD, system=SYSTEM)

    async def payment(self, payment_id: str) -> Payment:
        """An incoming payment by company code, fiscal year and document."""
        known = _PAYMENT.fullmatch(payment_id)
        found = await self._payments([(known[1], known[2], known[3])]) if known else []
        return first(found, payment_id)

    async def payments(
        self, cursor: str = "", limit: int = PAGE, customer_id: str = "", invoice_id: str = ""
    ) -> Page[Payment]:
        """Incoming payments by company code, fiscal year and document."""
        (last,) = place(cursor, _PAYMENT.pattern)
        if invoice_id:
            keys = [key for key in await self._settling(invoice_id) if ".".join(key) > last]
            more = len(keys) > limit
        else:
            keys, more = await self._payment_keys(last, limit, customer_id)
        items = [each for each in await self._payments(keys[:limit]) if customer_id in ("", each.account_id)]
        return Page(items=items, next=next_place(".".join(keys[:limit][-1])) if more else "")

    async def _by_id(self, invoice_id: str) -> tuple[Invoice, owed_wire.Bill | None]:
        found, bill = await self._at(invoice_id)
        if isinstance(found, owed_wire.Bill):
            return (await self._other_bills([found]))[0], found
        bills = {found.number: bill} if bill else {}
        return (await self._completed([found], bills))[0], bill

    async def _at(self, invoice_id: str) -> tuple[Requested | owed_wire.Bill, owed_wire.Bill | None]:
        """What an id is of, and the billing document."""
        kind, number = _parted(invoice_id)
        if kind == "B":
            bill = await self._bill(number)
            return bill, bill
        found: Requested = await self._debit(number) if kind == "D" else await self._credit(number)
        return found, (await self._bills_of([found])).get(found.number)

    async def _debit(self, number: str) -> owed_wire.Debit:
        path = f"{owed_wire.DEBITS}/{keyed('A_DebitMemoRequest', DebitMemoRequest=number)}"
        return await self._get(path, owed_wire.Debit, {"$expand": REQUEST_WITH})

    async def _credit(self, number: str) -> owed_wire.Credit:
        path = f"{owed_wire.CREDITS}/{keyed('A_CreditMemoRequest', CreditMemoRequest=number)}"
        return await self._get(path, owed_wire.Credit, {"$expand": REQUEST_WITH})

    async def _bill(self, number: str) -> owed_wire.Bill:
        path = f"{owed_wire.BILLS}/{keyed('A_BillingDocument', BillingDocument=number)}"
        return await self._get(path, owed_wire.Bill, {"$expand": BILL_WITH})

    async def _debit_by(self, key: str) -> owed_wire.Debit | None:
        params = {"$filter": f"YY1_TGKey_SDH eq {literal(key)}", "$expand": REQUEST_WITH}
        found = await self._list(owed_wire.DEBITS, "A_DebitMemoRequest", owed_wire.Debit, params)
        return next(iter(found), None)

    async def _credit_by(self, key: str) -> owed_wire.Credit | None:
        return next(iter(await self._credits(f"YY1_TGKey_SDH eq {literal(key)}")), None)

    async def _credits(self, where: str) -> list[owed_wire.Credit]:
        params = {"$filter": where, "$expand": REQUEST_WITH}
        return await self._all(owed_wire.CREDITS, "A_CreditMemoRequest", owed_wire.Credit, params)

    async def _post(self, found: Requested) -> None:
        """Bill it where that is to be done, and post it. A closed period is seen before it costs a number."""
        bill = (await self._bills_of([found])).get(found.number)
        if bill is None:
            is_credit = isinstance(found, owed_wire.Credit)
            at = day(found.billing_document_date) or day(found.date)
            entity = await self._entities.by_sales(found.sales_organization)
            told = await self._firm({"$filter": f"Code eq {literal(entity.code)}", "$expand": "_Period"})
            periods = [period for each in told for period in each.periods]
            within = [each for each in periods if at and each.start_date <= at <= each.end_date]
            if at is None or not any(each.is_open for each in within):
                raise VendorRefused(f"the posting period of {at} is not open: nothing is billed", system=SYSTEM)
            reference = owed_wire.Reference(
                sd_document=found.number,
                sd_document_category=mapping.CREDIT if is_credit else mapping.DEBIT,
                billing_document_date=at.isoformat(),
            )
            made: owed_wire.Billed = await self._send(
                "POST",
                f"{owed_wire.BILLING}/BillingDocument/SAP__self.CreateFromSDDocument",
                owed_wire.Billed,
                content=msgspec.json.encode(owed_wire.ToBill(references=[reference])),
                headers=JSON,
            )
            if not made.value:
                raise VendorRefused(f"SAP made no billing document of {found.number}", system=SYSTEM)
            bill = await self._bill(made.value[0].billing_document)
        await self._put_into_accounting(bill)

    async def _put_into_accounting(self, bill: owed_wire.Bill) -> None:
        if not bill.accounting_document:
            at = keyed("BillingDocument", BillingDocument=bill.billing_document)
            await self._send(
                "POST", f"{owed_wire.BILLING}/{at}/SAP__self.PostToAccounting", content=b"{}", headers=JSON
            )

    async def _lane(self, kind: str, last: str, limit: int, customer_id: str) -> tuple[list[Invoice], str]:
        """One page of one kind of document, and the number it ends with where there are more."""
        ours = " or ".join(
            f"SalesOrganization eq {literal(each.sales_organization)}" for each in await self._entities.all()
        )
        shape: Any
        service, name, shape, expand = _LANES[kind]
        where = [f"({ours})"]
        where += [f"{name.removeprefix('A_')} gt {literal(last)}"] if last else []
        where += [_BILLS] if kind == "B" else []
        where += [f"SoldToParty eq {literal(customer_id)}"] if customer_id else []
        params = {"$filter": " and ".join(where), "$orderby": name.removeprefix("A_"), "$top": str(limit + 1)}
        found = await self._listed(service, name, shape, params | {"$expand": expand})
        here: list[Any] = found.results[:limit]
        more = bool(here) and (len(found.results) > limit or bool(found.next))
        following = (here[-1].billing_document if kind == "B" else here[-1].number) if more else ""
        if kind == "B":
            own = [each for each in here if mapping.id_of(each)[0] == "B"]
            return await self._other_bills(own), following
        return await self._requested(here), following

    async def _requested(self, found: Sequence[Requested]) -> list[Invoice]:
        """Requests, with what is billed of them and what is open."""
        return await self._completed(found, await self._bills_of(found))

    async def _completed(self, found: Sequence[Requested], bills: dict[str, owed_wire.Bill]) -> list[Invoice]:
        entries = await self._entries_of(bills.values())
        made = []
        for each in found:
            entity = (await self._entities.by_sales(each.sales_organization)).code
            made.append(mapping.invoice(each, bills.get(each.number), entries, legal_entity=entity))
        return made

    async def _other_bills(self, found: Sequence[owed_wire.Bill]) -> list[Invoice]:
        entries = await self._entries_of(found)
        made = []
        for each in found:
            entity = (await self._entities.by_sales(each.sales_organization)).code
            made.append(mapping.bill(each, entries, legal_entity=entity))
        return made

    async def _bills_of(self, found: Sequence[Requested]) -> dict[str, owed_wire.Bill]:
        """Request -> the billing document of it that is not cancelled."""
        numbers = [each.number for each in found if each.overall_ord_reltd_billg_status not in mapping.NOT_BILLED]
        refers = await self._each(
            owed_wire.BILLS, "A_BillingDocumentItem", owed_wire.BillItem, numbers, _equal("ReferenceSDDocument")
        )
        of = {each.billing_document: each.reference_sd_document for each in refers}
        bills = await self._each(
            owed_wire.BILLS, "A_BillingDocument", owed_wire.Bill, sorted(of), _equal("BillingDocument"), BILL_WITH
        )
        good = [
            each for each in bills if not each.billing_document_is_cancelled and not each.cancelled_billing_document
        ]
        return {of[each.billing_document]: each for each in good if each.billing_document in of}

    async def _entries_of(self, bills: Iterable[owed_wire.Bill]) -> list[owed_wire.Entry]:
        """Customers' items of these documents, of what is held against them, and of what they are held against."""
        keys = [mapping.posted_as(each) for each in bills if each.accounting_document]
        found = await self._entries(keys, _posted_or_held)
        targets = {target for each in found if (target := mapping.referred(each)) and target not in keys}
        known = {(mapping.key_of(each), each.accounting_document_item) for each in found}
        more = await self._entries(sorted(targets), _posted_or_held)
        return found + [each for each in more if (mapping.key_of(each), each.accounting_document_item) not in known]

    async def _entries(self, keys: Sequence[Key], where: Callable[[Key], str]) -> list[owed_wire.Entry]:
        return await self._each(
            owed_wire.LEDGER, "A_OperationalAcctgDocItemCube", owed_wire.Entry, keys, where, only=_CUSTOMERS
        )

    async def _payment_keys(self, last: str, limit: int, customer_id: str) -> tuple[list[Key], bool]:
        """The documents of a page of payments: one more than asked for, to know of more."""
        ours = " or ".join(f"CompanyCode eq {literal(each.company_code)}" for each in await self._entities.all())
        where = f"{_PAID} and ({ours})" + (f" and Customer eq {literal(customer_id)}" if customer_id else "")
        if last:
            company, year, document = (literal(part) for part in last.split("."))
            later = f"FiscalYear eq {year} and AccountingDocument gt {document}"
            after = f"CompanyCode gt {company} or (CompanyCode eq {company} and (FiscalYear gt {year} or ({later})))"
            where += f" and ({after})"
        order = "CompanyCode,FiscalYear,AccountingDocument,AccountingDocumentItem"
        params = {"$filter": where, "$orderby": order, "$top": str(limit + 1)}
        found = await self._listed(owed_wire.LEDGER, "A_OperationalAcctgDocItemCube", owed_wire.Entry, params)
        keys = list(dict.fromkeys(mapping.key_of(each) for each in found.results[:limit]))
        return keys, bool(keys) and (len(found.results) > limit or bool(found.next))

    async def _settling(self, invoice_id: str) -> list[Key]:
        """The payments that clear an invoice, or are held against it."""
        try:
            _, bill = await self._at(invoice_id)
        except NotFound:
            return []
        entries = await self._entries_of([bill] if bill else [])
        own = mapping.posted_as(bill) if bill else ("", "", "")
        keys = {mapping.key_of(each) for each in entries if mapping.referred(each) == own}
        keys |= {
            (each.company_code, each.clearing_doc_fiscal_year, each.clearing_accounting_document)
            for each in entries
            if mapping.key_of(each) == own and each.clearing_accounting_document
        }
        paid = await self._entries(sorted(keys), _posted)
        return sorted({mapping.key_of(each) for each in paid if each.accounting_document_type == "DZ"})

    async def _payments(self, keys: Sequence[Key]) -> list[Payment]:
        """Payments of these documents. One that takes money back is no receipt, and left out."""
        own = await self._entries(keys, _posted)
        cleared = await self._entries(keys, _cleared_by)
        touched = {mapping.referred(each) or mapping.key_of(each) for each in (*own, *cleared)}
        bills = await self._each(
            owed_wire.BILLS, "A_BillingDocument", owed_wire.Bill, sorted(touched - set(keys)), _posted, BILL_WITH
        )
        ids = {mapping.posted_as(each): mapping.id_of(each) for each in bills}
        made = []
        for key in keys:
            mine = [each for each in own if mapping.key_of(each) == key and each.accounting_document_type == "DZ"]
            if sum((each.amount_in_transaction_currency for each in mine), Decimal(0)) < 0:
                theirs = [each for each in cleared if _cleared_key(each) == key]
                entity = (await self._entities.by_company(key[0])).code
                made.append(mapping.payment(key, mine, theirs, ids, legal_entity=entity))
        return made


_LANES: Final[dict[str, tuple[str, str, Any, str]]] = {
    "D": (owed_wire.DEBITS, "A_DebitMemoRequest", owed_wire.Debit, REQUEST_WITH),
    "C": (owed_wire.CREDITS, "A_CreditMemoRequest", owed_wire.Credit, REQUEST_WITH),
    "B": (owed_wire.BILLS, "A_BillingDocument", owed_wire.Bill, BILL_WITH),
}
_CUSTOMERS: Final = "FinancialAccountType eq 'D'"
_BILLS: Final = "(SDDocumentCategory eq 'M' or SDDocumentCategory eq 'P' or SDDocumentCategory eq 'O')"
"""Invoices, debit and credit memos: neither pro formas nor what cancels another."""


def _equal(name: str) -> Callable[[str], str]:
    return lambda value: f"{name} eq {literal(value)}"


def _posted(key: Key) -> str:
    company, year, document = (literal(part) for part in key)
    return f"(CompanyCode eq {company} and FiscalYear eq {year} and AccountingDocument eq {document})"


def _posted_or_held(key: Key) -> str:
    company, year, document = (literal(part) for part in key)
    held = f"InvoiceReferenceFiscalYear eq {year} and InvoiceReference eq {document}"
    return f"{_posted(key)} or (CompanyCode eq {company} and {held})"


def _cleared_by(key: Key) -> str:
    company, year, document = (literal(part) for part in key)
    cleared = f"ClearingDocFiscalYear eq {year} and ClearingAccountingDocument eq {document}"
    return f"(CompanyCode eq {company} and {cleared})"


def _cleared_key(entry: owed_wire.Entry) -> Key:
    return entry.company_code, entry.clearing_doc_fiscal_year, entry.clearing_accounting_document


def _parted(invoice_id: str) -> tuple[str, str]:
    known = _ID.fullmatch(invoice_id)
    if known is None:
        raise NotFound(f"{invoice_id[:40]!r} is no invoice's id", system=SYSTEM)
    return known[1], known[2]


def _unchanged(known: Invoice, data: Invoice) -> Written:
    if not mapping.same(known, data):
        raise Conflict(f"{known.number or known.id} is billed and says something else: credit it", system=SYSTEM)
    return Written(id=known.id, created=False)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
