"""Deliveries in quarantine, as cases: what a system sent and we cannot read is somebody's to look at, field by field.

One case a delivery, at the desk like any other. Running it again reads the delivery once more; it closes when the
delivery was read, or when somebody dismissed it. What the delivery says is never shown: it is not known what it holds.
"""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.faults import Conflict, Fault, FieldError, Invalid, NotFound
from canonical.ports.processes import Run, SystemView
from canonical.ports.systems import Changes, Delivery
from foundation.context import fresh, use
from foundation.database import NUMBERS
from process_apis import cases, own_cases
from process_apis.events import inbox
from process_apis.events.tables import QUARANTINE
from process_apis.journal import aware
from process_apis.operating import FOLLOWED, VIEWED, acting_person
from process_apis.platform import Platform, on_own_account

WORKFLOW: Final = "quarantine"
_AGAIN: Final = (
    "Have {system} send what was agreed, or its mapping updated; then run it again: it is read as of when it came in."
    " One of no use is dismissed: POST /events/v1/quarantine/NUMBER/dismiss."
)
cases.SUGGESTIONS[WORKFLOW] = {"invalid": ("schema_drift", "Platform operations", _AGAIN)}


def run_id(number: int) -> str:
    """Under what a delivery stands among the runs: one row a delivery, so one case."""
    return f"quarantine:{number}"


def open_case(connection: sa.Connection, platform: Platform, system: str, number: int, unreadable: Invalid) -> None:
    """Open its case, with each field that is not as it must be."""
    values = {
        "workflow": WORKFLOW,
        "business_key": f"{system}:delivery {number}",
        "title": f"Delivery {number} of {platform.systems.title(system)}",
    }
    fields = unreadable.errors or [FieldError(pointer="/body", detail=unreadable.detail)]
    named = "; ".join(f"{each.pointer}: {each.detail}" for each in fields)
    fault = Invalid(f"a notification cannot be read: {named}", errors=fields, system=system)
    own_cases.open_case(connection, platform, run_id(number), values, fault)


async def release(platform: Platform, number: int) -> None:
    """Read it again, as of when it came in; what it tells is in the inbox. `Conflict` where it still cannot be read."""
    row = await platform.database.run(lambda c: _waiting(c, number))
    headers = msgspec.json.decode(row.headers, type=dict[str, str])
    delivery = Delivery(headers=headers, body=row.body, received_at=aware(row.received_at))
    try:
        with use(fresh(caller=on_own_account("intake"))):
            changes = await platform.systems.ask(row.system, Changes).read_notification(delivery)
    except Fault as still:
        raise Conflict(f"Delivery {number} still cannot be read: {still}") from still

    def write(c: sa.Connection) -> None:
        _settle(c, number, "read", "The delivery was read; what it tells is worked on.")
        inbox.store(c, row.system, changes, "quarantine")

    await platform.database.run(write)
    platform.changed.set()


async def dismiss(platform: Platform, number: int, why: str) -> None:
    """Nothing shall come of it: its case is over, and the same delivery told again opens none."""
    who = acting_person()

    def write(c: sa.Connection) -> None:
        _waiting(c, number)
        _settle(c, number, "dismissed", f"Dismissed: {why}", who)

    await platform.database.run(write)


def _settle(c: sa.Connection, number: int, state: str, why: str, who: str = cases.TIERGATE) -> None:
    """`Conflict` where somebody else was quicker."""
    mine = sa.update(QUARANTINE).where(QUARANTINE.c.number == number, QUARANTINE.c.state == "waiting")
    if not c.execute(mine.values(state=state)).rowcount:
        raise Conflict(f"Delivery {number} was settled just now.")
    own_cases.close_case(c, run_id(number), why, who)


def _waiting(c: sa.Connection, number: int) -> Any:
    asked = sa.select(QUARANTINE).where(QUARANTINE.c.number == number)
    row = c.execute(asked).first() if number in NUMBERS else None
    if row is None:
        raise NotFound(f"There is no delivery {number} in quarantine.")
    if row.state != "waiting":
        raise Conflict(f"Delivery {number} was {row.state} already.")
    return row


async def again(platform: Platform, run: Run) -> None:
    """A person asks for it to be read once more."""
    await release(platform, int(run.id.partition(":")[2]))


async def side_by_side(_platform: Platform, _run: Run) -> list[SystemView]:
    """No system is shown: what could not be read names no record."""
    return []


FOLLOWED[WORKFLOW] = again
VIEWED[WORKFLOW] = side_by_side
