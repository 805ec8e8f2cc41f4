"""Items and sales orders of one account.

An order is a draft while it is pending approval; opening it approves it. It is closed by closing its lines, and billed
as soon as any line says so.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.objects import Item, SalesOrder
from canonical.ports.operation import Written
from system_apis.netsuite import orders_mapping as mapping
from system_apis.netsuite import orders_wire as wire
from system_apis.netsuite.calls import RECORDS, Calls, checked, eid, quoted
from system_apis.netsuite.wire import CodeRow, Ref, Rows

# ruff: noqa: S608 - what is put into a query is a number or quoted
_ITEM: Final = (
    "SELECT id, itemid, displayname, itemtype, isinactive, custitem_tg_tax_category FROM item WHERE itemid = {code}"
)
_MEMBERS: Final = "SELECT item, quantity FROM itemGroupMember WHERE parentitem = {parent} ORDER BY linenumber"


class Orders(Calls):
    """What is sold and ordered."""

    async def item(self, code: str, legal_entity_id: str = "") -> Item:
        """An item by its name/number: an account's items are every legal entity's."""
        found = await self._query(_ITEM.format(code=quoted(code)), Rows[wire.ItemRow])
        if not found:
            raise NotFound(f"NetSuite has no item {code}", system="netsuite")
        row, members = found[0], []
        if row.itemtype in ("Group", "Kit"):
            listed = await self._query(_MEMBERS.format(parent=_number(row.id)), Rows[wire.MemberRow])
            codes = await self._codes_of(member.item for member in listed)
            members = [(codes.get(member.item, member.item), Decimal(member.quantity)) for member in listed]
        return mapping.item(row, members)

    async def order_by_key(self, key: str) -> SalesOrder:
        """An order by external id."""
        return await self._order(await self._get("salesOrder", eid(key), wire.Order))

    async def upsert_order(self, key: str, data: SalesOrder) -> Written:
        """Write the order as a draft; what is billed or closed is left, and is a conflict where it differs."""
        known = await self._known_order(key)
        if known is not None and known.status in ("billed", "cancelled"):
            if known.status == "billed" and mapping.same(known, data):
                return Written(id=known.id, created=False)
            raise Conflict(f"order {known.number} is {known.status}: it is not written again", system="netsuite")
        draft = mapping.draft(
            data,
            await self._ids_of([line.code for line in data.lines]),
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
            terms=await self._terms(data.payment_terms),
            opened=known is not None and known.status == "open",
        )
        return await self._upsert("salesOrder", key, draft, replace="item")

    async def approve_order(self, order_id: str) -> Written:
        """Approve an order: pending fulfilment, so that it can be billed."""
        found = await self._get("salesOrder", checked(order_id), wire.Order)
        status = mapping.status(found)
        if status == "cancelled":
            raise Conflict(f"order {found.tran_id} is cancelled", system="netsuite")
        if status != "draft":
            return Written(id=found.id, created=False)
        approved = wire.Approval(order_status=Ref(id=mapping.PENDING_FULFILMENT))
        return await self._write("PATCH", f"{RECORDS}/salesOrder/{found.id}", approved)

    async def cancel_order(self, order_id: str) -> Written:
        """Close every line of an order nothing is billed of."""
        found = await self._get("salesOrder", checked(order_id), wire.Order)
        status = mapping.status(found)
        if status == "billed":
            raise Conflict(f"order {found.tran_id} is billed: credit what is billed", system="netsuite")
        if status == "cancelled":
            return Written(id=found.id, created=False)
        path, replacing = f"{RECORDS}/salesOrder/{found.id}", {"replace": "item"}
        return await self._write("PATCH", path, mapping.closing(found), replacing)

    async def _order(self, found: wire.Order) -> SalesOrder:
        return mapping.order(
            found,
            await self._codes_of(line.item.id for line in found.item.items),
            legal_entity=await self._entity(found.subsidiary),
            currency=await self._currency(found.currency),
        )

    async def _known_order(self, key: str) -> SalesOrder | None:
        try:
            return await self.order_by_key(key)
        except NotFound:
            return None

    async def _codes_of(self, native_ids: Iterable[str]) -> dict[str, str]:
        """Item codes by internal id."""
        wanted = sorted({_number(each) for each in native_ids})
        if not wanted:
            return {}
        rows = await self._query(
            f"SELECT id, itemid AS code FROM item WHERE id IN ({', '.join(wanted)})", Rows[CodeRow]
        )
        return {row.id: row.code for row in rows}

    async def _ids_of(self, codes: list[str]) -> dict[str, str]:
        """Internal ids by item code; `Invalid` names every line whose item there is not."""
        listed = ", ".join(sorted({quoted(code) for code in codes}))
        if not listed:
            error = FieldError(detail="an order has at least one line", pointer="/lines")
            raise Invalid(system="netsuite", errors=[error])
        rows = await self._query(f"SELECT id, itemid AS code FROM item WHERE itemid IN ({listed})", Rows[CodeRow])
        found = {row.code: row.id for row in rows}
        missing = [
            FieldError(detail=f"NetSuite has no item {code!r}", pointer=f"/lines/{place}/code")
            for place, code in enumerate(codes)
            if code not in found
        ]
        if missing:
            raise Invalid(system="netsuite", errors=missing)
        return found


def _number(native_id: str) -> str:
    """An internal id as it stands in a query."""
    if not native_id.isascii() or not native_id.isdigit():
        raise NotFound(f"{native_id[:40]!r} is no internal id", system="netsuite")
    return native_id
