"""The operations of `Staffing`: each a decision in one transaction, then the run that tells the PSA is queued."""

from collections.abc import Callable, Coroutine
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, FieldError, GuardsFailed, Invalid, NotBound, Unsupported, VendorFault
from canonical.ports import Page
from canonical.ports.booking_approvals import ApproveException, RefuseBooking
from canonical.ports.effort import TimeEntries
from canonical.ports.staffing import (
    AskFor,
    Candidate,
    Demand,
    Move,
    Propose,
    Ripple,
    Staff,
    StaffBooking,
    StaffBookingDetail,
    StaffRules,
)
from process_apis.operating import MOST, acting_person, cursor_of, open_cursor
from process_apis.paging import pages
from process_apis.platform import Platform, acting
from process_apis.staffing import approvals, decisions, records
from process_apis.staffing.guards import APPROVERS, RULES
from process_apis.staffing.matching import candidate, ranked, unknown_skills
from process_apis.staffing.tables import STAFF_BOOKINGS, STAFF_DEMANDS

T = TypeVar("T")
_PAGE: Final = 200
"""Time entries asked for at once."""


class StaffingDesk:
    """Staffing on one platform; `tell` is the workflow that tells the PSA of a booking."""

    def __init__(self, platform: Platform, tell: Callable[..., Coroutine[Any, Any, str]]) -> None:
        self._platform, self._tell = platform, tell

    async def staff_rules(self, legal_entity: str) -> StaffRules:
        """Of one legal entity."""
        return await self._platform.database.run(lambda c: records.rules_of(c, legal_entity))

    async def set_staff_rules(self, legal_entity: str, data: StaffRules) -> StaffRules:
        """All of them at once. `Invalid` for a guard or an approver there is not."""
        wrong = [
            FieldError(
                pointer=f"/only_warn/{place}", detail=f"{rule} is no guard; there are {', '.join(sorted(RULES))}"
            )
            for place, rule in enumerate(data.only_warn)
            if rule not in RULES
        ]
        wrong += [
            FieldError(pointer=f"/approvers/{name}", detail=f"is no approver; there are {', '.join(sorted(APPROVERS))}")
            for name in data.approvers
            if name not in APPROVERS
        ]
        if len(legal_entity) > 40:
            wrong.append(FieldError(pointer="path:legal_entity", detail="is longer than 40 characters"))
        if wrong:
            raise Invalid("The rules are not as they must be.", errors=wrong)
        await self._platform.database.run(lambda c: records.put_rules(c, legal_entity, data))
        return data

    async def person(self, person_id: str) -> Staff:
        """As HR has told."""
        return await self._platform.database.run(lambda c: records.person_of(c, person_id))

    async def put_person(self, person_id: str, data: Staff) -> Ripple:
        """Written, and what holds the person judged anew."""
        today = now().date()
        return await self._platform.database.run(lambda c: decisions.judge_anew(c, person_id, data, today))

    async def ask_for_somebody(self, data: AskFor) -> Demand:
        """A new demand."""
        systems, entity = self._platform.systems, data.legal_entity
        psa = systems.name("psa", entity) if systems.plays("psa", entity) else ""

        def ask(c: sa.Connection) -> Demand:
            known = records.project_ids(c, data.project_id).get(psa, data.project_id)
            return decisions.ask(c, msgspec.structs.replace(data, project_id=known))

        return await self._platform.database.run(ask)

    async def demand(self, demand_id: str) -> Demand:
        """As it stands."""
        return await self._platform.database.run(lambda c: records.demand_of(c, demand_id))

    async def demands(self, project_id: str = "", limit: int = 50, cursor: str = "") -> Page[Demand]:
        """One page, in the order of the keys."""
        only = []
        if project_id:
            known = await self._platform.database.run(lambda c: records.project_ids(c, project_id))
            only = [STAFF_DEMANDS.c.project_id.in_({project_id, *known.values()})]
        rows, more = await self._page(STAFF_DEMANDS, only, limit, cursor)
        return Page(items=[records.shown_demand(row) for row in rows], next=more)

    async def candidates(self, demand_id: str) -> list[Candidate]:
        """Everybody, judged and weighed."""

        def read(c: sa.Connection) -> list[Candidate]:
            asked = records.demand_of(c, demand_id).asked
            people, held = records.everybody(c), records.held_by_all(c)
            rules = records.rules_of(c, asked.legal_entity)
            unknown = unknown_skills(asked, people, rules)
            if unknown:
                raise Conflict(f"Nobody has {', '.join(unknown)} under any name: say in `skill_names` what it is.")
            lenders = {entity: records.rules_of(c, entity) for entity in {p.legal_entity for p in people.values()}}
            return ranked(
                [
                    candidate(each, person, asked, held.get(each, {}), rules, lenders[person.legal_entity])
                    for each, person in people.items()
                ]
            )

        return await self._platform.database.run(read)

    async def propose(self, demand_id: str, data: Propose) -> StaffBooking:
        """A soft booking."""
        return await self._platform.database.run(lambda c: decisions.propose(c, demand_id, data))

    async def move_demand(self, demand_id: str, data: Move) -> Ripple:
        """With all its bookings."""
        acted_for, _ = _asking()
        return await self._decided(demand_id, lambda c: decisions.move(c, demand_id, data, acted_for))

    async def cancel_demand(self, demand_id: str) -> Ripple:
        """With all its bookings, but for what was worked."""
        worked, acted_for = await self._worked(demand_id)
        return await self._decided(demand_id, lambda c: decisions.cancel(c, demand_id, worked, acted_for))

    async def booking(self, booking_id: str) -> StaffBookingDetail:
        """As it stands, day by day, with what was decided."""

        def read(c: sa.Connection) -> StaffBookingDetail:
            found = records.booking_of(c, booking_id)
            booking = found.booking
            decided = records.decisions_of(c, booking.demand_id, booking.person_id)
            return msgspec.structs.replace(found, decisions=decided)

        return await self._platform.database.run(read)

    async def bookings(self, person_id: str = "", limit: int = 50, cursor: str = "") -> Page[StaffBooking]:
        """One page, in the order of the keys."""
        only = [STAFF_BOOKINGS.c.person_id == person_id] if person_id else []
        rows, more = await self._page(STAFF_BOOKINGS, only, limit, cursor)
        return Page(items=[records.shown_booking(row) for row in rows], next=more)

    async def approve_booking(self, booking_id: str) -> StaffBooking:
        """Agreed."""
        who = acting_person()
        return await self._platform.database.run(lambda c: approvals.approve(c, booking_id, who))

    async def confirm_booking(self, booking_id: str) -> StaffBooking:
        """Held, waiting, or refused with every reason."""
        acted_for, who = _asking()
        return await self._agreed(booking_id, lambda c: approvals.confirm(c, booking_id, acted_for, who))

    async def approve_exception(self, booking_id: str, data: ApproveException) -> StaffBooking:
        """Held, or waiting for what else there is."""
        acted_for, who = _asking()
        return await self._agreed(booking_id, lambda c: approvals.except_(c, booking_id, data, acted_for, who))

    async def refuse_booking(self, booking_id: str, data: RefuseBooking) -> StaffBooking:
        """Let go, and why."""
        acted_for, who = _asking()
        return await self._agreed(booking_id, lambda c: approvals.refuse(c, booking_id, data, acted_for, who))

    async def release_booking(self, booking_id: str) -> StaffBooking:
        """Let go."""
        demand_id = (await self.booking(booking_id)).booking.demand_id
        worked, acted_for = await self._worked(demand_id)
        return await self._decided(demand_id, lambda c: decisions.release(c, booking_id, worked, acted_for))

    async def again(self, booking_id: str) -> None:
        """A person has the case of a waiting booking run again: it is judged anew, for whoever asked for it."""
        try:
            await self.confirm_booking(booking_id)
        except GuardsFailed as refused:
            errors, who = refused.errors, acting_person()
            await self._platform.database.run(lambda c: approvals.against(c, self._platform, booking_id, errors, who))

    async def _agreed(self, booking_id: str, decide: Callable[[sa.Connection], StaffBooking]) -> StaffBooking:
        """What was decided of one booking, its case with it."""
        demand_id = (await self.booking(booking_id)).booking.demand_id
        return await self._decided(demand_id, decide, booking_id)

    async def _decided(self, demand_id: str, decide: Callable[[sa.Connection], T], asked: str = "") -> T:
        """What was decided of a demand, the cases of its bookings with it; then the runs that tell of it are queued."""
        _, who = _asking()

        def write(c: sa.Connection) -> T:
            done = decide(c)
            approvals.follow(c, self._platform, demand_id, who, asked)
            return done

        done = await self._platform.database.run(write)
        await self._queue(demand_id)
        return done

    async def _queue(self, demand_id: str) -> None:
        """Queue the runs of a demand's bookings: asked for twice they are the same; one forgotten is found later."""

        def waiting(c: sa.Connection) -> list[Any]:
            mine = (STAFF_BOOKINGS.c.demand_id == demand_id, STAFF_BOOKINGS.c.psa == "telling")
            return list(c.execute(sa.select(STAFF_BOOKINGS.c.id, STAFF_BOOKINGS.c.run_id).where(*mine)))

        for row in await self._platform.database.run(waiting):
            await self._platform.engine.enqueue(row.run_id, row.id, self._tell, row.id.partition(":")[2])

    async def _worked(self, demand_id: str) -> tuple[dict[str, date], str]:
        """The last day each person has posted time on, by e-mail address, as the PSA has it; and for whom we ask."""
        asked = (await self.demand(demand_id)).asked
        found: dict[str, date] = {}
        with acting() as caller:
            acted_for = " ".join(caller.acted_for)
            if not asked.project_id:
                return found, acted_for
            try:
                psa = self._platform.systems.of("psa", TimeEntries, asked.legal_entity)
                listed = partial(psa.time_entries, limit=_PAGE, project_id=asked.project_id)
                worked = [each async for page in pages(listed) for each in page]
                found = decisions.last_days(worked, asked.start, asked.end)
            except (NotBound, Unsupported):
                pass  # nobody keeps time that we could ask: what is planned is all that is known
            except VendorFault as fault:
                raise Conflict(f"What was worked cannot be read just now; try again later. {fault}") from fault
        return found, acted_for

    async def _page(self, table: sa.Table, only: list[Any], limit: int, cursor: str) -> tuple[list[Any], str]:
        most, after = max(1, min(limit, MOST)), open_cursor(cursor, tuple[str])[0] if cursor else ""
        query = sa.select(table).where(*only, table.c.id > after).order_by(table.c.id).limit(most + 1)
        rows = await self._platform.database.run(lambda c: list(c.execute(query)))
        return rows[:most], cursor_of((rows[most - 1].id,)) if len(rows) > most else ""


def _asking() -> tuple[str, str]:
    """For whom we are asked, as a run keeps it; and who that is."""
    with acting() as caller:
        return " ".join(caller.acted_for), acting_person()
