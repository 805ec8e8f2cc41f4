"""Customers and people of a CRM and an ERP compared, by the snapshots their sync keeps; what differs is its to mend.

    list both -> unlinked, moved -> synchronised anew -> links that lead nowhere -> not in the books -> orphans -> twins

A record is only compared with what it had agreed to (decision 0036), and whoever is suspect is read again before
anything is said of it: lists are read while people work. An account of the CRM without a debtor is no difference: a
debtor is made when a deal is won. Of the CRM's people only those the books write to are missed there (decision 0051),
and of the ERP's only those are orphans whose customer both know. What a person is called stands in no difference.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.classes import class_of
from canonical.faults import Conflict, Fault, NotFound, VendorSignIn
from canonical.ports.reconciling import Difference, DifferenceKind, DifferenceOutcome, ReconciledObject
from process_apis import projections
from process_apis.account_sync import cases as account_cases
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.intake import Worked, bring_in_line
from process_apis.account_sync.people import CONTACTS
from process_apis.account_sync.records import Kind, Outcome, Where
from process_apis.account_sync.sync import read
from process_apis.cross_references.xrefs import Place
from process_apis.platform import Platform
from process_apis.reconcile import store
from process_apis.reconcile.listing import WANTED, is_closed, list_customers, list_people
from process_apis.reconcile.store import Found, Part, told_of
from process_apis.reconcile.tables import LISTED
from process_apis.tables import SNAPSHOTS, XREF_LINKS

_KINDS: Final[dict[str, DifferenceKind]] = {"gone": "gone", "merged": "merged"}
_OUTCOMES: Final[dict[str, DifferenceOutcome]] = {"written": "healed", "merged": "healed", "differs": "open"}
_QUIET: Final = ("quiet", "echo", "no_customer_yet")
_OTHER: Final = LISTED.alias("other")
_CLOSED: Final = "closed"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that is kept in line, and what tells it from the others here."""

    kind: Kind
    lists: Callable[[Platform, Part, Found], Awaitable[None]]
    one: str
    """What it is called in a sentence."""
    orphan: str
    """What is said of a record of the ERP that the CRM has nothing for: {record}, {books}, {crm}."""


COMPARED: Final[Mapping[ReconciledObject, Compared]] = {
    "customer": Compared(
        kind=CUSTOMERS,
        lists=list_customers,
        one="customer",
        orphan="{record} is a customer in the books of {books} and has no account in {crm}.",
    ),
    "contact": Compared(
        kind=CONTACTS,
        lists=list_people,
        one="person",
        orphan="{record} is a person in the books of {books} and no contact in {crm}.",
    ),
}


async def compare(platform: Platform, part: Part, found: Found) -> None:
    """One pair. Raises the fault of a system that does not answer."""
    of = COMPARED[part.object]
    await of.lists(platform, part, found)
    await store.walk(platform.database, part, _suspect(), lambda rows: _suspects(platform, part, rows))
    for side in ("left", "right"):
        await _gone(platform, part, side)
    if of.kind is CONTACTS:
        await store.walk(platform.database, part, _to_be_there(), lambda rows: _missing(platform, part, rows))
    await store.walk(platform.database, part, _orphaned(part), lambda rows: _orphans(platform, part, rows))
    await store.walk(platform.database, part, _twice(of), lambda rows: _twins(platform, part, rows))
    found.matched = await platform.database.run(lambda c: c.scalar(_matched(part)) or 0)


def _suspect() -> Any:
    """Whose owner is not known; and what changed, or was never met, where the ERP has a record of it."""
    has_debtor = sa.exists().where(store.same_key(_OTHER), _OTHER.c.side == "right")
    changed = [f"{word}{state}" for word in ("", f"{_CLOSED} ", f"{WANTED} ") for state in ("moved", "unmet")]
    unlinked = LISTED.c.state.in_(["unlinked", f"{WANTED} unlinked"])
    return sa.or_(unlinked, sa.and_(LISTED.c.state.in_(changed), has_debtor))


