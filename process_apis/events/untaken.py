"""Deliveries that were given up, as cases: a partner who does not hear of what happened is somebody's to call.

One case a subscription, at the desk like any other, however many subjects are held up. Running it again tells all that
was given up once more, each subject in its order; it closes when nothing of the subscription is parked any more, or
when that has ended. What the partner's server answered is shown to the partner, not here.
"""

from typing import Final

import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict
from canonical.ports.processes import Run, SystemView
from process_apis import cases, own_cases
from process_apis.operating import FOLLOWED, VIEWED
from process_apis.platform import Platform
from process_apis.tables import DELIVERIES, SUBSCRIPTIONS

WORKFLOW: Final = "telling"
_AGAIN: Final = (
    "Have the subscriber mend its receiver, then run it again: what was given up is told once more, in the order of"
    " each subject. Nothing is lost meanwhile."
)
cases.SUGGESTIONS[WORKFLOW] = {"conflict": ("events_not_taken", "Partner support", _AGAIN)}


def run_id(subscription_id: str) -> str:
    """Under what a subscription stands among the runs: one row, so one case."""
    return f"telling:{subscription_id}"


def open_case(connection: sa.Connection, platform: Platform, subscription_id: str) -> None:
    """Open its case, or say how many subjects wait by now."""
    mine = sa.select(SUBSCRIPTIONS.c.client).where(SUBSCRIPTIONS.c.id == subscription_id)
    client = connection.scalar(mine)
    if client is None:  # it was ended while the last attempt was under way
        return
    subjects = sa.select(sa.func.count(sa.distinct(DELIVERIES.c.subject))).where(_parked(subscription_id))
    held_up = connection.scalar(subjects) or 0
    values = {"workflow": WORKFLOW, "business_key": subscription_id, "title": f"Events for {client}"}
    said = f"{client} has not taken events of {held_up} subjects for days; those that follow of them wait"
    own_cases.open_case(connection, platform, run_id(subscription_id), values, Conflict(said))


def close_case(connection: sa.Connection, subscription_id: str, why: str = "What was given up was taken.") -> None:
    """An open case is over, unless something is parked still: that is looked for only where there is one, since this
    is asked of everything that is told."""
    case = run_id(subscription_id)
    if own_cases.is_open(connection, case) and not connection.scalar(
        sa.select(sa.exists().where(_parked(subscription_id)))
    ):
        own_cases.close_case(connection, case, why)


def _parked(subscription_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(DELIVERIES.c.subscription_id == subscription_id, DELIVERIES.c.state == "parked")


def due_again(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Those of these deliveries that are parked are due, with all their attempts again; how many there were."""
    again = sa.update(DELIVERIES).where(which, DELIVERIES.c.state == "parked")
    return int(connection.execute(again.values(state="due", attempts=0, due_at=now())).rowcount)


async def again(platform: Platform, run: Run) -> None:
    """A person asks for all of a subscription once more."""
    mine = DELIVERIES.c.subscription_id == run.id.partition(":")[2]
    await platform.database.run(lambda c: due_again(c, mine))


async def side_by_side(_platform: Platform, _run: Run) -> list[SystemView]:
    """No system is shown: it is between us and a subscriber."""
    return []


FOLLOWED[WORKFLOW] = again
VIEWED[WORKFLOW] = side_by_side
