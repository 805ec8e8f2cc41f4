"""Hours, invoices, and what Tryton works out for its own client: the shapes of `wire` go on here."""

from decimal import Decimal

from msgspec import field

from system_apis.tryton.wire import Code, Day, Instant, Number, Row, Span, Wire


class Hours(Wire, frozen=True, kw_only=True):
    """What a project's hours are written on: nothing where it takes none."""

    id: int
    company: int
    timesheet_works: list[int]
    timesheet_end_date: Day | None = None


class Person(Wire, frozen=True, kw_only=True):
    """Who an employee is."""

    email: str | None = None


class Employee(Wire, frozen=True, kw_only=True):
    """Somebody who works for one company."""

    id: int
    party: Person = field(name="party.")


class TimeWork(Wire, frozen=True, kw_only=True):
    """What hours are written on, and what that is the hours of (`project.work,7`)."""

    origin: str | None = None


class BilledLine(Wire, frozen=True, kw_only=True):
    """The line of an invoice that bills something."""

    invoice: int | None = None


class TimeLine(Wire, frozen=True, kw_only=True):
    """Hours of one person on one day."""

    id: int
    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant | None = None
    date: Day
    duration: Span
    description: str | None = None
    employee: Employee = field(name="employee.")
    work: TimeWork = field(name="work.")
    invoice_line: BilledLine | None = field(default=None, name="invoice_line.")


class InvoiceLine(Wire, frozen=True, kw_only=True):
    """A line of an invoice; of a credit note the quantity is negative."""

    id: int
    type: str
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Number | None = None
    amount: Number | None = None
    note: str | None = None


class Due(Wire, frozen=True, kw_only=True):
    """What is to be paid when. Of a credit note, the invoices it pays."""

    id: int
    maturity_date: Day | None = None
    invoice_payments: list[int] = field(default_factory=list)


class Invoice(Row, frozen=True, kw_only=True):
    """An invoice; a credit note is one whose amounts are negative."""

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
    invoice_date: Day | None = None
    payment_term_date: Day | None = None
    untaxed_amount: Number
    tax_amount: Number
    total_amount: Number
    amount_to_pay: Number
    currency: Code = field(name="currency.")
    lines: list[InvoiceLine] = field(name="lines.")
    lines_to_pay: list[Due] = field(name="lines_to_pay.")


class Billing(Wire, frozen=True, kw_only=True):
    """What follows from whom an invoice is for."""

    account: int | None = None
    invoice_address: int | None = None
    payment_term: int | None = None


class Tax(Wire, frozen=True, kw_only=True):
    """A tax."""

    id: int


class Taxes(Wire, frozen=True, kw_only=True):
    """Taxes that come to a list, with their places in it."""

    add: list[tuple[int, Tax]] = []


class Booking(Wire, frozen=True, kw_only=True):
    """What follows from what a line is for: where it is booked, and how it is taxed."""

    account: int | None = None
    taxes: Taxes = Taxes()
