"""Quote to order as it is called: a run is about one revision of one quote."""

from typing import Any

from canonical.dates import now
from canonical.faults import Conflict, NotFound
from canonical.objects import Opportunity, Quote
from canonical.ports import Page
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.orders import SalesOrders
from canonical.ports.processes import Run, RunStatus
from canonical.ports.quote_runs import OrderedQuote, QuoteRun, QuoteRunDetail, StartQuoteRun
from canonical.ports.systems import Opportunities
from foundation.context import current
from process_apis import journal
from process_apis.operating import Operating
from process_apis.opportunity_to_project.objects import order_key
from process_apis.platform import Platform, acting
from process_apis.quote_to_order.objects import version_of


class OperatingQuoteRuns:
    """The operations of quote-to-order."""

    def __init__(self, platform: Platform, operating: Operating) -> None:
        self._platform, self._operating = platform, operating

    async def start_run(self, data: StartQuoteRun) -> QuoteRun:
        """Start for a quote of the CRM this firm sells with, or answer with the run of this revision there is."""
        crm = self._operating.crm_of(data.quote.system, "/quote/system")
        with acting() as caller:
            port = self._platform.systems.ask(crm, Opportunities)
            quote = await port.quote(data.quote.id)
            if quote.status != "accepted":
                raise Conflict(f"Quote {quote.number} is {quote.status}, not accepted.")
            deal = await port.opportunity(quote.opportunity_id)
        self._operating.sold_with(crm, deal)
        return shown(await self._operating.begin(_first_row(crm, quote, deal, caller.acted_for)))

    async def run(self, run_id: str) -> QuoteRunDetail:
        """One run with its steps."""
        found = await self._operating.run(run_id)
        return QuoteRunDetail(run=shown(found.run), steps=found.steps, agreement=found.agreement)

    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[QuoteRun]:
        """Runs of this workflow, newest first."""
        found = await self._operating.runs(key, status, limit, cursor)
        return Page(items=[shown(run) for run in found.items], next=found.next)

    async def retry_run(self, run_id: str) -> QuoteRun:
        """From the failed step; from the beginning where the quote may be another by now."""
        return shown(await self._operating.retry_run(run_id))

    async def cancel_run(self, run_id: str) -> QuoteRun:
        """Cancel the order, and let the quote wait again; `Conflict` once anything is billed."""
        run = (await self._operating.run(run_id)).run
        if run.step and self._platform.systems.plays("erp", run.legal_entity):
            await self._free(run)
        return shown(await self._operating.cancel_run(run_id))

    async def _free(self, run: Run) -> None:
        """Nothing is billed of it, and no project rests on it."""
        with acting():
            try:
                orders = self._platform.systems.of("erp", SalesOrders, run.legal_entity)
                found = await orders.order_by_key(run.id)
            except NotFound:
                return
            crm, _, deal_id = run.business_key.partition(":")
            deal = await self._platform.systems.ask(crm, Opportunities).opportunity(deal_id)
        if found.status in ("open", "billed") and deal.project_code:
            raise Conflict(f"Project {deal.project_code} is billed by order {found.number}: close the project first.")
        if found.status == "billed":
            raise Conflict(f"Order {found.number} is billed already: credit it instead.")


def shown(run: Run) -> QuoteRun:
    """A run of the journal in this API's words."""
    _, system, quote_id, revision = run.id.split(":")
    problem = RunProblem(reason=run.reason, detail=run.detail, errors=run.errors)
    numbers = {each.instance: each.alt_key for each in run.ids}
    return QuoteRun(
        id=run.id,
        status=run.status,
        quote=OrderedQuote(
            system=system,
            id=quote_id,
            revision=int(revision.removeprefix("r")),
            number=numbers.get("quote", ""),
            opportunity_id=run.business_key.partition(":")[2],
            name=run.title,
            customer=run.customer,
            legal_entity=run.legal_entity,
            value=run.amount,
        ),
        progress=Progress(step=run.step, of=run.steps_in_all, takeovers=run.takeovers),
        order_number=numbers.get("order", ""),
        started_at=run.started_at,
        ended_at=run.ended_at,
        verified=run.verified,
        problem=problem if problem != RunProblem(reason="") else None,
        records=run.ids,
    )


def _first_row(crm: str, quote: Quote, deal: Opportunity, acted_for: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": order_key(crm, quote),
        "workflow": "quote_to_order",
        "business_key": f"{crm}:{deal.id}",
        "generation": quote.revision,
        "input_hash": journal.input_hash({"quote_id": quote.id, "revision": quote.revision}),
        "status": "running",
        "title": deal.name,
        "legal_entity": deal.legal_entity_id,
        "amount": str(quote.total.amount),
        "currency": quote.total.currency,
        "started_at": now(),
        "traceparent": current().traceparent,
        "acted_for": " ".join(acted_for),
        "source_version": version_of(quote),
    }
