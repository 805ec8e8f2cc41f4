"""Billing and accounting: requests become billing documents, those customers' items, payments settle them.

The actions are the V4 service's. What the posting of a closed period says is the field's general knowledge.
"""

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from canonical.money import minor_units
from foundation.sandbox import Answer, Box, Record, Refused, answer
from system_apis.sap_s4hana.sandbox.errors import error, no_such_key, no_such_segment, refused
from system_apis.sap_s4hana.sandbox.firm_service import PERIODS
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.showing import item_net
from system_apis.sap_s4hana.sandbox.writing import id_of, stamp

PATH: Final = "/sap/opu/odata4/sap/api_billingdocument/srvd_a2x/sap/billingdocument/0001"
BILLS: Final = "A_BillingDocument"
ITEMS: Final = "A_BillingDocumentItem"
ENTRIES: Final = "A_OperationalAcctgDocItemCube"
_KEYS: Final = {"C": "SalesOrder", "L": "DebitMemoRequest", "K": "CreditMemoRequest"}
"""Category of a sales document -> what it is."""
_KINDS: Final = {"SalesOrder": ("F2", "M"), "DebitMemoRequest": ("L2", "P"), "CreditMemoRequest": ("G2", "O")}
_POST: Final = re.compile(r"BillingDocument\('(\d+)'\)/SAP__self\.PostToAccounting")
_RATES: Final = {"DE": Decimal(19), "IN": Decimal(18)}
"""Percent of tax at home; abroad there is none."""
_DAYS: Final = 30


def acted(box: Box, method: str, rest: str, body: Record) -> Answer:
    """One of the two actions."""
    if method != "POST":
        raise Refused(error(405, "/IWBEP/CM_V4_RUN/000", "Method not allowed"))
    if rest == "BillingDocument/SAP__self.CreateFromSDDocument":
        made = [_billed(box, each) for each in body.get("_Reference") or []]
        return _told([each for each in made if each])
    if known := _POST.fullmatch(rest):
        found = box.store.get(BILLS, known[1])
        if found is None:
            raise no_such_key("BillingDocument")
        if found.get("AccountingDocument"):
            raise refused(400, "VF/062", f"Billing document {known[1]} has been posted already")
        if not _is_open(box, found):
            raise refused(400, "F5/201", f"Posting period of {found['BillingDocumentDate']} is not open")
        return answer(200, _v4(_posted(box, found)), {"OData-Version": "4.0"})
    raise no_such_segment(rest)


def paid(box: Box, company: str, fields: Record, parts: list[tuple[str, Decimal]]) -> str:
    """An incoming payment: for each part the invoice's accounting document (none: on account) and an amount."""
    year, number = fields["PostingDate"][:4], str(1400000000 + box.store.next_number("payment"))
    for place, (invoice, amount) in enumerate(parts, start=1):
        entry = {"AccountingDocument": number, "AccountingDocumentItem": str(place), "AccountingDocumentType": "DZ"}
        entry |= {"AmountInTransactionCurrency": f"{-amount:f}", "DebitCreditCode": "H", "InvoiceReference": invoice}
        owed = box.store.find(ENTRIES, CompanyCode=company, AccountingDocument=invoice) if invoice else []
        entry |= {"InvoiceReferenceFiscalYear": owed[0]["FiscalYear"] if owed else ""}
        _entered(box, {"CompanyCode": company, "FiscalYear": year} | fields | entry)
        if owed:
            _cleared(box, company, year, number, invoice)
    return f"{company}.{year}.{number}"


def _cleared(box: Box, company: str, year: str, payment: str, invoice: str) -> None:
    """What is settled in full is cleared, with all that was held against it."""
    group = [
        each
        for each in box.store.find(ENTRIES, CompanyCode=company)
        if invoice in (each["AccountingDocument"], each.get("InvoiceReference"))
    ]
    if sum((Decimal(each["AmountInTransactionCurrency"]) for each in group), Decimal(0)):
        return
    for each in group:
        by = {"ClearingAccountingDocument": payment, "ClearingDocFiscalYear": year}
        box.store.update(ENTRIES, id_of(SETS[ENTRIES], each), by | {"ClearingDate": each["PostingDate"]})


