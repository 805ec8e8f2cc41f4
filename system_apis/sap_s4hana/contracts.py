"""Contracts of one tenant: sales contracts, as one item of the whole value or line by line.

SAP bills no contract: what is agreed stands here, and is billed by the plan of the deal's project, or by orders that
people call off. A line that something was called off from is never written again.
"""

from typing import Final

from msgspec.structs import replace

from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.objects import Contract
from canonical.ports.operation import Written
from system_apis.sap_s4hana import contracts_mapping as mapping
from system_apis.sap_s4hana import contracts_updates as updates
from system_apis.sap_s4hana import contracts_wire as there
from system_apis.sap_s4hana import orders_mapping, wire
from system_apis.sap_s4hana.calls import first, given
from system_apis.sap_s4hana.odata import SYSTEM, literal
from system_apis.sap_s4hana.orders import Orders

CONTRACT_WITH: Final = "to_Item/to_PricingElement"


class Agreed(Orders):
    """What was agreed, and how it was amended."""

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by our key."""
        return await self._contract(first(await self._contracts(key), key))

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract as a sales contract with one item.

        Of one that was carried line by line only the status is written; where its lines were taken back, the whole
        value becomes the first of them.
        """
        if data.amendment is not None:
            try:
                carried = await self.contract_terms(key)
            except NotFound as missing:
                error = FieldError(detail="what was amended is made by its terms, line by line", pointer="/amendment")
                raise Invalid(system=SYSTEM, errors=[error]) from missing
            return await self.set_contract_terms(key, replace(carried, status=data.status))
        draft = mapping.contract_draft(key, data, await self._entities.by_code(data.legal_entity_id))
        known = await self._contracts(key)
        if not known:
            made = await self._create(f"{wire.CONTRACTS}/A_SalesContract", draft)
            return Written(id=given(made.sales_contract), created=True)
        if any(row.tg_ref_sdi for row in known[0].to_item.results):
            return await self.set_contract_terms(key, mapping.whole_line(data))
        await self._apply(updates.of_contract(known[0], draft))
        return Written(id=known[0].sales_contract, created=False)

    async def contract_terms(self, key: str) -> Contract:
        """A contract by our key, with its lines."""
        found = first(await self._contracts(key), key)
        entity = await self._entities.by_sales(found.sales_organization)
        return mapping.terms(found, legal_entity=entity.code)

    async def set_contract_terms(self, key: str, data: Contract) -> Written:
        """Write the contract so that it holds these lines; those that are right already are not sent.

        What an order of the deal's quote bills is amended in that order, by people: `Conflict` names it.
        """
        draft = mapping.terms_draft(key, data, await self._entities.by_code(data.legal_entity_id))
        if any(amendment.lines for amendment in data.amendments):
            await self._not_ordered(key, data)
        known = await self._contracts(key)
        if not known:
            made = await self._create(f"{wire.CONTRACTS}/A_SalesContract", draft)
            return Written(id=given(made.sales_contract), created=True)
        (found, *_) = known
        kept = (found.sales_organization, found.transaction_currency, found.sold_to_party)
        asked = (draft.sales_organization, draft.transaction_currency, draft.sold_to_party)
        if kept != asked:
            of = ("belongs to another sales organization", "is in another currency", "is another customer's")
            said = next(text for text, one, other in zip(of, kept, asked, strict=True) if one != other)
            raise Conflict(f"contract {found.sales_contract} {said}: end it, and write another", system=SYSTEM)
        await self._apply(updates.of_terms(found, draft, await self._called_off(found)))
        return Written(id=found.sales_contract, created=False)

    async def _contract(self, found: there.Contract) -> Contract:
        entity = await self._entities.by_sales(found.sales_organization)
        return mapping.contract(found, legal_entity=entity.code)

    async def _contracts(self, key: str) -> list[there.Contract]:
        params = {"$filter": f"YY1_TGKey_SDH eq {literal(key)}", "$expand": CONTRACT_WITH}
        return await self._list(wire.CONTRACTS, "A_SalesContract", there.Contract, params)

    async def _called_off(self, found: there.Contract) -> set[str]:
        """Numbers of the items that an order was called off from which stands."""
        params = {"$filter": f"ReferenceSDDocument eq {literal(found.sales_contract)}"}
        rows = await self._all(wire.ORDERS, "A_SalesOrderItem", there.CallOff, params)
        return {row.reference_sd_document_item.lstrip("0") for row in rows if not row.sales_document_rjcn_reason}

    async def _not_ordered(self, key: str, data: Contract) -> None:
        order = await self._sold_by(key)
        if order is not None and orders_mapping.status(order, billed=False) != "cancelled":
            detail = f"{data.number} is billed by order {order.sales_order}: amend that order in SAP"
            raise Conflict(detail, system=SYSTEM)
