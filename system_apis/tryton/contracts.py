"""Contracts: sales that people quote and confirm, of one line until they are carried line by line.

Lines are changed while their sale is a draft. What was agreed since people quoted it stands on a further sale.
"""

from typing import Any, Final

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import Contract
from canonical.ports.operation import Written
from system_apis.tryton import contracts_mapping as mapping
from system_apis.tryton import memo, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.mapping import Values
from system_apis.tryton.orders_mapping import ORDER
from system_apis.tryton.sales import SALE, Sales

_FIRST: Final = (mapping.CONTRACT, ORDER)


class Contracting(Sales):
    """Contracts of one database."""

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by our key; an order is the contract of its quote."""
        sales = await self._agreed(key)
        return mapping.contract(sales, entity=await self._known.companies.code(sales[0].company))

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract as a draft sale with one line; of one that is carried line by line, only its status.

        What people have confirmed is refused by Tryton.
        """
        if data.amendment is not None:
            return await self._restated(key, data)
        if data.value is None:
            raise _wrong("/value", "a sale in Tryton needs a value")
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        terms = await self._optional(self._known.terms, data.payment_terms, "/payment_terms")
        known = next(iter(await self._standing(key)), None)
        if known and _carried(known):
            return await self._restated(key, data)
        known = await self._opened(known, company)
        values = mapping.contract_values(key, data, known, terms)
        if known is None:
            values |= await self._new_sale(company, data.account_id, data.currency)
        written = await self._put(SALE, known, values, company)
        if data.status == "cancelled":
            await self._cancelled(known or await self._sale(written.id))
        return written

    async def contract_terms(self, key: str) -> Contract:
        """A contract by our key, with its lines."""
        sales = await self._agreed(key)
        return mapping.terms(sales, entity=await self._known.companies.code(sales[0].company))

    async def set_contract_terms(self, key: str, data: Contract) -> Written:
        """Make the contract hold these lines; what cannot stand on a sale there is stands on a further one."""
        if not data.lines:
            raise _wrong("/lines", "a contract has at least one line")
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        terms = await self._optional(self._known.terms, data.payment_terms, "/payment_terms")
        sales = await self._standing(key)
        if sales:
            await self._same_sale(sales[0], company, data.account_id, data.currency)
        sales = [each for sale in sales if (each := await self._opened(sale, company))]
        commands, new = mapping.changes(sales, mapping.lines_of(data))
        place = next((each for each in sales if each.state == "draft"), None)
        if new and place:
            commands.setdefault(place.id, []).append(["create", new])
        for sale in sales[1:]:
            if sale.id in commands:
                await self._put(SALE, sale, {"lines": commands[sale.id]}, company)
        known = next(iter(sales), None)
        if new and not place and known is not None:
            await self._further(key, data, terms, new)
        head = mapping.terms_values(key, data, known, terms)
        if known is None:
            head |= {**await self._new_sale(company, data.account_id, data.currency), "lines": [["create", new]]}
        elif known.id in commands:
            head["lines"] = commands[known.id]
        written = await self._put(SALE, known, head, company)
        if data.status == "cancelled":
            for sale in await self._standing(key):
                await self._cancelled(sale)
        return written

    async def _restated(self, key: str, data: Contract) -> Written:
        sales = await self._standing(key)
        if not sales:
            raise _wrong("/amendment", "what was amended is made by its terms, line by line")
        known = sales[0]
        said = memo.written(memo.read(known.comment) | {"status": data.status}, known.comment)
        written = await self._put(SALE, known, {"comment": said}, known.company)
        if data.status == "cancelled":
            for sale in sales:
                await self._cancelled(sale)
        return written

    async def _further(self, key: str, data: Contract, terms: int | None, lines: list[Values]) -> None:
        """A sale of what was agreed since the contract was quoted; it is made before the contract says so."""
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        words = {mapping.AMENDS: key, "opportunity": data.opportunity_id}
        values: dict[str, Any] = {
            "reference": data.po_number,
            "description": data.title,
            "payment_term": terms,
            "comment": memo.written(words),
            "lines": [["create", lines]],
        }
        await self._put(SALE, None, values | await self._new_sale(company, data.account_id, data.currency), company)

    async def _opened(self, sale: wire.Sale | None, company: int) -> wire.Sale | None:
        """A sale as it is; one that is cancelled is a draft again."""
        if sale is None or sale.state != "cancelled":
            return sale
        await self._rpc.button(SALE, "draft", sale.id, company)
        return await self._rpc.read(wire.Sale, SALE, sale.id)

    async def _agreed(self, key: str) -> list[wire.Sale]:
        found = await self._standing(key)
        if not found:
            raise NotFound(f"nothing there has the key {key[:60]}", system=SYSTEM)
        return found

    async def _standing(self, key: str) -> list[wire.Sale]:
        """The contract's sale, and the further ones that are not called off. Of two that are it, the first is it.

        A contract that was cancelled as a whole still has all of its lines.
        """
        every = await self._rpc.search(wire.Sale, SALE, [["comment", "like", memo.keyed(key)]])
        first = next((each for each in every if _keys(each, *_FIRST, key=key)), None)
        if first is None:
            return []
        over = first.state == "cancelled" or memo.read(first.comment).get("status") == "cancelled"
        further = (each for each in every if _keys(each, mapping.AMENDS, key=key))
        return [first, *(each for each in further if over or each.state != "cancelled")]

    async def _sale(self, id: str) -> wire.Sale:
        return await self._rpc.read(wire.Sale, SALE, int(id))


def _keys(sale: wire.Sale, *words: str, key: str) -> bool:
    said = memo.read(sale.comment)
    return any(said.get(word) == key for word in words)


def _carried(sale: wire.Sale) -> bool:
    """Whether it holds lines that were carried one by one."""
    return any(mapping.REF in memo.read(line.note) for line in sale.lines)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
