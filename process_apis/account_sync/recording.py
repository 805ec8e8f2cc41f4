"""What is known of accounts before they are synchronised, and what is written down afterwards, in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, FieldError
from foundation.database import upsert
from process_apis import projections
from process_apis.account_sync import cases as account_cases
from process_apis.account_sync import overwritten
from process_apis.account_sync.records import Kind, Known, Outcome, Record, Snapshot, Where, role_of
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import By, Place
from process_apis.events import inbox, outbox
from process_apis.platform import Platform
from process_apis.tables import CANONICAL_IDS, SNAPSHOTS

WHO: Final = "account sync"
_GENERATIONS: Final = 20
"""How far up parents are followed."""
_MANY: Final = 500
_AGREED: Final = ("quiet", "written", "contested", "refused", "no_customer_yet")


def load(connection: sa.Connection, canonical_ids: Iterable[str]) -> dict[str, Known]:
    """Things with where they live and what was last agreed."""
    wanted = list(dict.fromkeys(canonical_ids))
    snapshots: dict[str, dict[Where, Snapshot]] = {each: {} for each in wanted}
    for start in range(0, len(wanted), _MANY):
        part = sa.select(SNAPSHOTS).where(SNAPSHOTS.c.canonical_id.in_(wanted[start : start + _MANY]))
        for row in connection.execute(part):
            found = Snapshot(msgspec.json.decode(row.agreed, type=dict[str, Any]), row.seen, row.version)
            snapshots[row.canonical_id][row.system, row.native_id] = found
    places = xrefs.places_of(connection, wanted)
    return {each: Known(id=each, places=places[each], snapshots=snapshots[each]) for each in wanted}


def ancestors_of(connection: sa.Connection, kind: Kind, account: Known, records: Sequence[Record]) -> list[str]:
    """The canonical ids above an account: by its records at hand, and by what every system was last seen to say.

    Ends with the account itself where it is its own ancestor.
    """
    above = [kind.above(connection, record) for record in records]
    known = {record.where for record in records}
    mine = sa.select(SNAPSHOTS).where(SNAPSHOTS.c.canonical_id == account.id, SNAPSHOTS.c.parent_id != "")
    above += [row.parent_id for row in connection.execute(mine) if (row.system, row.native_id) not in known]
    found: list[str] = []
    for _ in range(_GENERATIONS):
        level = [each for each in dict.fromkeys(above) if each and each not in found]
        found += level
        if not level or account.id in level:
            break
        upward = sa.select(SNAPSHOTS.c.parent_id).where(SNAPSHOTS.c.canonical_id.in_(level))
        above = list(connection.scalars(upward))
    return found


def record_all(connection: sa.Connection, platform: Platform, kind: Kind, outcomes: Iterable[Outcome]) -> list[Where]:
    """Write down what came of these; the records that have to be looked at because of it."""
    overwritten.forget(connection)
    return [where for outcome in outcomes for where in _record(connection, platform, kind, outcome)]


def _record(connection: sa.Connection, platform: Platform, kind: Kind, outcome: Outcome) -> list[Where]:
    known = outcome.known
    if outcome.word == "echo":
        return []
    _remember(connection, platform, kind, outcome)
    overwritten.settle(connection, platform.masker, outcome)
    further = _merge_away(connection, platform, kind, outcome) if outcome.word == "merged" else []
    for place in outcome.gone:
        xrefs.unlink(
            connection, kind.name, place.system, place.native_id, By(WHO, f"It was deleted in {place.system}.")
        )
    first = outcome.records[0].data if outcome.records else None
    if outcome.fault is not None:
        account_cases.open_case(connection, platform, kind, known.id, first, outcome.fault)
    elif outcome.word in ("quiet", "written") and len(outcome.records) > 1:  # a record alone agrees with nobody
        account_cases.close_case(connection, kind, known.id)
    if outcome.word in kind.events:
        _tell(connection, kind, outcome)
    return further


def _remember(connection: sa.Connection, platform: Platform, kind: Kind, outcome: Outcome) -> None:
    """Snapshots, keys, and by what each record is found."""
    known = {(place.system, place.native_id): place for place in outcome.known.places}
    for record in outcome.records:
        if record.data.merged_into:
            continue
        if known.get(record.where) != record.place:
            xrefs.link(connection, outcome.known.id, record.place, By(WHO))
        before = outcome.known.snapshots.get(record.where)
        if before is None or before.seen != projections.digest(record.said):
            xrefs.learn(connection, outcome.known.id, *record.where, kind.terms(record.data, platform.masker))
        if before is None and record.role == "erp" and kind.below:
            _stir(connection, platform, kind.below, outcome.known.id)
        if outcome.word in _AGREED or record.where in outcome.agreed:
            _agree(connection, kind, outcome, record)


def _agree(connection: sa.Connection, kind: Kind, outcome: Outcome, record: Record) -> None:
    source = record.data.source
    before, after = outcome.known.snapshots.get(record.where), outcome.agreed.get(record.where, {})
    if kind.notable and (event := kind.notable(record, before.agreed if before else {}, after)):
        key = outcome.known.id
        outbox.emit_apart(connection, account_cases.run_id(kind, key), event, key, record.place.instance)
    keys = {"canonical_id": outcome.known.id, "system": record.place.system, "native_id": record.place.native_id}
    values = {
        "agreed": msgspec.json.encode(dict(after)).decode(),
        "seen": projections.digest(record.said),
        "version": source.native_version[:80] if source else "",
        "parent_id": kind.above(connection, record),
        "at": now(),
    }
    upsert(connection, SNAPSHOTS, keys, values)


def _merge_away(connection: sa.Connection, platform: Platform, kind: Kind, outcome: Outcome) -> list[Where]:
    """The CRM made one of two: so do we, unless the books have both, which only a person can settle."""
    further = []
    for record in outcome.records:
        survivor = record.data.merged_into
        if not survivor:
            continue
        system, loser = record.place.system, outcome.known.id
        why = By(WHO, f"Merged in {system} into {survivor}.")
        if xrefs.holder(connection, kind.name, *record.where):
            xrefs.unlink(connection, kind.name, *record.where, why)
        winner = xrefs.holder(connection, kind.name, system, survivor)
        if not winner:
            xrefs.link(connection, loser, Place(system=system, native_id=survivor), why)
        elif winner != loser:
            twice = _both(connection, platform, loser, winner) if kind.apart else []
            if twice:
                account_cases.open_case(
                    connection, platform, kind, loser, record.data, _of_two(record, survivor, twice)
                )
                continue
            xrefs.merge(connection, loser, winner, why)
            if not kind.apart:
                _forget(connection, winner)
            if kind.below:
                _stir(connection, platform, kind.below, winner)
        further.append((system, survivor))
    return further


def _forget(connection: sa.Connection, canonical_id: str) -> None:
    """What two things agreed to, each with its own records, is no agreement of the one they are now.

    Of customers it stays: whoever merged them in the CRM has chosen field by field, and the books keep their own.
    """
    connection.execute(sa.update(SNAPSHOTS).where(SNAPSHOTS.c.canonical_id == canonical_id).values(agreed="{}"))


def _both(connection: sa.Connection, platform: Platform, loser: str, winner: str) -> list[Place]:
    """Debtors of the two in the same books."""
    places = xrefs.places_of(connection, [loser, winner])
    debtors = {each: [p for p in places[each] if role_of(platform.systems, p) == "erp"] for each in (loser, winner)}
    books = {(p.system, p.instance) for p in debtors[loser]} & {(p.system, p.instance) for p in debtors[winner]}
    return [p for each in (loser, winner) for p in debtors[each] if (p.system, p.instance) in books]


def _of_two(record: Record, survivor: str, twice: Sequence[Place]) -> Conflict:
    errors = [
        FieldError(rule="two_debtors", detail=f"{p.instance or p.system}: {p.system} {p.native_id}", owner="Finance")
        for p in twice
    ]
    return Conflict(f"{record.name} was merged into {survivor}, but the books have a debtor for each.", errors=errors)


def _tell(connection: sa.Connection, kind: Kind, outcome: Outcome) -> None:
    event = kind.events[outcome.word](
        records=", ".join(outcome.wrote),
        fields=", ".join(sorted({field for fields in outcome.wrote.values() for field in fields})),
        versions=" ".join(f"{r.name}@{r.data.source.native_version if r.data.source else ''}" for r in outcome.records),
    )
    entity = next((r.place.instance for r in outcome.records if r.place.instance), "")
    key = outcome.known.id
    outbox.emit_apart(connection, account_cases.run_id(kind, key), event, key, entity)


def _stir(connection: sa.Connection, platform: Platform, below: str, canonical_id: str) -> None:
    """What hangs on it is looked at again: its books may have a place for it now."""
    hanging = sa.select(SNAPSHOTS.c.system, SNAPSHOTS.c.native_id).join(
        CANONICAL_IDS, CANONICAL_IDS.c.id == SNAPSHOTS.c.canonical_id
    )
    found = connection.execute(hanging.where(SNAPSHOTS.c.parent_id == canonical_id, CANONICAL_IDS.c.object == below))
    crms = platform.systems.playing("crm")
    for row in [each for each in found if each.system in crms]:
        inbox.look_again(connection, row.system, below, row.native_id)
