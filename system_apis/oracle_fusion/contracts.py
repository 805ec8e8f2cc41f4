"""Contracts: as one line of the whole value until they are carried, and line by line from then on.

What was carried is amended by lines that are added, all of a change in one batch; nothing billed is written again.
"""

import msgspec

from canonical.faults import Conflict, FieldError, Invalid
from canonical.objects import Contract
from canonical.ports.operation import Written
from system_apis.oracle_fusion import contracts_mapping, mapping, orders_mapping, wire
from system_apis.oracle_fusion import contracts_wire as terms
from system_apis.oracle_fusion.codes import SOURCE, SYSTEM
from system_apis.oracle_fusion.entities import FirmEntities
from system_apis.oracle_fusion.framework import Listed
from system_apis.oracle_fusion.ordered import order_under
from system_apis.oracle_fusion.rest import Change, Rest, at, differing, first, quoted, there


class Contracting:
    """Contracts of one pod."""

    _rest: Rest
    _entities: FirmEntities

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by our key."""
        return await self._contract(there(await self._contract_by(key), key))

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract with one line and one bill plan; of one that is carried line by line, only the status."""
        entity = await self._entities.by_code(data.legal_entity_id)
        found = await self._contract_by(key)
        if data.amendment is not None and found is None:
            error = FieldError(detail="what was amended is made by its terms, line by line", pointer="/amendment")
            raise Invalid(system=SYSTEM, errors=[error])
        if found is not None and (data.amendment is not None or contracts_mapping.carried(found)):
            wanted = terms.ContractStatus(status_code=contracts_mapping.status(found, data))
            await self._rest.apply(wire.FSCM, differing(terms.ContractStatus, found, wanted, ""))
            return Written(id=str(found.contract_id), created=False)
        draft = mapping.contract_draft(key, data, entity)
        if found is None:
            made = await self._rest.create(wire.CONTRACTS, draft, terms.Contract)
            return Written(id=str(made.contract_id), created=True)
        below = f"{at(found)}/child/"
        changes = _head(found, draft) + _flex(found, draft, terms.ContractFlexHead)
        line = draft.contract_line[0]
        changes += differing(terms.ContractLineHead, first(found.contract_line), line, f"{below}{terms.LINES}")
        await self._rest.apply(wire.FSCM, changes + _plan(found, draft))
        return Written(id=str(found.contract_id), created=False)

    async def contract_terms(self, key: str) -> Contract:
        """A contract by our key, with its lines."""
        found = there(await self._contract_by(key), key)
        entity = await self._entities.code_of(found.business_unit_name)
        return contracts_mapping.terms(found, legal_entity=entity)

    async def set_contract_terms(self, key: str, data: Contract) -> Written:
        """Make the contract hold these lines, all of them at once.

        What an order of the deal's quote bills is amended in that order, by people: `Conflict` names it.
        """
        entity = await self._entities.by_code(data.legal_entity_id)
        draft = contracts_mapping.draft(key, data, entity)
        if any(amendment.lines for amendment in data.amendments) and (order := await self._ordered(key)):
            raise Conflict(f"{data.number} is billed by order {order}: amend that order in Fusion", system=SYSTEM)
        found = await self._contract_by(key)
        if found is None:
            made = await self._rest.create(wire.CONTRACTS, draft, terms.Contract)
            return Written(id=str(made.contract_id), created=True)
        contracts_mapping.check_same(found, data, entity.meaning)
        draft = msgspec.structs.replace(draft, status_code=contracts_mapping.status(found, data))
        changes = _head(found, draft) + _flex(found, draft, terms.TermsFlexHead)
        changes += contracts_mapping.changes(found, data, await self._billed(found.contract_number))
        await self._rest.apply(wire.FSCM, changes + _plan(found, draft))
        return Written(id=str(found.contract_id), created=False)

    async def _contract(self, found: terms.Contract) -> Contract:
        return mapping.contract(found, legal_entity=await self._entities.code_of(found.business_unit_name))

    async def _contract_by(self, key: str) -> terms.Contract | None:
        """By our key, with all of its lines as they were made: an expanded child holds only the first page."""
        wanted = f"ExternalSourceKey='{SOURCE}' and ExternalReferenceKey={quoted(key)}"
        params = {"q": wanted} | terms.CONTRACT_WITH
        found = await self._rest.first(wire.CONTRACTS, terms.Contract, params)
        if found is None:
            return None
        rows = found.contract_line.items
        if found.contract_line.has_more:
            below = f"{at(found)}/child/{terms.LINES}"
            rows = await self._rest.all(below, terms.ContractLine, terms.LINE_WITH, "LineId:asc")
        lines = Listed(items=sorted(rows, key=lambda each: each.line_id))
        return msgspec.structs.replace(found, contract_line=lines)

    async def _contract_of(self, job: wire.Project) -> terms.Contract:
        """The contract a project is billed by: its key stands on the project."""
        key = next((each.tg_contract or "" for each in job.flex.items), "")
        found = await self._contract_by(key) if key else None
        if found is None:
            detail = f"the project {job.project_number} has no contract in Fusion to be billed by"
            raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/project_id")])
        return found

    async def _ordered(self, key: str) -> str:
        """The number of the order that bills what stands under a key; empty for none."""
        found = await order_under(self._rest, key)
        if found is None or orders_mapping.status(found, found.lines.items) == "cancelled":
            return ""
        return found.order_number or orders_mapping.native_id(found)

    async def _billed(self, number: str) -> set[str]:
        """Numbers of the contract's lines that something was invoiced of."""
        params = {"q": f"ContractNumber={quoted(number)}", "fields": "ContractLineNumber,Invoiced", "onlyData": "true"}
        events = await self._rest.all(wire.EVENTS, terms.Billed, params, "EventId:asc")
        return {each.contract_line_number or "" for each in events if each.invoiced != contracts_mapping.NOT_INVOICED}


def _head(found: terms.Contract, draft: terms.ContractDraft) -> list[Change]:
    return differing(terms.ContractHead, found, draft, "")


def _flex(found: terms.Contract, draft: terms.ContractDraft, kind: type[terms.ContractFlexHead]) -> list[Change]:
    return differing(kind, first(found.flex), draft.flex[0], f"{at(found)}/child/ContractHeaderFlexfieldVA")


def _plan(found: terms.Contract, draft: terms.ContractDraft) -> list[Change]:
    return differing(terms.BillPlanHead, first(found.bill_plan), draft.bill_plan[0], f"{at(found)}/child/BillPlan")
