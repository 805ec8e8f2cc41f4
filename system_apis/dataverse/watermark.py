"""How far the poll has read: a stamp to begin at, and inside a backlog the version number of the last deal read.

Version numbers are the database's own count of writes: one stands once, so a page goes on strictly after one. But
they are given when a write begins, and a transaction that took long shows up late with an early number. So once there
is no more, the next poll begins a while before the last stamp, at whatever version.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec

from canonical.faults import FieldError, Invalid

OVERLAP: Final = timedelta(minutes=10)
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_TEXT: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)~(\d{0,19})$")
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """A position in the deals ordered by version."""

    stamp: datetime = _START
    number: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """From its text; empty is the beginning. `Invalid` when it is none of ours."""
        if not text:
            return cls()
        known = _TEXT.match(text)
        try:
            if known:
                stamp = datetime.strptime(known[1], _FORMAT).replace(tzinfo=UTC)
                return cls(stamp=stamp, number=int(known[2] or 0))
        except ValueError:
            pass  # the shape of a date, but no date
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])

    def text(self) -> str:
        """As the caller keeps it."""
        return f"{self._from()}~{self.number or ''}"

    def condition(self) -> str:
        """What a deal must satisfy to come after this mark, for `$filter`."""
        stamp = f"modifiedon ge {self._from()}"
        return f"{stamp} and versionnumber gt {self.number}" if self.number else stamp

    def after(self, newest: datetime, number: int, *, more: bool) -> Self:
        """The mark after a page that ended with this version; `newest` is the latest stamp on it."""
        if more:
            return type(self)(stamp=self.stamp, number=number)
        return type(self)(stamp=max(self.stamp, newest - OVERLAP))

    def _from(self) -> str:
        return self.stamp.astimezone(UTC).strftime(_FORMAT)
