"""Dataverse's quotes and their lines, and the lines of a deal, only the columns we read or write."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType, field

from system_apis.dataverse.wire import IN_CURRENCY, Currency, Row


class Quote(Row, frozen=True, kw_only=True):
    """An offer."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    quoteid: str
    quotenumber: str
    statecode: int
    statuscode: int
    totalamount: Decimal | None
    effectiveto: str | None
    revisionnumber: int | None
    versionnumber: int
    modifiedon: datetime
    tg_signedon: date | None
    tg_signatureenvelope: str | None
    tg_taxincluded: bool | None
    tg_cost: Decimal | None
    tg_approveddiscount: Decimal | None
    tg_frozen: bool | None
    tg_erpordernumber: str | None
    tg_erporderid: str | None
    opportunity: str | None = field(name="_opportunityid_value")
    currency: Currency | None = field(name="transactioncurrencyid")


class QuoteMark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a quote on its way to an order; None clears. Its state is left out where it stays."""

    frozen: bool = field(name="tg_frozen")
    order_number: str | None = field(name="tg_erpordernumber")
    order_id: str | None = field(name="tg_erporderid")
    state: int | UnsetType = field(name="statecode", default=UNSET)
    status: int | UnsetType = field(name="statuscode", default=UNSET)


class QuoteClose(msgspec.Struct, frozen=True, kw_only=True):
    """The activity that tells why a quote was closed."""

    subject: str
    quote: str = field(name="quoteid@odata.bind")


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """What `WinQuote` and `CloseQuote` are told."""

    status: int = field(name="Status")
    close: QuoteClose = field(name="QuoteClose")


class Product(msgspec.Struct, frozen=True):
    """What a line sells; nested in the line."""

    name: str
    producttypecode: int | None = None
    productnumber: str | None = None


class QuoteLine(Row, frozen=True, kw_only=True):
    """One line of an offer; without a product it is written in by hand."""

    expands: ClassVar[Mapping[str, str]] = {"productid": "name,producttypecode,productnumber"}

    quotedetailid: str
    lineitemnumber: int | None
    productdescription: str | None
    quantity: Decimal
    priceperunit: Decimal
    extendedamount: Decimal
    tg_role: str | None
    product: Product | None = field(name="productid")


class DealLine(Row, frozen=True, kw_only=True):
    """One product of a deal; one with a role is hours of it, wanted in that time. A line may not be priced yet."""

    expands: ClassVar[Mapping[str, str]] = QuoteLine.expands

    lineitemnumber: int | None
    productdescription: str | None
    description: str | None
    quantity: Decimal
    priceperunit: Decimal | None
    manualdiscountamount: Decimal | None
    tax: Decimal | None
    extendedamount: Decimal | None
    tg_role: str | None
    tg_startson: date | None
    tg_endson: date | None
    product: Product | None = field(name="productid")
