"""How far the poll has read: a stamp to begin at, and inside a backlog the version number of the last row read.

Version numbers are the database's own count of writes: one stands once, so a page goes on strictly after one. But
they are given when a write begins, and a transaction that took long shows up late with an early number. So once there
is no more, the next poll begins a while before the last stamp, at whatever version.

What was deleted has neither. Where its table tracks changes, the mark holds the token of a delta link as well: by it
the deletions are told. Where they are more than a page, the token stays, and the mark says the last id that was told
and which token comes next.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, Self, TypeVar
from urllib.parse import quote, unquote

import msgspec

from canonical.faults import FieldError, Invalid

OVERLAP: Final = timedelta(minutes=10)
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_WORD: Final = r"[\w.%-]{1,500}"
_TEXT: Final = re.compile(
    rf"^(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ)~(\d{{0,19}})(?:~({_WORD})(?:~({_WORD})~([0-9a-f-]{{36}}))?)?$", re.ASCII
)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Stamped(Protocol):
    """A row as a poll sees it."""

    @property
    def versionnumber(self) -> int:
        """The database's count of writes at its last one."""

    @property
    def modifiedon(self) -> datetime:
        """When that was."""


S = TypeVar("S", bound=Stamped)


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """A position in the rows of a table ordered by version, and in its deletions."""

    stamp: datetime = _START
    number: int = 0
    token: str = ""
    """What the table's delta link ends with; empty where its changes are not tracked."""
    later: str = ""
    """The token that takes its place once all its deletions are told."""
    told: str = ""
    """The last of them that was told, in the order of ids."""

    @classmethod
    def read(cls, text: str) -> Self:
        """From its text; empty is the beginning. `Invalid` when it is none of ours."""
        if not text:
            return cls()
        known = _TEXT.match(text)
        try:
            if known:
                stamp = datetime.strptime(known[1], _FORMAT).replace(tzinfo=UTC)
                token, later = unquote(known[3] or ""), unquote(known[4] or "")
                return cls(stamp=stamp, number=int(known[2] or 0), token=token, later=later, told=known[5] or "")
        except ValueError:
            pass  # the shape of a date, but no date
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])

    def text(self) -> str:
        """As the caller keeps it."""
        parts = [self._from(), str(self.number or ""), *(_quoted(each) for each in (self.token, self.later) if each)]
        return "~".join([*parts, self.told] if self.told else parts)

    def condition(self) -> str:
        """What a row must satisfy to come after this mark, for `$filter`."""
        stamp = f"modifiedon ge {self._from()}"
        return f"{stamp} and versionnumber gt {self.number}" if self.number else stamp

    def after(self, newest: datetime, number: int, *, more: bool) -> Self:
        """The mark after a page that ended with this version; `newest` is the latest stamp on it."""
        if more:
            return msgspec.structs.replace(self, number=number)
        return msgspec.structs.replace(self, stamp=max(self.stamp, newest - OVERLAP), number=0)

    def read_on(self, rows: Sequence[S], limit: int) -> tuple[list[S], Self, bool]:
        """The first `limit` of rows asked for after this mark, the mark after them, and whether there are more.

        One more than `limit` has to have been asked for, since a full page may be the last.
        """
        found, more = list(rows[:limit]), len(rows) > limit
        if not found:
            return found, self, more
        return found, self.after(max(row.modifiedon for row in found), found[-1].versionnumber, more=more), more

    def tracked(self, token: str) -> Self:
        """The mark with a token from which on deletions are told."""
        return msgspec.structs.replace(self, token=token, later="", told="")

    def deletions(self, ids: Collection[str], following: str, room: int) -> tuple[list[str], Self]:
        """Of the deletions since the token, those to be told now, at most `room`, and the mark after them.

        `following` is the token that came with them. Where they are told in parts, the one that came with the first
        part is kept: what is deleted between two parts is told after the last.
        """
        left = sorted(each for each in ids if each > self.told)
        later = self.later or following
        if len(left) > room:
            return left[:room], msgspec.structs.replace(self, later=later, told=left[room - 1])
        return left, self.tracked(later)

    def _from(self) -> str:
        return self.stamp.astimezone(UTC).strftime(_FORMAT)


def _quoted(token: str) -> str:
    return quote(token, safe="").replace("~", "%7E")
