"""What the tables behind documents and the customer ledger do: amounts, taxes, due dates, posting, applying.

A document is a draft until it is posted; then nobody edits it. The texts of refusals are those of the standard pages'
source; what is said of posting dates and blocked customers is the field's general knowledge.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from canonical.money import minor_units
from foundation.sandbox import Box, Record
from system_apis.business_central.sandbox.errors import refused
from system_apis.business_central.sandbox.fields import NEVER, NOTHING, Page, guid
from system_apis.business_central.sandbox.schema import PAGES

INVOICES: Final = "salesInvoices"
MEMOS: Final = "salesCreditMemos"
ENTRIES: Final = "customerLedgerEntries"
APPLIED: Final = "appliedEntries"
WORDS: Final[Mapping[str, str]] = {INVOICES: "invoice", MEMOS: "credit memo"}
_DATES: Final[Mapping[str, str]] = {INVOICES: "invoiceDate", MEMOS: "creditMemoDate"}
_SERIES: Final[Mapping[str, str]] = {INVOICES: "PS-INV", MEMOS: "PS-CR"}
_RATES: Final[Mapping[str, Decimal]] = {"DE": Decimal(19), "GB": Decimal(20), "IN": Decimal(18)}
"""Percent of tax at home; abroad there is none."""
_NO_INVOICING: Final = ("Invoice", "All")


def stamped(box: Box, row: Record) -> Record:
    """A row as it is written now."""
    row["lastModifiedDateTime"] = box.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    row["_version"] = row.get("_version", 0) + 1
    return row


def dated(box: Box, page: Page, row: Record) -> None:
    """The dates that were not given: today, and when the customer's terms have it due."""
    if page.set not in _DATES:
        return
    today = box.now().date().isoformat()
    said = _DATES[page.set]
    row[said] = today if row[said] == NEVER else row[said]
    row["postingDate"] = row[said] if row["postingDate"] == NEVER else row["postingDate"]
    if page.set == INVOICES and row["dueDate"] == NEVER:
        customer = box.store.get("customers", row["customerId"]) or {}
        terms = box.store.get("paymentTerms", customer.get("paymentTermsId", ""))
        days = int(terms["dueDateCalculation"].removesuffix("D")) if terms else 0
        row["dueDate"] = (date.fromisoformat(row[said]) + timedelta(days=days)).isoformat()


def extended(box: Box, page: Page, row: Record) -> None:
    """What a line comes to, rounded as its document's currency is."""
    if "netAmount" in row:
        document = box.store.get(_document_page(page).set, row[page.parent]) or {}
        amount = Decimal(str(row["quantity"])) * Decimal(str(row["unitPrice"]))
        row["netAmount"] = _rounded(box, document, amount) - Decimal(str(row.get("discountAmount", 0)))


def totalled(box: Box, page: Page, row: Record) -> None:
    """A line has changed: its document's totals follow."""
    if "netAmount" not in page.fields:
        return
    above = _document_page(page)
    document = box.store.get(above.set, row[page.parent])
    if document is None:
        return
    lines = box.store.find(page.set, **{page.parent: document["id"]})
    net = sum((Decimal(str(line["netAmount"])) for line in lines), Decimal(0))
    tax = _rounded(box, document, net * _rate(box, document) / 100)
    totals = {"totalAmountExcludingTax": net, "totalTaxAmount": tax, "totalAmountIncludingTax": net + tax}
    box.store.update(above.set, document["id"], {name: each for name, each in totals.items() if name in document})


def editable(box: Box, page: Page, row: Record) -> None:
    """A posted document is not edited, and its lines are not; nor is time that is in a project's ledger."""
    if row.get("posted"):
        raise _dialog("The time sheet line is posted and can no longer be modified.")
    above = _document_page(page) if page.parent else page
    document = box.store.get(above.set, row[page.parent]) if page.parent else row
    if above.set in WORDS and document and document["status"] != "Draft":
        word = WORDS[above.set]
        raise _dialog(f"The {word} is posted and can no longer be modified.")


