"""How far a poll for changes has read: the stamp of the last record, and its id, since stamps are shared.

Two positions, both opaque to the caller. Inside a backlog the next page starts strictly after (stamp, id). Once there
is no more, the next poll starts a while before the last stamp, because a commit that took long shows up late with an
early stamp.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec

from canonical.faults import FieldError, Invalid
from canonical.ports import Page
from canonical.ports.lists import RecordChange

OVERLAP: Final = timedelta(minutes=10)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)~([A-Za-z0-9._-]{0,9000})")


class Mark(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A position among records ordered by stamp, then by id as the vendor orders ids."""

    stamp: datetime = _START
    native_id: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """From its text; empty is the beginning. `Invalid` when it is none of ours."""
        if not text:
            return cls()
        known = _TEXT.fullmatch(text)
        try:
            if known:
                return cls(stamp=datetime.fromisoformat(known[1]), native_id=known[2])
        except ValueError:
            pass  # the shape of a date, but no date
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])

    def text(self) -> str:
        """As the caller keeps it."""
        return f"{self.stamp.astimezone(UTC).replace(tzinfo=None).isoformat()}Z~{self.native_id}"

    def after(self, last: RecordChange | None, *, more: bool) -> Self:
        """The mark after a page that ended with `last`; `more` where it is full, since only an empty one is the end."""
        if last is None:
            return type(self)(stamp=max(_START, self.stamp - OVERLAP)) if self.native_id else self
        if more:
            return type(self)(stamp=last.changed_at, native_id=last.native_id)
        return type(self)(stamp=max(_START, last.changed_at - OVERLAP))


async def read_on(mark: Mark, found: AsyncIterator[RecordChange], limit: int) -> Page[RecordChange]:
    """A page out of what a vendor lists from a stamp on, for one that has no "after this stamp and id".

    `found` is in the order of stamp and id. What was read already at the mark's own stamp is passed over.
    """
    items: list[RecordChange] = []
    async for each in found:
        if (each.changed_at, each.native_id) <= (mark.stamp, mark.native_id):
            continue
        items.append(each)
        if len(items) == limit:
            break
    return Page(items=items, next=mark.after(items[-1] if items else None, more=len(items) == limit).text())
