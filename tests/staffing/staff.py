"""People, demands, and whoever decides about them where nobody tells the PSA."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from canonical.dates import now
from canonical.money import Money
from canonical.ports.staffing import (
    AskFor,
    Calendar,
    Demand,
    Effort,
    Propose,
    Skill,
    Staff,
    StaffBooking,
)
from foundation.context import Caller, fresh, use
from process_apis.engine import Engine
from process_apis.operations import Operations
from process_apis.platform import Platform
from process_apis.staffing.desk import StaffingDesk
from process_apis.staffing.workflow import tell_psa
from process_apis.tables import EVENTS

T = TypeVar("T")
DANA = "dana@acme.example"
"""Who may except what others ask for."""
KATRIN = "katrin.behrens@acme.example"
WEEK = [Decimal(8)] * 5 + [Decimal(0)] * 2
MONDAY = now().date() + timedelta(days=7 - now().date().weekday() + 28)
"""Four weeks ahead, so that no notice is due."""
FRIDAY = MONDAY + timedelta(days=4)


def somebody(**more: Any) -> Staff:
    plain = {"email": KATRIN, "name": "Katrin Behrens", "legal_entity": "ACME-DE", "grade": "senior"}
    calendar = Calendar(since=date(2020, 1, 1), weekly=WEEK)
    known = {"calendars": [calendar], "cost_rate": Money.of("60", "EUR"), "skills": [Skill(code="python", level=4)]}
    return Staff(**{**plain, **known, **more})


def wanted(**more: Any) -> AskFor:
    plain = {"task_role": "DE-27-0077-engineer", "role": "Data Engineer", "legal_entity": "ACME-DE"}
    return AskFor(**{**plain, "start": MONDAY, "end": FRIDAY, "effort": Effort(amount=Decimal(40))} | more)


class Desk:
    """Whoever staffs, where nobody tells the PSA."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.desk, self.operations = StaffingDesk(platform, tell_psa), Operations(platform)

    @contextmanager
    def as_(self, who: str) -> Iterator[None]:
        """What somebody else asks."""
        with use(fresh(caller=Caller(subject=who, client="console", layer="experience"))):
            yield

    async def run(self, work: Callable[[sa.Connection], T]) -> T:
        return await self.platform.database.run(work)

    async def ask(self, **more: Any) -> Demand:
        return await self.desk.ask_for_somebody(wanted(**more))

    async def approved(self, demand: Demand, person: str = "E1") -> StaffBooking:
        proposed = await self.desk.propose(demand.id, Propose(person_id=person))
        return await self.desk.approve_booking(proposed.id)

    async def confirmed(self, demand: Demand, person: str = "E1") -> StaffBooking:
        return await self.desk.confirm_booking((await self.approved(demand, person)).id)


class Idle(Engine):
    """Queues nothing."""

    async def enqueue(self, *_: Any) -> None:
        return


async def told(desk: Desk, booking_id: str) -> list[str]:
    """The events of a booking, oldest first."""
    query = sa.select(EVENTS.c.type).where(EVENTS.c.subject == booking_id).order_by(EVENTS.c.sequence)
    found = await desk.run(lambda c: list(c.scalars(query)))
    return [each.removeprefix("com.tiergate.").removesuffix(".v1") for each in found]
