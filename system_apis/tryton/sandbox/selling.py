"""Products and sales: what Tryton works out, what it refuses, and what comes of a button."""

from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox.billing import INVOICE, LINE, line_amount, number, party_changed
from system_apis.tryton.sandbox.errors import user_error
from system_apis.tryton.sandbox.schema import Model

SALE: Final = "sale.sale"
SOLD: Final = "sale.line"
MODELS: Final = ("product.product", SALE, SOLD)
"""Those with fields that are worked out here."""


def worked_out(box: Box, model: str, name: str, record: Record, company: int | None) -> Any:
    """A field of a product or a sale."""
    match model, name:
        case "product.product", "list_price_used":
            price = record.get("_prices", {}).get(str(company))
            return number(Decimal(price)) if price else None
        case "product.product", "categories":
            return _get(box, "product.template", record["template"])["categories"] or []
        case "product.product", _:
            return _get(box, "product.template", record["template"])[name]
        case "sale.line", _:
            return number(line_amount(box, record, _get(box, SALE, record["sale"])))
    lines = box.store.find(SOLD, sale=record["id"])
    return number(sum((line_amount(box, line, record) for line in lines), Decimal(0)))


def whole(box: Box, model: Model, line: Record) -> None:
    """What a line of a sale must be: of a product that is sold, in the decimals of its unit."""
    if model.name != SOLD or line["product"] is None:
        return
    if line["unit"] is None:
        raise user_error(f'A value is required for field "Unit" in record "{line["id"]}" of "Sale Line".')
    product = _get(box, "product.product", line["product"])
    if not product["active"] or not _get(box, "product.template", product["template"])["salable"]:
        of = f'for field "Product" in record "{line["id"]}" of "Sale Line"'
        raise user_error(f'The value "{line["product"]}" {of} is not valid according to its domain.')
    digits = _get(box, "product.uom", line["unit"])["digits"]
    if round(Decimal(str(line["quantity"] or 0)), digits) != Decimal(str(line["quantity"] or 0)):
        text = f'The number of digits in the value "{line["quantity"]}" for field "Quantity"'
        raise user_error(f'{text} in record "{line["id"]}" of "Sale Line" exceeds the limit of "{digits}".')


def product_changed(box: Box, values: Record) -> Record:
    """What Tryton's client is told when somebody says what a line of a sale is of."""
    product = box.store.get("product.product", str(values.get("product")))
    if product is None:
        return dict(values)
    template = _get(box, "product.template", product["template"])
    company = values.get("_parent_sale.company")
    category = _get(box, "product.category", template["account_category"])
    taxes = [each for each in category["customer_taxes"] or [] if _get(box, "account.tax", each)["company"] == company]
    told: Record = {"unit": template["sale_uom"], "unit_price": None, "amount": number(Decimal(0))}
    if taxes:
        told["taxes"] = {"add": [[place, {"id": each}] for place, each in enumerate(taxes)]}
    return told


def pushed(box: Box, model: Model, button: str, sale: Record) -> Record:
    """What a button changes of a sale besides its state."""
    if model.name != SALE:
        return {}
    match button:
        case "quote":
            return {"number": sale["number"] or str(box.store.next_number(f"number:{SALE}:{sale['company']}"))}
        case "confirm" if sale["invoice_method"] == "order":
            _bill(box, sale)
        case "manual_invoice" if sale["invoice_method"] == "manual":
            _bill(box, sale)
        case "process" if _finished(box, sale):
            return {"state": "done"}
    return {"sale_date": sale["sale_date"] or _today(box)} if button == "confirm" else {}


def _bill(box: Box, sale: Record) -> None:
    """A draft of an invoice, of what no invoice is made of yet."""
    lines = [line for line in box.store.find(SOLD, sale=sale["id"]) if line["quantity"] and not _billing(box, line)]
    if not lines:
        return
    head = party_changed(box, {"party": sale["party"], "company": sale["company"]})
    journal = next(each["id"] for each in box.store.all("account.journal") if each["type"] == "revenue")
    invoice = box.store.next_number(INVOICE)
    kept = ("company", "party", "currency", "reference", "description", "comment", "payment_term", "invoice_address")
    made = {name: sale[name] for name in kept} | {"id": invoice, "type": "out", "state": "draft", "number": None}
    made |= {"account": head["account"], "journal": journal, "invoice_date": None, "payment_term_date": None}
    _insert(box, INVOICE, made | {"payment_lines": None})
    for line in lines:
        same = {name: line[name] for name in ("type", "description", "quantity", "unit_price", "taxes", "note")}
        of = {"id": box.store.next_number(LINE), "invoice": invoice, "origin": f"{SOLD},{line['id']}"}
        booked = {"company": sale["company"], "currency": sale["currency"], "account": None}
        _insert(box, LINE, same | of | booked)


def _finished(box: Box, sale: Record) -> bool:
    """Whether everything is on an invoice that is paid or passed over."""
    passed = set(sale["invoices_ignored"] or [])
    bills = [_billing(box, line) for line in box.store.find(SOLD, sale=sale["id"]) if line["quantity"]]
    return all(each and all(bill["state"] == "paid" or bill["id"] in passed for bill in each) for each in bills)


def _billing(box: Box, line: Record) -> list[Record]:
    """The invoices a line is on."""
    found = box.store.find(LINE, origin=f"{SOLD},{line['id']}")
    return [_get(box, INVOICE, each["invoice"]) for each in found if each["invoice"]]


def _insert(box: Box, model: str, record: Record) -> None:
    at = box.now()
    stamp = f"{int(at.timestamp())}.{box.store.next_number('stamp'):06}"
    box.store.insert(model, str(record["id"]), record | {"_at": at.isoformat(), "_stamp": stamp})


def _today(box: Box) -> Record:
    day = box.now().date()
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _get(box: Box, model: str, id: Any) -> Record:
    found = box.store.get(model, str(id))
    assert found is not None, f"{model} {id} is named by another record"
    return found
