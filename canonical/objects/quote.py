"""A priced offer. Owner: CRM until accepted, then frozen."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import PUBLIC
from canonical.money import Currency, Money


class QuoteLine(Value, frozen=True, kw_only=True):
    """One line of an offer."""

    seq: Annotated[int, PUBLIC]
    item: Annotated[str, PUBLIC]
    kind: Annotated[Literal["labour", "expense", "fee", "material"], PUBLIC] = "labour"
    qty: Annotated[Decimal, PUBLIC]
    unit_price: Money
    net: Money
    role: Annotated[str, PUBLIC] = ""


class Quote(Envelope, frozen=True, kw_only=True):
    """An offer for one opportunity."""

    number: Annotated[str, PUBLIC]
    opportunity_id: Annotated[str, PUBLIC]
    currency: Currency
    total: Money
    status: Annotated[Literal["draft", "approved", "presented", "accepted", "rejected", "superseded"], PUBLIC]
    valid_to: Annotated[date | None, PUBLIC] = None
    lines: list[QuoteLine] = []
