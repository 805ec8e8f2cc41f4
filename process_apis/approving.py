"""An approver's decision on a case: written down with the case's history, and then the run goes on by itself."""

from contextlib import suppress

import sqlalchemy as sa

from canonical.faults import Conflict, Forbidden, NotFound
from canonical.ports.approvals import Approval, Approve
from canonical.ports.processes import Case
from process_apis import approvals, cases
from process_apis.operating import acting_person, retry
from process_apis.platform import Platform
from process_apis.tables import RUNS


async def approve_run(platform: Platform, case: Case, rule: str, data: Approve) -> Approval:
    """Let pass what a guard holds of a case's run, and run it again once nothing else stands in its way.

    Where the process dies in between, whoever looks for lost runs next (`mending`) has it go on.
    """
    who = acting_person()

    def decide(c: sa.Connection) -> tuple[Approval, bool]:
        return _decided(c, case, rule, data, who)

    approval, whole = await platform.database.run(decide)
    if whole and case.state == "open":
        with suppress(Conflict):  # it runs again already, or is just coming to its end: the case can be retried
            await retry(platform, case.run_id)
    return approval


def _decided(c: sa.Connection, case: Case, rule: str, data: Approve, who: str) -> tuple[Approval, bool]:
    """The approval, and whether nothing else refuses the run any more."""
    held = {each.rule for each in case.errors if each.approver}
    if rule not in held:
        raise NotFound(f"{case.id} does not wait for an approval of {rule}.")
    run = c.execute(sa.select(RUNS.c.status, RUNS.c.acted_for).where(RUNS.c.id == case.run_id)).one()
    # The first of the chain is whoever asked, as `subject@client`.
    if run.acted_for and who == run.acted_for.split()[0].rpartition("@")[0]:
        raise Forbidden(f"{who} had this run started: somebody else approves it.", policy="four_eyes")
    approval, new = approvals.approve(c, case.run_id, rule, data, who)
    if new and case.state != "open":
        raise Conflict(f"{case.id} is resolved.")
    if new:
        cases.note(c, cases.number_of(case.id), who, f"Approved {rule} until {data.until}: {data.reason}")
    return approval, approvals.approved_whole(c, case.run_id, case.errors)
