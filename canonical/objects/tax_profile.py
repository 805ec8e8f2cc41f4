"""How a customer is taxed by one legal entity. Owner: ERP or tax engine."""

from datetime import date
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import FINANCIAL, PUBLIC


class TaxRegistration(Value, frozen=True, kw_only=True):
    """One registration number: VAT in Europe, GSTIN in India, EIN in the United States."""

    country: Annotated[str, PUBLIC]
    scheme: Annotated[str, PUBLIC]
    number: Annotated[str, FINANCIAL]
    status: Annotated[Literal["valid", "unverified", "expired"], PUBLIC] = "unverified"


class TaxProfile(Envelope, frozen=True, kw_only=True):
    """The tax standing of one customer towards one legal entity."""

    account_id: Annotated[str, PUBLIC]
    jurisdiction: Annotated[str, PUBLIC]
    registrations: list[TaxRegistration] = []
    liability: Annotated[Literal["standard", "reverse_charge", "exempt", "zero", "out_of_scope"], PUBLIC] = "standard"
    status: Annotated[Literal["valid", "expired", "unverified"], PUBLIC] = "unverified"
    valid_to: Annotated[date | None, PUBLIC] = None
