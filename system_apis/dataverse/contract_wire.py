"""Dataverse's shapes of a contract as it was signed: an order with its lines, its amendments and theirs."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec import field

from system_apis.dataverse.wire import FORMATTED, IN_CURRENCY, Currency, Order, Row


class Agreement(Order, frozen=True, kw_only=True):
    """An order with what its amendments and its carrying need."""

    tg_legalentity: str | None
    tg_documenthash: str | None
    tg_signatureenvelope: str | None
    tg_governinglaw: str | None
    tg_evergreen: bool | None
    tg_upliftpercent: Decimal | None
    tg_upliftfrom: date | None
    tg_nottoexceed: Decimal | None
    tg_erporderid: str | None
    master: str | None = field(name="_tg_mastercontract_value")


class Item(msgspec.Struct, frozen=True):
    """What a line sells; nested in the line."""

    name: str


class OrderLine(Row, frozen=True, kw_only=True):
    """One line of an order; without a product it is written in by hand. Its currency is its order's."""

    expands: ClassVar[Mapping[str, str]] = {"productid": "name"}

    lineitemnumber: int | None
    productdescription: str | None
    extendedamount: Decimal
    versionnumber: int
    tg_contracttype: int | None
    tg_nottoexceed: Decimal | None
    tg_startson: date | None
    tg_endson: date | None
    product: Item | None = field(name="productid")
    contract_type: str | None = field(default=None, name=f"tg_contracttype@{FORMATTED}")


class Amendment(Row, frozen=True, kw_only=True):
    """One change of a contract: a table of the firm's, as Dynamics has none."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    tg_contractamendmentid: str
    tg_number: int
    tg_kind: int
    tg_status: int
    tg_basedon: int | None
    tg_effectiveon: date | None
    tg_signedon: date | None
    tg_newendson: date | None
    tg_documenthash: str | None
    tg_signatureenvelope: str | None
    tg_approvedexceptions: str | None
    tg_valuechange: Decimal | None
    tg_nottoexceedchange: Decimal | None
    tg_newlegalentity: str | None
    versionnumber: int
    currency: Currency | None = field(name="transactioncurrencyid")
    exceptions: str | None = field(default=None, name=f"tg_approvedexceptions@{FORMATTED}")


class AmendmentLine(Row, frozen=True, kw_only=True):
    """One line of an amendment: a difference."""

    expands: ClassVar[Mapping[str, str]] = IN_CURRENCY

    tg_name: str | None
    tg_linenumber: int | None
    tg_contracttype: int | None
    tg_amount: Decimal | None
    tg_nottoexceed: Decimal | None
    tg_startson: date | None
    tg_endson: date | None
    versionnumber: int
    amendment: str | None = field(name="_tg_amendment_value")
    currency: Currency | None = field(name="transactioncurrencyid")
    contract_type: str | None = field(default=None, name=f"tg_contracttype@{FORMATTED}")


class Contracted(Row, frozen=True, kw_only=True):
    """A contract as a poll sees it."""

    contract: str = field(name="salesorderid")
    versionnumber: int
    modifiedon: datetime


class Amended(Row, frozen=True, kw_only=True):
    """An amendment as a poll sees it: what was changed is its contract."""

    tg_contractamendmentid: str
    contract: str = field(name="_tg_contract_value")
    versionnumber: int
    modifiedon: datetime


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a contract: how far it is carried; None clears."""

    carried: int | None = field(name="tg_carriedamendment")
    order_id: str | None = field(name="tg_erporderid")


class OrderClose(msgspec.Struct, frozen=True, kw_only=True):
    """The activity that tells why an order was closed."""

    subject: str
    order: str = field(name="salesorderid@odata.bind")


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What `CancelSalesOrder` is told."""

    status: int = field(name="Status")
    close: OrderClose = field(name="OrderClose")
