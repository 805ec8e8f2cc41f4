"""Lists: pages by the last id that was read, and what changed since a stamp.

A page of ours is one of the server's and begins after an id, not at an offset: what is made or deleted meanwhile shifts
nothing. There is no feed of deletions.
"""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import msgspec

from canonical.faults import Drifted
from canonical.ports import Page
from canonical.ports.lists import RecordChange
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.marks import Mark, read_on
from system_apis.oracle_fusion import framework, rest, wire
from system_apis.oracle_fusion.codes import CUSTOMER, SYSTEM
from system_apis.oracle_fusion.rest import PAGE, Rest

_NUMBER: Final = r"[0-9]{1,18}"
_NATIVE: Final = re.compile(r"[A-Za-z0-9_.-]{1,30}")


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One list."""

    path: str
    shape: type[Any]
    params: dict[str, str]
    """How its rows are read otherwise."""
    number: str
    """The attribute that counts: unique, and larger for whatever is made later."""
    native: str
    """The attribute that is the record's native id."""
    where: str = ""
    """What of the resource is listed."""


CUSTOMERS: Final = Kind(
    path=wire.ACCOUNTS,
    shape=wire.Account,
    params=wire.ACCOUNT_WITH,
    number="PartyId",
    native="PartyNumber",
    where=f"Type='{CUSTOMER}'",
)
PROJECTS: Final = Kind(
    path=wire.PROJECTS, shape=wire.Project, params=wire.PROJECT_WITH, number="ProjectId", native="ProjectId"
)


def begun(cursor: str) -> str:
    """The last id that was read, empty at the beginning; `Invalid` for no cursor of ours."""
    (last,) = place(cursor, _NUMBER)
    return last


async def page(pod: Rest, kind: Kind, last: str, limit: int) -> tuple[list[Any], str]:
    """The rows of the page after an id, and the cursor of the next."""
    asked = _asked(kind, f"{kind.number} > {last}" if last else "")
    params = asked | kind.params | {"orderBy": f"{kind.number}:asc", "limit": str(limit)}
    found: framework.Listed[Any] = await pod.get(kind.path, framework.Listed[kind.shape], params)  # type: ignore[name-defined]  # of the table
    if not found.has_more:
        return found.items, ""
    if not found.items:
        raise Drifted("a page is empty, and says that there are more", system=SYSTEM)
    return found.items, next_place(str(_said(found.items[-1], kind.number)))


async def changes(pod: Rest, kind: Kind, mark: Mark, limit: int) -> Page[RecordChange]:
    """What changed since a mark, oldest first."""
    return await read_on(mark, _in_order(_changed(pod, kind, mark.stamp)), limit)


async def _changed(pod: Rest, kind: Kind, stamp: datetime) -> AsyncIterator[RecordChange]:
    """Every change from a stamp on. Each page begins at the stamp the last one ended with: while we read, rows that
    change move to the end, and an offset over them all would pass over others. It counts only within one stamp."""
    seen, offset = set[tuple[datetime, str]](), 0
    names = ",".join(dict.fromkeys((kind.number, kind.native, "LastUpdateDate")))
    while True:
        asked = _asked(kind, f"LastUpdateDate >= '{stamp.isoformat(timespec='milliseconds')}'")
        order = {"orderBy": f"LastUpdateDate:asc,{kind.number}:asc", "limit": str(PAGE), "offset": str(offset)}
        found = await pod.get(kind.path, framework.Listed[wire.Stamped], asked | {"fields": names} | order)
        told = [_change(kind, row) for row in found.items]
        for each in told:
            if (each.changed_at, each.native_id) not in seen:
                seen.add((each.changed_at, each.native_id))
                yield each
        if not found.has_more:
            return
        if not told:
            raise Drifted("a page is empty, and says that there are more", system=SYSTEM)
        if told[-1].changed_at > stamp:
            stamp, offset = told[-1].changed_at, 0
        else:
            offset += len(told)


async def _in_order(found: AsyncIterator[RecordChange]) -> AsyncIterator[RecordChange]:
    """Within one millisecond by id, as our marks have it: the server's stamps are finer than those it shows."""
    alike: list[RecordChange] = []
    async for each in found:
        if alike and alike[0].changed_at != each.changed_at:
            for one in sorted(alike, key=lambda change: change.native_id):
                yield one
            alike = []
        alike.append(each)
    for one in sorted(alike, key=lambda change: change.native_id):
        yield one


def _asked(kind: Kind, more: str) -> dict[str, str]:
    text = " and ".join(each for each in (kind.where, more) if each)
    return {"q": text} if text else {}


def _change(kind: Kind, row: wire.Stamped) -> RecordChange:
    changed, native = row.last_update_date, _said(row, kind.native)
    if changed.tzinfo is None or not _NATIVE.fullmatch(native):
        raise Drifted("a row has no instant of its last change, or no id", system=SYSTEM)
    return RecordChange(native_id=native, version=rest.version(row), changed_at=changed, exact=True)


def _said(row: Any, attribute: str) -> str:
    """An attribute of a row by Fusion's name for it, as text."""
    names = dict(zip(row.__struct_encode_fields__, row.__struct_fields__, strict=True))
    said = getattr(row, names[attribute])
    return "" if said is None else str(said)
