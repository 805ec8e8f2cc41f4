"""Account sync: a customer changed in one system is brought in line in all, field by field, as ownership says.

    change -> read -> echo? -> three-way merge -> guards -> write -> read back -> snapshot

No run of the engine: each system gets one write that can be repeated, and a sync that a dead process left is done again
from what the systems say by then. What needs a person is a case. What is overwritten is kept first, so that somebody
can have it undone, which is a run (`undo`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from canonical.classes import class_of
from canonical.faults import (
    Conflict,
    Fault,
    FieldError,
    GuardsFailed,
    NotFound,
    VendorSignIn,
    VendorStale,
)
from canonical.ports import Written
from process_apis import projections
from process_apis.account_sync import overwritten
from process_apis.account_sync.guards import Proposal, Target
from process_apis.account_sync.records import Kind, Known, Missing, Outcome, Plan, Record, Where, role_of
from process_apis.cross_references.xrefs import Place, ulid
from process_apis.judging import STRICT, judged, refuse
from process_apis.merging import Contested, Merged, Side, merge, settled
from process_apis.platform import Platform
from process_apis.steps import Scope

REMERGES: Final = 3
"""How often a thing is read and merged again because a record changed meanwhile; then it is a case."""


async def read(platform: Platform, kind: Kind, place: Place) -> Record:
    """One record. `NotFound` when it is there no more."""
    role = role_of(platform.systems, place)
    if place.system in platform.paused:
        raise VendorSignIn(platform.paused[place.system], system=place.system)  # its door is closed: no knocking
    data = await kind.read(platform, place, role)
    if data.lifecycle == "deleted":
        raise NotFound(f"{place.system} {place.native_id} is deleted.", system=place.system)
    keys = [x.alt_key for x in data.xrefs if x.system == place.system and x.alt_key]
    entity = data.legal_entity_id if role == "erp" else ""
    found = Place(
        system=place.system, native_id=place.native_id, instance=entity, alt_key=keys[0] if keys else place.alt_key
    )
    said = projections.project(data, platform.ownership.of(kind.name))
    return Record(place=found, role=role, data=data, said=said)


async def synchronise(
    platform: Platform,
    kind: Kind,
    known: Known,
    changed: Sequence[Record] = (),
    *,
    anew: bool = False,
    look: bool = False,
) -> Outcome:
    """Bring one thing in line. `changed` was read just now; `anew` merges also what was seen before.

    With `look` nothing is written: the outcome says what would be.

    Raises a `VendorFault` that may pass: the change is worked on again later.
    """
    if not anew and changed and all(_seen(known, record) for record in changed):
        return Outcome(known=known, word="echo")
    at_hand, sync_id = list(changed), "" if look else f"{kind.prefix}:{known.id}:{ulid()}"
    for left in range(REMERGES - 1, -1, -1):
        try:
            return await _once(platform, kind, known, at_hand, sync_id)
        except Fault as fault:
            if isinstance(fault, VendorStale) and left:
                at_hand = []
                continue
            if isinstance(fault, VendorSignIn) or (fault.retry and not isinstance(fault, VendorStale)):
                raise  # it passes, or somebody has to let us in again: the change waits
            return Outcome(known=known, word="in_doubt", fault=fault)
    raise AssertionError("unreachable")


def _seen(known: Known, record: Record) -> bool:
    """Whether it says what it was last seen to say: our own write, or a change of a field nobody synchronises."""
    snapshot = known.snapshots.get(record.where)
    moved_away = record.data.merged_into is not None
    return not moved_away and snapshot is not None and snapshot.seen == projections.digest(record.said)


async def _once(platform: Platform, kind: Kind, known: Known, at_hand: Sequence[Record], sync_id: str) -> Outcome:
    """One merge and its writes; without the id of a sync nothing is written."""
    records, gone = await _read_all(platform, kind, known, at_hand)
    if any(record.data.merged_into for record in records):
        return Outcome(known=known, word="merged", records=records, gone=gone)
    if gone:
        return await _without(platform, kind, known, records, gone, sync_id)
    rules = kind.rules(platform.ownership, records)
    plan = await kind.plan(platform, known, records) if kind.plan else Plan()
    merged = merge(rules, [_side(known, record) for record in records if record.name not in plan.apart])
    apart = {name: fields for name, fields in plan.apart.items() if fields}
    writes: dict[str, Mapping[str, Any]] = {**merged.writes, **apart}
    differed = _differed(records, merged)
    if not sync_id:
        return _looked(kind, known, records, merged, plan, writes)
    try:
        _guard(kind, known, records, merged, writes, plan.makes)
    except GuardsFailed as refused:
        kept = _as_before(known)
        return Outcome(known=known, word="refused", records=records, fault=refused, agreed=kept, differed=differed)
    records = await _all_written(platform, kind, known, sync_id, records, writes)
    for missing in plan.makes:
        made = await missing.make()
        records.append(await read(platform, kind, made))
        writes[records[-1].name] = records[-1].said
    open_ = {each.field for each in merged.contested} | plan.unsettled
    agreed = {record.where: settled(rules, _agreed(known, record), record.said, open_) for record in records}
    fault = _contest(kind, merged.contested) if merged.contested else plan.fault
    word = "contested" if fault else "written" if writes else plan.word
    return Outcome(
        known=known,
        sync_id=sync_id,
        word=word,
        records=records,
        agreed=agreed,
        wrote={name: sorted(fields) for name, fields in writes.items()},
        made=[record.where for record in records[len(records) - len(plan.makes) :]],
        fault=fault,
        differed=differed,
    )


def _looked(
    kind: Kind,
    known: Known,
    records: list[Record],
    merged: Merged,
    plan: Plan,
    writes: Mapping[str, Mapping[str, Any]],
) -> Outcome:
    """What would come of it; `differs` where something would be written and nobody needs to be asked."""
    found = Outcome(known=known, word="differs", records=records, differed=_differed(records, merged))
    try:
        _guard(kind, known, records, merged, writes, plan.makes)
    except GuardsFailed as refused:
        return msgspec.structs.replace(found, word="refused", fault=refused)
    fault = _contest(kind, merged.contested) if merged.contested else plan.fault
    word = "contested" if fault else "differs" if writes or plan.makes else plan.word
    return msgspec.structs.replace(found, word=word, fault=fault, ahead=writes, makes=plan.makes)


async def _without(
    platform: Platform, kind: Kind, known: Known, records: list[Record], gone: list[Place], sync_id: str
) -> Outcome:
    """Some of its records are there no more: what is left is told so, or a person decides."""
    writes = kind.gone(records, gone) if kind.gone else None
    if writes is None:
        return Outcome(known=known, word="gone", records=records, gone=gone, fault=_gone(records, gone))
    if not sync_id:
        return Outcome(known=known, word="gone", records=records, gone=gone, ahead=writes)
    records = await _all_written(platform, kind, known, sync_id, records, writes)
    return Outcome(
        known=known,
        sync_id=sync_id,
        word="gone",
        records=records,
        agreed={record.where: record.said for record in records},
        wrote={name: sorted(fields) for name, fields in writes.items() if fields},
        gone=gone,
    )


def _differed(records: Sequence[Record], merged: Merged) -> dict[str, dict[str, Any]]:
    said = {record.name: record.said for record in records}
    found: dict[str, dict[str, Any]] = {each.field: dict(each.values) for each in merged.contested}
    for target, fields in merged.writes.items():
        for field in fields:
            concerned = (merged.origins[field], target)
            found.setdefault(field, {}).update({name: said[name][field] for name in concerned})
    return found


async def _read_all(
    platform: Platform, kind: Kind, known: Known, read_already: Sequence[Record]
) -> tuple[list[Record], list[Place]]:
    at_hand = {record.where: record for record in read_already}
    places = [place for place in known.places if role_of(platform.systems, place)]

    async def one(place: Place) -> Record | None:
        try:
            return at_hand.get((place.system, place.native_id)) or await read(platform, kind, place)
        except NotFound:
            return None

    found = await asyncio.gather(*(one(place) for place in places))
    gone = [place for place, record in zip(places, found, strict=True) if record is None]
    return [record for record in found if record is not None], gone


def _side(known: Known, record: Record) -> Side:
    source = record.data.source
    return Side(
        name=record.name,
        role=record.role,
        now=record.said,
        agreed=_agreed(known, record),
        changed_at=source.updated_at if source else None,
    )


def _agreed(known: Known, record: Record) -> Mapping[str, Any]:
    snapshot = known.snapshots.get(record.where)
    return snapshot.agreed if snapshot else {}


def _as_before(known: Known) -> dict[Where, Mapping[str, Any]]:
    return {where: snapshot.agreed for where, snapshot in known.snapshots.items()}


def _guard(
    kind: Kind,
    known: Known,
    records: Sequence[Record],
    merged: Merged,
    writes: Mapping[str, Mapping[str, Any]],
    makes: Sequence[Missing],
) -> None:
    by_name = {record.name: record for record in records}
    origins = {field: by_name[name].role for field, name in merged.origins.items()}
    targets = [
        Target(
            name=name,
            role=by_name[name].role,
            before=by_name[name].data,
            after=projections.replaced(by_name[name].data, fields),
            fields=fields,
            origins=origins,
        )
        for name, fields in writes.items()
    ] + [
        Target(name=f"A new {each.system} record", role="erp", before=each.data, after=each.data, fields=_all(each))
        for each in makes
    ]
    proposal = Proposal(targets=targets, ancestors=known.ancestors, canonical_id=known.id)
    refuse(judged(kind.guards, STRICT, proposal))


def _all(missing: Missing) -> Mapping[str, Any]:
    return {name: getattr(missing.data, name) for name in missing.data.__struct_fields__}


async def _all_written(
    platform: Platform,
    kind: Kind,
    known: Known,
    sync_id: str,
    records: Sequence[Record],
    writes: Mapping[str, Mapping[str, Any]],
) -> list[Record]:
    """The records after all was written; what it overwrites is kept before the first write."""
    if any(writes.values()):
        keep = partial(overwritten.begin, masker=platform.masker, sync_id=sync_id, canonical_id=known.id)
        await platform.database.run(lambda c: keep(c, records=records, writes=writes))
    return [await written(platform, kind, record, writes.get(record.name, {})) for record in records]


async def written(platform: Platform, kind: Kind, record: Record, fields: Mapping[str, Any]) -> Record:
    """The record after it was written, as it reads back; itself where there is nothing to write."""
    if not fields:
        return record
    scope = Scope(platform, "", 0)
    wanted = projections.replaced(record.data, fields)

    async def write() -> Written:
        return await kind.write(platform, record, wanted, sorted(fields))

    await scope.settle(write, lambda: read(platform, kind, record.place))
    return await read(platform, kind, record.place)


def _contest(kind: Kind, contested: Sequence[Contested]) -> Conflict:
    errors = [
        FieldError(
            rule=each.field,
            detail="; ".join(f"{name}: {_shown(kind, each.field, value)}" for name, value in each.values.items()),
            policy=each.where,
            owner=kind.steward,
        )
        for each in contested
    ]
    fields = ", ".join(each.field for each in contested)
    return Conflict(f"Two systems changed {fields}, and ownership leaves it to a person.", errors=errors)


def _shown(kind: Kind, field: str, value: Any) -> str:
    """A value in a case; what says something of a person is only shown beside the case, read anew."""
    if class_of(kind.type, field) == "pii" and not projections.empty(value):
        return "another value"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _gone(records: Sequence[Record], gone: Sequence[Place]) -> Conflict | None:
    if not records:
        return None
    left = ", ".join(record.name for record in records)
    lost = ", ".join(f"{place.system} {place.native_id}" for place in gone)
    return Conflict(f"{lost} was deleted, and {left} is still there. Nothing was deleted or closed.")
