"""NetSuite's shapes for what is sold and ordered: items by SuiteQL, sales orders with all their lines. As in `wire`."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from system_apis.netsuite.wire import Ref, Wire


class ItemRow(msgspec.Struct, frozen=True):
    """An item of any type."""

    id: str
    itemid: str
    displayname: str = ""
    itemtype: str = ""
    isinactive: str = "F"
    custitem_tg_tax_category: str = ""


class MemberRow(msgspec.Struct, frozen=True):
    """One member of an item group."""

    item: str
    quantity: str = "1"


class Line(Wire, frozen=True, kw_only=True):
    """One line of an order. `amount` is what counts: NetSuite keeps it beside quantity and rate."""

    item: Ref = Ref()
    quantity: Decimal = Decimal(0)
    rate: Decimal | None = None
    amount: Decimal | None = None
    description: str = ""
    is_closed: bool = False
    quantity_billed: Decimal = Decimal(0)


class LineDraft(Wire, frozen=True, kw_only=True):
    """What we write of a line."""

    item: Ref
    quantity: Decimal
    rate: Decimal
    amount: Decimal
    description: str
    is_closed: bool


class Lines(Wire, frozen=True, kw_only=True):
    """All of them."""

    items: list[Line] = []


class LinesDraft(Wire, frozen=True, kw_only=True):
    """All that shall be there."""

    items: list[LineDraft]


class Order(Wire, frozen=True, kw_only=True):
    """A sales order with its lines."""

    id: str
    external_id: str = ""
    tran_id: str = ""
    tran_date: date | None = None
    entity: Ref = Ref()
    subsidiary: Ref = Ref()
    currency: Ref = Ref()
    order_status: Ref = Ref()
    other_ref_num: str = ""
    memo: str = ""
    terms: Ref = Ref()
    item: Lines = Lines()
    last_modified_date: datetime | None = None
    custbody_tg_opportunity: str = ""
    custbody_tg_quote: str = ""


class OrderDraft(Wire, frozen=True, kw_only=True):
    """What we write of a sales order."""

    entity: Ref
    subsidiary: Ref
    currency: Ref
    order_status: Ref
    tran_date: date
    other_ref_num: str | None
    memo: str | None
    custbody_tg_opportunity: str | None
    custbody_tg_quote: str | None
    item: LinesDraft
    terms: Ref | None = None


class Approval(Wire, frozen=True, kw_only=True):
    """The part of an order that says whether it can be billed."""

    order_status: Ref


class Closing(Wire, frozen=True, kw_only=True):
    """The part of an order that closes it: its lines."""

    item: LinesDraft
