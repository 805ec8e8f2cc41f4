"""Products and sales orders of one tenant.

An order is a draft while it is blocked for billing, and approving it lifts that block. It is cancelled by rejecting its
items, and billed as soon as a billing document of it stands.
"""

import re
from collections.abc import Sequence
from typing import Final

from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.objects import Item, SalesOrder
from canonical.ports.operation import Written
from canonical.refusals import refuse_unknown
from system_apis.sap_s4hana import orders_mapping as mapping
from system_apis.sap_s4hana import orders_updates as updates
from system_apis.sap_s4hana import orders_wire as there
from system_apis.sap_s4hana import owed_wire, wire
from system_apis.sap_s4hana.calls import Calls, first, given
from system_apis.sap_s4hana.codes import BILLING_BLOCK
from system_apis.sap_s4hana.lengths import PRODUCT
from system_apis.sap_s4hana.odata import SYSTEM, keyed, literal

SOLD_WITH: Final = "to_Item/to_PricingElement"
PRODUCT_WITH: Final = "to_Description,to_ProductSales,to_SalesDelivery"
NOT_BILLED: Final = ("", "A")
_BILLS: Final = ("M", "O", "P")
"""Invoices, credit and debit memos: a pro forma bills nothing."""
_NUMBER: Final = re.compile(r"\d{1,10}")


