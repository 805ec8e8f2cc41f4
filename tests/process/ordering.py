"""Quotes and orders in the sandboxes, as people make them there, and the runs between them."""

import asyncio
from decimal import Decimal
from typing import Any

from canonical.objects import Quote, SalesOrder
from canonical.ports.quote_runs import QuoteReference, QuoteRun, QuoteRunDetail, StartQuoteRun
from foundation.context import fresh, use
from foundation.sandbox import Record
from process_apis.operating import Operating
from process_apis.quote_to_order.runs import OperatingQuoteRuns
from process_apis.quote_to_order.workflow import WORKFLOW
from tests.process.books import BOOKS
from tests.process.offers import OFFERS, Line
from tests.process.world import PATIENCE, PRIYA, World


class Ordering:
    """The deal desk's work in a firm's CRM, in our words (`offers`), and what comes of it."""

    def __init__(self, firm: World, crm: str = "") -> None:
        self.firm, self.system = firm, crm
        self.sold_with = crm or firm.platform.systems.name("crm", "ACME-US")
        self.runs = OperatingQuoteRuns(firm.platform, Operating(firm.platform, WORKFLOW))
        self.erp = firm.platform.systems.name("erp", "ACME-US")
        self.offers = OFFERS[self.sold_with](firm.boxes[self.sold_with])
        self.books = BOOKS[self.erp](firm.boxes[self.erp])

    # ── what people do in the CRM ──────────────────────────────────────────────────────────────────────────────────

    def quote(self, code: str = "D01") -> str:
        """The first quote of a deal: accepted and signed."""
        return self.offers.quote(self.firm.native(code))

    def line(self, item: str, qty: int, price: int | str, **more: Any) -> Line:
        """A line of one item, which is made where it is not there."""
        return {"item": item, "qty": qty, "price": Decimal(price), **more}

    def rewrite(self, quote: str, *lines: Line, **said: Any) -> str:
        """The quote with other lines and fields."""
        self.offers.rewrite(quote, list(lines))
        return self.edit(quote, **said) if said else quote

    def edit(self, quote: str, **said: Any) -> str:
        """The quote, saved with other fields, a second later."""
        self.offers.edit(quote, said)
        return quote

    def revise(self, code: str, *lines: Line, number: int = 2, accepted: bool = True, **said: Any) -> str:
        """Another revision of a deal's quote, accepted and signed unless it says otherwise."""
        made = self.offers.revise(self.firm.native(code), number, said)
        self.rewrite(made, *(lines or [self.line("SVC-ENGINEER", 100, 150)]))
        if accepted:
            self.offers.accept(made)
        return made

    async def told(self, quote: str) -> Quote:
        """A quote as the CRM's adapter reads it."""
        found: Quote = await self.firm.adapters[self.sold_with].quote(quote)
        return found

    # ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, quote: str) -> QuoteRun:
        with use(fresh(caller=PRIYA)):
            return await self.runs.start_run(StartQuoteRun(quote=QuoteReference(system=self.system, id=quote)))

    async def ended(self, run_id: str) -> QuoteRunDetail:
        """The run once it does not run any more (and, when cancelled, is undone)."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.runs.run(run_id)
                if found.run.status != "running" and found.run.ended_at:
                    return found
                await asyncio.sleep(0.02)

    async def played(self, quote: str) -> QuoteRunDetail:
        """A quote's run at its end."""
        return await self.ended((await self.start(quote)).id)

    # ── what is in the ERP ─────────────────────────────────────────────────────────────────────────────────────────

    async def order(self, run_id: str) -> SalesOrder:
        """What stands in the ERP under a run."""
        found: SalesOrder = await self.firm.adapters[self.erp].order_by_key(run_id)
        return found

    def orders(self) -> list[Record]:
        """Every order of the ERP."""
        return self.books.orders()


def rules(found: QuoteRunDetail) -> list[str]:
    """The guards that refused a run."""
    return [error.rule for error in found.run.problem.errors] if found.run.problem else []
