"""What a database must have: the models we use with their fields, and the selections whose words we know."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from foundation.checking import Checked
from system_apis.tryton import billing_wire, codes, orders_wire, people_wire, setups_wire, wire


def _model(
    name: str, shape: type[msgspec.Struct], words: Mapping[str, Collection[str]] | None = None, *more: str
) -> Checked:
    """The fields behind what we read, and those we only write; of a relation, the field that leads there."""
    return Checked(object=name, fields=[*dict.fromkeys([*_fields(shape), *more])], words=words or {})


def _fields(shape: type[msgspec.Struct]) -> list[str]:
    return [*dict.fromkeys(field.partition(".")[0] for field in wire.fields(shape))]


CHECKS: Final = (
    _model("company.company", wire.Company),
    _model("currency.currency", wire.Code),
    _model("country.country", wire.Code),
    _model("country.subdivision", wire.Code),
    _model("account.period", wire.Period, {"state": codes.PERIODS}, "company", "type"),
    _model("account.invoice.payment_term", wire.Name),
    _model("party.party", wire.Party, {}, "credit_amount", "relations"),
    _model("party.relation.type", wire.Name),
    _model("party.relation.all", people_wire.Relation, {}, "from_"),
    _model(
        "sale.sale",
        orders_wire.Order,
        {"state": codes.SALES},
        *("invoice_address", "shipment_address", "invoice_method", "shipment_method", "invoices_ignored"),
    ),
    _model("sale.line", orders_wire.Line, {}, "unit", "taxes"),
    _model("project.work.status", wire.Name),
    _model("project.work", wire.Work, {}, *_fields(setups_wire.Part)),
    _model("timesheet.work", setups_wire.TimeWork),
    _model("company.employee", billing_wire.Employee, {}, "company"),
    _model("timesheet.line", billing_wire.TimeLine, {}, "company"),
    _model("account.journal", wire.Journal),
    _model("product.product", orders_wire.Product, {"type": codes.PRODUCTS}),
    _model(
        "account.invoice",
        billing_wire.Invoice,
        {"state": codes.INVOICES},
        "type",
        "account",
        "journal",
        "invoice_address",
        "payment_term",
        "payment_lines",
    ),
    _model("account.invoice.line", billing_wire.InvoiceLine, {}, "account", "taxes", "currency"),
)
