"""A sync, undone: what it overwrote in each system is put back, where that still says what the sync wrote.

    read what it wrote -> guard -> put back, record by record -> read back

What somebody changed since is left as it is, and is a case. Whom the sync made in the books is inactive, and never
deleted. Every record is a checkpoint, and the thing is kept from syncs while it is written. From then on the systems
have agreed to differ: nothing is written anew before the owner of a field changes it again.

Safe to run twice: the run's id is the sync's, and each record is read before it is written.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any, Final

from dbos import DBOS

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import now
from canonical.faults import Conflict, Disagreement, FieldError, GuardsFailed, NotFound
from canonical.ports.processes import Run, SystemView
from process_apis import cases, journal, projections
from process_apis.account_sync import overwritten
from process_apis.account_sync.guards import Proposal, Target
from process_apis.account_sync.intake import KINDS, kept
from process_apis.account_sync.overwritten import Write
from process_apis.account_sync.people import INACTIVE
from process_apis.account_sync.recording import load, record_all
from process_apis.account_sync.records import Kind, Known, Outcome, Record
from process_apis.account_sync.sync import read, written
from process_apis.account_sync.views import side_by_side
from process_apis.cross_references import xrefs
from process_apis.journal import StepName
from process_apis.judging import STRICT, judged, refuse
from process_apis.operating import VIEWED, Workflow
from process_apis.platform import Platform
from process_apis.steps import Scope, step

NAME: Final = "sync_undo"
PREFIX: Final = "undo"
STEPS: Final = [
    StepName("read", "Read what the sync wrote"),
    StepName("guard", "Guards"),
    StepName("put-back", "Put back what was there before"),
    StepName("verify", "Read back"),
]
FIRST_WRITE: Final = 3
_STEWARD: Final = "Account steward"
_SHOWN: Final = ("title", "customer", "account_key", "legal_entity")
"""What a run says of the thing it is about."""
_PAUSE: Final = 0.5
"""Seconds between two looks at a thing that a sync works on."""
cases.SUGGESTIONS[NAME] = {
    "conflict": (
        "changed_since",
        _STEWARD,
        "Set by hand what is to be otherwise and close the case; run again, it puts back what can be by then.",
    ),
    "guards_failed": ("guards", _STEWARD, "What was there before is not allowed: set by hand what is."),
    "not_found": ("missing_reference", _STEWARD, "What was there before is kept no longer: set it by hand."),
    "disagreement": ("disagreement", _STEWARD, "Somebody changed it just now: run it again."),
}


class Back(Value, frozen=True, kw_only=True):
    """One record, and which of its fields are to say again what they said: the values stand with the sync alone."""

    system: Annotated[str, PUBLIC]
    native_id: Annotated[str, PUBLIC]
    role: Annotated[str, PUBLIC]
    entity: Annotated[str, PUBLIC]
    fields: Annotated[list[str], PUBLIC]


class Undoing(Value, frozen=True, kw_only=True):
    """What is to be put back, and what is left as it is."""

    sync_id: Annotated[str, PUBLIC]
    canonical_id: Annotated[str, PUBLIC]
    records: list[Back]
    since: Annotated[list[str], PUBLIC]
    """What was changed since: `email of netsuite 2207`."""


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def undo_sync(run_id: str) -> str:
    """One run, under the workflow id `undo:{sync_id}`; answers its final status."""
    try:
        await _flow(sync_of(run_id))
    except GuardsFailed as refused:
        return await cases.end_refused(refused, FIRST_WRITE)
    except Exception as failure:
        raise await cases.end_failed(failure) from failure
    await cases.end_succeeded()
    return "succeeded"


async def _flow(sync_id: str) -> None:
    this = await step(1, "read", lambda s: _read(s, sync_id))
    await step(2, "guard", lambda s: _guard(s, this))
    for number, back in enumerate(this.records, 1):
        body = partial(_put_back, this=this, back=back)
        await step(3, f"put-back-{number:03d}", body, role=back.role, entity=back.entity)
    await step(4, "verify", lambda s: _verify(s, this))


def sync_of(run_id: str) -> str:
    """The sync that a run undoes."""
    return run_id.partition(":")[2]


def kind_of(sync_id: str) -> Kind:
    """What a sync was of. `NotFound` for what is no sync's id."""
    prefix = sync_id.partition(":")[0]
    found = next((kind for kind in KINDS.values() if kind.prefix == prefix), None)
    if found is None:
        raise NotFound(f"There is no sync {sync_id}.")
    return found


