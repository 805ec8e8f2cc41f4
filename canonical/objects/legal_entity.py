"""A legal entity of the firm: who sells, delivers and invoices. Owner: ERP."""

from datetime import date
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import PUBLIC
from canonical.money import Currency


class Period(Value, frozen=True, kw_only=True):
    """One accounting period and whether it still takes postings."""

    name: Annotated[str, PUBLIC]
    start: Annotated[date, PUBLIC]
    end: Annotated[date, PUBLIC]
    open: Annotated[bool, PUBLIC]


class LegalEntity(Envelope, frozen=True, kw_only=True):
    """One company of the firm, as its ERP keeps it."""

    code: Annotated[str, PUBLIC]
    legal_name: Annotated[str, PUBLIC]
    country: Annotated[str, PUBLIC]
    functional_currency: Currency
    time_zone: Annotated[str, PUBLIC]
    intercompany_partners: Annotated[list[str], PUBLIC] = []
    """Codes of the entities an intercompany agreement is in force with."""
    periods: list[Period] = []
    status: Annotated[Literal["open", "closed"], PUBLIC] = "open"

    def period_of(self, day: date) -> Period | None:
        """The accounting period a business date falls in, or None when none is set up."""
        return next((period for period in self.periods if period.start <= day <= period.end), None)
