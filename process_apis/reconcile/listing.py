"""Two systems read whole, page by page: what is listed goes to the store, so that memory does not grow with a firm."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.objects import Contact, Project
from canonical.ports.lists import AccountList, CustomerList, ProjectList
from canonical.ports.people import CustomerPeople
from process_apis import projections
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.people import CONTACTS, FOR_THE_BOOKS
from process_apis.account_sync.recording import load
from process_apis.account_sync.records import Kind, Snapshot, role_of
from process_apis.cross_references import xrefs
from process_apis.opportunity_to_project.verification import project_facts
from process_apis.paging import Listing, pages
from process_apis.platform import Platform
from process_apis.reconcile import store
from process_apis.reconcile.store import Found, Part, Row, Side

WANTED: Final = "wanted"
"""Of the CRM's people: those the books write to, so that they are to be there."""


async def list_customers(platform: Platform, part: Part, found: Found) -> None:
    """The accounts of the CRM on the left, the debtors of the ERP on the right."""
    ask = platform.systems.ask
    accounts, debtors = ask(part.left, AccountList).accounts, ask(part.right, CustomerList).customers
    await _list(platform, part, found, CUSTOMERS, accounts, debtors)


async def list_people(platform: Platform, part: Part, found: Found) -> None:
    """The contacts of the CRM on the left, those of the ERP on the right."""
    ask = platform.systems.ask
    theirs, ours = ask(part.left, AccountList).people, ask(part.right, CustomerPeople).customer_people
    await _list(platform, part, found, CONTACTS, theirs, ours)


async def _list(
    platform: Platform, part: Part, found: Found, kind: Kind, left: Listing[Any], right: Listing[Any]
) -> None:
    """Everything on the left; on the right what is of the books compared."""
    async for records in pages(left):
        await _keep(platform, part, found, kind, "left", records)
    async for records in pages(right):
        of_it = [each for each in records if part.of(each.legal_entity_id)]
        await _keep(platform, part, found, kind, "right", of_it)


async def _keep(platform: Platform, part: Part, found: Found, kind: Kind, side: Side, records: Sequence[Any]) -> None:
    system = part.left if side == "left" else part.right
    listed = [each for each in records if each.lifecycle not in ("deleted", "merged") and not each.merged_into]
    _count(found, side, len(listed))

    def keep(c: sa.Connection) -> None:
        there = _at_home(c, system, listed) if kind is CONTACTS else listed
        wanted = _wanted(c, platform, part, there) if kind is CONTACTS and side == "left" else {}
        owners = xrefs.holders(c, kind.name, [(system, each.id) for each in there])
        known = load(c, set(owners.values()))
        rows = []
        for each in there:
            key = owners.get((system, each.id), "")
            snapshot = known[key].snapshots.get((system, each.id)) if key else None
            state = _state(platform, found, kind, side, each, snapshot) if key else "unlinked"
            entity = each.legal_entity_id if side == "right" else ""
            state = f"{WANTED} {state}" if each.id in wanted else f"closed {state}" if is_closed(each) else state
            facts = wanted.get(each.id, {})
            rows.append(Row(side=side, native_id=each.id, entity=entity, key=key, state=state, facts=facts))
        store.keep(c, part, rows)

    await platform.database.run(keep)


def _at_home(c: sa.Connection, system: str, people: Sequence[Contact]) -> list[Contact]:
    """People with our id of their customer, as they are when they are synchronised."""
    homes = xrefs.holders(c, CUSTOMERS.name, [(system, each.account_id) for each in people if each.account_id])
    at = [(each, homes.get((system, each.account_id), "")) for each in people]
    return [msgspec.structs.replace(each, account_id=home) for each, home in at]


def _wanted(c: sa.Connection, platform: Platform, part: Part, people: Sequence[Contact]) -> dict[str, dict[str, str]]:
    """Of those the books write to, by id: each of the books compared, and what the customer is called there."""
    theirs = [each for each in people if each.status == "active" and any(r.role in FOR_THE_BOOKS for r in each.roles)]
    places = xrefs.places_of(c, sorted({each.account_id for each in theirs if each.account_id}))
    found = {}
    for each in theirs:
        debtors = [place for place in places.get(each.account_id, ()) if place.system == part.right]
        books = {p.instance: p.native_id for p in debtors if part.of(p.instance) and role_of(platform.systems, p)}
        if books:
            found[each.id] = books
    return found


def is_closed(record: Any) -> bool:
    """Whether nobody works with it any more: a closed debtor, a person nobody writes to."""
    return record.lifecycle == "closed" or getattr(record, "status", "") == "inactive"


def _state(platform: Platform, found: Found, kind: Kind, side: Side, record: Any, snapshot: Snapshot | None) -> str:
    """`same` when it says what it had agreed to; a list may leave fields out, so only what it tells is compared."""
    said = projections.project(record, platform.ownership.of(kind.name))
    told = {name: value for name, value in said.items() if not projections.empty(value)}
    seen = snapshot is not None and projections.digest(said) == snapshot.seen
    if snapshot is not None and seen:  # what nobody has agreed to yet is no difference while nothing moves
        told = {name: value for name, value in told.items() if name in snapshot.agreed}
    agreed = {name: snapshot.agreed.get(name) for name in told} if snapshot else {}
    found.add(side, record.id, told)
    found.add(f"{side} expected", record.id, agreed)
    if snapshot is None:
        return "unmet"
    unchanged = record.source is not None and record.source.native_version[:80] == snapshot.version != ""
    return "same" if told == agreed and (seen or unchanged) else "moved"


async def list_projects(platform: Platform, part: Part, found: Found) -> None:
    """The projects of the ERP on the left, those of the PSA on the right."""
    sides: tuple[tuple[Side, str], ...] = (("left", part.left), ("right", part.right))
    for side, system in sides:
        async for projects in pages(platform.systems.ask(system, ProjectList).projects):
            of_it = [each for each in projects if part.of(each.legal_entity_id) and each.lifecycle != "deleted"]
            _count(found, side, len(of_it))
            rows = [_project_row(side, system, each) for each in of_it]
            await platform.database.run(partial(store.keep, part=part, rows=rows))


def _project_row(side: Side, system: str, project: Project) -> Row:
    key = next((x.alt_key for x in project.xrefs if x.system == system and x.alt_key), "")
    return Row(
        side=side,
        native_id=project.id,
        entity=project.legal_entity_id,
        key=key,
        state="keyed" if key else "foreign",
        facts=project_facts(project),
    )


def _count(found: Found, side: Side, more: int) -> None:
    setattr(found, side, getattr(found, side) + more)


def shared(left: Mapping[str, str], right: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both keep: a field one of them has nothing in is not compared."""
    both = [name for name in left if name in right]
    return {name: left[name] for name in both}, {name: right[name] for name in both}
