"""Contracts: one line of the whole value, one bill plan, and the segments of ours."""

from canonical.faults import FieldError, Invalid
from canonical.objects import Contract
from canonical.ports.operation import Written
from system_apis.oracle_fusion import mapping, wire
from system_apis.oracle_fusion.codes import SOURCE, SYSTEM
from system_apis.oracle_fusion.entities import FirmEntities
from system_apis.oracle_fusion.rest import Rest, at, differing, first, quoted, there


class Contracting:
    """Contracts of one pod."""

    _rest: Rest
    _entities: FirmEntities

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by our key."""
        return await self._contract(there(await self._contract_by(key), key))

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract with one line and one bill plan."""
        draft = mapping.contract_draft(key, data, await self._entities.by_code(data.legal_entity_id))
        found = await self._contract_by(key)
        if found is None:
            made = await self._rest.create(wire.CONTRACTS, draft, wire.Contract)
            return Written(id=str(made.contract_id), created=True)
        below = f"{at(found)}/child/"
        changes = differing(wire.ContractHead, found, draft, "")
        flex, line, plan = draft.flex[0], draft.contract_line[0], draft.bill_plan[0]
        changes += differing(wire.ContractFlexHead, first(found.flex), flex, f"{below}ContractHeaderFlexfieldVA")
        changes += differing(wire.ContractLineHead, first(found.contract_line), line, f"{below}ContractLine")
        changes += differing(wire.BillPlanHead, first(found.bill_plan), plan, f"{below}BillPlan")
        await self._rest.apply(wire.FSCM, changes)
        return Written(id=str(found.contract_id), created=False)

    async def _contract(self, found: wire.Contract) -> Contract:
        return mapping.contract(found, legal_entity=await self._entities.code_of(found.business_unit_name))

    async def _contract_by(self, key: str) -> wire.Contract | None:
        wanted = f"ExternalSourceKey='{SOURCE}' and ExternalReferenceKey={quoted(key)}"
        return await self._rest.first(wire.CONTRACTS, wire.Contract, {"q": wanted} | wire.CONTRACT_WITH)

    async def _contract_of(self, job: wire.Project) -> wire.Contract:
        """The contract a project is billed by: its key stands on the project."""
        key = next((each.tg_contract or "" for each in job.flex.items), "")
        found = await self._contract_by(key) if key else None
        if found is None:
            detail = f"the project {job.project_number} has no contract in Fusion to be billed by"
            raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/project_id")])
        return found