async def _read(s: Scope, sync_id: str) -> Undoing:
    """Every record as it is now: what of it still says what the sync wrote, and what does not."""
    kind, platform = kind_of(sync_id), s.watched()
    writes = await s.record(lambda c: overwritten.writes_of(c, sync_id))
    canonical_id = await s.record(lambda c: xrefs.resolve(c, writes[0].canonical_id))
    records, since, seen = [], [], None
    async with _held(s, canonical_id) as known:
        await s.record(lambda c: overwritten.close(c, sync_id))
        for write in writes:
            record = await _found(platform, kind, known, write)
            if record is None:
                since.append(f"{write.system} {write.native_id} is there no more")
                continue
            seen = seen or record.data
            back, changed = _still(platform, write, record)
            since += [f"{name} of {record.name}" for name in changed]
            if back:
                place = {"system": write.system, "native_id": write.native_id, "entity": record.place.instance}
                records.append(Back(**place, role=record.role, fields=sorted(back)))
    said = kind.about(canonical_id, seen)
    await s.record(lambda c: journal.update_run(c, s.run_id, **{name: said[name] for name in _SHOWN}))
    s.say(f"{len(records)} of {len(writes)} records are to say again what they said")
    return Undoing(sync_id=sync_id, canonical_id=canonical_id, records=records, since=since)


def _still(platform: Platform, write: Write, record: Record) -> tuple[dict[str, Any], list[str]]:
    """What a record is to say again of what it still says as it was written; and what somebody changed since.

    Whoever the sync made is to be inactive, unless somebody has worked on the record since.
    """
    said = record.said
    standing = {
        name for name, each in write.fields.items() if overwritten.digest(platform.masker, said.get(name)) == each.now
    }
    if write.made:
        if record.data.status == INACTIVE["status"]:
            return {}, []
        changed = [name for name in write.fields if name not in standing]
        return ({}, changed) if changed else (dict(INACTIVE), [])
    apart = {name: each.was for name, each in write.fields.items() if said.get(name) != each.was}
    return {name: was for name, was in apart.items() if name in standing}, [n for n in apart if n not in standing]


async def _guard(s: Scope, this: Undoing) -> None:
    """What no table of owners can allow, no undoing can: none of it is the books' own doing."""
    kind, platform = kind_of(this.sync_id), s.watched()
    known, targets = await _known(s, this), []
    for write, back in await _written(s, this):
        if record := await _found(platform, kind, known, write):
            fields = {name: was for name, was in _still(platform, write, record)[0].items() if name in back.fields}
            after = projections.replaced(record.data, fields)
            targets.append(Target(name=record.name, role=record.role, before=record.data, after=after, fields=fields))
    refuse(judged(kind.guards, STRICT, Proposal(targets=targets, canonical_id=this.canonical_id)))
    s.say(f"{len(kind.guards)} passed")


async def _put_back(s: Scope, *, this: Undoing, back: Back) -> None:
    """One record. What somebody changed since the guards saw it is left as it is, and told at the end."""
    kind, platform = kind_of(this.sync_id), s.watched()
    async with _held(s, this.canonical_id) as known:
        ((write, _),) = [each for each in await _written(s, this) if each[1] == back]
        record = await _found(platform, kind, known, write)
        if record is None:
            s.say(f"{back.system} {back.native_id} is there no more")
            return
        wanted = {name: was for name, was in _still(platform, write, record)[0].items() if name in back.fields}
        record = await _read_back(s, kind, await written(platform, kind, record, wanted), wanted)
        agreed = [name for name in back.fields if record.said[name] == _before(write)[name]]
        if agreed:
            await s.record(lambda c: record_all(c, s.platform, kind, [_outcome(known, record, agreed)]))
        s.say(f"{record.name}: {', '.join(agreed) or 'nothing'} put back")


