"""Items and sales orders of one environment.

An order is a draft until the bound action releases it; nobody edits a released one: it is reopened for a
change. The vendor knows no cancelled order: ours is marked, and never released again.
"""

from typing import Any, Final

from canonical.faults import Conflict, FieldError, Invalid, NotFound, VendorRefused
from canonical.objects import Item, SalesOrder
from canonical.ports.operation import Written
from system_apis.business_central import mapping, wire
from system_apis.business_central import orders_mapping as here
from system_apis.business_central import orders_wire as there
from system_apis.business_central.companies import Place
from system_apis.business_central.mapping import SYSTEM
from system_apis.business_central.records import EXPANDS, Records, quoted, same

ITEMS: Final = "items"
ORDERS: Final = "salesOrders"
LINES: Final = EXPANDS[ORDERS]
RELEASE: Final = "Microsoft.NAV.release"
REOPEN: Final = "Microsoft.NAV.reopen"
_CHUNK: Final = 40
"""Item numbers of one filter: an address has a limit."""


class Orders(Records):
    """What is sold and ordered."""

    async def item(self, code: str, legal_entity_id: str = "") -> Item:
        """An item by its number, as its company has it; the one written last, where no company is said."""
        asked = [await self._companies.named(legal_entity_id)] if legal_entity_id else await self._companies.all()
        where = f"number eq {quoted(code)}"
        found = [
            Place(company, row)
            for company in asked
            for row in await self._rows(company.id, ITEMS, there.Item, where=where)
        ]
        if not found:
            raise NotFound(f"Business Central has no item {code[:40]!r}", system=SYSTEM)
        return await self._item(max(found, key=lambda each: str(each.row.last_modified_date_time or "")))

    async def order_by_key(self, key: str) -> SalesOrder:
        """An order by our key."""
        return await self._order(await self._by_key(ORDERS, key, there.Order))

    async def upsert_order(self, key: str, data: SalesOrder) -> Written:
        """Write the order as a draft, its lines one by one where it is there already; an open one is opened again.

        What is billed or cancelled is left, and is a conflict where it differs.
        """
        company, customer = await self._within(data.account_id, "/account_id", data.legal_entity_id)
        draft = here.draft(
            key,
            data,
            customer_id=customer,
            local=await self._companies.local(company),
            terms=await self._companies.terms_id(company, data.payment_terms),
        )
        await self._sellable(company, [line.code for line in data.lines])
        known = await self._keyed(company, ORDERS, key, there.Order)
        if known is None:
            return await self._put(company, ORDERS, None, draft, draft)
        unchanged = Written(id=mapping.native(company.name, known.id), created=False, version=known.etag)
        status = here.status(known)
        if status in ("billed", "cancelled"):
            if status == "billed" and here.same(await self._order(Place(company, known)), data):
                return unchanged
            raise Conflict(f"order {known.number} is {status}: it is not written again", system=SYSTEM)
        return await self._rewrite(company, known, draft) or unchanged

    async def approve_order(self, order_id: str) -> Written:
        """Release an order, so that it can be billed."""
        found = await self._by_id(ORDERS, order_id, there.Order)
        status = here.status(found.row)
        if status == "cancelled":
            raise Conflict(f"order {found.row.number} is cancelled", system=SYSTEM)
        if status == "draft":
            await self._act(found.company, found.row, RELEASE, "open")
        return Written(id=mapping.native(found.company.name, found.row.id), created=False)

    async def cancel_order(self, order_id: str) -> Written:
        """Mark an order nothing is billed of, once it is no longer released."""
        found = await self._by_id(ORDERS, order_id, there.Order)
        status = here.status(found.row)
        if status == "billed":
            raise Conflict(f"order {found.row.number} is billed: credit what is billed", system=SYSTEM)
        row = await self._reopened(found.company, found.row) if status == "open" else found.row
        if status == "cancelled":
            return Written(id=mapping.native(found.company.name, row.id), created=False)
        return await self._put(found.company, ORDERS, row, there.Cancelled(), there.Cancelled())

    async def _rewrite(self, company: wire.Company, known: there.Order, draft: there.NewOrder) -> Written | None:
        """Bring an order to what is wanted; None where it is so already, and nobody need touch it."""
        kept, surplus = here.kept(known, draft), here.surplus(known, draft)
        wanted = {str(line.sequence): line for line in draft.sales_order_lines}
        alike = kept.keys() == wanted.keys() and all(same(kept[place], line) for place, line in wanted.items())
        if alike and not surplus and here.told(known, draft):
            return None
        opened = here.status(known) == "open"
        row = await self._reopened(company, known) if opened else known
        written = await self._put(company, ORDERS, row, draft, here.head(draft))
        for line in here.surplus(row, draft):
            await self._drop(company, LINES, line)
        await self._settle(company, f"{ORDERS}({row.id})/{LINES}", here.kept(row, draft), wanted)
        if opened:
            await self._act(company, row, RELEASE, "open")
        return written

    async def _reopened(self, company: wire.Company, row: wire.Row) -> there.Order:
        """A released order as it is once it may be edited: of another version."""
        await self._act(company, row, REOPEN, "draft")
        return await self._one(company, ORDERS, row.id, there.Order)

    async def _act(self, company: wire.Company, row: wire.Row, action: str, wanted: str) -> None:
        """A bound action; that somebody else did it meanwhile is as good."""
        try:
            await self._send("POST", self._path(company.id, f"{ORDERS}({row.id})/{action}"))
        except VendorRefused:
            if here.status(await self._one(company, ORDERS, row.id, there.Order)) != wanted:
                raise

    async def _sellable(self, company: wire.Company, codes: list[str]) -> None:
        """`Invalid` names every line whose item the company has not."""
        known, wanted = set[str](), sorted(set(codes))
        for at in range(0, len(wanted), _CHUNK):
            where = " or ".join(f"number eq {quoted(code)}" for code in wanted[at : at + _CHUNK])
            known |= {row.number for row in await self._rows(company.id, ITEMS, there.Item, where=where)}
        errors = [
            FieldError(detail=f"the company {company.name} has no item {code!r}", pointer=f"/lines/{place}/code")
            for place, code in enumerate(codes)
            if code not in known
        ]
        if errors:
            raise Invalid(system=SYSTEM, errors=errors)

    async def _item(self, found: Place) -> Item:
        local = await self._companies.local(found.company)
        return here.item(found.row, company=found.company.name, local=local)

    async def _order(self, found: Place) -> SalesOrder:
        terms = await self._companies.terms_name(found.company, found.row.payment_terms_id)
        local = await self._companies.local(found.company)
        row: Any = found.row
        return here.order(row, company=found.company.name, local=local, terms=terms)
