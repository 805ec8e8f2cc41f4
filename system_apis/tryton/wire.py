"""Tryton's JSON-RPC: a call, its answer, and of each model only the fields we read or write.

JSON has no dates and no exact numbers: they are objects that say what they are (`__class__`). A field of a record that
is read with a dot (`currency.code`) comes back nested below a name that ends in one (`currency.`).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType, field

T = TypeVar("T")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON object."""


class Typed(msgspec.Struct, frozen=True, kw_only=True, tag_field="__class__"):
    """A value that JSON has no word for."""


class Number(Typed, frozen=True, kw_only=True, tag="Decimal"):
    """An exact number, as text."""

    decimal: str


class Day(Typed, frozen=True, kw_only=True, tag="date"):
    """A date."""

    year: int
    month: int
    day: int


class Instant(Typed, frozen=True, kw_only=True, tag="datetime"):
    """An instant, UTC."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int = 0


class Span(Typed, frozen=True, kw_only=True, tag="timedelta"):
    """A duration."""

    seconds: Decimal


class Reply(msgspec.Struct, Generic[T], frozen=True):
    """The answer to a call: what came of it, or what went wrong. Both come with status 200."""

    result: T | UnsetType = UNSET
    error: list[Any] | None = None


class Login(Wire, frozen=True, kw_only=True):
    """The answer to a sign-in: user and session. None where it asks for something else besides."""

    result: tuple[int, str, str | None] | None = None


def address(database: str) -> str:
    """Where calls to a database go: since 8.0 not at its root."""
    return f"/{quote(database, safe='')}/rpc/"


def call(method: str, params: Sequence[Any]) -> bytes:
    """A call. It has exactly these three members: with another one the answer has another form."""
    return _ENCODER.encode({"id": 1, "method": method, "params": params})


def number(value: Decimal) -> Number:
    """An exact number to write."""
    return Number(decimal=f"{value:f}")


def day(value: date | None) -> Day | None:
    """A date to write."""
    return Day(year=value.year, month=value.month, day=value.day) if value else None


def instant(value: datetime) -> Instant:
    """An instant to ask for, UTC."""
    at = value.astimezone(UTC)
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return Instant(**{name: getattr(at, name) for name in names})


def fields(shape: type[msgspec.Struct]) -> list[str]:
    """What to ask for so that a record of this shape comes back: the nested ones by their dotted names."""
    found = []
    for each in msgspec.structs.fields(shape):
        inner = _inner(each.type) if each.encode_name.endswith(".") else None
        if inner is None:
            found.append(each.encode_name)
        else:
            found += [each.encode_name + name for name in fields(inner) if name != "id"]
    return [name for name in found if name != "id"]


def _inner(said: Any) -> type[msgspec.Struct] | None:
    """The shape inside `X`, `X | None` or `list[X]`."""
    if isinstance(said, type) and issubclass(said, msgspec.Struct):
        return said
    return next((found for each in getattr(said, "__args__", ()) if (found := _inner(each))), None)


class Row(Wire, frozen=True, kw_only=True):
    """A record of a list."""

    id: int


class Changed(Row, frozen=True, kw_only=True):
    """That a record changed, and when: when it was made, where nobody has changed it since."""

    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant


class Own(Wire, frozen=True, kw_only=True):
    """A company or an employee, and who that is."""

    party: int


Flag = bool | int
"""On SQLite a boolean comes as 0 or 1."""


class Land(Wire, frozen=True, kw_only=True):
    """A country or a subdivision; it may have no code."""

    id: int
    code: str | None = None


class Code(Wire, frozen=True, kw_only=True):
    """A currency, or a country or subdivision that has a code."""

    id: int
    code: str


class Name(Wire, frozen=True, kw_only=True):
    """Payment terms or a status, by name."""

    id: int
    name: str


class Journal(Wire, frozen=True, kw_only=True):
    """A journal, by what is written in it."""

    id: int
    type: str


class Category(Wire, frozen=True, kw_only=True):
    """A category of parties, and what it stands below."""

    name: str
    parent: Name | None = field(default=None, name="parent.")


class Seat(Wire, frozen=True, kw_only=True):
    """Where a company is."""

    country: Land | None = field(default=None, name="country.")


class CompanyParty(Wire, frozen=True, kw_only=True):
    """What a company is called; its code is ours of the legal entity."""

    code: str | None = None
    name: str | None = None
    active: Flag = True
    addresses: list[Seat] = field(default_factory=list, name="addresses.")
    categories: list[Category] = field(default_factory=list, name="categories.")


class Company(Wire, frozen=True, kw_only=True):
    """A legal entity."""

    id: int
    timezone: str | None = None
    party: CompanyParty = field(name="party.")
    currency: Code = field(name="currency.")


class Period(Wire, frozen=True, kw_only=True):
    """An accounting period."""

    name: str
    start_date: Day
    end_date: Day
    state: str


class Address(Wire, frozen=True, kw_only=True):
    """A postal address. The street is of several lines."""

    id: int
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: Land | None = field(default=None, name="country.")
    subdivision: Land | None = field(default=None, name="subdivision.")


class Identifier(Wire, frozen=True, kw_only=True):
    """Something a party is known by. Its type says what it is; ours has none."""

    id: int
    type: str | None = None
    code: str


class Contact(Wire, frozen=True, kw_only=True):
    """A way to reach a party."""

    id: int
    type: str
    value: str | None = None


class CreditLimit(Wire, frozen=True, kw_only=True):
    """How far one company trusts a party; None where it does not say."""

    company: int | None = None
    credit_limit_amount: Number | None = None


class Party(Row, frozen=True, kw_only=True):
    """A customer. It belongs to all companies."""

    name: str | None = None
    code: str
    active: Flag
    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant | None = None
    addresses: list[Address] = field(name="addresses.")
    identifiers: list[Identifier] = field(name="identifiers.")
    contact_mechanisms: list[Contact] = field(name="contact_mechanisms.")
    customer_currency: Code | None = field(default=None, name="customer_currency.")
    customer_payment_term: Name | None = field(default=None, name="customer_payment_term.")
    credit_limit_amounts: list[CreditLimit] = field(name="credit_limit_amounts.")


class Owed(Wire, frozen=True, kw_only=True):
    """What a party owes the company that is asked in."""

    credit_amount: Number


class PartyAddresses(Wire, frozen=True, kw_only=True):
    """The addresses of a party. The code is read because lists alone come back even of a party that is not there."""

    id: int
    code: str
    addresses: list[int]


class Line(Wire, frozen=True, kw_only=True):
    """A line of a sale, and what it comes to in the digits of its currency."""

    id: int
    type: str
    description: str | None = None
    amount: Number | None = None
    note: str | None = None


class Sale(Wire, frozen=True, kw_only=True):
    """A sale: our contract, or our billing plan."""

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
    currency: Code = field(name="currency.")
    payment_term: Name | None = field(default=None, name="payment_term.")
    lines: list[Line] = field(name="lines.")


class Work(Row, frozen=True, kw_only=True):
    """A project."""

    name: str
    number: str | None = None
    type: str
    company: int
    party: int | None = None
    comment: str | None = None
    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant | None = None
    timesheet_available: Flag
    project_invoice_method: str | None = None
    status: Name = field(name="status.")


class Described(Wire, frozen=True, kw_only=True):
    """What Tryton says of a field. A selection is a list of words and labels, or the name of what makes one."""

    type: str
    selection: list[tuple[str | None, str]] | str | None = None
