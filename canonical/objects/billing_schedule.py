"""When a project is billed, and how much each time. Owner: ERP."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from canonical.base import Envelope, Value
from canonical.classes import PUBLIC
from canonical.money import Currency, Money


class BillingLine(Value, frozen=True, kw_only=True):
    """One date and the amount billed on it."""

    ref: Annotated[str, PUBLIC, msgspec.Meta(examples=["M1"])]
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["Design accepted"])]
    due: Annotated[date, PUBLIC]
    amount: Money


class BillingSchedule(Envelope, frozen=True, kw_only=True):
    """The billing plan of one project. The lines sum to the contract's value."""

    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001 billing"])]
    project_id: Annotated[str, PUBLIC] = ""
    currency: Currency
    method: Annotated[Literal["milestone", "monthly", "on_completion"], PUBLIC] = "monthly"
    lines: list[BillingLine] = []

    def total(self) -> Money:
        """The sum of all lines."""
        whole = Money.of(0, self.currency)
        for line in self.lines:
            whole = whole + line.amount
        return whole
