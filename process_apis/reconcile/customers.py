"""Customers of a CRM and an ERP compared, by the snapshots account sync keeps; what differs is the sync's to mend.

    list both -> unlinked, moved -> synchronised anew -> links that lead nowhere -> orphans -> twins

A record is only compared with what it had agreed to (decision 0036), and whoever is suspect is read again before
anything is said of it: lists are read while people work. An account of the CRM without a debtor is no difference: a
debtor is made when a deal is won.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from canonical.faults import Conflict, Fault, NotFound, VendorSignIn
from canonical.objects import Customer
from canonical.ports.reconciling import Difference, DifferenceKind, DifferenceOutcome
from process_apis.account_sync import cases as account_cases
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.intake import Worked, bring_in_line
from process_apis.account_sync.records import Outcome, Where
from process_apis.account_sync.sync import read
from process_apis.cross_references.xrefs import Place
from process_apis.platform import Platform
from process_apis.reconcile import store
from process_apis.reconcile.listing import list_customers
from process_apis.reconcile.store import Found, Part, told_of
from process_apis.reconcile.tables import LISTED
from process_apis.tables import XREF_LINKS

_KINDS: Final[dict[str, DifferenceKind]] = {"gone": "gone", "merged": "merged"}
_OUTCOMES: Final[dict[str, DifferenceOutcome]] = {"written": "healed", "merged": "healed", "differs": "open"}
_OTHER: Final = LISTED.alias("other")


async def compare(platform: Platform, part: Part, found: Found) -> None:
    """One pair. Raises the fault of a system that does not answer."""
    await list_customers(platform, part, found)
    await store.walk(platform.database, part, _suspect(), lambda rows: _suspects(platform, part, rows))
    for side in ("left", "right"):
        await _gone(platform, part, side)
    await store.walk(platform.database, part, _orphaned(part), lambda rows: _orphans(platform, part, rows))
    twins = store.first_of_several(_OTHER, _OTHER.c.entity == LISTED.c.entity)
    await store.walk(platform.database, part, twins, lambda rows: _twins(platform, part, rows))
    found.matched = await platform.database.run(lambda c: c.scalar(_matched(part)) or 0)


def _suspect() -> Any:
    """Whose owner is not known; and what changed, or was never met, where there is a debtor for it."""
    has_debtor = sa.exists().where(store.same_key(_OTHER), _OTHER.c.side == "right")
    unlike = sa.and_(LISTED.c.state.in_(("moved", "unmet", "closed moved", "closed unmet")), has_debtor)
    return sa.or_(LISTED.c.state == "unlinked", unlike)


async def _suspects(platform: Platform, part: Part, rows: list[Any]) -> None:
    by_where = {(part.left if row.side == "left" else part.right, row.native_id): row for row in rows}
    worked = await bring_in_line(platform, CUSTOMERS, by_where, look=not part.heal)
    differences = []
    told: set[str] = set()
    for where, row in by_where.items():
        _raise_what_passes(worked, where)
        if where in worked.later:
            said, owner = str(worked.later[where]), worked.owners.get(where, "")
            differences.append(_difference(part, "unread", [where], "open", key=owner, detail=said))
        elif row.state == "unlinked":
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
    run = account_cases.run_id(CUSTOMERS, owner) if doubt else ""
    return _difference(part, "missing_reference", [where], outcome, key=owner, detail=said, run_id=run)


def _of_outcome(part: Part, outcome: Outcome) -> list[Difference]:
    if outcome.word in ("quiet", "echo"):
        return []
    fields = [told_of(field, values.items()) for field, values in outcome.differed.items()]
    places = [record.where for record in outcome.records] + [(p.system, p.native_id) for p in outcome.gone]
    said = str(outcome.fault) if outcome.fault else ""
    open_: DifferenceOutcome = "case" if outcome.fault and part.heal else _OUTCOMES.get(outcome.word, "healed")
    if not part.heal:
        open_ = "open"
    run = account_cases.run_id(CUSTOMERS, outcome.known.id) if open_ == "case" else ""
    kind = _KINDS.get(outcome.word, "field")
    made = _difference(part, kind, places, open_, key=outcome.known.id, detail=said, run_id=run, fields=fields)
    return [made]


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
        worked = await bring_in_line(
            platform, CUSTOMERS, [(row.system, row.native_id) for row in links], look=not part.heal
        )
        for row in links:
            _raise_what_passes(worked, (row.system, row.native_id))
        by_account = {outcome.known.id: outcome for outcome in worked.ended.values()}
        await _tell(platform, part, [each for outcome in by_account.values() for each in _of_outcome(part, outcome)])


def _dead(c: sa.Connection, part: Part, side: str, after: int) -> list[Any]:
    listed = sa.exists().where(store.within(part), LISTED.c.side == side, LISTED.c.native_id == XREF_LINKS.c.native_id)
    system = part.left if side == "left" else part.right
    query = sa.select(XREF_LINKS).where(
        XREF_LINKS.c.object == CUSTOMERS.name,
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


def _orphaned(part: Part) -> Any:
    """Debtors of whom the CRM has no account. One that is closed is left in peace."""
    account = sa.exists().where(
        XREF_LINKS.c.object == CUSTOMERS.name,
        XREF_LINKS.c.system == part.left,
        XREF_LINKS.c.canonical_id == LISTED.c.key,
        XREF_LINKS.c.unlinked_at.is_(None),
    )
    told = sa.not_(LISTED.c.state.startswith("closed"))
    return sa.and_(LISTED.c.side == "right", LISTED.c.key != "", told, ~account)


async def _orphans(platform: Platform, part: Part, rows: list[Any]) -> None:
    crm = platform.systems.title(part.left)
    differences = []
    for row in rows:
        debtor = await _read(platform, Place(system=part.right, native_id=row.native_id))
        if debtor is None:
            continue  # it went while we looked
        books = row.entity or platform.systems.title(part.right)
        said = f"{part.right} {row.native_id} is a customer in the books of {books} and has no account in {crm}."
        run = await _case(platform, part, row.key, debtor, Conflict(said))
        outcome: DifferenceOutcome = "case" if run else "open"
        at = [(part.right, row.native_id)]
        differences.append(_difference(part, "orphan", at, outcome, key=row.key, detail=said, run_id=run))
    await _tell(platform, part, differences)


async def _read(platform: Platform, place: Place) -> Customer | None:
    try:
        found: Customer = (await read(platform, CUSTOMERS, place)).data
        return found
    except NotFound:
        return None


async def _case(platform: Platform, part: Part, key: str, customer: Customer | None, fault: Conflict) -> str:
    """Open the account's case, where anything is to be done at all; under what it stands."""
    if not part.heal:
        return ""
    await platform.database.run(lambda c: account_cases.open_case(c, platform, CUSTOMERS, key, customer, fault))
    return account_cases.run_id(CUSTOMERS, key)


async def _twins(platform: Platform, part: Part, rows: list[Any]) -> None:
    differences = []
    for row in rows:
        system = part.left if row.side == "left" else part.right
        twins = (LISTED.c.side == row.side, LISTED.c.key == row.key, LISTED.c.entity == row.entity)
        query = sa.select(LISTED.c.native_id).where(store.within(part), *twins).order_by(LISTED.c.number)
        ids = await platform.database.run(partial(_texts, query=query))
        said = f"{platform.systems.title(system)} has one customer more than once: {', '.join(ids)}."
        customer = await _read(platform, Place(system=system, native_id=row.native_id))
        run = await _case(platform, part, row.key, customer, Conflict(said))
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
