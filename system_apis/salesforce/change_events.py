"""Change Data Capture: what the org says of every save, as an Apex change event trigger passes it on.

An event is thin for us, whatever it holds: the reader reads the record again. So an event of a gap, which lacks the
fields, tells as much as any other once the record's stamp was asked for; and one of an overflow tells that the poll has
to find what it does not name.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from canonical.faults import FieldError, Invalid
from canonical.ports.systems import Change
from system_apis.salesforce import wire
from system_apis.salesforce.mapping import SYSTEM, stamp

TYPE: Final = "change.event"
"""What a delivery says it is that holds one."""
OBJECTS: Final[Mapping[str, Literal["opportunity", "customer", "contact", "lead", "contract"]]] = {
    "Opportunity": "opportunity",
    "Account": "customer",
    "Contact": "contact",
    "Lead": "lead",
    "Contract": "contract",
}
KINDS: Final = {told: kind for kind, told in OBJECTS.items()}
_NAMING: Final = frozenset(
    f"{gap}{change}" for gap in ("", "GAP_") for change in ("CREATE", "UPDATE", "DELETE", "UNDELETE")
)
_OVERFLOW: Final = "GAP_OVERFLOW"
_ANY: Final = "*"
"""Ends a record id that stands for all of an object: `001*`."""
_ID_LENGTH: Final = 18


def changes(event: wire.ChangeEvent, message_id: str) -> list[Change]:
    """The records an event names; none where it says only that there were more than it could name.

    Without a version where the event has no stamp of theirs. The time of the commit is none: it may be later than the
    stamp, and what has a later version than the record itself would be read again for ever.
    `Invalid` for another object, another kind of change, or an id that is none.
    """
    header = event.payload.header
    if header.entity_name not in OBJECTS:
        raise _wrong("entityName", f"{header.entity_name[:80]!r} is none of {', '.join(OBJECTS)}")
    if header.change_type not in (*_NAMING, _OVERFLOW):
        raise _wrong("changeType", f"{header.change_type[:80]!r} is no kind of change we know")
    if header.change_type == _OVERFLOW or any(each.endswith(_ANY) for each in header.record_ids):
        return []
    at, modified = _instant(header.commit_timestamp), event.payload.last_modified
    for each in header.record_ids:
        if len(each) != _ID_LENGTH or not each.isalnum() or not each.isascii():
            raise _wrong("recordIds", f"{each[:80]!r} is no id")
    return [
        Change(
            object=OBJECTS[header.entity_name],
            native_id=each,
            version=stamp(modified) if modified else "",
            changed_at=modified or at,
            notification_id=message_id,
            won=event.payload.is_won,
        )
        for each in dict.fromkeys(header.record_ids)
    ]


def _instant(milliseconds: int) -> datetime:
    """Of a commit; in whole seconds, as stamps are."""
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (ValueError, OverflowError, OSError) as none:
        raise _wrong("commitTimestamp", f"{milliseconds} is no time in milliseconds") from none


def _wrong(name: str, detail: str) -> Invalid:
    place = f"/body/data/payload/ChangeEventHeader/{name}"
    return Invalid(errors=[FieldError(detail=detail, pointer=place)], system=SYSTEM)
