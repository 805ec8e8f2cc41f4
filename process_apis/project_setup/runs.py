"""Project setup as it is operated: `Operating` in the words of `SetupRuns`, and how a run is started."""

from typing import Any

import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, NotFound
from canonical.ports import Page
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.processes import Run, RunStatus
from canonical.ports.setup_runs import SetupRun, SetupRunDetail, StartSetup
from canonical.ports.systems import Projects
from foundation.context import current
from process_apis import journal
from process_apis.operating import Operating, Workflow, retry
from process_apis.opportunity_to_project.workflow import NAME as MADE_BY
from process_apis.platform import Platform, acting
from process_apis.project_setup import kept
from process_apis.project_setup.templates import choose
from process_apis.tables import RUNS


class OperatingSetups:
    """The operations of project setup, for `SetupRuns`."""

    def __init__(self, platform: Platform, operating: Operating, workflow: Workflow) -> None:
        self._platform, self._operating, self._workflow = platform, operating, workflow

    async def start_setup(self, data: StartSetup) -> SetupRun:
        """Start for a project, or answer with the run it has already."""
        project = await self._platform.database.run(lambda c: _project_run(c, data.project_code))
        with acting() as caller:
            template = choose(data.template, data.template_version, await self._billing(project))
        base, asked = f"{self._workflow.prefix}:{data.project_code}:{template.key}", journal.input_hash(data)
        values = {
            "workflow": self._workflow.name,
            "business_key": project.business_key,
            "input_hash": asked,
            "status": "running",
            "title": project.title,
            "customer": project.customer,
            "account_key": project.account_key,
            "contract_key": project.contract_key,
            "legal_entity": project.legal_entity,
            "amount": project.amount,
            "currency": project.currency,
            "project_code": project.project_code,
            "started_at": now(),
            "traceparent": current().traceparent,
            "acted_for": " ".join(caller.acted_for),
        }

        def begin(connection: sa.Connection) -> tuple[str, Any]:
            run_id, generation = journal.unspent(connection, base)
            if not journal.begin_run(connection, {"id": run_id, "generation": generation, **values}):
                return run_id, connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
            kept.ask(connection, run_id, project.business_key, template.key, data)
            return run_id, None

        run_id, known = await self._platform.database.run(begin)
        if known is not None and known.input_hash != asked:
            return await self._asked_anew(run_id, known, data, template.key, asked)
        await self._platform.engine.enqueue(run_id, project.business_key, self._workflow.run, run_id)
        return await self._shown(run_id)

    async def setup(self, run_id: str) -> SetupRunDetail:
        """One run with its steps."""
        found = await self._operating.run(run_id)
        return SetupRunDetail(run=shown(found.run), steps=found.steps, agreement=found.agreement)

    async def setups(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[SetupRun]:
        """Runs of this workflow, newest first."""
        found = await self._operating.runs(key, status, limit, cursor)
        return Page(items=[shown(run) for run in found.items], next=found.next)

    async def retry_setup(self, run_id: str) -> SetupRun:
        """From the failed step."""
        return shown(await self._operating.retry_run(run_id))

    async def undo_setup(self, run_id: str) -> SetupRun:
        """Stop it if it runs, and undo."""
        return shown(await self._operating.cancel_run(run_id))

    async def _asked_anew(self, run_id: str, known: Any, data: StartSetup, template: str, asked: str) -> SetupRun:
        """Another setup of the same project and template: only where the first one waits for a person."""
        if known.status not in ("refused", "failed"):
            raise Conflict(f"{data.project_code} was asked to be set up otherwise, and that run {known.status}.")

        def ask(connection: sa.Connection) -> None:
            kept.ask(connection, run_id, known.business_key, template, data)
            journal.update_run(connection, run_id, input_hash=asked)

        await self._platform.database.run(ask)
        return shown(await retry(self._platform, run_id, anew=True))

    async def _billing(self, project: Any) -> Any:
        """How the project is billed, as whoever keeps it says."""
        systems, entity = self._platform.systems, project.legal_entity
        role = "psa" if systems.plays("psa", entity) else "erp"
        return (await systems.of(role, Projects, entity).project_by_key(project.business_key)).billing_method

    async def _shown(self, run_id: str) -> SetupRun:
        return shown((await self._operating.run(run_id)).run)


def _project_run(connection: sa.Connection, code: str) -> Any:
    """The run that made a project. `NotFound` for a code we gave to none, `Conflict` while it is not active."""
    made = sa.select(RUNS).where(RUNS.c.project_code == code, RUNS.c.workflow == MADE_BY, RUNS.c.project_code != "")
    rows = list(connection.execute(made.order_by(RUNS.c.started_at.desc())))
    if not rows:
        raise NotFound(f"There is no project {code}.")
    done = next((row for row in rows if row.status == "succeeded"), None)
    if done is None:
        raise Conflict(f"{code} is not active: its run {rows[0].id} is {rows[0].status}.")
    return done


def shown(run: Run) -> SetupRun:
    """A run of the journal, as callers see it."""
    template, _, version = run.id.split(":")[2].partition("-")
    problem = RunProblem(reason=run.reason, detail=run.detail, errors=run.errors)
    return SetupRun(
        id=run.id,
        status=run.status,
        project_code=run.project_code,
        name=run.title,
        customer=run.customer,
        legal_entity=run.legal_entity,
        template=template,
        template_version=version,
        progress=Progress(step=run.step, of=run.steps_in_all, takeovers=run.takeovers),
        started_at=run.started_at,
        ended_at=run.ended_at,
        verified=run.verified,
        problem=problem if problem != RunProblem(reason="") else None,
        records=run.ids,
    )
