"""Project setup, undone, before its end or after.

    closed for time -> documents, team, budget, approvers, controls, calendar, rates, dimensions put back -> tasks

Tasks go only where nobody has entered time on them; a field that somebody changed since is left as it is. The budget is
never what it was: it is what the contract comes to by then.
"""

from functools import partial
from typing import Annotated

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import NotBound, NotFound, Unsupported
from canonical.money import Money
from canonical.objects import ProjectSetup
from canonical.ports.setups import TASKS, ProjectSetups, TaskRefs, WorkBreakdowns
from canonical.ports.systems import Projects
from process_apis import cases
from process_apis.platform import here
from process_apis.project_setup import kept, steps
from process_apis.steps import Scope, at_rest, undo_step
from process_apis.tables import RUNS


class Undoing(Value, frozen=True, kw_only=True):
    """What is to be undone."""

    run_id: Annotated[str, PUBLIC]
    key: Annotated[str, PUBLIC]
    entity: Annotated[str, PUBLIC]
    contract_key: Annotated[str, PUBLIC] = ""
    before: kept.Before
    tasks: Annotated[list[str], PUBLIC]


@DBOS.workflow(name="project_setup.undo.v1", max_recovery_attempts=1000)
async def undo_project_setup(run_id: str) -> str:
    """Undo a cancelled run. What cannot be undone makes it a failed one, with a case; it may be undone again."""
    return await cases.end_undone(run_id, _undo(run_id))


async def _undo(run_id: str) -> None:
    from process_apis.project_setup.workflow import PARTS, SETTLED  # it registers this one

    this = await DBOS.run_step_async({"name": "undo-00-prepare"}, _prepare, run_id)
    await undo_step(run_id, SETTLED, "open", lambda s: _closed(s, this))
    for number, (name, fields) in reversed(PARTS.items()):
        await undo_step(run_id, number, name, partial(_put_back, this=this, fields=fields))
    await undo_step(run_id, 4, "breakdown", lambda s: _tasks(s, this))


async def _prepare(run_id: str) -> Undoing:
    await at_rest(run_id)

    def load(connection: sa.Connection) -> Undoing:
        run = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
        row = kept.load(connection, run_id)
        return Undoing(
            run_id=run_id,
            key=row.project_key,
            entity=run.legal_entity,
            contract_key=run.contract_key,
            before=kept.before_of(row),
            tasks=kept.made_of(row),
        )

    return await here().database.run(load)


async def _closed(s: Scope, this: Undoing) -> None:
    """No more time and no more expenses, whatever was so before."""
    said = []
    for role, native, there in await _places(s, this):
        shut = ProjectSetup(
            open_for_time=False if there.open_for_time else None,
            open_for_expenses=False if there.open_for_expenses else None,
        )
        if shut != ProjectSetup():
            await _write(s, this, role, native, shut)
            said.append(f"closed in {s.platform.systems.title(s.platform.systems.name(role, this.entity))}")
    s.say("; ".join(said) or "nothing to undo")


async def _put_back(s: Scope, this: Undoing, fields: tuple[str, ...]) -> None:
    said = []
    worth = await _worth(s, this) if "budget" in fields else None
    for role, native, there in await _places(s, this):
        system, now = s.platform.systems.name(role, this.entity), msgspec.to_builtins(there)
        mine = {name: each for name, each in this.before.get(system, {}).items() if name in fields}
        ours = {name: each.was for name, each in mine.items() if now[name] == each.now and each.was is not None}
        if worth is not None and "budget" in ours:
            ours["budget"] = msgspec.to_builtins(worth)
        if ours and any(now[name] != value for name, value in ours.items()):
            await _write(s, this, role, native, msgspec.convert(ours, ProjectSetup))
            said.append(f"{', '.join(ours)} put back in {s.platform.systems.title(system)}")
        if others := [name for name, each in mine.items() if now[name] not in (each.now, each.was)]:
            said.append(f"{', '.join(others)} changed since in {s.platform.systems.title(system)}: left as it is")
    s.say("; ".join(said) or "nothing to undo")


async def _worth(s: Scope, this: Undoing) -> Money | None:
    """What the project's contract comes to at this moment; None where nobody says."""
    contract = await steps.billed_by(s, this.contract_key, this.entity)
    return contract.value if contract else None


async def _tasks(s: Scope, this: Undoing) -> None:
    """Children first, a page at a time."""
    refs, said = list(reversed(this.tasks)), []
    for role, native, _ in await _places(s, this):
        removed = stayed = 0
        try:
            for first in range(0, len(refs), TASKS):
                page = TaskRefs(refs=refs[first : first + TASKS])
                tasks = s.ask(role, WorkBreakdowns, this.entity)
                done = await s.settle(partial(tasks.remove_tasks, native, page))
                removed, stayed = removed + len(done.removed), stayed + len(done.kept)
        except (NotBound, Unsupported):
            continue
        said.append(f"{removed} tasks deleted, {stayed} stay since time was entered on them")
    s.say("; ".join(said) or "nothing to undo")


async def _places(s: Scope, this: Undoing) -> list[tuple[str, str, ProjectSetup]]:
    found = []
    for role in ("psa", "erp"):
        try:
            native = (await s.ask(role, Projects, this.entity).project_by_key(this.key)).id
            found.append((role, native, await s.ask(role, ProjectSetups, this.entity).project_setup(native)))
        except (NotBound, NotFound, Unsupported):
            continue
    return found


async def _write(s: Scope, this: Undoing, role: str, native: str, data: ProjectSetup) -> None:
    setups = s.ask(role, ProjectSetups, this.entity)
    await s.settle(lambda: setups.set_project_setup(native, data), lambda: setups.project_setup(native))
