"""The models of time sheets and invoices, of each the fields kept here; and every model by name."""

from collections.abc import Mapping
from typing import Final

from system_apis.tryton.sandbox.people import RELATIONS
from system_apis.tryton.sandbox.schema import ACTIVE, COMPANY, FIRST, Field, Model, below, chars, fields, to, worked_out
from system_apis.tryton.sandbox.selling_schema import SELLING

INVOICE_STATES: Final = ("draft", "validated", "posted", "paid", "cancelled")
_BOOKED: Final = frozenset({"posted", "paid", "cancelled"})
_HEAD: Final = frozenset(
    {
        *("type", "company", "party", "currency", "account", "journal", "invoice_address", "invoice_date", "lines"),
        *("reference", "description", "comment", "payment_term", "payment_term_date"),
    }
)


_EVERY: Final = (
    Model(
        name="company.employee",
        title="Employee",
        fields=fields(COMPANY, to("party", "party.party", required=True)),
    ),
    Model(
        name="timesheet.work",
        title="Timesheet Work",
        fields=fields(
            COMPANY,
            Field(name="origin", type="reference"),
            Field(name="timesheet_start_date", type="date"),
            Field(name="timesheet_end_date", type="date"),
            *worked_out("duration", kind="timedelta"),
        ),
        needed_by=(("timesheet.line", "work"),),
    ),
    Model(
        name="timesheet.line",
        title="Timesheet Line",
        fields=fields(
            COMPANY,
            to("employee", "company.employee", required=True),
            to("work", "timesheet.work", required=True),
            Field(name="date", type="date", required=True),
            Field(name="duration", type="timedelta", required=True),
            *chars("description"),
            to("invoice_line", "account.invoice.line", readonly=True),
        ),
    ),
    Model(
        name="account.account",
        title="Account",
        fields=fields(*chars("name", required=True), *chars("code"), COMPANY),
    ),
    Model(
        name="account.journal",
        title="Account Journal",
        fields=fields(
            *chars("name", required=True),
            *chars("code"),
            Field(
                name="type",
                type="selection",
                selection=("general", "revenue", "expense", "cash", "situation", "write-off"),
                required=True,
            ),
            ACTIVE,
        ),
    ),
    Model(
        name="account.tax",
        title="Account Tax",
        fields=fields(*chars("name", required=True), COMPANY, Field(name="rate", type="numeric"), ACTIVE),
    ),
    Model(
        name="account.move.line",
        title="Account Move Line",
        fields=fields(
            to("account", "account.account", required=True),
            to("party", "party.party"),
            Field(name="debit", type="numeric", required=True),
            Field(name="credit", type="numeric", required=True),
            Field(name="maturity_date", type="date"),
            *worked_out("invoice_payments", kind="many2many", relation="account.invoice"),
        ),
    ),
    Model(
        name="account.invoice",
        title="Account Invoice",
        fields=fields(
            COMPANY,
            Field(name="type", type="selection", selection=("out", "in"), required=True, default="out"),
            *chars("number", readonly=True),
            *chars("reference", "description"),
            Field(name="state", type="selection", selection=INVOICE_STATES, default="draft", readonly=True),
            to("party", "party.party", required=True),
            to("invoice_address", "party.address", required=True),
            to("currency", "currency.currency", required=True),
            to("account", "account.account", required=True),
            to("journal", "account.journal"),
            Field(name="invoice_date", type="date"),
            to("payment_term", "account.invoice.payment_term"),
            Field(name="payment_term_date", type="date"),
            Field(name="comment", type="text"),
            below("lines", "account.invoice.line", "invoice"),
            Field(name="payment_lines", type="many2many", relation="account.move.line"),
            *worked_out("lines_to_pay", kind="many2many", relation="account.move.line"),
            *worked_out("untaxed_amount", "tax_amount", "total_amount", "amount_to_pay"),
        ),
        frozen=dict.fromkeys(_BOOKED, _HEAD),
        buttons={
            "post": {"draft": "posted", "validated": "posted"},
            "cancel": {"draft": "cancelled", "validated": "cancelled"},
        },
        kept=_BOOKED,
    ),
    Model(
        name="account.invoice.line",
        title="Account Invoice Line",
        fields=fields(
            COMPANY,
            to("invoice", "account.invoice"),
            Field(name="origin", type="reference"),
            Field(
                name="type",
                type="selection",
                selection=("line", "subtotal", "title", "comment"),
                required=True,
                default="line",
            ),
            Field(name="description", type="text"),
            Field(name="quantity", type="float"),
            Field(name="unit_price", type="numeric", digits=4),
            to("account", "account.account"),
            to("currency", "currency.currency", required=True),
            Field(name="taxes", type="many2many", relation="account.tax"),
            Field(name="note", type="text"),
            *worked_out("amount"),
        ),
    ),
)
MODELS: Final[Mapping[str, Model]] = {model.name: model for model in (*FIRST, *RELATIONS, *SELLING, *_EVERY)}
