"""Cross-references: what a thing is called in each system, asked by any of its names; put right by a steward."""

from typing import Any, Final

import sqlalchemy as sa

from canonical.faults import Conflict
from canonical.ports.cross_references import (
    CrossReference,
    CrossReferenceEvent,
    CrossReferences,
    LinkRecord,
    MergeInto,
    SystemRecord,
    UnlinkRecord,
)
from foundation.api import Api
from process_apis import ProcessApi
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import By, Place
from process_apis.journal import aware
from process_apis.operating import acting_person
from process_apis.opportunity_to_project.codes import code_of
from process_apis.platform import Platform
from process_apis.tables import CANONICAL_IDS, XREFS

MOST: Final = 50
"""Things one word is answered with at the most."""


class KeepingReferences:
    """The operations of `CrossReferences`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def look_up(self, word: str, object: str = "") -> list[CrossReference]:  # noqa: A002 - the port's own name
        """Everything a word means."""

        def read(c: sa.Connection) -> list[CrossReference]:
            found = [_shown(c, each) for each in xrefs.find(c, word.strip(), object)]
            return [*found, *_projects(c, word.strip(), object)][:MOST]

        return await self._platform.database.run(read)

    async def cross_reference(self, canonical_id: str) -> CrossReference:
        """One id, or the one it was merged into."""

        def read(c: sa.Connection) -> CrossReference:
            project = next((each for each in _projects(c, canonical_id) if each.id == canonical_id), None)
            return project or _shown(c, xrefs.resolve(c, canonical_id))

        return await self._platform.database.run(read)

    async def cross_reference_history(self, canonical_id: str) -> list[CrossReferenceEvent]:
        """All that was done to it."""
        rows = await self._platform.database.run(lambda c: xrefs.history(c, xrefs.resolve(c, canonical_id)))
        return [_event(row) for row in rows]

    async def merge_into(self, canonical_id: str, data: MergeInto) -> CrossReference:
        """The records of the first are the second's."""
        by = By(acting_person(), data.why)

        def merge(c: sa.Connection) -> CrossReference:
            xrefs.merge(c, canonical_id, data.into, by)
            return _shown(c, xrefs.resolve(c, data.into))

        return await self._platform.database.run(merge)

    async def link_record(self, canonical_id: str, data: LinkRecord) -> CrossReference:
        """Whosever the record was."""
        said, by = data.record, By(acting_person(), data.why)
        if said.system not in self._platform.systems.titles:
            raise Conflict(f"No system is called {said.system!r}.")
        place = Place(system=said.system, native_id=said.native_id, instance=said.instance, alt_key=said.alt_key)

        def link(c: sa.Connection) -> CrossReference:
            owner = xrefs.resolve(c, canonical_id)
            xrefs.relink(c, owner, place, by)
            return _shown(c, owner)

        return await self._platform.database.run(link)

    async def unlink_record(self, canonical_id: str, data: UnlinkRecord) -> CrossReference:
        """Only where it is this one's."""
        by = By(acting_person(), data.why)

        def unlink(c: sa.Connection) -> CrossReference:
            owner = xrefs.resolve(c, canonical_id)
            if not any((p.system, p.native_id) == (data.system, data.native_id) for p in _places(c, owner)):
                raise Conflict(f"{data.system} {data.native_id} is not linked to {owner}.")
            xrefs.unlink(c, _kind(c, owner), data.system, data.native_id, by)
            return _shown(c, owner)

        return await self._platform.database.run(unlink)


def _shown(c: sa.Connection, canonical_id: str) -> CrossReference:
    records = [
        SystemRecord(system=p.system, native_id=p.native_id, instance=p.instance, alt_key=p.alt_key)
        for p in _places(c, canonical_id)
    ]
    merged = xrefs.merged_into(c, canonical_id)
    return CrossReference(id=canonical_id, object=_kind(c, canonical_id), records=records, merged=merged)


def _projects(c: sa.Connection, word: str, kind: str = "") -> list[CrossReference]:
    """Projects, known by their code, by the key they have in every system, or by a native id."""
    if kind not in ("", "project"):
        return []
    named = sa.or_(XREFS.c.key == word, XREFS.c.native_id == word, XREFS.c.alt_key == word)
    keys = c.scalars(sa.select(XREFS.c.key).where(XREFS.c.object == "project", named).distinct().limit(MOST))
    found = []
    for key in sorted(keys):
        mine = sa.select(XREFS).where(XREFS.c.object == "project", XREFS.c.key == key).order_by(XREFS.c.system)
        records = [SystemRecord(system=each.system, native_id=each.native_id, alt_key=key) for each in c.execute(mine)]
        if code := code_of(c, key):
            found.append(CrossReference(id=code, object="project", records=records))
    return found


def _places(c: sa.Connection, canonical_id: str) -> list[Place]:
    return xrefs.places_of(c, [canonical_id])[canonical_id]


def _kind(c: sa.Connection, canonical_id: str) -> str:
    return str(c.scalar(sa.select(CANONICAL_IDS.c.object).where(CANONICAL_IDS.c.id == canonical_id)))


def _event(row: Any) -> CrossReferenceEvent:
    return CrossReferenceEvent(
        id=row.canonical_id,
        at=aware(row.at),
        who=row.who,
        did=row.did,
        system=row.system,
        native_id=row.native_id,
        other_id=row.other_id,
        why=row.why,
    )


PROCESS_API: Final = ProcessApi(
    api=Api(
        name="cross-references",
        layer="process",
        title="Cross-references",
        description="What a customer is called in each system, found by any of its names; and how that came about.",
        ports=(CrossReferences,),
    ),
    implement=KeepingReferences,
)