async def _suspects(platform: Platform, part: Part, rows: list[Any]) -> None:
    by_where = {(part.left if row.side == "left" else part.right, row.native_id): row for row in rows}
    worked = await bring_in_line(platform, COMPARED[part.object].kind, by_where, look=not part.heal)
    differences = []
    told: set[str] = set()
    for where, row in by_where.items():
        _raise_what_passes(worked, where)
        if where in worked.later:
            said, owner = str(worked.later[where]), worked.owners.get(where, "")
            differences.append(_difference(part, "unread", [where], "open", key=owner, detail=said))
        elif row.state.endswith("unlinked"):
            differences.append(_unlinked(part, worked, where))
        outcome = worked.ended.get(where)
        if outcome is not None and outcome.known.id not in told:
            told.add(outcome.known.id)
            differences += _of_outcome(part, outcome)
    await _tell(platform, part, differences, worked.owners)


def _raise_what_passes(worked: Worked, where: Where) -> None:
    """A system that is away parks the whole pair, and so does a bug; any other failure is told as one record's."""
    failure = worked.later.get(where)
    if failure is not None and (not isinstance(failure, Fault) or failure.retry or isinstance(failure, VendorSignIn)):
        raise failure


def _unlinked(part: Part, worked: Worked, where: Where) -> Difference:
    doubt, owner = worked.doubts.get(where), worked.owners.get(where, "")
    outcome: DifferenceOutcome = "open" if not owner else "case" if doubt else "healed"
    said = str(doubt) if doubt else "It was nobody's record." if owner else "It is nobody's record."
    run = account_cases.run_id(COMPARED[part.object].kind, owner) if doubt else ""
    return _difference(part, "missing_reference", [where], outcome, key=owner, detail=said, run_id=run)


def _of_outcome(part: Part, outcome: Outcome) -> list[Difference]:
    if outcome.word in _QUIET and outcome.fault is None:
        return []
    thing = COMPARED[part.object].kind
    fields = [told_of(field, _shown(thing, field, values).items()) for field, values in outcome.differed.items()]
    places = [record.where for record in outcome.records] + [(p.system, p.native_id) for p in outcome.gone]
    said = str(outcome.fault) if outcome.fault else ""
    open_: DifferenceOutcome = "case" if outcome.fault and part.heal else _OUTCOMES.get(outcome.word, "healed")
    if not part.heal:
        open_ = "open"
    run = account_cases.run_id(thing, outcome.known.id) if open_ == "case" else ""
    kind = _KINDS.get(outcome.word) or ("orphan" if _made(outcome) else "field")
    if kind == "orphan" and not said:
        said = f"It gets invoices or approves them, and was in {part.left} alone."
    made = _difference(part, kind, places, open_, key=outcome.known.id, detail=said, run_id=run, fields=fields)
    return [made]


def _made(outcome: Outcome) -> bool:
    """Whether a record was made of it in another system, or would be."""
    known = {(place.system, place.native_id) for place in outcome.known.places}
    made = any(record.where not in known for record in outcome.records)
    return made or (bool(outcome.makes) and not outcome.differed)


