"""Version 1 of opportunity to project, carried by version 2: requests are said in its words, answers said back in v1's.

    v1 request -> v2 request -> the workflow -> v2 answer -> v1 answer

There is one workflow; this module holds words only. It goes when v1 is retired.
"""

from canonical.ports import Page
from canonical.ports.deal_runs import DealReference, DealRun, DealRuns, RunProblem, StartRun
from canonical.ports.processes import OpportunityToProjects, Run, RunDetail, RunStatus, StartOpportunityToProject
from foundation.api import Api
from process_apis import ProcessApi
from process_apis.opportunity_to_project.workflow import NAME
from process_apis.opportunity_to_project.workflow import PROCESS_API as CURRENT


class Version1:
    """The operations of v1, asked of `current`."""

    def __init__(self, current: DealRuns) -> None:
        self._current = current

    async def start_run(self, data: StartOpportunityToProject) -> Run:
        """The deal is one of the firm's own CRM: v1 knew no other."""
        return told(await self._current.start_run(started(data)))

    async def run(self, run_id: str) -> RunDetail:
        """One run with its steps."""
        found = await self._current.run(run_id)
        return RunDetail(run=told(found.run), steps=found.steps, agreement=found.agreement)

    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[Run]:
        """Runs, newest first."""
        found = await self._current.runs(key, status, limit, cursor)
        return Page(items=[told(run) for run in found.items], next=found.next)

    async def retry_run(self, run_id: str) -> Run:
        """Run again from the failed step."""
        return told(await self._current.retry_run(run_id))

    async def cancel_run(self, run_id: str) -> Run:
        """Stop and undo."""
        return told(await self._current.cancel_run(run_id))


def started(data: StartOpportunityToProject) -> StartRun:
    """A v1 request in the words of v2."""
    return StartRun(opportunity=DealReference(id=data.opportunity_id))


def told(run: DealRun) -> Run:
    """A v2 answer in the words of v1."""
    problem = run.problem or RunProblem(reason="")
    return Run(
        id=run.id,
        workflow=NAME,
        business_key=f"{run.deal.system}:{run.deal.id}",
        generation=run.deal.winning,
        status=run.status,
        title=run.deal.name,
        customer=run.deal.customer,
        legal_entity=run.deal.legal_entity,
        amount=run.deal.value,
        project_code=run.project_code,
        step=run.progress.step,
        steps_in_all=run.progress.of,
        started_at=run.started_at,
        ended_at=run.ended_at,
        verified=run.verified,
        reason=problem.reason,
        detail=problem.detail,
        errors=problem.errors,
        ids=run.records,
        takeovers=run.progress.takeovers,
    )


PROCESS_API = ProcessApi(
    api=Api(
        name=CURRENT.api.name,
        layer="process",
        title=CURRENT.api.title,
        description=CURRENT.api.description,
        ports=(OpportunityToProjects,),
        major=1,
    ),
    implement=lambda platform: Version1(CURRENT.implement(platform)),
)
