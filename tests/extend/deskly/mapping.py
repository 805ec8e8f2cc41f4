"""Deskly <-> canonical. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.lengths import cut
from canonical.objects import Ticket, TicketStatus
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
    """An issue as a ticket; `Drifted` for a state we have no word for."""
    if found.state not in STATES:
        raise Drifted(f"issue {found.id} has the unknown state {found.state!r}", system=SYSTEM)
    return Ticket(
        id=str(found.id),
        xrefs=[Xref(system=SYSTEM, native_id=str(found.id), alt_key=found.ref)],
        source=Source(system=SYSTEM, native_version=str(found.revision)),
        number=f"DK-{found.id}",
        correlation=found.ref,
        summary=found.title,
        description=found.text,
        urgency=_LEVELS[found.level],
        status=STATES[found.state],
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
