"""Products, and sales line by line: the shapes of `wire` go on here."""

from decimal import Decimal

from msgspec import field

from system_apis.tryton.billing_wire import Taxes
from system_apis.tryton.wire import Category, Code, Day, Flag, Instant, Name, Number, Wire


class Template(Wire, frozen=True, kw_only=True):
    """What the variants of a product have in common."""

    active: Flag


class Unit(Wire, frozen=True, kw_only=True):
    """What a product is counted in, and with how many decimals."""

    id: int
    digits: int


class Product(Wire, frozen=True, kw_only=True):
    """What is sold: one variant. Its price is that of the company that is asked in."""

    id: int
    code: str
    name: str
    type: str
    active: Flag
    salable: Flag
    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant | None = None
    list_price_used: Number | None = None
    template: Template = field(name="template.")
    sale_uom: Unit | None = field(default=None, name="sale_uom.")
    categories: list[Category] = field(default_factory=list, name="categories.")


class Sold(Wire, frozen=True, kw_only=True):
    """What a line is of; a product may have no code."""

    id: int
    code: str | None = None


class Invoiced(Wire, frozen=True, kw_only=True):
    """An invoice of a line."""

    id: int
    state: str


class InvoicedLine(Wire, frozen=True, kw_only=True):
    """A line that bills one of a sale; it may stand on no invoice yet."""

    id: int
    invoice: Invoiced | None = field(default=None, name="invoice.")


class Line(Wire, frozen=True, kw_only=True):
    """A line of a sale, what it is of, and what bills it."""

    id: int
    type: str
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Number | None = None
    amount: Number | None = None
    note: str | None = None
    product: Sold | None = field(default=None, name="product.")
    invoice_lines: list[InvoicedLine] = field(default_factory=list, name="invoice_lines.")


class Order(Wire, frozen=True, kw_only=True):
    """A sale, line by line."""

    id: int
    company: int
    party: int
    number: str | None = None
    reference: str | None = None
    description: str | None = None
    comment: str | None = None
    state: str
    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant | None = None
    create_date: Instant
    sale_date: Day | None = None
    currency: Code = field(name="currency.")
    payment_term: Name | None = field(default=None, name="payment_term.")
    lines: list[Line] = field(name="lines.")


class Worked(Wire, frozen=True, kw_only=True):
    """What follows from what a line is of: how it is taxed."""

    taxes: Taxes = Taxes()
