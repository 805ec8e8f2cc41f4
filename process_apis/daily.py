"""What is looked at once a day: the day of the last look is kept like a poll's watermark."""

from datetime import date

import sqlalchemy as sa

from canonical.dates import now
from foundation.database import upsert
from process_apis.platform import Platform
from process_apis.tables import WATERMARKS


async def is_due(platform: Platform, source: str, today: date) -> bool:
    """Whether this day's look is still to come."""
    asked = sa.select(WATERMARKS.c.watermark).where(WATERMARKS.c.system == source)
    return await platform.database.run(lambda c: c.scalar(asked)) != today.isoformat()


async def done(platform: Platform, source: str, today: date) -> None:
    """This day's look was taken."""
    kept = {"watermark": today.isoformat(), "polled_at": now()}
    await platform.database.run(lambda c: upsert(c, WATERMARKS, {"system": source}, kept))
