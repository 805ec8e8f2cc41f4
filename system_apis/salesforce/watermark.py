"""How far the poll has read: the stamp of the last deal, and its id, since stamps have whole seconds and are shared.

Two positions, both opaque to the caller: inside a backlog the next page starts strictly after (stamp, id); once there
is no more, the next poll starts a while before the last stamp, because a commit that took long shows up late with an
early stamp.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec

from canonical.faults import FieldError, Invalid

OVERLAP: Final = timedelta(minutes=10)
_TEXT: Final = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)~([A-Za-z0-9]{0,18})$")
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """A position in the deals ordered by stamp and id."""

    stamp: datetime = _START
    record_id: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """From its text; empty is the beginning. `Invalid` when it is none of ours."""
        if not text:
            return cls()
        known = _TEXT.match(text)
        try:
            if known:
                return cls(stamp=_instant(known[1]), record_id=known[2])
        except ValueError:
            pass  # the shape of a date, but no date
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])

    def text(self) -> str:
        """As the caller keeps it."""
        return f"{_soql(self.stamp)}~{self.record_id}"

    def condition(self) -> str:
        """What a deal must satisfy to come after this mark."""
        stamp = _soql(self.stamp)
        if not self.record_id:
            return f"SystemModstamp >= {stamp}"
        return f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{self.record_id}'))"

    def after(self, stamp: datetime, record_id: str, *, more: bool) -> Self:
        """The mark after a page that ended with this deal."""
        return type(self)(stamp=stamp, record_id=record_id) if more else type(self)(stamp=stamp - OVERLAP)


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _soql(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