def _billed(box: Box, reference: Record) -> Record | None:
    """A billing document of an order or a request; none where there is nothing left to be billed."""
    category = reference.get("SDDocumentCategory", "") if reference.get("SDDocumentCategory", "") in _KEYS else "L"
    key = _KEYS[category]
    request = box.store.get(f"A_{key}", str(reference.get("SDDocument", "")).lstrip("0"))
    if request is None:
        raise refused(400, "VF/001", f"Document {reference.get('SDDocument')} does not exist")
    if request["OverallOrdReltdBillgStatus"] == "C" or request.get("HeaderBillingBlockReason"):
        return None
    there = box.store.find(f"A_{key}Item", **{key: request[key]})
    lines = [each for each in there if not each.get("SalesDocumentRjcnReason")]
    if not lines:
        return None
    nets = [item_net(box, key, each) for each in lines]
    net = sum(nets, Decimal(0))
    currency, company = request["TransactionCurrency"], request["SalesOrganization"]
    step = Decimal(1).scaleb(-minor_units(currency))
    tax = (net * _rate(box, company, request["SoldToParty"]) / 100).quantize(step, ROUND_HALF_UP)
    kind, billed_as = _KINDS[key]
    number = str(90000000 + box.store.next_number("billing"))
    found = {
        "BillingDocument": number,
        "BillingDocumentType": kind,
        "SDDocumentCategory": billed_as,
        "BillingDocumentDate": str(reference.get("BillingDocumentDate") or box.now().date().isoformat()),
        "SoldToParty": request["SoldToParty"],
        "PayerParty": request["SoldToParty"],
        "SalesOrganization": company,
        "CompanyCode": company,
        "TotalNetAmount": f"{net:f}",
        "TaxAmount": f"{tax:f}",
        "TotalGrossAmount": f"{net + tax:f}",
        "TransactionCurrency": currency,
        "PurchaseOrderByCustomer": request.get("PurchaseOrderByCustomer", ""),
        "DocumentReferenceID": number,
        "_corrects": request.get("ReferenceSDDocument", ""),
    }
    box.store.insert(BILLS, number, found | stamp(box))
    for line, worth in zip(lines, nets, strict=True):
        item: Record = {
            "BillingDocument": number,
            "BillingDocumentItem": line[f"{key}Item"],
            "BillingDocumentItemText": line.get(f"{key}ItemText", ""),
            "Material": line["Material"],
            "BillingQuantity": line.get("RequestedQuantity") or "1",
            "BillingQuantityUnit": line.get("RequestedQuantityUnit", ""),
            "NetAmount": f"{worth:f}",
            "TransactionCurrency": currency,
            "ReferenceSDDocument": request[key],
            "ReferenceSDDocumentItem": line[f"{key}Item"],
            "ReferenceSDDocumentCategory": category,
        }
        box.store.insert(ITEMS, id_of(SETS[ITEMS], item), item)
    done = {"OverallOrdReltdBillgStatus": "C", "OverallSDProcessStatus": "C"}
    box.store.update(f"A_{key}", request[key], done | stamp(box))
    kept = box.store.get(BILLS, number) or found
    return _posted(box, kept) if _is_open(box, kept) else kept


def _posted(box: Box, bill: Record) -> Record:
    """Into accounting: the customer owes it, or is owed it."""
    number, day = str(9400000000 + box.store.next_number("accounting")), bill["BillingDocumentDate"]
    sign, code = (-1, "H") if bill["SDDocumentCategory"] == "O" else (1, "S")
    target = box.store.get(BILLS, bill.get("_corrects", "")) or {}
    due = (date.fromisoformat(day) + timedelta(days=_DAYS)).isoformat()
    entry = {
        "CompanyCode": bill["CompanyCode"],
        "FiscalYear": day[:4],
        "AccountingDocument": number,
        "AccountingDocumentItem": "1",
        "AccountingDocumentType": "RV",
        "Customer": bill["SoldToParty"],
        "PostingDate": day,
        "NetDueDate": due,
        "AmountInTransactionCurrency": f"{sign * Decimal(bill['TotalGrossAmount']):f}",
        "TransactionCurrency": bill["TransactionCurrency"],
        "DebitCreditCode": code,
        "InvoiceReference": target.get("AccountingDocument", ""),
        "InvoiceReferenceFiscalYear": target.get("FiscalYear", ""),
        "BillingDocument": bill["BillingDocument"],
    }
    _entered(box, entry)
    into = {"AccountingDocument": number, "FiscalYear": day[:4], "AccountingPostingStatus": "C"}
    return box.store.update(BILLS, bill["BillingDocument"], into | stamp(box))


def _entered(box: Box, fields: Record) -> None:
    entry = {"FinancialAccountType": "D", "LastChangeDate": box.now().date().isoformat()} | fields
    box.store.insert(ENTRIES, id_of(SETS[ENTRIES], entry), entry)


def _is_open(box: Box, bill: Record) -> bool:
    day = bill["BillingDocumentDate"]
    periods = box.store.find(PERIODS, CompanyCode=bill["CompanyCode"])
    return any(each["IsOpen"] and each["StartDate"] <= day <= each["EndDate"] for each in periods)


def _rate(box: Box, company: str, customer: str) -> Decimal:
    home = (box.store.get("A_CompanyCode", company) or {}).get("Country", "")
    places = box.store.find("A_BusinessPartnerAddress", BusinessPartner=customer.lstrip("0"))
    return _RATES.get(home, Decimal(0)) if any(each.get("Country") == home for each in places) else Decimal(0)


def _told(found: list[Record]) -> Answer:
    body: Record = {"@odata.context": "$metadata#BillingDocument", "value": [_v4(each) for each in found]}
    return answer(200, body, {"OData-Version": "4.0"})


def _v4(found: Record) -> Record:
    shown: dict[str, Any] = {
        name: value for name, value in found.items() if not name.startswith("_") and "Amount" not in name
    }
    amounts = {name: Decimal(found[name]) for name in ("TotalNetAmount", "TotalGrossAmount")}
    return shown | amounts | {"TotalTaxAmount": Decimal(found["TaxAmount"]), "SAP__Messages": []}