def post(box: Box, company: str, page: Page, row: Record) -> None:
    """The bound action."""
    word = WORDS[page.set]
    if row["status"] != "Draft":
        raise _dialog(f"The action can be applied to a draft {word} only.")
    if not box.store.find(page.lines, documentId=row["id"]):
        raise _dialog(f"Please add at least one line item to the {word}.")
    customer = box.store.get("customers", row["customerId"]) or {}
    if customer.get("blocked") in _NO_INVOICING:
        raise _dialog(f"You cannot post this type of document when Customer {customer['number']} is blocked.")
    _in_range(box, company, row["postingDate"])
    corrected = _corrected(box, row) if page.set == MEMOS else None
    gross = Decimal(str(row["totalAmountIncludingTax"]))
    number = f"{_SERIES[page.set]}{box.store.next_number(f'posted:{company}:{page.set}'):06}"
    posted = {"status": "Open" if gross else "Paid", "number": number, "remainingAmount": gross}
    box.store.update(page.set, row["id"], stamped(box, row | posted))
    sign, kind = (-1, "Credit_x0020_Memo") if page.set == MEMOS else (1, "Invoice")
    entry = {"documentType": kind, "amount": sign * gross, "_document": row["id"], "postingDate": row["postingDate"]}
    entry |= {"customerId": row["customerId"], "currencyCode": row["currencyCode"], "documentNumber": number}
    made = entered(box, company, entry)
    if corrected is not None:
        amount = min(gross, Decimal(str(corrected["remainingAmount"])))
        _applied(box, made, corrected["id"], amount)
        _reduced(box, MEMOS, row["id"], amount)


def entered(box: Box, company: str, fields: Record) -> Record:
    """An entry of the customer ledger."""
    row = _new(box, company, PAGES[ENTRIES], fields | {"remainingAmount": fields["amount"]})
    return box.store.insert(ENTRIES, row["id"], stamped(box, row))


def apply(box: Box, entry_id: str, invoice_id: str, amount: Decimal) -> None:
    """A payment settles an invoice, in part or in full."""
    entry = box.store.get(ENTRIES, entry_id)
    if entry is None:
        raise KeyError(entry_id)
    left = Decimal(str(entry["remainingAmount"])) + amount
    box.store.update(ENTRIES, entry_id, stamped(box, entry | {"remainingAmount": left}))
    _applied(box, entry, invoice_id, amount)


def _applied(box: Box, entry: Record, invoice_id: str, amount: Decimal) -> None:
    fields = {"documentId": entry["id"], "invoiceId": invoice_id, "amount": amount}
    row = _new(box, entry["_company"], PAGES[APPLIED], fields)
    box.store.insert(APPLIED, row["id"], stamped(box, row))
    _reduced(box, INVOICES, invoice_id, amount)


def _new(box: Box, company: str, page: Page, fields: Record) -> Record:
    id = guid(page.set, box.store.next_number(page.set))
    return {field.name: field.default for field in page.fields.values()} | {"id": id, "_company": company} | fields


def _reduced(box: Box, kind: str, id: str, amount: Decimal) -> None:
    """Less is open; our extension touches the document for it."""
    row = box.store.get(kind, id)
    if row is None:
        raise KeyError(id)
    left = Decimal(str(row["remainingAmount"])) - amount
    status = "Open" if left else "Paid"
    box.store.update(kind, id, stamped(box, row | {"remainingAmount": left, "status": status}))
    for entry in box.store.find(ENTRIES, _document=id):
        owed = left if kind == INVOICES else -left
        box.store.update(ENTRIES, entry["id"], stamped(box, entry | {"remainingAmount": owed}))


def _corrected(box: Box, row: Record) -> Record | None:
    """The invoice a credit memo is applied to."""
    if row["invoiceId"] == NOTHING:
        return None
    found = box.store.get(INVOICES, row["invoiceId"])
    if found is None or found["status"] != "Open" or found["customerId"] != row["customerId"]:
        raise _dialog("The invoice to be applied is not open, or another customer's.")
    return found


def _in_range(box: Box, company: str, day: str) -> None:
    settings = box.store.find("entitySettings", _company=company)[0]
    until = settings["allowPostingTo"]
    if day < settings["allowPostingFrom"] or (until != NEVER and day > until):
        raise _dialog("Posting Date is not within your range of allowed posting dates.")


def _rate(box: Box, document: Record) -> Decimal:
    home = box.store.find("companyInformation", _company=document["_company"])[0]["country"]
    customer = box.store.get("customers", document["customerId"]) or {}
    return _RATES.get(home, Decimal(0)) if customer.get("country") == home else Decimal(0)


def _rounded(box: Box, document: Record, amount: Decimal) -> Decimal:
    code = document.get("currencyCode", "")
    if not code and document:
        code = box.store.find("companyInformation", _company=document["_company"])[0]["currencyCode"]
    return amount.quantize(Decimal(1).scaleb(-minor_units(code)), ROUND_HALF_UP)


def _document_page(lines: Page) -> Page:
    return next(page for page in PAGES.values() if page.lines == lines.set)


def _dialog(words: str) -> Exception:
    return refused(400, "Application_DialogException", words)