class Orders(Calls):
    """What is sold and ordered."""

    async def item(self, code: str, legal_entity_id: str = "") -> Item:
        """A product by its number, as the legal entity's sales area sells it; `NotFound` where it does not.

        A bundle tells no components: they stand in its bill of material.
        """
        if not 0 < len(code) <= PRODUCT:
            raise NotFound(f"{code[:PRODUCT]!r} is no product's number", system=SYSTEM)
        entity = await self._entities.asked_for(legal_entity_id) if legal_entity_id else None
        # By a filter, since a product's number may have a slash in it, which no address of an entity takes.
        params = {"$filter": f"Product eq {literal(code)}", "$expand": PRODUCT_WITH}
        found = first(await self._list(there.PRODUCTS, "A_Product", there.Product, params), code)
        if entity is not None and not mapping.sells(found, entity):
            raise NotFound(f"product {code} is not extended to the sales area of {legal_entity_id}", system=SYSTEM)
        return mapping.item(found, entity)

    async def order_by_key(self, key: str) -> SalesOrder:
        """An order by our key; by a contract's, the order that is the plan it is billed by."""
        found = await self._sold_by(key) or await self._billing_contract(key)
        return await self._sold(first([found] if found else [], key))

    async def upsert_order(self, key: str, data: SalesOrder) -> Written:
        """Write the order as a draft; what is billed or cancelled is left, and is a conflict where it differs."""
        entity = await self._entities.by_code(data.legal_entity_id)
        found = await self._sold_by(key)
        if found is None:
            draft = mapping.draft(key, data, entity, await self._units(data, entity))
            made = await self._create(f"{wire.ORDERS}/A_SalesOrder", draft)
            return Written(id=given(made.sales_order), created=True)
        known = await self._sold(found)
        if known.status in ("billed", "cancelled"):
            if known.status == "billed" and mapping.same(known, data):
                return Written(id=known.id, created=False)
            raise Conflict(f"order {known.number} is {known.status}: it is not written again", system=SYSTEM)
        draft = mapping.draft(key, data, entity, await self._units(data, entity))
        kept = (found.sold_to_party, found.transaction_currency, found.sales_organization)
        if kept != (draft.sold_to_party, draft.transaction_currency, draft.sales_organization):
            raise Conflict(f"order {known.number} is for another customer, or in another currency", system=SYSTEM)
        await self._apply(updates.of_order(found, draft))
        return Written(id=found.sales_order, created=False)

    async def approve_order(self, order_id: str) -> Written:
        """Lift the block it was made with, so that it can be billed; a block of somebody else stays."""
        found = await self._sold_at(order_id)
        known = await self._sold(found)
        if known.status == "cancelled":
            raise Conflict(f"order {known.number} is cancelled", system=SYSTEM)
        if found.header_billing_block_reason not in ("", BILLING_BLOCK):
            reason = found.header_billing_block_reason
            raise Conflict(f"order {known.number} is blocked for billing for the reason {reason}", system=SYSTEM)
        await self._apply(updates.of_approval(found))
        return Written(id=found.sales_order, created=False)

    async def cancel_order(self, order_id: str) -> Written:
        """Reject every item of an order nothing is billed of."""
        found = await self._sold_at(order_id)
        known = await self._sold(found)
        if known.status == "billed":
            raise Conflict(f"order {known.number} is billed: credit what is billed", system=SYSTEM)
        await self._apply(updates.of_cancelling(found))
        return Written(id=found.sales_order, created=False)

    async def _sold(self, found: there.Order) -> SalesOrder:
        entity = await self._entities.by_sales(found.sales_organization)
        return mapping.order(found, legal_entity=entity.code, billed=await self._is_billed(found))

    async def _is_billed(self, found: there.Order) -> bool:
        """Whether a billing document of it stands: a status alone may be that of items that were rejected."""
        if found.overall_ord_reltd_billg_status in NOT_BILLED:
            return False
        numbers = await self._each(
            owed_wire.BILLS,
            "A_BillingDocumentItem",
            owed_wire.BillItem,
            [found.sales_order],
            lambda number: f"ReferenceSDDocument eq {literal(number)}",
        )
        bills = await self._each(
            owed_wire.BILLS,
            "A_BillingDocument",
            owed_wire.Bill,
            sorted({each.billing_document for each in numbers}),
            lambda number: f"BillingDocument eq {literal(number)}",
        )
        return any(
            each.sd_document_category in _BILLS
            and not each.billing_document_is_cancelled
            and not each.cancelled_billing_document
            for each in bills
        )

    async def _sold_by(self, key: str) -> there.Order | None:
        return next(iter(await self._sold_where(f"YY1_TGKey_SDH eq {literal(key)}")), None)

    async def _sold_where(self, condition: str) -> list[there.Order]:
        params = {"$filter": condition, "$expand": SOLD_WITH}
        return await self._list(wire.ORDERS, "A_SalesOrder", there.Order, params)

    async def _billing_contract(self, key: str) -> there.Order | None:
        """The billing plan of the project of a contract's deal: an order, since SAP bills no contract."""
        params = {"$filter": f"YY1_TGKey_SDH eq {literal(key)}"}
        for contract in await self._list(wire.CONTRACTS, "A_SalesContract", there.Deal, params):
            if not contract.tg_opportunity_sdh:
                continue
            params = {"$filter": f"YY1_TGOpportunity_PPH eq {literal(contract.tg_opportunity_sdh)}"}
            for job in await self._list(wire.PROJECTS, "A_EnterpriseProject", wire.Project, params):
                plans = await self._sold_where(f"YY1_TGProject_SDH eq {literal(job.project_uuid)}")
                if plans:
                    return plans[0]
        return None

    async def _is_ordered(self, job: wire.Project) -> bool:
        """Whether an order of the quote bills the deal of a project."""
        if not job.tg_opportunity_pph:
            return False
        found = await self._sold_where(f"YY1_TGOpportunity_SDH eq {literal(job.tg_opportunity_pph)}")
        return any(mapping.status(each, billed=False) != "cancelled" for each in found)

    async def _sold_at(self, order_id: str) -> there.Order:
        if not _NUMBER.fullmatch(order_id):
            raise NotFound(f"{order_id[:40]!r} is no sales order's number", system=SYSTEM)
        path = f"{wire.ORDERS}/{keyed('A_SalesOrder', SalesOrder=order_id)}"
        return await self._get(path, there.Order, {"$expand": SOLD_WITH})

    async def _units(self, data: SalesOrder, entity: wire.Entity) -> dict[str, str]:
        """Each product's unit; `Invalid` names every line whose product the sales area does not sell, or no more."""
        codes: Sequence[str] = sorted({line.code for line in data.lines})
        if not codes:
            error = FieldError(detail="an order has at least one line", pointer="/lines")
            raise Invalid(system=SYSTEM, errors=[error])
        found = await self._each(
            there.PRODUCTS,
            "A_Product",
            there.Product,
            codes,
            lambda code: f"Product eq {literal(code)}",
            "to_SalesDelivery",
        )
        units = {each.product: each.base_unit for each in found if mapping.sells_still(each, entity)}
        asked = [line.code for line in data.lines]
        refuse_unknown(
            SYSTEM, "/lines/{}/code", asked, units, lambda code: f"SAP sells no product {code!r} for {entity.code}"
        )
        return units
