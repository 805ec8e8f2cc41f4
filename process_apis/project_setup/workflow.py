"""Project setup: an activated project gets all that work on it needs, and is opened for time last.

    receive -> read -> guard -> tasks, page by page -> dimensions -> rates -> calendar -> controls -> approvers
            -> budget -> team -> documents -> kick-off -> open -> verify

Safe to run twice: the run's id is the project's and its template's version, and every step looks before it writes. A
page of the work breakdown is a checkpoint: what failed at the fourth goes on at the fourth. What a system does not keep
is said by the step that would have set it.
"""

from functools import partial
from typing import Final

import sqlalchemy as sa
from dbos import DBOS

from canonical.events import ProjectSetupFailed
from canonical.faults import Fault, GuardsFailed
from canonical.ports.setup_runs import SetupRuns
from foundation.api import Api
from process_apis import ProcessApi, cases
from process_apis.events import outbox
from process_apis.journal import StepName
from process_apis.operating import Operating, Workflow
from process_apis.platform import here
from process_apis.project_setup import kept, steps
from process_apis.project_setup.runs import OperatingSetups
from process_apis.project_setup.steps import Ready
from process_apis.project_setup.undo import undo_project_setup
from process_apis.steps import Scope, step

NAME: Final = "project_setup"
FIRST_WRITE: Final = 4
SETTLED: Final = 14
"""The step that opens the project."""
PARTS: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    5: ("dimensions", ("cost_center", "profit_center", "practice")),
    6: ("rates", ("rate_card_id",)),
    7: ("calendar", ("calendar",)),
    8: ("controls", ("approval_required",)),
    9: ("approvers", ("approvers",)),
    10: ("budget", ("budget",)),
    11: ("team", ("team",)),
    12: ("documents", ("documents",)),
}
"""Steps that set fields: number to name and fields."""
STEPS: Final = [
    StepName("receive", "Setup asked for"),
    StepName("read", "Read project, contract, rates and tasks"),
    StepName("guard", "Guards"),
    StepName("breakdown", "Work breakdown"),
    StepName("dimensions", "Cost centre, profit centre, practice"),
    StepName("rates", "Rates"),
    StepName("calendar", "Calendar"),
    StepName("controls", "Controls of time and expenses"),
    StepName("approvers", "Approvers"),
    StepName("budget", "Budget baseline"),
    StepName("team", "Security team"),
    StepName("documents", "Document site"),
    StepName("kickoff", "Kick-off checklist"),
    StepName("open", "Open for time"),
    StepName("verify", "Check that all systems are set up"),
]
cases.SUGGESTIONS[NAME] = {
    "guards_failed": ("guards", "PMO", "Mend what the guards name, then run it again, or ask for the setup anew."),
    "disagreement": ("disagreement", "PMO", "Somebody changed the project meanwhile: run it again."),
    "invalid": ("refused", "PMO", "Ask for the setup anew with values {system} knows."),
}


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def project_setup(run_id: str) -> str:
    """One run, under the workflow id `psetup:{project_code}:{template}-{version}`; answers its final status."""
    try:
        await _flow()
    except GuardsFailed as refused:
        status = await cases.end_refused(refused, FIRST_WRITE)
        await _told(run_id, refused)
        return status
    except Exception as failure:
        fault = await cases.end_failed(failure)
        await _told(run_id, fault)
        raise fault from failure
    await cases.end_succeeded()
    return "succeeded"


async def _flow() -> None:
    await step(1, "receive", _received)
    seen = await step(2, "read", steps.read)
    ready = await step(3, "guard", lambda s: steps.guard(s, seen))
    left: dict[str, int] = {}
    for page in range(1, len(ready.pages()) + 1):
        body = partial(steps.breakdown, ready=ready, number=page)
        for role, count in (await step(4, f"breakdown-{page:03d}", body, role="psa", entity=ready.entity)).items():
            left[role] = left.get(role, 0) + count
    for number, (name, fields) in PARTS.items():
        await step(number, name, partial(_part, ready=ready, fields=fields), role=_role(number), entity=ready.entity)
    await step(13, "kickoff", lambda s: steps.kick_off(s, ready), role="psa", entity=ready.entity)
    await step(SETTLED, "open", lambda s: steps.opened(s, ready), role="psa", entity=ready.entity)
    await step(15, "verify", lambda s: steps.verify(s, ready, left))


async def _received(s: Scope) -> None:
    row = await s.record(lambda c: kept.load(c, s.run_id))
    s.say(f"{kept.asked_of(row).project_code} by {row.template}")


async def _part(s: Scope, ready: Ready, fields: tuple[str, ...]) -> None:
    await (steps.budget(s, ready) if fields == ("budget",) else steps.part(s, ready, *fields))


def _role(number: int) -> str:
    """Whose system a step is mainly about."""
    return "erp" if PARTS[number][0] in ("dimensions", "documents") else "psa"


async def _told(run_id: str, fault: Fault) -> None:
    await DBOS.run_step_async({"name": "told-failed"}, _tell, run_id, fault)


async def _tell(run_id: str, fault: Fault) -> None:
    def tell(connection: sa.Connection) -> None:
        run, row = steps.run_of(connection, run_id), kept.load(connection, run_id)
        code = kept.asked_of(row).project_code
        outbox.emit(connection, run_id, ProjectSetupFailed(project_code=code, reason=fault.reason, step=str(run.step)))

    await here().database.run(tell)


WORKFLOW: Final = Workflow(
    name=NAME,
    prefix="psetup",
    steps=STEPS,
    pivot=len(STEPS) + 1,  # there is no point of no return: a setup can always be undone
    run=project_setup,
    undo=undo_project_setup,
    of_deal=False,
    ended_too=True,
    makes_project=True,
)
PROCESS_API: Final = ProcessApi(
    api=Api(
        name="project-setup",
        layer="process",
        title="Project setup",
        description="An activated project gets its tasks, rates, approvers and controls, and is opened for time.",
        ports=(SetupRuns,),
    ),
    implement=lambda platform: OperatingSetups(platform, Operating(platform, WORKFLOW), WORKFLOW),
)
