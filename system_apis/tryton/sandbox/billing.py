"""Invoices and hours: what Tryton works out, insists on, and does when a button is pushed."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox import working
from system_apis.tryton.sandbox.domains import comparable
from system_apis.tryton.sandbox.errors import RpcError, inside, user_error
from system_apis.tryton.sandbox.schema import Model

DUE: Final = "account.move.line"
INVOICE: Final = "account.invoice"
LINE: Final = "account.invoice.line"


def number(value: Decimal) -> Record:
    """An exact number on the wire."""
    return {"__class__": "Decimal", "decimal": str(value)}


def line_amount(box: Box, line: Record, document: Record) -> Decimal:
    """What a line comes to, in the digits of its document's currency; a tie goes to the even one."""
    if line["type"] != "line" or not line["unit_price"]:
        return Decimal(0)
    digits = _get(box, "currency.currency", document["currency"])["digits"]
    amount = Decimal(str(line["quantity"] or 0)) * Decimal(line["unit_price"]["decimal"])
    return amount.quantize(Decimal(1).scaleb(-digits))


def worked_out(box: Box, model: str, name: str, record: Record) -> Any:
    """A field that is worked out when it is read."""
    match model, name:
        case "account.invoice.line", "amount":
            return number(line_amount(box, record, _get(box, INVOICE, record["invoice"])))
        case "account.invoice", "untaxed_amount":
            return number(_net(box, record))
        case "account.invoice", "tax_amount":
            return number(_tax(box, record))
        case "account.invoice", "total_amount":
            return number(_total(box, record))
        case "account.invoice", "amount_to_pay":
            return number(open_amount(box, record))
        case "account.invoice", "lines_to_pay":
            return [each["id"] for each in box.store.find(DUE, _invoice=record["id"])]
        case "account.move.line", "invoice_payments":
            return [each["id"] for each in box.store.all(INVOICE) if record["id"] in (each["payment_lines"] or [])]
    raise inside(name)


def open_amount(box: Box, invoice: Record) -> Decimal:
    """What is to be paid of an invoice; nothing of one that is not posted."""
    if invoice["state"] != "posted":
        return Decimal(0)
    lines = [_get(box, DUE, id) for id in invoice["payment_lines"] or []]
    paid = sum((Decimal(each["credit"]["decimal"]) - Decimal(each["debit"]["decimal"]) for each in lines), Decimal(0))
    return _total(box, invoice) - paid


def owed(box: Box, party: int, company: int | None) -> Decimal:
    """What a party owes a company by its invoices."""
    posted = box.store.find(INVOICE, party=party, company=company, state="posted")
    return sum((open_amount(box, each) for each in posted), Decimal(0))


def filled(box: Box, model: Model, record: Record) -> None:
    """What a model fills in by itself when a record is made."""
    if model.name == LINE and record["invoice"] is not None and record["company"] is None:
        record["company"] = _get(box, INVOICE, record["invoice"])["company"]
    if model.name == LINE and record["company"] is not None and record["currency"] is None:
        record["currency"] = _get(box, "company.company", record["company"])["currency"]
    if model.name == INVOICE and record["company"] is not None and record["currency"] is None:
        record["currency"] = _get(box, "company.company", record["company"])["currency"]


def domain(box: Box, model: Model, record: Record) -> str:
    """The field whose value is not one of those it may have; empty where all are."""

    def of(name: str, relation: str, theirs: str, ours: str) -> bool:
        return record[name] is not None and _get(box, relation, record[name])[theirs] != record[ours]

    wrong: dict[str, Callable[[], str]] = {
        INVOICE: lambda: (
            "Account"
            if of("account", "account.account", "company", "company")
            else "Invoice Address"
            if of("invoice_address", "party.address", "party", "party")
            else ""
        ),
        LINE: lambda: (
            "Account"
            if of("account", "account.account", "company", "company")
            else "Lines"
            if of("invoice", INVOICE, "currency", "currency")
            else ""
        ),
        "project.work": lambda: (
            "Parent"
            if of("parent", "project.work", "company", "company")
            else "Effort"
            if Decimal(str((record["effort_duration"] or {"seconds": 0})["seconds"])) < 0
            else ""
        ),
        "timesheet.line": lambda: (
            "Employee"
            if of("employee", "company.employee", "company", "company")
            else "Work"
            if of("work", "timesheet.work", "company", "company")
            or not working.takes(_get(box, "timesheet.work", record["work"]), record["date"])
            else "Duration"
            if Decimal(str(record["duration"]["seconds"])) < 0
            else ""
        ),
    }
    return wrong[model.name]() if model.name in wrong else ""


