"""Whose a contract is: one contract is billed for one deal, whoever else in the CRM rests on it.

The deal whose guards pass first holds it, by a row whose key is the contract's. A deal lets go once none of its runs on
that contract goes on, waits or has ended well: refused ones have written nothing, cancelled ones are undone.
"""

from typing import Annotated, Any, Final

import sqlalchemy as sa

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import now
from foundation.database import insert_new
from process_apis.opportunity_to_project import codes
from process_apis.opportunity_to_project.codes import REGISTERED_AS
from process_apis.tables import CONTRACT_HOLDERS, RUNS

BILLING: Final = (REGISTERED_AS, "contract_sync")
"""The workflows that write a contract to the ERP: runs of these rest on it."""


class Holder(Value, frozen=True, kw_only=True):
    """The deal that a contract is billed for."""

    key: Annotated[str, PUBLIC]
    """Its business key."""
    title: Annotated[str, PUBLIC]
    project_code: Annotated[str, PUBLIC] = ""
    """Empty until a code is reserved for it."""

    def refusal(self, number: str) -> str:
        """Why the contract of this number is no other deal's."""
        project = f"which has project {self.project_code}" if self.project_code else "which has no project yet"
        return f"Contract {number} is billed for another deal already: {self.title} ({self.key}), {project}."


def other(connection: sa.Connection, contract_key: str, key: str) -> Holder | None:
    """Who else holds this contract; None where nobody does, or the deal `key` itself."""
    held_by: str | None = connection.scalar(_held_by(contract_key))
    if held_by is None or held_by == key or not _holds(connection, contract_key, held_by):
        return None
    of_it = (RUNS.c.business_key == held_by, RUNS.c.workflow.in_(BILLING))
    newest = sa.select(RUNS.c.title).where(*of_it).order_by(RUNS.c.started_at.desc()).limit(1)
    title, code = str(connection.scalar(newest) or ""), codes.code_of(connection, held_by)
    return Holder(key=held_by, title=title, project_code=code)


def take(connection: sa.Connection, contract_key: str, key: str) -> Holder | None:
    """Hold the contract for the deal `key`; who holds it instead, where somebody does.

    Of two at once the database lets one insert, or change, the row; the other reads what the first has written.
    """
    row = {"contract_key": contract_key}
    if insert_new(connection, CONTRACT_HOLDERS, row, {"business_key": key, "since": now()}):
        return None
    # Whoever takes it over meanwhile is waited for, and seen.
    connection.execute(_held_by(contract_key).with_for_update())
    found = other(connection, contract_key, key)
    if found is None:
        was = sa.and_(CONTRACT_HOLDERS.c.contract_key == contract_key, CONTRACT_HOLDERS.c.business_key != key)
        connection.execute(sa.update(CONTRACT_HOLDERS).where(was).values(business_key=key, since=now()))
    return found


def _held_by(contract_key: str) -> sa.Select[Any]:
    return sa.select(CONTRACT_HOLDERS.c.business_key).where(CONTRACT_HOLDERS.c.contract_key == contract_key)


def _holds(connection: sa.Connection, contract_key: str, key: str) -> bool:
    """Whether the deal rests on it still: a run is under way, waits for a person, has ended well, is being undone."""
    going = sa.or_(
        RUNS.c.status.in_(("running", "failed", "succeeded")),
        sa.and_(RUNS.c.status == "cancelled", RUNS.c.ended_at.is_(None)),
    )
    deal = (RUNS.c.business_key == key, RUNS.c.workflow.in_(BILLING))
    rests = sa.exists().where(*deal, RUNS.c.contract_key == contract_key, going)
    return bool(connection.scalar(sa.select(rests)))