async def _read_back(s: Scope, kind: Kind, record: Record, wanted: Mapping[str, Any]) -> Record:
    """The record as it reads once it says what it is to say, or as long as reads may be behind."""

    def there() -> bool:
        return all(record.said[name] == was for name, was in wanted.items())

    if there():
        return record
    async for _ in s.looks(s.platform.pace.verify):
        record = await read(s.watched(), kind, record.place)
        if there():
            break
    return record


def _before(write: Write) -> dict[str, Any]:
    """What is to be said again."""
    return dict(INACTIVE) if write.made else {name: each.was for name, each in write.fields.items()}


def _outcome(known: Known, record: Record, back: Sequence[str]) -> Outcome:
    """As of a sync of this one record: it has agreed to what it says now, whatever the others say."""
    snapshot = known.snapshots.get(record.where)
    agreed = {**(snapshot.agreed if snapshot else {}), **{name: record.said[name] for name in back}}
    return Outcome(
        known=known, word="written", records=[record], agreed={record.where: agreed}, wrote={record.name: back}
    )


async def _verify(s: Scope, this: Undoing) -> None:
    """Every record says what it said before. `Conflict` where something was changed since the sync."""
    kind, platform, known = kind_of(this.sync_id), s.watched(), await _known(s, this)
    since, wrong = list(this.since), []
    for write, back in await _written(s, this):
        record = await _found(platform, kind, known, write)
        if record is None:
            since.append(f"{back.system} {back.native_id} is there no more")
            continue
        before = _before(write)
        wrong += [f"{name} of {record.name}" for name in back.fields if record.said[name] != before[name]]
    if wrong:
        raise Disagreement(f"what was put back is otherwise already: {', '.join(wrong)}")
    if since:
        errors = [FieldError(rule="changed_since", detail=each, owner=_STEWARD) for each in since]
        raise Conflict(f"Changed since the sync, and left as it is: {', '.join(since)}.", errors=errors)
    await s.record(lambda c: journal.update_run(c, s.run_id, verified=True))
    s.say("all says what it said before")


async def _written(s: Scope, this: Undoing) -> list[tuple[Write, Back]]:
    """What is to be put back, with what was there before."""
    writes = {each.where: each for each in await s.record(lambda c: overwritten.writes_of(c, this.sync_id))}
    found = [(writes.get((back.system, back.native_id)), back) for back in this.records]
    return [(write, back) for write, back in found if write is not None]


async def _known(s: Scope, this: Undoing) -> Known:
    return (await s.record(lambda c: load(c, [this.canonical_id])))[this.canonical_id]


async def _found(platform: Platform, kind: Kind, known: Known, write: Write) -> Record | None:
    """The record as it is now; None when it is there no more, or another's."""
    place = next((each for each in known.places if (each.system, each.native_id) == write.where), None)
    try:
        return await read(platform, kind, place) if place else None
    except NotFound:
        return None


@asynccontextmanager
async def _held(s: Scope, canonical_id: str) -> AsyncIterator[Known]:
    """The thing, kept from every sync meanwhile; one that is being synchronised is waited for.

    It is held under the run's own name, so that whoever takes the run over has it at once.
    """
    platform, mine, deadline = s.platform, s.run_id[:80], now() + 2 * s.platform.in_hand
    while not await s.record(lambda c: xrefs.hold(c, [canonical_id], mine, now() + platform.in_hand)):
        if now() > deadline:
            raise Conflict("It is being synchronised all the time; try again in a moment.")
        await asyncio.sleep(_PAUSE)
    try:
        async with kept(platform, mine):
            yield (await s.record(lambda c: load(c, [canonical_id])))[canonical_id]
    finally:
        await s.record(lambda c: xrefs.release(c, mine, [canonical_id]))


async def _side_by_side(platform: Platform, run: Run) -> list[SystemView]:
    return await side_by_side(platform, run, kind=kind_of(sync_of(run.id)))


VIEWED[NAME] = _side_by_side
WORKFLOW: Final = Workflow(name=NAME, prefix=PREFIX, steps=STEPS, pivot=1, run=undo_sync, undo=undo_sync, of_deal=False)
"""It is not undone itself: what it writes is a change like any other."""
