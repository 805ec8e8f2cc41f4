"""What a setup was asked for and what it found, in our own store: one row a run."""

from typing import Any

import msgspec
import sqlalchemy as sa

from canonical.base import Value
from canonical.objects import ProjectSetup
from canonical.ports.setup_runs import StartSetup
from foundation.database import upsert
from process_apis.project_setup.templates import PlannedTask
from process_apis.tables import PROJECT_SETUPS, RUNS


class Change(Value, frozen=True, kw_only=True):
    """One field a run changed, in plain values."""

    was: Any
    now: Any


Before = dict[str, dict[str, Change]]
"""System to field."""


def ask(connection: sa.Connection, run_id: str, project_key: str, template: str, asked: StartSetup) -> None:
    """Write down what a run is asked for; asked anew, what it found stays."""
    request = msgspec.json.encode(asked).decode()
    upsert(
        connection,
        PROJECT_SETUPS,
        {"run_id": run_id},
        {"project_key": project_key, "template": template, "request": request},
    )


def load(connection: sa.Connection, run_id: str) -> Any:
    """A run's row."""
    return connection.execute(sa.select(PROJECT_SETUPS).where(PROJECT_SETUPS.c.run_id == run_id)).one()


def asked_of(row: Any) -> StartSetup:
    """What was asked for."""
    return msgspec.json.decode(row.request, type=StartSetup)


def plan(connection: sa.Connection, run_id: str, tasks: list[PlannedTask], found: list[str]) -> None:
    """Remember the contract lines, and the tasks that were there when the run first looked."""
    lines = msgspec.json.encode({each.task.ref: each.contract_line for each in tasks}).decode()
    values = {"lines": lines}
    if load(connection, run_id).lines == "{}":
        values["found"] = msgspec.json.encode(found).decode()
    connection.execute(sa.update(PROJECT_SETUPS).where(PROJECT_SETUPS.c.run_id == run_id).values(**values))


def earlier_lines(connection: sa.Connection, run_id: str, project_key: str) -> dict[str, str]:
    """Contract lines by task, of the setups of a project that went well; the last one decides."""
    query = (
        sa.select(PROJECT_SETUPS.c.lines)
        .join(RUNS, RUNS.c.id == PROJECT_SETUPS.c.run_id)
        .where(PROJECT_SETUPS.c.project_key == project_key, RUNS.c.status == "succeeded", RUNS.c.id != run_id)
        .order_by(RUNS.c.started_at)
    )
    found: dict[str, str] = {}
    for lines in connection.scalars(query):
        found |= msgspec.json.decode(lines, type=dict[str, str])
    return found


def remember(connection: sa.Connection, run_id: str, system: str, there: ProjectSetup, wanted: ProjectSetup) -> None:
    """Keep what the fields that `wanted` names were before this run, the first time it changes them."""
    row = load(connection, run_id)
    before, was, now = before_of(row), msgspec.to_builtins(there), msgspec.to_builtins(wanted)
    mine = before.setdefault(system, {})
    for name, value in now.items():
        if value not in (None, {}):
            mine[name] = Change(was=mine[name].was if name in mine else was[name], now=value)
    values = {"before": msgspec.json.encode(before).decode()}
    connection.execute(sa.update(PROJECT_SETUPS).where(PROJECT_SETUPS.c.run_id == run_id).values(**values))


def before_of(row: Any) -> Before:
    """What a run changed, by system and field."""
    return msgspec.json.decode(row.before, type=Before)


def made_of(row: Any) -> list[str]:
    """Tasks a run has made itself, in the order they were made."""
    found = set(msgspec.json.decode(row.found, type=list[str]))
    return [ref for ref in msgspec.json.decode(row.lines, type=dict[str, str]) if ref not in found]
