"""A workflow that begins with a won deal, as its current version shows it: `Operating` in the words of `DealRuns`."""

from canonical.ports import Page
from canonical.ports.deal_runs import Deal, DealRun, DealRunDetail, Progress, RunProblem, StartRun
from canonical.ports.processes import Run, RunStatus, StartOpportunityToProject
from process_apis.operating import Operating


class OperatingDealRuns:
    """The operations of one such workflow, for `DealRuns`."""

    def __init__(self, operating: Operating) -> None:
        self._operating = operating

    async def start_run(self, data: StartRun) -> DealRun:
        """Start for a deal of a CRM this firm sells with."""
        crm = self._operating.crm_of(data.opportunity.system, "/opportunity/system")
        start = StartOpportunityToProject(opportunity_id=data.opportunity.id)
        return shown(await self._operating.start_run(start, crm))

    async def run(self, run_id: str) -> DealRunDetail:
        """One run with its steps."""
        found = await self._operating.run(run_id)
        return DealRunDetail(run=shown(found.run), steps=found.steps, agreement=found.agreement)

    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[DealRun]:
        """Runs of this workflow, newest first."""
        found = await self._operating.runs(key, status, limit, cursor)
        return Page(items=[shown(run) for run in found.items], next=found.next)

    async def retry_run(self, run_id: str) -> DealRun:
        """From the failed step; from the beginning where the deal may be another by now."""
        return shown(await self._operating.retry_run(run_id))

    async def cancel_run(self, run_id: str) -> DealRun:
        """Stop and undo, in reverse."""
        return shown(await self._operating.cancel_run(run_id))


def shown(run: Run) -> DealRun:
    """A run of the journal as version 2 has it."""
    system, _, deal_id = run.business_key.partition(":")
    problem = RunProblem(reason=run.reason, detail=run.detail, errors=run.errors)
    return DealRun(
        id=run.id,
        status=run.status,
        deal=Deal(
            system=system,
            id=deal_id,
            winning=run.generation,
            name=run.title,
            customer=run.customer,
            legal_entity=run.legal_entity,
            value=run.amount,
        ),
        progress=Progress(step=run.step, of=run.steps_in_all, takeovers=run.takeovers),
        project_code=run.project_code,
        started_at=run.started_at,
        ended_at=run.ended_at,
        verified=run.verified,
        problem=problem if problem != RunProblem(reason="") else None,
        records=run.ids,
    )
