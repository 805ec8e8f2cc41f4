"""People and talk: demands as allocations of places for nobody, messages as posts. Pure."""

from typing import Final

import msgspec

from canonical.base import Xref
from canonical.objects import Booking, ResourceDemand
from canonical.ports.systems import Message
from foundation.vendor_values import day
from system_apis.kantata import wire
from system_apis.kantata.mapping import BETWEEN, SYSTEM, hours, minutes

DEMAND: Final = "resource demand"
"""The model our keys of demands go by."""
BOOKING: Final = "booking"
"""The model our keys of bookings go by."""
_ROLE: Final = "\n\nRole: "


def label(key: str, data: ResourceDemand) -> str:
    """What a place for nobody is called. It has nothing of its own to be known by, so its label carries our key."""
    return data.role + BETWEEN + key


def relabelled(place: wire.Resource, key: str, data: ResourceDemand) -> wire.ResourceWrite | None:
    """What calls a place by the demand's role again; None where it is so, a person has it, or people renamed it."""
    wanted, ours = label(key, data), (place.label or "").endswith(BETWEEN + key)
    return wire.ResourceWrite(label=wanted) if ours and place.user_id is None and place.label != wanted else None


def allocation(data: ResourceDemand) -> wire.AllocationWrite:
    """The hours of a demand."""
    return wire.AllocationWrite(
        start_date=data.start.isoformat(),
        end_date=data.end.isoformat(),
        minutes=minutes(data.hours),
        hard=data.commitment == "hard",
    )


def placed(
    written: wire.AllocationWrite, place: wire.Resource, reference: wire.ReferenceWrite | None
) -> wire.AllocationWrite:
    """A new allocation: of which place, and with our key unless that is there already."""
    return msgspec.structs.replace(
        written,
        workspace_id=place.workspace_id,
        resource_id=place.id,
        external_reference=reference or msgspec.UNSET,
    )


def allocation_as_written(found: wire.Allocation) -> wire.AllocationWrite:
    """An allocation in the words of a write."""
    return wire.AllocationWrite(
        start_date=found.start_date, end_date=found.end_date, minutes=found.minutes, hard=found.hard
    )


def demand(found: wire.Allocation, resource: wire.Resource) -> ResourceDemand:
    """An allocation as a demand: filled once a person has the place. One that is not ours has its label as role."""
    role, _, key = (resource.label or "").rpartition(BETWEEN)
    return ResourceDemand(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id, alt_key=key if role else "")],
        project_id=found.workspace_id,
        role=role or key,
        hours=hours(found.minutes),
        start=day(found.start_date, system=SYSTEM),
        end=day(found.end_date, system=SYSTEM),
        commitment="hard" if found.hard else "soft",
        status="filled" if resource.user_id else "open",
    )


def booked(data: Booking) -> wire.AllocationWrite:
    """The hours of a booking. Their percentage is Kantata's own reckoning: minutes are exact, and are what we say.

    What else a booking says goes into its notes, last: the role has no field of an allocation.
    """
    return wire.AllocationWrite(
        start_date=data.start.isoformat(),
        end_date=data.end.isoformat(),
        minutes=minutes(data.hours),
        hard=data.commitment == "hard",
        notes=f"{data.notes}{_ROLE}{data.role}",
    )


def booking_as_written(found: wire.Allocation) -> wire.AllocationWrite:
    """An allocation in the words of a write of a booking."""
    return msgspec.structs.replace(allocation_as_written(found), notes=found.notes or "")


def booking(found: wire.Allocation, key: str, email: str) -> Booking:
    """An allocation of a person's place as their booking."""
    notes, _, role = (found.notes or "").rpartition(_ROLE)
    return Booking(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id, alt_key=key)],
        project_id=found.workspace_id,
        resource=email,
        role=role,
        hours=hours(found.minutes),
        start=day(found.start_date, system=SYSTEM),
        end=day(found.end_date, system=SYSTEM),
        commitment="hard" if found.hard else "soft",
        notes=notes,
    )


def signed(data: Message) -> str:
    """A message with its key below, by which it is found again."""
    return f"{data.text}\n\n({data.key})"


def carries(post: wire.Post, key: str) -> bool:
    """Whether a post is the one with this key."""
    return post.message.endswith(f"\n\n({key})")
