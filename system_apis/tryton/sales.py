"""Sales: what contracts, orders and billing plans are kept as, found by a line of their comment."""

from typing import Any, Final

from canonical.faults import Conflict
from system_apis.tryton import memo, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import Calls

SALE: Final = "sale.sale"
REOPENED: Final = ("quotation", "confirmed", "cancelled")
"""States that Tryton makes a draft of again."""


class Sales(Calls):
    """Sales of one database."""

    async def _sales(self, word: str, text: str, most: int = 0) -> list[wire.Sale]:
        """Those with exactly this word in their comment; without a text, all that have the word."""
        found = await self._rpc.search(wire.Sale, SALE, [["comment", "like", memo.pattern(word, text)]], most=most)
        return [each for each in found if not text or memo.read(each.comment).get(word) == text]

    async def _new_sale(self, company: int, account_id: str, currency: str) -> dict[str, Any]:
        """What only a new sale says. Tryton fills nothing in by itself for a client of its API, addresses neither."""
        addressed = await self._addressed(account_id)
        address = next(iter(addressed.addresses), None)
        return {
            "company": company,
            "party": addressed.id,
            "currency": await self._known.currencies.id(currency, "/currency"),
            "invoice_address": address,
            "shipment_address": address,
        }

    async def _same_sale(self, known: Any, company: int, account_id: str, currency: str) -> None:
        """`Conflict` where a sale is another company's, another customer's or in another currency: none moves."""
        of = (known.company, str(known.party), known.currency.code)
        for there, wanted, what in zip(of, (company, account_id, currency), _OTHERS, strict=True):
            if there != wanted:
                raise Conflict(f"sale {known.number or known.id} {what}: end it, and write another", system=SYSTEM)

    async def _cancelled(self, sale: Any) -> None:
        """Cancel a sale that is not being processed; one that is is left as it is."""
        if sale.state == "confirmed":
            await self._rpc.button(SALE, "draft", sale.id, sale.company)
        if sale.state in ("draft", "quotation", "confirmed"):
            await self._rpc.button(SALE, "cancel", sale.id, sale.company)


_OTHERS: Final = ("belongs to another company", "is another customer's", "is in another currency")
