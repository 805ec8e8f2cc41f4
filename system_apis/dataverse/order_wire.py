"""Dataverse's shapes of an order as it was ordered; as it was signed it is in `contract_wire`."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec import field

from system_apis.dataverse.quote_wire import DealLine
from system_apis.dataverse.wire import IN_CURRENCY, Currency, Row


class Order(Row, frozen=True, kw_only=True):
    """An order."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    salesorderid: str
    ordernumber: str
    name: str | None
    statecode: int
    totalamount: Decimal | None
    versionnumber: int
    modifiedon: datetime
    tg_startson: date | None
    tg_endson: date | None
    tg_ponumber: str | None
    tg_erpordernumber: str | None
    account: str | None = field(name="_customerid_value")
    opportunity: str | None = field(name="_opportunityid_value")
    quote: str | None = field(name="_quoteid_value")
    currency: Currency | None = field(name="transactioncurrencyid")


class OrderLine(DealLine, frozen=True, kw_only=True):
    """One product of an order, with the columns of a deal's."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of an order; None clears."""

    erp_number: str | None = field(name="tg_erpordernumber")