def posted(box: Box, invoice: Record, name: str) -> Record:
    """What posting changes of an invoice; an error of Tryton's where it may not be posted."""
    day = invoice["invoice_date"] or _typed(box.now().date())
    if comparable(day) > comparable(_typed(box.now().date())):
        warning = f"{uuid4().hex}.invoice_date_future"
        raise RpcError("UserWarning", [warning, f'The invoices "{name}" have an invoice date in the future.', ""])
    _open_period(box, invoice, day)
    later = [
        each
        for each in box.store.find(INVOICE, company=invoice["company"], type=invoice["type"])
        if each["number"] and each["invoice_date"]["year"] == day["year"]
        if comparable(each["invoice_date"]) > comparable(day)
    ]
    if later:
        said = f"{day['month']:02}/{day['day']:02}/{day['year']}"
        used = f'because the sequence "{day["year"]}" has already been used for invoice "{later[0]["number"]}"'
        raise user_error(f'To number the invoice "{name}", you must set an invoice date after "{said}" {used}.')
    if invoice["journal"] is None:
        raise RpcError("'NoneType' object has no attribute 'id'", "")
    _owe(box, invoice, day)
    given = box.store.next_number(f"number:{INVOICE}:{invoice['company']}:{day['year']}")
    return {"number": str(given), "invoice_date": day}


def party_changed(box: Box, values: Record) -> Record:
    """What Tryton's client is told when somebody says whom an invoice is for."""
    party = box.store.get("party.party", str(values.get("party")))
    addresses = box.store.find("party.address", party=values.get("party")) if party else []
    account = box.store.find("account.account", company=values.get("company"), _use="receivable")
    told = {
        "account": account[0]["id"] if account else None,
        "invoice_address": addresses[0]["id"] if addresses else None,
        "payment_term": party["customer_payment_term"] if party else None,
        "party_tax_identifier": None,
        "accounting_date": None,
    }
    return {name: value for name, value in values.items() if name != "id"} | told


def product_changed(box: Box, values: Record) -> Record:
    """What it is told when somebody says what a line of an invoice is for."""
    product = box.store.get("product.product", str(values.get("product")))
    if product is None:
        return dict(values)
    company = values.get("company")
    account = box.store.find("account.account", company=company, _use="revenue")
    template = _get(box, "product.template", product["template"])
    category = _get(box, "product.category", template["account_category"])
    taxes = [each for each in category["customer_taxes"] if _get(box, "account.tax", each)["company"] == company]
    told: Record = {"account": account[0]["id"] if account else None, "invoice": None}
    if taxes:
        told["taxes"] = {"add": [[place, {"id": each}] for place, each in enumerate(taxes)]}
    return values | told


CHANGES: Final = {
    (INVOICE, "on_change_party"): party_changed,
    (LINE, "on_change_product"): product_changed,
}


def _owe(box: Box, invoice: Record, day: Record) -> None:
    total, id = _total(box, invoice), box.store.next_number(DUE)
    debit, credit = max(total, Decimal(0)), max(-total, Decimal(0))
    line = {
        "id": id,
        "_invoice": invoice["id"],
        "account": invoice["account"],
        "party": invoice["party"],
        "debit": number(debit),
        "credit": number(credit),
        "maturity_date": invoice["payment_term_date"] or day,
    }
    at = box.now()
    stamp = f"{int(at.timestamp())}.{box.store.next_number('stamp'):06}"
    box.store.insert(DUE, str(id), line | {"_at": at.isoformat(), "_stamp": stamp})


def _open_period(box: Box, invoice: Record, day: Record) -> None:
    periods = box.store.find("account.period", company=invoice["company"], type="standard")
    at = comparable(day)
    found = [each for each in periods if comparable(each["start_date"]) <= at <= comparable(each["end_date"])]
    if not found or found[0]["state"] != "open":
        name = found[0]["name"] if found else day["year"]
        company = _get(box, "company.company", invoice["company"])
        called = _get(box, "party.party", company["party"])["name"]
        said = f"{day['month']:02}/{day['day']:02}/{day['year']}"
        raise user_error(
            f'To continue, you must reopen the period "{name}" of company "{called}" for the date "{said}".'
        )


def _net(box: Box, invoice: Record) -> Decimal:
    lines = box.store.find(LINE, invoice=invoice["id"])
    return sum((line_amount(box, each, invoice) for each in lines), Decimal(0))


def _tax(box: Box, invoice: Record) -> Decimal:
    """Each tax of the sum of what it is on, rounded."""
    digits = _get(box, "currency.currency", invoice["currency"])["digits"]
    bases: dict[int, Decimal] = {}
    for line in box.store.find(LINE, invoice=invoice["id"]):
        for tax in line["taxes"] or []:
            bases[tax] = bases.get(tax, Decimal(0)) + line_amount(box, line, invoice)
    whole = Decimal(0)
    for tax, base in bases.items():
        rate = Decimal(_get(box, "account.tax", tax)["rate"]["decimal"])
        whole += (base * rate).quantize(Decimal(1).scaleb(-digits))
    return whole


def _total(box: Box, invoice: Record) -> Decimal:
    return _net(box, invoice) + _tax(box, invoice)


def _get(box: Box, model: str, id: Any) -> Record:
    found = box.store.get(model, str(id))
    if found is None:
        raise inside(model)
    return found


def _typed(value: date) -> Record:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
