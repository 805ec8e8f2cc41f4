"""Two systems read whole, page by page: what is listed goes to the store, so that memory does not grow with a firm."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from canonical.objects import Customer, Project
from canonical.ports.lists import AccountList, CustomerList, ProjectList
from process_apis import projections
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.recording import load
from process_apis.account_sync.records import Snapshot
from process_apis.cross_references import xrefs
from process_apis.opportunity_to_project.verification import project_facts
from process_apis.paging import pages
from process_apis.platform import Platform
from process_apis.reconcile import store
from process_apis.reconcile.store import Found, Part, Row, Side


async def list_customers(platform: Platform, part: Part, found: Found) -> None:
    """The accounts of the CRM on the left, the debtors of the ERP on the right."""
    ask = platform.systems.ask
    async for accounts in pages(ask(part.left, AccountList).accounts):
        await _keep_customers(platform, part, found, "left", accounts)
    async for debtors in pages(ask(part.right, CustomerList).customers):
        of_it = [each for each in debtors if part.of(each.legal_entity_id)]
        await _keep_customers(platform, part, found, "right", of_it)


async def _keep_customers(
    platform: Platform, part: Part, found: Found, side: Side, records: Sequence[Customer]
) -> None:
    system = part.left if side == "left" else part.right
    there = [each for each in records if each.lifecycle not in ("deleted", "merged") and not each.merged_into]
    _count(found, side, len(there))

    def keep(c: sa.Connection) -> None:
        owners = xrefs.holders(c, CUSTOMERS.name, [(system, each.id) for each in there])
        known = load(c, set(owners.values()))
        rows = []
        for each in there:
            key = owners.get((system, each.id), "")
            snapshot = known[key].snapshots.get((system, each.id)) if key else None
            state = _state(platform, found, side, each, snapshot) if key else "unlinked"
            entity = each.legal_entity_id if side == "right" else ""
            state = f"closed {state}" if each.lifecycle == "closed" else state
            rows.append(Row(side=side, native_id=each.id, entity=entity, key=key, state=state))
        store.keep(c, part, rows)

    await platform.database.run(keep)


def _state(platform: Platform, found: Found, side: Side, record: Customer, snapshot: Snapshot | None) -> str:
    """`same` when it says what it had agreed to; a list may leave fields out, so only what it tells is compared."""
    said = projections.project(record, platform.ownership.of(CUSTOMERS.name))
    told = {name: value for name, value in said.items() if not projections.empty(value)}
    agreed = {name: snapshot.agreed.get(name) for name in told} if snapshot else {}
    found.add(side, record.id, told)
    found.add(f"{side} expected", record.id, agreed)
    if snapshot is None:
        return "unmet"
    if projections.digest(said) == snapshot.seen:
        return "same"
    unchanged = record.source is not None and record.source.native_version[:80] == snapshot.version != ""
    return "same" if unchanged and told == agreed else "moved"


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
