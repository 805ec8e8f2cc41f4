"""People, demands, and whoever decides about them where nobody tells the PSA."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

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
from process_apis.engine import Engine
from process_apis.platform import Platform
from process_apis.staffing.desk import StaffingDesk
from process_apis.staffing.workflow import tell_psa

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
        self.desk = StaffingDesk(platform, tell_psa)

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
