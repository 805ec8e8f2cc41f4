"""Items and sales orders of one pod.

An order is a draft until it is submitted. Either is changed in one call or one batch, its lines with it: lines of a
draft are deleted, those of an order that is worked on cancelled. Nothing of a draft can be cancelled: it is marked.
"""

from typing import Final

from canonical.faults import Conflict, NotFound, VendorRefused
from canonical.objects import Item, SalesOrder
from canonical.ports.operation import Written
from canonical.refusals import refuse_unknown
from system_apis.oracle_fusion import codes, wire
from system_apis.oracle_fusion import orders_mapping as mapping
from system_apis.oracle_fusion import orders_wire as there
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.contracts import Contracting
from system_apis.oracle_fusion.ordered import order_at, order_under
from system_apis.oracle_fusion.owed import Receivables
from system_apis.oracle_fusion.rest import Change, at, quoted, version

_CHUNK: Final = 40
"""Item numbers of one query: an address has a limit."""


class Ordering(Contracting):
    """What is sold and ordered."""

    _receivables: Receivables

    async def item(self, code: str, legal_entity_id: str = "") -> Item:
        """An item by its number, as the organization has it whose items the legal entity sells; else the one changed
        last."""
        asked = [await self._entities.named(legal_entity_id)] if legal_entity_id else await self._entities.all()
        sellers = {organization: each for each in asked if (organization := codes.placed(each.description)[2])}
        found = await self._items([code], list(sellers))
        if not found:
            raise NotFound(
                f"Fusion has no item {code[:40]!r} in {', '.join(sellers) or 'any organization'}", system=SYSTEM
            )
        row = max(found, key=lambda each: str(each.last_update_date_time or ""))
        parts = await self._parts(row) if row.pick_components_flag else []
        return mapping.item(row, parts, legal_entity=sellers[row.organization_code].lookup_code)

    async def order_by_key(self, key: str) -> SalesOrder:
        """An order by our key; by a contract's, the contract that billing events bill."""
        found = await order_under(self._rest, key)
        if found is None:
            return await self._billed_contract(key)
        return await self._order(found)

    async def upsert_order(self, key: str, data: SalesOrder) -> Written:
        """Write the order as a draft, or revise one that is worked on; what is over is a conflict where it differs."""
        entity = await self._entities.by_code(data.legal_entity_id)
        units = await self._units(data, entity)
        account = await self._receivables.account_of(data.account_id)
        draft = mapping.draft(key, data, unit=entity.meaning, account=account, units=units)
        found = await order_under(self._rest, key)
        if found is None:
            made = await self._rest.create(there.ORDERS, draft, there.Order)
            return Written(id=mapping.native_id(made), created=True)
        rows = await self._rows(found)
        status, unchanged = mapping.status(found, rows), Written(id=mapping.native_id(found), created=False)
        if mapping.same(found, rows, draft) and mapping.same_business(found, draft) and status != "cancelled":
            return unchanged
        if status in ("billed", "cancelled"):
            raise Conflict(f"order {found.order_number} is {status}: it is not written again", system=SYSTEM)
        if not mapping.same_business(found, draft):
            raise Conflict(f"order {found.order_number} is for another customer, or in another currency", system=SYSTEM)
        if status == "draft":
            await self._redrafted(found, rows, draft)
        else:
            await self._submitted(found, mapping.revision(rows, draft))
        return unchanged

    async def approve_order(self, order_id: str) -> Written:
        """Submit a draft: from then on it is worked on, and billed."""
        found = await self._order_of(order_id)
        status = mapping.status(found, await self._rows(found))
        if status == "cancelled":
            raise Conflict(f"order {found.order_number} is cancelled", system=SYSTEM)
        if status == "draft":
            await self._submitted(found, there.Submission(submitted_flag=True))
        return Written(id=mapping.native_id(found), created=False)

    async def cancel_order(self, order_id: str) -> Written:
        """Cancel every line of an order nothing is billed of; mark a draft."""
        found = await self._order_of(order_id)
        rows = await self._rows(found)
        status = mapping.status(found, rows)
        if status == "billed":
            raise Conflict(f"order {found.order_number} is billed: credit what is billed", system=SYSTEM)
        if status == "open":
            await self._submitted(found, mapping.cancellation(rows))
        elif status == "draft":
            change = Change(operation="update", path=at(found), body=mapping.mark(), version=version(found))
            await self._rest.apply(wire.FSCM, [change])
        return Written(id=mapping.native_id(found), created=False)

    async def _redrafted(self, found: there.Order, rows: list[there.Line], draft: there.OrderDraft) -> None:
        """A draft's lines are deleted, each by itself; that goes with all else in one batch."""
        body = mapping.redraft(rows, draft)
        changes = [Change(operation="update", path=at(found), body=body, version=version(found))]
        changes += [Change(operation="delete", path=at(each)) for each in mapping.surplus(rows, draft)]
        await self._rest.apply(wire.FSCM, changes)

    async def _submitted(self, found: there.Order, body: there.Submission | there.Revision) -> None:
        """What is not submitted is answered as kept all the same: only its status and a message tell."""
        done = await self._rest.update(at(found), body, version(found), there.Order)
        if mapping.STATUSES.get(done.status_code or "") == "draft":
            raise VendorRefused(done.message_text or "the order was not submitted", system=SYSTEM)

    async def _order(self, found: there.Order) -> SalesOrder:
        entity = await self._entities.code_of(found.business_unit_name)
        return mapping.order(found, await self._rows(found), legal_entity=entity)

    async def _order_of(self, order_id: str) -> there.Order:
        source, _, name = order_id.partition(":")
        found = await order_at(self._rest, source, name) if name else None
        if found is None:
            raise NotFound(f"Fusion has no order {order_id[:80]!r}", system=SYSTEM)
        return found

    async def _rows(self, found: there.Order) -> list[there.Line]:
        """All lines as they were entered: an expanded child holds only the first page."""
        rows = found.lines.items
        if found.lines.has_more:
            below = f"{at(found)}/child/{there.LINES}"
            rows = await self._rest.all(below, there.Line, there.LINE_WITH, "FulfillLineId:asc")
        return sorted(rows, key=lambda each: each.fulfill_line_id)

    async def _billed_contract(self, key: str) -> SalesOrder:
        """The contract under a key, once it has billing events: they bill what an order would bill again."""
        signed = await self._contract_by(key)
        events = list[wire.Event]()
        if signed is not None:
            params = {"q": f"ContractNumber={quoted(signed.contract_number)}"} | wire.EVENT_WITH
            events = await self._rest.all(wire.EVENTS, wire.Event, params, "CompletionDate:asc,EventId:asc")
        if signed is None or not events:
            raise NotFound(f"Fusion has no order under {key[:80]}", system=SYSTEM)
        entity = await self._entities.code_of(signed.business_unit_name)
        return mapping.of_contract(signed, events, legal_entity=entity)

    async def _items(self, numbers: list[str], organizations: list[str]) -> list[there.Item]:
        """Items of these organizations by their numbers."""
        found, wanted = list[there.Item](), sorted(set(numbers))
        sellers = ",".join(quoted(each) for each in organizations)
        for place in range(0, len(wanted) if organizations else 0, _CHUNK):
            listed = ",".join(quoted(each) for each in wanted[place : place + _CHUNK])
            params = {"q": f"ItemNumber in ({listed}) and OrganizationCode in ({sellers})"} | there.ITEM_WITH
            found += await self._rest.all(there.ITEMS, there.Item, params, "ItemId:asc,OrganizationId:asc")
        return found

    async def _parts(self, found: there.Item) -> list[there.Component]:
        """What a bundle is picked of, as the primary structure of its organization has it."""
        wanted = (
            f"ItemNumber={quoted(found.item_number)} and OrganizationCode={quoted(found.organization_code)} "
            f"and StructureName={quoted(codes.STRUCTURE)}"
        )
        params = {"q": wanted} | there.STRUCTURE_WITH
        rows = await self._rest.all(there.STRUCTURES, there.Structure, params, "BillSequenceId:asc")
        return [part for row in rows for part in row.component.items]

    async def _units(self, data: SalesOrder, entity: wire.LookupCode) -> dict[str, str | None]:
        """Each item's unit; `Invalid` names every line whose item the organization has not."""
        asked, organization = [line.code for line in data.lines], codes.placed(entity.description)[2]
        found = await self._items(asked, [organization] if organization else [])
        units = {each.item_number: each.unit for each in found}
        seller = entity.lookup_code
        refuse_unknown(SYSTEM, "/lines/{}/code", asked, units, lambda code: f"{seller} sells no item {code!r}")
        return units
