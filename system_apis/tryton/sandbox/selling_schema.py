"""The models of what is sold and of sales, of each the fields kept here."""

from typing import Final

from system_apis.tryton.sandbox.schema import ACTIVE, COMPANY, Field, Model, below, chars, fields, to, worked_out

TYPES: Final = ("goods", "assets", "service")
SALE_STATES: Final = ("draft", "quotation", "confirmed", "processing", "done", "cancelled")
_HEAD: Final = frozenset(
    {
        *("description", "payment_term", "party", "company", "currency", "lines", "invoice_address"),
        *("shipment_address", "invoice_method", "shipment_method"),
    }
)

SELLING: Final = (
    Model(
        name="product.uom",
        title="Unit of Measure",
        fields=fields(*chars("name", required=True), Field(name="digits", type="integer", required=True)),
    ),
    Model(
        name="product.category",
        title="Product Category",
        fields=fields(
            *chars("name", required=True),
            to("parent", "product.category"),
            Field(name="customer_taxes", type="many2many", relation="account.tax"),
        ),
    ),
    Model(
        name="product.template",
        title="Product",
        fields=fields(
            *chars("name", required=True),
            Field(name="type", type="selection", selection=TYPES, required=True),
            ACTIVE,
            Field(name="salable", type="boolean", default=False),
            to("sale_uom", "product.uom"),
            to("account_category", "product.category"),
            Field(name="categories", type="many2many", relation="product.category"),
        ),
    ),
    Model(
        name="product.product",
        title="Product Variant",
        fields=fields(
            to("template", "product.template", required=True),
            *chars("code", readonly=True),
            ACTIVE,
            *chars("name", required=True, readonly=True, computed=True),
            *worked_out("type", kind="selection", selection=TYPES, required=True),
            *worked_out("salable", kind="boolean"),
            *worked_out("sale_uom", kind="many2one", relation="product.uom"),
            *worked_out("account_category", kind="many2one", relation="product.category"),
            *worked_out("categories", kind="many2many", relation="product.category"),
            *worked_out("list_price_used"),
        ),
    ),
    Model(
        name="sale.sale",
        title="Sale",
        fields=fields(
            COMPANY,
            *chars("number", readonly=True),
            *chars("reference", "description"),
            to("party", "party.party", required=True),
            to("invoice_address", "party.address"),
            to("shipment_address", "party.address"),
            to("payment_term", "account.invoice.payment_term"),
            to("currency", "currency.currency", required=True),
            Field(name="comment", type="text"),
            Field(name="sale_date", type="date"),
            Field(
                name="invoice_method",
                type="selection",
                selection=("manual", "order", "fulfillment"),
                required=True,
                default="order",
            ),
            Field(
                name="shipment_method",
                type="selection",
                selection=("manual", "order", "invoice"),
                required=True,
                default="order",
            ),
            Field(name="invoices_ignored", type="many2many", relation="account.invoice"),
            Field(name="state", type="selection", selection=SALE_STATES, default="draft", readonly=True, required=True),
            *worked_out("untaxed_amount"),
            below("lines", "sale.line", "sale"),
        ),
        frozen={
            state: _HEAD | ({"sale_date"} if state != "quotation" else set())
            for state in SALE_STATES
            if state != "draft"
        },
        buttons={
            "cancel": {"draft": "cancelled", "quotation": "cancelled"},
            "draft": {"cancelled": "draft", "quotation": "draft", "confirmed": "draft"},
            "quote": {"draft": "quotation"},
            "confirm": {"quotation": "processing"},  # what is confirmed is processed before it answers
            "manual_invoice": {"processing": "processing", "done": "done"},
            "process": {"confirmed": "processing", "processing": "processing", "done": "done"},
        },
    ),
    Model(
        name="sale.line",
        title="Sale Line",
        fields=fields(
            to("sale", "sale.sale", required=True),
            Field(
                name="type",
                type="selection",
                selection=("line", "subtotal", "title", "comment"),
                required=True,
                default="line",
            ),
            to("product", "product.product"),
            to("unit", "product.uom"),
            Field(name="description", type="text"),
            Field(name="quantity", type="float"),
            Field(name="unit_price", type="numeric", digits=4),
            Field(name="taxes", type="many2many", relation="account.tax"),
            *worked_out("amount"),
            Field(name="note", type="text"),
            below("invoice_lines", "account.invoice.line", "origin", readonly=True),
        ),
    ),
)
