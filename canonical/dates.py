"""Business dates and instants.

An instant is UTC. A business date is a plain `date` that means something only in its legal entity's time zone: a deal
closed at 22:30 in Berlin on 31 October was closed in November in Bengaluru.
"""

from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its offset (RFC 3339); one without is refused, since nobody can know when it is."""


def now() -> datetime:
    """The current instant, UTC."""
    return datetime.now(UTC)


def business_date(instant: datetime, zone: str) -> date:
    """The calendar date of an instant in an entity's time zone.

    `ValueError` for a naive instant or an unknown IANA zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant carries its offset; a naive one has no business date")
    try:
        return instant.astimezone(ZoneInfo(zone)).date()
    except (ZoneInfoNotFoundError, OSError) as unknown:
        raise ValueError(f"{zone!r} is not an IANA time zone") from unknown
