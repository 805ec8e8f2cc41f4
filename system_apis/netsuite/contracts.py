"""Contracts of one account line by line, each a sales order.

What is open is amended by lines that are added; nothing that is billed is ever written again.
"""

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import Contract
from canonical.ports.operation import Written
from system_apis.netsuite import contracts_mapping as mapping
from system_apis.netsuite import contracts_wire as wire
from system_apis.netsuite.calls import Calls, eid


class Amended(Calls):
    """What was agreed, and how it was amended."""

    async def contract_terms(self, key: str) -> Contract:
        """A contract by external id, with its lines."""
        found = await self._get("salesOrder", eid(key), wire.Terms)
        return mapping.terms(
            found, legal_entity=await self._entity(found.subsidiary), currency=await self._currency(found.currency)
        )

    async def set_contract_terms(self, key: str, data: Contract) -> Written:
        """Write the order so that it holds these lines; those that are right already are not sent."""
        if not data.lines:
            error = FieldError(detail="an order in NetSuite has at least one line", pointer="/lines")
            raise Invalid(system="netsuite", errors=[error])
        try:
            known: wire.Terms | None = await self._get("salesOrder", eid(key), wire.Terms)
        except NotFound:
            known = None
        draft, replacing = mapping.draft(
            data,
            known,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
            terms=await self._terms(data.payment_terms),
        )
        return await self._upsert("salesOrder", key, draft, replace="item" if replacing else "")