def _shown(kind: Kind, field: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a person only that the values are there: they are read anew beside the case."""
    if kind is not CONTACTS or class_of(kind.type, field) != "pii":
        return values
    return {name: "" if projections.empty(value) else "(not shown)" for name, value in values.items()}


def _difference(
    part: Part, kind: DifferenceKind, places: Iterable[Where], outcome: DifferenceOutcome, **more: Any
) -> Difference:
    ids = dict(places)
    return Difference(
        number=0,
        part=part.number,
        object=part.object,
        kind=kind,
        outcome=outcome,
        left_id=ids.get(part.left, ""),
        right_id=ids.get(part.right, ""),
        **more,
    )


async def _tell(
    platform: Platform, part: Part, differences: Iterable[Difference], owners: dict[Where, str] | None = None
) -> None:
    sides = {part.left: "left", part.right: "right"}

    def write(c: sa.Connection) -> None:
        store.tell(c, part, differences)
        for (system, native_id), owner in (owners or {}).items():
            this = (store.within(part), LISTED.c.side == sides[system], LISTED.c.native_id == native_id)
            c.execute(sa.update(LISTED).where(*this, LISTED.c.key != owner).values(key=owner))

    await platform.database.run(write)


async def _gone(platform: Platform, part: Part, side: str) -> None:
    """Links to records that were not listed. Of the CRM's only those that have a debtor here."""
    after = 0
    while links := await platform.database.run(partial(_dead, part=part, side=side, after=after)):
        after = links[-1].id
        dead = [(row.system, row.native_id) for row in links]
        worked = await bring_in_line(platform, COMPARED[part.object].kind, dead, look=not part.heal)
        for row in links:
            _raise_what_passes(worked, (row.system, row.native_id))
        by_account = {outcome.known.id: outcome for outcome in worked.ended.values()}
        await _tell(platform, part, [each for outcome in by_account.values() for each in _of_outcome(part, outcome)])


def _dead(c: sa.Connection, part: Part, side: str, after: int) -> list[Any]:
    listed = sa.exists().where(store.within(part), LISTED.c.side == side, LISTED.c.native_id == XREF_LINKS.c.native_id)
    system = part.left if side == "left" else part.right
    query = sa.select(XREF_LINKS).where(
        XREF_LINKS.c.object == part.object,
        XREF_LINKS.c.system == system,
        XREF_LINKS.c.unlinked_at.is_(None),
        XREF_LINKS.c.id > after,
        ~listed,
    )
    if side == "left":
        debtor = sa.exists().where(
            store.within(part, _OTHER), _OTHER.c.side == "right", _OTHER.c.key == XREF_LINKS.c.canonical_id
        )
        query = query.where(debtor)
    elif part.entities:
        query = query.where(XREF_LINKS.c.instance.in_(["", *part.entities]))
    return list(c.execute(query.order_by(XREF_LINKS.c.id).limit(store.MANY)))


def _to_be_there() -> Any:
    """People the books write to, whom some of these books do not have; of several books `_missing` looks closer."""
    return sa.and_(LISTED.c.side == "left", LISTED.c.key != "", LISTED.c.state.startswith(WANTED))


async def _missing(platform: Platform, part: Part, rows: list[Any]) -> None:
    """They are made there, as when the CRM had told of them; whom somebody took out of the books stays out."""
    listed = sa.select(LISTED.c.key, LISTED.c.entity).where(
        store.within(part), LISTED.c.side == "right", LISTED.c.key.in_([row.key for row in rows])
    )
    there = await platform.database.run(lambda c: {(row.key, row.entity) for row in c.execute(listed)})
    lacking = {
        (part.left, row.native_id): [books for books in msgspec.json.decode(row.facts) if (row.key, books) not in there]
        for row in rows
    }
    wanted = [where for where, books in lacking.items() if books]
    worked = await bring_in_line(platform, CONTACTS, wanted, look=not part.heal) if wanted else Worked(owners={})
    differences = []
    for where in wanted:
        _raise_what_passes(worked, where)
        if where in worked.later:
            said = str(worked.later[where])
            differences.append(_difference(part, "unread", [where], "open", detail=said))
        elif (outcome := worked.ended.get(where)) is not None:
            differences += [
                msgspec.structs.replace(each, kind="orphan" if each.kind == "field" else each.kind)
                for each in _of_outcome(part, outcome)
            ]
    await _tell(platform, part, differences)


def _orphaned(part: Part) -> Any:
    """Records of the ERP that the CRM has nothing for. One that is closed is left in peace.

    Of people only those whose customer the CRM knows: else the customer is the orphan.
    """

    def in_the_crm(canonical_id: Any, kind: str) -> Any:
        return sa.exists().where(
            XREF_LINKS.c.object == kind,
            XREF_LINKS.c.system == part.left,
            XREF_LINKS.c.canonical_id == canonical_id,
            XREF_LINKS.c.unlinked_at.is_(None),
        )

    told = sa.not_(LISTED.c.state.startswith(_CLOSED))
    lone = sa.and_(LISTED.c.side == "right", LISTED.c.key != "", told, ~in_the_crm(LISTED.c.key, part.object))
    if part.object != CONTACTS.name:
        return lone
    at_home = sa.exists().where(
        SNAPSHOTS.c.system == part.right,
        SNAPSHOTS.c.native_id == LISTED.c.native_id,
        SNAPSHOTS.c.canonical_id == LISTED.c.key,
        in_the_crm(SNAPSHOTS.c.parent_id, CUSTOMERS.name),
    )
    return sa.and_(lone, at_home)


async def _orphans(platform: Platform, part: Part, rows: list[Any]) -> None:
    crm = platform.systems.title(part.left)
    differences = []
    for row in rows:
        record = await _read(platform, part, Place(system=part.right, native_id=row.native_id))
        if record is None or is_closed(record):
            continue  # it went while we looked, or what went in the CRM has just closed it
        books = row.entity or platform.systems.title(part.right)
        said = COMPARED[part.object].orphan.format(record=f"{part.right} {row.native_id}", books=books, crm=crm)
        run = await _case(platform, part, row.key, record, Conflict(said))
        outcome: DifferenceOutcome = "case" if run else "open"
        at = [(part.right, row.native_id)]
        differences.append(_difference(part, "orphan", at, outcome, key=row.key, detail=said, run_id=run))
    await _tell(platform, part, differences)


async def _read(platform: Platform, part: Part, place: Place) -> Any:
    """The record as it is now; None where it is there no more."""
    try:
        return (await read(platform, COMPARED[part.object].kind, place)).data
    except NotFound:
        return None


async def _case(platform: Platform, part: Part, key: str, record: Any, fault: Conflict) -> str:
    """Open its case, where anything is to be done at all; under what it stands."""
    if not part.heal:
        return ""
    kind = COMPARED[part.object].kind
    await platform.database.run(lambda c: account_cases.open_case(c, platform, kind, key, record, fault))
    return account_cases.run_id(kind, key)


def _twice(of: Compared) -> Any:
    """The first of several records of one thing in one system's books. Whom a merge left inactive is no twin."""
    alike = [_OTHER.c.entity == LISTED.c.entity]
    if of.kind is not CONTACTS:
        return store.first_of_several(_OTHER, *alike)
    active = [sa.not_(each.c.state.startswith(_CLOSED)) for each in (LISTED, _OTHER)]
    return sa.and_(active[0], store.first_of_several(_OTHER, active[1], *alike))


async def _twins(platform: Platform, part: Part, rows: list[Any]) -> None:
    differences = []
    for row in rows:
        system = part.left if row.side == "left" else part.right
        twins = (LISTED.c.side == row.side, LISTED.c.key == row.key, LISTED.c.entity == row.entity)
        query = sa.select(LISTED.c.native_id).where(store.within(part), *twins).order_by(LISTED.c.number)
        ids = await platform.database.run(partial(_texts, query=query))
        said = f"{platform.systems.title(system)} has one {COMPARED[part.object].one} more than once: {', '.join(ids)}."
        record = await _read(platform, part, Place(system=system, native_id=row.native_id))
        run = await _case(platform, part, row.key, record, Conflict(said))
        outcome: DifferenceOutcome = "case" if run else "open"
        at = [(system, row.native_id)]
        differences.append(_difference(part, "duplicate", at, outcome, key=row.key, detail=said, run_id=run))
    await _tell(platform, part, differences)


def _texts(c: sa.Connection, query: sa.Select[Any]) -> list[str]:
    return list(c.scalars(query))


def _matched(part: Part) -> sa.Select[Any]:
    both = sa.exists().where(store.same_key(_OTHER), _OTHER.c.side == "right")
    counted = sa.func.count(sa.distinct(LISTED.c.key))
    return sa.select(counted).where(store.within(part), LISTED.c.side == "left", LISTED.c.key != "", both)
