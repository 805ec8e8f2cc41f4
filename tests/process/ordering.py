"""Quotes and orders in the sandboxes, as people make them there, and the runs between them."""

import asyncio
from decimal import Decimal
from typing import Any

from canonical.objects import SalesOrder
from canonical.ports.quote_runs import QuoteReference, QuoteRun, QuoteRunDetail, StartQuoteRun
from foundation.context import fresh, use
from process_apis.operating import Operating
from process_apis.quote_to_order.runs import OperatingQuoteRuns
from process_apis.quote_to_order.workflow import WORKFLOW
from system_apis.salesforce.sandbox import org
from tests.process.world import PATIENCE, PRIYA, World

Line = dict[str, Any]


class Ordering:
    """The deal desk's work, and what comes of it."""

    def __init__(self, firm: World, erp: str = "netsuite") -> None:
        self.firm, self.erp = firm, erp
        self.runs = OperatingQuoteRuns(firm.platform, Operating(firm.platform, WORKFLOW))
        self.crm = firm.boxes["salesforce"]

    def quote(self, code: str = "D01") -> str:
        """The first quote of a deal: accepted and signed."""
        (first, *_) = sorted(self.crm.store.find("Quote", OpportunityId=self.firm.deal(code).id), key=lambda q: q["Id"])
        return str(first["Id"])

    def line(self, product: str, quantity: int, price: int | str, **more: Any) -> Line:
        """A line of one product, which is made where it is not there."""
        known = self.crm.store.find("Product2", ProductCode=product)
        fields = {"Name": product, "ProductCode": product, "Family": "Services"}
        made = known[0] if known else org.create(self.crm, org.kind_of("Product2"), fields)
        return {"Product2Id": made["Id"], "Quantity": quantity, "UnitPrice": Decimal(price), **more}

    def rewrite(self, quote: str, *lines: Line, **fields: Any) -> str:
        """The quote with other lines and fields."""
        for each in self.crm.store.find("QuoteLineItem", QuoteId=quote, IsDeleted=False):
            org.delete(self.crm, org.kind_of("QuoteLineItem"), each["Id"])
        self.crm.store.update("Quote", quote, {"GrandTotal": Decimal(0)})
        for place, line in enumerate(lines, 1):
            org.create(self.crm, org.kind_of("QuoteLineItem"), {"QuoteId": quote, "SortOrder": place, **line})
        return self.edit(quote, **fields) if fields else quote

    def edit(self, quote: str, **fields: Any) -> str:
        """The quote, saved with other fields, a second later."""
        self.crm.store.set_setting("_clock_ahead", self.crm.store.setting("_clock_ahead", 0) + 1)
        org.update(self.crm, org.kind_of("Quote"), quote, fields)
        return quote

    def revise(self, code: str, *lines: Line, **more: Any) -> str:
        """Another revision of a deal's quote, accepted and signed unless it says otherwise."""
        first = self.crm.store.get("Quote", self.quote(code)) or {}
        kept = ("OpportunityId", "Name", "Status", "ExpirationDate", "CurrencyIsoCode", "Signed_On__c")
        fields = {name: first[name] for name in kept} | {"Status": "Accepted", "Revision__c": 2} | more
        made = str(org.create(self.crm, org.kind_of("Quote"), fields)["Id"])
        return self.rewrite(made, *(lines or [self.line("SVC-ENGINEER", 100, 150)]))

    async def start(self, quote: str) -> QuoteRun:
        with use(fresh(caller=PRIYA)):
            return await self.runs.start_run(StartQuoteRun(quote=QuoteReference(id=quote)))

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

    async def order(self, run_id: str) -> SalesOrder:
        """What stands in the ERP under a run."""
        found: SalesOrder = await self.firm.adapters[self.erp].order_by_key(run_id)
        return found

    def orders(self) -> list[Line]:
        """Every order of the ERP."""
        return self.firm.records("netsuite", "salesOrder")

    def item(self, code: str, **fields: Any) -> None:
        """Edit an item in the ERP."""
        (item,) = self.firm.boxes["netsuite"].store.find("serviceSaleItem", itemId=code)
        self.firm.boxes["netsuite"].store.update("serviceSaleItem", item["id"], fields)

    def bill(self, order_id: str) -> None:
        """Bill one hour of an order's first line."""
        box = self.firm.boxes["netsuite"]
        (first, *rest) = (box.store.get("salesOrder", order_id) or {})["item"]["items"]
        box.store.update("salesOrder", order_id, {"item": {"items": [first | {"quantityBilled": 1}, *rest]}})


def rules(found: QuoteRunDetail) -> list[str]:
    """The guards that refused a run."""
    return [error.rule for error in found.run.problem.errors] if found.run.problem else []
