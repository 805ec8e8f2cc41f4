"""Lists: pages by the last id that was read, and what changed since a stamp and an id.

Tryton's domains say "after this" themselves, so that nothing is read at an offset: what is made or deleted meanwhile
shifts nothing. A deletion leaves no trace that is told.
"""

from typing import Any, Final, TypeVar

from canonical.faults import Invalid
from canonical.objects import Credit, Customer, Project
from canonical.ports.lists import PAGE, LifecycleChange, RecordChange
from canonical.ports.operation import Page, Written
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.marks import Mark
from system_apis.tryton import mapping, people_wire, wire
from system_apis.tryton.calls import PARTY, WORK, Calls, native, refused
from system_apis.tryton.codes import CONTACT

RELATION: Final = "party.relation.all"
"""What each party is to another, from both sides."""
_NUMBER: Final = r"[1-9][0-9]{0,8}"
CLOSED_TOO: Final = ["active", "in", [True, False]]
"""Without a word about `active` those that are closed are not there."""
_PROJECTS: Final = [["type", "=", "project"]]
Row = TypeVar("Row", bound=wire.Row)


class Listing(Calls):
    """Customers, projects, and what else is listed below."""

    async def customers(self, cursor: str = "", limit: int = PAGE) -> Page[Customer]:
        """Parties by id, closed ones too. What one owes is asked company by company, and told of one customer."""
        found, following = await self._page(wire.Party, PARTY, [CLOSED_TOO], cursor, limit, others=True)
        return Page(items=[mapping.customer(each, Credit()) for each in found], next=following)

    async def customer_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Parties changed since a watermark."""
        return await self._changes(PARTY, [CLOSED_TOO], since, limit, others=True)

    async def set_customer_lifecycle(self, customer_id: str, data: LifecycleChange) -> Written:
        """Close a party, or open it again."""
        known = await self._rpc.read(wire.Party, PARTY, native(customer_id))
        active = data.lifecycle == "active"
        if bool(known.active) == active:
            return Written(id=str(known.id), created=False)
        return await self._put(PARTY, known, {"active": active}, None)

    async def projects(self, cursor: str = "", limit: int = PAGE) -> Page[Project]:
        """Projects by id."""
        found, following = await self._page(wire.Work, WORK, _PROJECTS, cursor, limit)
        return Page(items=[await self._project(each) for each in found], next=following)

    async def project_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Projects changed since a watermark."""
        return await self._changes(WORK, _PROJECTS, since, limit)

    async def _page(
        self, shape: type[Row], model: str, domain: list[Any], cursor: str, limit: int, *, others: bool = False
    ) -> tuple[list[Row], str]:
        """The records after a cursor, and the next one. `others`: a page that holds only the firm itself is passed."""
        last = int(place(cursor, _NUMBER)[0] or 0)
        while True:
            found = await self._rpc.search(shape, model, [*domain, ["id", ">", last]], most=limit)
            last = found[-1].id if found else last
            kept = await self._others(found) if others else found
            if kept or len(found) < limit:
                return kept, next_place(str(last)) if len(found) == limit else ""

    async def _changes(
        self, model: str, domain: list[Any], since: str, limit: int, *, others: bool = False
    ) -> Page[RecordChange]:
        mark = _mark(since)
        items: list[RecordChange] = []
        while True:
            wanted = [*domain, _after(mark)]
            found = await self._rpc.search(wire.Changed, model, wanted, "last_modified_at id", most=limit)
            kept = {each.id for each in (await self._others(found) if others else found)}
            last = None
            for each in found:
                last = _change(each)
                if each.id in kept:
                    items.append(last)
                if len(items) == limit:
                    return Page(items=items, next=mark.after(last, more=True).text())
            mark = mark.after(last, more=len(found) == limit)
            if len(found) < limit:
                return Page(items=items, next=mark.text())

    async def _others(self, found: list[Row]) -> list[Row]:
        """Without the firm's own companies and people, and whoever is a contact: they are parties too."""
        theirs: set[int] = set()
        for model in ("company.company", "company.employee") if found else ():
            among = [["party", "in", [each.id for each in found]]]
            theirs |= {each.party for each in await self._rpc.search(wire.Own, model, among)}
        if found:
            among = [["from_", "in", [each.id for each in found]], ["type.name", "=", CONTACT], CLOSED_TOO]
            theirs |= {each.from_ for each in await self._rpc.search(people_wire.Related, RELATION, among)}
        return [each for each in found if each.id not in theirs]


def _after(mark: Mark) -> list[Any]:
    stamp = wire.instant(mark.stamp)
    if not mark.native_id:
        return ["last_modified_at", ">=", stamp]
    alike = [["last_modified_at", "=", stamp], ["id", ">", int(mark.native_id)]]
    return ["OR", ["last_modified_at", ">", stamp], alike]


def _mark(since: str) -> Mark:
    mark = Mark.read(since)
    try:
        if mark.native_id:
            native(mark.native_id)
    except Exception as none:
        raise Invalid(errors=refused("not a watermark this API gave", "query:since").errors) from none
    return mark


def _change(found: wire.Changed) -> RecordChange:
    changed = mapping.instant(found.last_modified_at)
    return RecordChange(native_id=str(found.id), version=found.timestamp, changed_at=changed, exact=True)
