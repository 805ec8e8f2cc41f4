"""Deskly <-> canonical. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from canonical.base import Source, Xref
from canonical.lengths import cut
from canonical.objects import Ticket, TicketStatus
from foundation.vendor_values import meaning
from tests.extend.deskly import wire

SYSTEM: Final = "deskly"
TITLE: Final = 40
STATES: Final[Mapping[str, TicketStatus]] = {
    "NEW": "new",
    "DOING": "in_progress",
    "WAITING": "on_hold",
    "DONE": "resolved",
    "CLOSED": "closed",
    "DROPPED": "cancelled",
}
_LEVELS: Final[Mapping[int, Literal["high", "medium", "low"]]] = {1: "high", 2: "medium", 3: "low"}


def ticket(found: wire.Issue) -> Ticket:
    """An issue as a ticket; `Drifted` for a state or level we have no word for."""
    native = str(found.id)
    return Ticket(
        id=native,
        xrefs=[Xref(system=SYSTEM, native_id=native, alt_key=found.ref)],
        source=Source(system=SYSTEM, native_version=str(found.revision)),
        number=f"DK-{found.id}",
        correlation=found.ref,
        summary=found.title,
        description=found.text,
        urgency=meaning(_LEVELS, found.level, "issue.level", system=SYSTEM, record=native),
        status=meaning(STATES, found.state, "issue.state", system=SYSTEM, record=native),
        close_notes=found.notes,
    )


def issue(data: Ticket) -> wire.IssueWrite:
    """What a write names."""
    return wire.IssueWrite(
        title=cut(data.summary, TITLE),
        text=data.description,
        level=next(level for level, urgency in _LEVELS.items() if urgency == data.urgency),
        state=next(state for state, status in STATES.items() if status == data.status),
        notes=data.close_notes,
    )
