"""Ports of quotes on their way to orders: the CRM's quotes and its own orders, and the ERP's items and sales orders."""

from typing import Annotated, Literal, Protocol

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict, Invalid, NotFound
from canonical.objects import CrmOrder, Item, OrderMark, Quote, SalesOrder
from canonical.ports.lists import PAGE, PageSize, RecordChange
from canonical.ports.operation import Page, Written, operation


class QuoteMark(Value, frozen=True, kw_only=True):
    """How far a quote is on its way to an order."""

    status: Annotated[Literal["accepted", "superseded"], PUBLIC]
    frozen: Annotated[bool, PUBLIC]
    """A frozen quote is edited by nobody; only this mark moves."""
    order_number: Annotated[str, PUBLIC] = ""
    order_id: Annotated[str, PUBLIC] = ""
    seen: Annotated[str, PUBLIC] = ""
    """The version it was read at: where it was edited since then, the mark is refused as stale. Empty: any version."""


class Quotes(Protocol):
    """Quotes of a CRM, as orders are made of them."""

    @operation("GET", "/opportunities/{opportunity_id}/quotes", raises=(NotFound,))
    async def quotes(self, opportunity_id: str) -> list[Quote]:
        """Every quote of a deal, each revision, without their lines."""

    @operation("PUT", "/quotes/{quote_id}/mark", raises=(NotFound, Invalid))
    async def mark_quote(self, quote_id: str, data: QuoteMark) -> Written:
        """Freeze, mark or release a quote. Idempotent."""


class CrmOrders(Protocol):
    """Orders as a CRM has them: a seller pressed a button, or a quoting tool made one of an offer."""

    @operation("GET", "/orders/{order_id}", raises=(NotFound,))
    async def order(self, order_id: str) -> CrmOrder:
        """One order with its lines. Its `source.native_version` changes with an edit of any."""

    @operation("GET", "/orders", raises=(Invalid,))
    async def orders(
        self,
        account_id: str = "",
        opportunity_id: str = "",
        quote_id: str = "",
        cursor: str = "",
        limit: PageSize = PAGE,
    ) -> Page[CrmOrder]:
        """Orders without their lines: all of them, or those of a customer, of a deal, of a quote.

        Of several that are named, all must hold. One that is cancelled is told, one that is deleted is not. An id that
        can be none of this CRM's is `Invalid`; one that nothing has finds nothing.
        """

    @operation("GET", "/changes/orders", raises=(Invalid,))
    async def order_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Orders changed since a watermark, or a line of which was; oldest first."""

    @operation("PUT", "/orders/{order_id}/mark", raises=(NotFound, Invalid))
    async def mark_order(self, order_id: str, data: OrderMark) -> Written:
        """Write the ERP's number to the order. Idempotent; nothing else of it is touched."""


class Items(Protocol):
    """What an ERP sells."""

    @operation("GET", "/items/{code}", raises=(NotFound,))
    async def item(self, code: str, legal_entity_id: str = "") -> Item:
        """One item by its code, active or not, a bundle with its components.

        Where each legal entity has items of its own, that one's; without one, whichever has it.
        """


class SalesOrders(Protocol):
    """Sales orders in an ERP, with their lines."""

    @operation("GET", "/orders/by-key/{key}", raises=(NotFound,))
    async def order_by_key(self, key: str) -> SalesOrder:
        """One order by our key, with its lines."""

    @operation("PUT", "/orders/by-key/{key}", raises=(Invalid, Conflict))
    async def upsert_order(self, key: str, data: SalesOrder) -> Written:
        """Make the order exist under our key as a draft, its lines replacing those that were there.

        An order that is open stays open. `Conflict` when it is billed or cancelled.
        """

    @operation("PUT", "/orders/{order_id}/approval", raises=(NotFound, Conflict))
    async def approve_order(self, order_id: str) -> Written:
        """Open a draft: from then on it can be billed. Idempotent; `Conflict` when it is cancelled."""

    @operation("PUT", "/orders/{order_id}/cancellation", raises=(NotFound, Conflict))
    async def cancel_order(self, order_id: str) -> Written:
        """Cancel an order that nothing of is billed; `Conflict` where something is. Idempotent."""
