"""NetSuite's shapes for a contract line by line: a sales order whose lines say which amendment they are of."""

from datetime import date
from decimal import Decimal

from system_apis.netsuite.wire import Ref, SalesOrder, Wire


class Line(Wire, frozen=True, kw_only=True):
    """One line of an order. `line` is its key in the sublist."""

    line: int = 0
    item: Ref = Ref()
    quantity: Decimal = Decimal(0)
    rate: Decimal | None = None
    amount: Decimal | None = None
    description: str = ""
    is_closed: bool = False
    quantity_billed: Decimal = Decimal(0)
    custcol_tg_ref: str = ""
    custcol_tg_from: date | None = None
    custcol_tg_to: date | None = None
    custcol_tg_method: str = ""
    custcol_tg_nte: Decimal | None = None


class Lines(Wire, frozen=True, kw_only=True):
    """All of them."""

    items: list[Line] = []


class Terms(SalesOrder, frozen=True, kw_only=True):
    """An order with its lines, and what was carried to it last."""

    item: Lines = Lines()
    custbody_tg_quote: str = ""
    custbody_tg_nte: Decimal | None = None


class LineDraft(Wire, frozen=True, kw_only=True):
    """What we write of a line; with `line` it changes that one, without it is another. What is None is left."""

    line: int = 0
    item: Ref
    quantity: int = 0
    amount: Decimal
    description: str
    is_closed: bool
    custcol_tg_ref: str
    custcol_tg_from: date | None = None
    custcol_tg_to: date | None = None
    custcol_tg_method: str | None = None
    custcol_tg_nte: Decimal | None = None


class LinesDraft(Wire, frozen=True, kw_only=True):
    """The lines that are sent."""

    items: list[LineDraft]


class TermsDraft(Wire, frozen=True, kw_only=True):
    """What we write of an order."""

    entity: Ref
    subsidiary: Ref
    currency: Ref
    order_status: Ref | None = None
    other_ref_num: str | None
    memo: str | None
    start_date: date | None
    end_date: date | None
    custbody_tg_contract: str
    custbody_tg_opportunity: str | None
    custbody_tg_method: str
    custbody_tg_signed: date | None
    custbody_tg_amendment: int | None
    custbody_tg_document: str | None
    custbody_tg_nte: Decimal | None
    item: LinesDraft | None = None
    terms: Ref | None = None
