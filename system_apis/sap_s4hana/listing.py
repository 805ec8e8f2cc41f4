"""What is asked to list customers and projects, and to find what changed of them.

A page begins after a key, so that nothing is missed when something is deleted; SAP's own next links, which not every
service has, are not needed then. Business partners tell the day of their last change, and no instant to filter by.
Projects tell one, finer than its JSON shows: what was read already at the last millisecond is named in the mark.
"""

from datetime import UTC, datetime
from typing import Final

from canonical.faults import Drifted
from canonical.ports import Page
from canonical.ports.lists import RecordChange
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.marks import Mark
from system_apis.sap_s4hana import changed_wire, partner_wire, people_wire, wire
from system_apis.sap_s4hana.odata import SYSTEM, literal, moment

CUSTOMERS: Final = "Customer ne ''"
PEOPLE: Final = "BusinessPartnerCategory eq '1'"
_PROJECT: Final = r"[\w./-]{1,24}"


def partners_after(cursor: str, limit: int, of: str) -> dict[str, str]:
    """The query for a page of business partners `of` a kind; one more than `limit`, to know of more."""
    (last,) = place(cursor, r"\d{1,10}")
    condition = f"{of} and BusinessPartner gt {literal(last)}" if last else of
    return {"$filter": condition, "$orderby": "BusinessPartner", "$top": str(limit + 1)}


def partners_next(found: wire.Listed[partner_wire.Partner] | wire.Listed[people_wire.Person], limit: int) -> str:
    """The cursor behind such a page."""
    here = found.results[:limit]
    return next_place(here[-1].business_partner) if here and (len(found.results) > limit or found.next) else ""


def projects_after(cursor: str, limit: int) -> dict[str, str]:
    """The query for a page of projects."""
    (last,) = place(cursor, _PROJECT)
    after = {"$filter": f"Project gt {literal(last)}"} if last else {}
    return after | {"$orderby": "Project", "$top": str(limit + 1)}


def projects_next(found: wire.Listed[wire.Project], limit: int) -> str:
    """The cursor behind such a page."""
    here = found.results[:limit]
    return next_place(here[-1].project) if here and (len(found.results) > limit or found.next) else ""


def partners_since(mark: Mark, limit: int, of: str) -> dict[str, str]:
    """The query for the partners that changed on the day of the mark or later; inside a backlog, after its partner."""
    day = f"datetime'{mark.stamp:%Y-%m-%d}T00:00:00'"
    condition = f"LastChangeDate ge {day}"
    if mark.native_id:
        after = f"BusinessPartner gt {literal(mark.native_id)}"
        condition = f"(LastChangeDate gt {day} or (LastChangeDate eq {day} and {after}))"
    return {
        "$filter": f"{of} and {condition}",
        "$orderby": "LastChangeDate,BusinessPartner",
        "$top": str(limit),
        "$select": "BusinessPartner,LastChangeDate",
    }


def partners_changed(mark: Mark, found: wire.Listed[changed_wire.Partner], limit: int) -> Page[RecordChange]:
    """What such a query found, and the mark behind it."""
    items = [_change(row.business_partner, row.metadata, row.last_change_date) for row in found.results]
    more = bool(found.next) or len(items) >= limit
    return Page(items=items, next=mark.after(items[-1] if items else None, more=more).text())


def projects_since(mark: Mark, limit: int) -> dict[str, str]:
    """The query for the projects that changed at the millisecond of the mark or later."""
    stamp = mark.stamp.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "$filter": f"LastChangeDateTime ge datetimeoffset'{stamp}'",
        "$orderby": "LastChangeDateTime",
        "$top": str(limit + len(_seen(mark)) + 1),
        "$select": "ProjectUUID,LastChangeDateTime",
    }


def projects_changed(mark: Mark, found: wire.Listed[changed_wire.Project], limit: int) -> Page[RecordChange]:
    """What such a query found that was not read already, and the mark behind it."""
    seen = _seen(mark)
    rows = [_change(row.project_uuid, row.metadata, row.last_change_date_time) for row in found.results]
    fresh = [row for row in rows if row.changed_at != mark.stamp or row.native_id not in seen]
    items = fresh[:limit]
    if not items or (len(fresh) <= limit and not found.next):
        return Page(items=items, next=mark.after(items[-1] if items else None, more=False).text())
    last = items[-1].changed_at
    named = [row.native_id for row in items if row.changed_at == last]
    if last == mark.stamp:
        named += sorted(seen)
    return Page(items=items, next=Mark(stamp=last, native_id=".".join(named)).text())


def _seen(mark: Mark) -> set[str]:
    return set(filter(None, mark.native_id.split(".")))


def _change(native_id: str, metadata: wire.Metadata, changed: str | None) -> RecordChange:
    at: datetime | None = moment(changed)
    if at is None:
        raise Drifted("a record does not say when it was changed", system=SYSTEM)
    return RecordChange(native_id=native_id, version=metadata.etag, changed_at=at)
