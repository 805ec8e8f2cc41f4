"""ServiceNow <-> canonical. Pure."""

from collections.abc import Mapping
from datetime import UTC
from typing import Final, Literal

from canonical.base import Source, Xref
from canonical.lengths import cut
from canonical.objects import Ticket, TicketStatus
from foundation.vendor_values import instant, meaning
from system_apis.servicenow import wire

SYSTEM: Final = "servicenow"
PLATFORM: Final = "Tiergate"
SUMMARY_LENGTH: Final = 160
DESCRIPTION_LENGTH: Final = 4000
CLOSE_CODE: Final = "Solution provided"
"""Resolving an incident needs a code of the instance's own list; this one is on the list it comes with."""

_STATUS: Final[Mapping[str, TicketStatus]] = {
    "1": "new",
    "2": "in_progress",
    "3": "on_hold",
    "6": "resolved",
    "7": "closed",
    "8": "cancelled",
}
_STATE: Final = {status: state for state, status in _STATUS.items()}
_URGENCY: Final[Mapping[str, Literal["high", "medium", "low"]]] = {"1": "high", "2": "medium", "3": "low"}
_URGENCY_CODE: Final = {urgency: code for code, urgency in _URGENCY.items()}
_ENDED: Final = frozenset({"resolved", "closed"})


def ticket(found: wire.Incident) -> Ticket:
    """An incident as a canonical ticket. `Drifted` for a state or an urgency we have no word for."""
    status = meaning(_STATUS, found.state, "incident.state", system=SYSTEM, record=found.number)
    urgency = meaning(_URGENCY, found.urgency, "incident.urgency", system=SYSTEM, record=found.number)
    stamp = instant(found.sys_updated_on, system=SYSTEM).replace(tzinfo=UTC) if found.sys_updated_on else None
    return Ticket(
        id=found.sys_id,
        xrefs=[Xref(system=SYSTEM, native_id=found.sys_id, alt_key=found.correlation_id)],
        source=Source(system=SYSTEM, native_version=found.sys_mod_count, updated_at=stamp),
        number=found.number,
        correlation=found.correlation_id,
        summary=found.short_description,
        description=found.description,
        urgency=urgency,
        status=status,
        close_notes=found.close_notes,
    )


def opened(key: str, data: Ticket) -> wire.IncidentChanges:
    """What opens an incident under our key. Impact is left to the desk, and with it the priority."""
    return wire.IncidentChanges(
        correlation_id=key,
        correlation_display=PLATFORM,
        short_description=_cut(data.summary, SUMMARY_LENGTH),
        description=_cut(data.description, DESCRIPTION_LENGTH),
        urgency=_URGENCY_CODE[data.urgency],
        state=_STATE[data.status],
        **_closing(data),
    )


def changed(found: wire.Incident, data: Ticket) -> wire.IncidentChanges | None:
    """What brings an incident up to date; None when it is.

    A ticket of ours that is `new` only says that we have nothing to add: it never takes back what the desk has done.
    """
    wanted = {
        "short_description": _cut(data.summary, SUMMARY_LENGTH),
        "description": _cut(data.description, DESCRIPTION_LENGTH),
        "urgency": _URGENCY_CODE[data.urgency],
        "close_notes": data.close_notes or found.close_notes,
    }
    if data.status != "new":
        wanted["state"] = _STATE[data.status]
    differing = {name: value for name, value in wanted.items() if value != getattr(found, name)}
    if "state" in differing:
        differing |= _closing(data)
    return wire.IncidentChanges(**differing) if differing else None


def _closing(data: Ticket) -> dict[str, str]:
    """What a resolved or closed incident must carry besides its state."""
    if data.status not in _ENDED:
        return {}
    return {"close_code": CLOSE_CODE, "close_notes": data.close_notes or "Resolved in Tiergate."}


def _cut(text: str, length: int) -> str:
    """A longer text would be cut by ServiceNow without a word, and never again compare equal."""
    return cut(text, length, "…")
