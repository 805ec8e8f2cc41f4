"""Products and orders. An order is a sale that Tryton bills when somebody says so, and not by itself.

Opened, it is quoted and confirmed, and Tryton processes it. What is processed it neither changes nor cancels: an
order that is called off is marked, and closed by an invoice that is made, cancelled and passed over.
"""

from collections.abc import Mapping
from typing import Final

from canonical.faults import Conflict, FieldError, Invalid
from canonical.objects import Item, SalesOrder
from canonical.ports.operation import Written
from canonical.refusals import refuse_unknown
from system_apis.tryton import memo
from system_apis.tryton import orders_mapping as mapping
from system_apis.tryton import orders_wire as there
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import found_one, native
from system_apis.tryton.contracts_mapping import CONTRACT
from system_apis.tryton.receivables import INVOICE
from system_apis.tryton.sales import REOPENED, SALE, Sales

PRODUCT: Final = "product.product"
LINE: Final = "sale.line"
_INACTIVE_TOO: Final = ["active", "in", [True, False]]


class Orders(Sales):
    """What is sold and ordered."""

    async def item(self, code: str, legal_entity_id: str = "") -> Item:
        """A product by its code: every company sells it, each at a price of its own."""
        company, books = None, ""
        if legal_entity_id:
            company = (await self._known.company(legal_entity_id)).id
            books = await self._known.currency_of(company)
        found = found_one(await self._products([code], company), code)
        return mapping.item(found, entity=legal_entity_id, books=books)

    async def order_by_key(self, key: str) -> SalesOrder:
        """An order by our key; by a contract's, the sale that it is."""
        return await self._order(found_one(await self._ordered(key), key))

    async def upsert_order(self, key: str, data: SalesOrder) -> Written:
        """Write the order as a draft; what is open, billed or cancelled is left, and is a conflict where it differs."""
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        terms = await self._optional(self._known.terms, data.payment_terms, "/payment_terms")
        known = next(iter(await self._ordered(key)), None)
        if known is not None:
            status = mapping.status(known)
            if status in ("open", "billed") and mapping.same(await self._order(known), data):
                return Written(id=str(known.id), created=False)
            if status != "draft":
                raise Conflict(f"order {known.number or known.id} is {status}: it is not written again", system=SYSTEM)
            await self._same_sale(known, company, data.account_id, data.currency)
        products = await self._sellable(data, company)
        taxes = await self._taxed(data, products, company)
        values = mapping.order_values(key, data, known, terms=terms, products=products, taxes=taxes)
        if known is None:
            values |= await self._new_sale(company, data.account_id, data.currency)
        elif known.state in REOPENED:
            await self._rpc.button(SALE, "draft", known.id, company)
            known = await self._rpc.read(there.Order, SALE, known.id)
        return await self._put(SALE, known, values, company)

    async def approve_order(self, order_id: str) -> Written:
        """Quote and confirm an order; Tryton processes it then, and people bill it."""
        found = await self._order_at(order_id)
        status = mapping.status(found)
        if status == "cancelled":
            raise Conflict(f"order {found.number or found.id} is cancelled", system=SYSTEM)
        if found.state == "draft":
            await self._rpc.button(SALE, "quote", found.id, found.company)
        if found.state in ("draft", "quotation"):
            await self._rpc.button(SALE, "confirm", found.id, found.company)
        return Written(id=str(found.id), created=False)

    async def cancel_order(self, order_id: str) -> Written:
        """Cancel an order nothing is billed of; one that is processed is marked, and closed so that nothing ever is."""
        found = await self._order_at(order_id)
        if mapping.status(found) == "billed":
            raise Conflict(f"order {found.number or found.id} is billed: credit what is billed", system=SYSTEM)
        if found.state == "processing":
            await self._closed(found)
        elif found.state not in ("cancelled", "done"):
            await self._cancelled(found)
        return Written(id=str(found.id), created=False)

    async def _closed(self, found: there.Order) -> None:
        """Nothing of an order is billed any more. Each step is done where it is not yet, so that it can be repeated."""
        words = memo.read(found.comment)
        if words.get(mapping.STATUS) != "cancelled":
            said = memo.written(words | {mapping.STATUS: "cancelled"}, found.comment)
            await self._put(SALE, found, {"comment": said}, found.company)
        if not mapping.invoices(found):
            await self._rpc.button(SALE, "manual_invoice", found.id, found.company)
            found = await self._rpc.read(there.Order, SALE, found.id)
        made = mapping.invoices(found)
        for each in made:
            if each.state == "draft":
                await self._rpc.button(INVOICE, "cancel", each.id, found.company)
        if made:
            found = await self._rpc.read(there.Order, SALE, found.id)
            passed_over = {"invoices_ignored": [["add", [each.id for each in made]]]}
            await self._put(SALE, found, passed_over, found.company)
            await self._rpc.button(SALE, "process", found.id, found.company)

    async def _ordered(self, key: str) -> list[there.Order]:
        found = await self._rpc.search(there.Order, SALE, [["comment", "like", memo.keyed(key)]])
        words = (mapping.ORDER, CONTRACT)
        return [each for each in found if any(memo.read(each.comment).get(word) == key for word in words)]

    async def _order_at(self, order_id: str) -> there.Order:
        return await self._rpc.read(there.Order, SALE, native(order_id))

    async def _order(self, found: there.Order) -> SalesOrder:
        return mapping.order(found, entity=await self._known.companies.code(found.company))

    async def _products(self, codes: list[str], company: int | None) -> list[there.Product]:
        wanted = [["code", "in", sorted(set(codes))], _INACTIVE_TOO]
        return await self._rpc.search(there.Product, PRODUCT, wanted, company=company)

    async def _sellable(self, data: SalesOrder, company: int) -> dict[str, there.Product]:
        """Products by code; `Invalid` names every line whose product nobody sells."""
        if not data.lines:
            raise Invalid(system=SYSTEM, errors=[FieldError(detail="an order has at least one line", pointer="/lines")])
        asked = [line.code for line in data.lines]
        every = await self._products(asked, company)
        found = {each.code: each for each in reversed(every) if mapping.sells(each)}
        refuse_unknown(SYSTEM, "/lines/{}/code", asked, found, lambda code: f"Tryton sells no product {code!r:.60}")
        return found

    async def _taxed(
        self, data: SalesOrder, products: Mapping[str, there.Product], company: int
    ) -> dict[str, list[int]]:
        """How each product is taxed for this customer, as Tryton's own client is told."""
        party = await self._customer_id(data.account_id)
        currency = await self._known.currencies.id(data.currency, "/currency")
        sale = {"_parent_sale.company": company, "_parent_sale.party": party, "_parent_sale.currency": currency}
        found: dict[str, list[int]] = {}
        for code, product in sorted(products.items()):
            line = {"type": "line", "product": product.id} | sale
            told = await self._rpc.worked_out(LINE, "product", there.Worked, line, company)
            found[code] = [tax.id for _, tax in told.taxes.add]
        return found
