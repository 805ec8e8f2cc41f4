"""People's places on projects: bookings as allocations of a user's own resource, each found by our key or by its shape.

A user has one place on a workspace, and it may hold several allocations. A create can be kept while its reference is
lost: an allocation of that place with the same dates and no key of ours is then the one that was made.
"""

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import Booking
from canonical.ports import Written
from system_apis.kantata import mapping, staffing, wire
from system_apis.kantata.mapping import SYSTEM
from system_apis.kantata.records import Records
from system_apis.kantata.staffing import BOOKING
from system_apis.kantata.wire import ALLOCATIONS, RESOURCES, USERS


class Places:
    """The bookings of one account."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def booking(self, key: str) -> Booking:
        """One by our key; `NotFound` without one, or when it is withdrawn."""
        held = (await self._records.references(key)).get(BOOKING)
        if held is None:
            raise NotFound(f"no allocation has the key {key}", system=SYSTEM)
        found = await self._records.get(ALLOCATIONS, held.subject_id)
        place = await self._records.get(RESOURCES, found.workspace_resource_id)
        email = (await self._records.get(USERS, place.user_id)).email_address if place.user_id else ""
        return staffing.booking(found, key, email)

    async def book(self, key: str, data: Booking) -> Written:
        """Make it exist, or withdraw it."""
        held = (await self._records.references(key)).get(BOOKING)
        found = await self._held(held)
        if data.status == "released":
            if found is not None:
                await self._records.delete(ALLOCATIONS, found.id)
            return Written(id=found.id if found else data.id, created=False)
        reference = mapping.reference(key, BOOKING)
        place = await self._place(data)
        if found is not None and found.workspace_resource_id != place.id:
            await self._records.delete(ALLOCATIONS, found.id)  # another person's by now: an allocation cannot move
            found = None
        found = found or await self._unkeyed(place, data)
        created = found is None
        if found is None:
            made = staffing.placed(staffing.booked(data), place, None if held else reference)
            found = await self._records.create(ALLOCATIONS, made)
        elif changed := mapping.changes(staffing.booking_as_written(found), staffing.booked(data)):
            found = await self._records.update(ALLOCATIONS, found.id, changed)
        if held is not None or not found.external_reference_ids:
            await self._records.refer(held, mapping.subject(reference, ALLOCATIONS, found.id))
        return Written(id=found.id, created=created)

    async def _held(self, held: wire.Reference | None) -> wire.Allocation | None:
        if held is None:
            return None
        try:
            return await self._records.get(ALLOCATIONS, held.subject_id)
        except NotFound:
            return None

    async def _place(self, data: Booking) -> wire.Resource:
        """The person's place on the project, made where there is none. `Invalid` for somebody the account lacks."""
        wanted = data.resource.casefold()
        users = [user for user in await self._records.all(USERS) if user.email_address.casefold() == wanted]
        if not users:
            raise Invalid(
                "Kantata knows no such person.",
                system=SYSTEM,
                errors=[FieldError(pointer="/resource", detail="is no user's e-mail address")],
            )
        for place in await self._records.all(RESOURCES, workspace_id=data.project_id):
            if place.user_id == users[0].id:
                return place
        made = wire.ResourceWrite(workspace_id=data.project_id, user_id=users[0].id)
        return await self._records.create(RESOURCES, made)

    async def _unkeyed(self, place: wire.Resource, data: Booking) -> wire.Allocation | None:
        """An allocation of this place and these dates that has no key: the one whose reference was lost."""
        dates = (data.start.isoformat(), data.end.isoformat())
        for each in await self._records.all(ALLOCATIONS, workspace_id=data.project_id):
            same = each.workspace_resource_id == place.id and (each.start_date, each.end_date) == dates
            if same and not each.external_reference_ids:
                return each
        return None
