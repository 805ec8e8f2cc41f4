"""People and talk: requests for somebody of a role, messages on a project's page. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import UNSET, UnsetType

from canonical.base import Xref
from canonical.faults import Drifted
from canonical.lengths import cut, whole
from canonical.objects import ResourceDemand
from canonical.ports.systems import Message
from foundation.vendor_values import meaning
from system_apis.certinia import wire
from system_apis.certinia.mapping import NAME_LENGTH, SYSTEM, number

ROLE_LENGTH: Final = 255
"""Of an entry of a list."""
ASKED: Final[Mapping[Literal["soft", "hard"], str]] = {"soft": "Tentative", "hard": "Ready to Staff"}
"""What we ask with; from then on the status is the staffing desk's."""

STATUSES: Final[Mapping[str, tuple[Literal["soft", "hard"], Literal["open", "filled", "cancelled"]]]] = {
    "Draft": ("soft", "open"),
    "Open": ("soft", "open"),
    "Tentative": ("soft", "open"),
    "Hold": ("soft", "open"),
    "Ready to Staff": ("hard", "open"),
    "Assigned": ("hard", "filled"),
    "Cancelled": ("soft", "cancelled"),
}


def request(data: ResourceDemand, place: wire.Place, found: wire.Request | None) -> wire.RequestWrite:
    """A demand as a request; its status only while nobody at the staffing desk has moved it."""
    ours = found is None or found.status in ASKED.values()
    status: str | UnsetType = ASKED[data.commitment] if ours else UNSET
    return wire.RequestWrite(
        project=place.id,
        title=cut(data.role, NAME_LENGTH, "…"),
        role=whole(data.role, ROLE_LENGTH, "/role", system=SYSTEM),
        hours=data.hours,
        start=data.start,
        end=data.end,
        currency_iso_code=place.currency_iso_code,
        region=place.region,
        practice=place.practice,
        status=status,
    )


def demand(found: wire.Request) -> ResourceDemand:
    """A request as a demand: filled once it has an assignment."""
    if found.start is None or found.end is None:
        raise Drifted(f"request {found.id} has no dates", system=SYSTEM)
    commitment, status = meaning(
        STATUSES, found.status or "Draft", f"{wire.REQUEST}.pse__Status__c", system=SYSTEM, record=found.id
    )
    return ResourceDemand(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id, alt_key=found.key or "")],
        project_id=found.project or "",
        role=found.role or "",
        hours=number(found.hours),
        start=found.start,
        end=found.end,
        commitment=commitment,
        status="filled" if found.assignment else status,
    )


def signed(data: Message) -> str:
    """A message with its key below, by which it is found again: a post has no field of ours."""
    return f"{data.text}\n\n({data.key})"


def carries(post: wire.Post, key: str) -> bool:
    """Whether a post is the one with this key."""
    return (post.body or "").rstrip().endswith(f"({key})")
