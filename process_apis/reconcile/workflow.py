"""Reconcile: every pair of systems in turn, each of them once, whatever the others come to.

plan -> for each pair: list both -> compare -> heal or case -> count
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog
from dbos import DBOS

from canonical.dates import now
from canonical.faults import Fault, NotBound, Unsupported, VendorSignIn
from canonical.ports.reconciling import ReconciledObject, StartReconciliation
from foundation.context import Context, current, use
from process_apis import cases
from process_apis.bindings import Systems
from process_apis.platform import Platform, here, on_own_account
from process_apis.reconcile import ledger, projects, store, synchronised
from process_apis.reconcile.store import Found, Part
from process_apis.reconcile.tables import RECONCILIATIONS

KINDS: Final[Mapping[ReconciledObject, Callable[[Platform, Part, Found], Awaitable[None]]]] = {
    "customer": synchronised.compare,
    "contact": synchronised.compare,
    "project": projects.compare,
    "outcome": ledger.compare,
}
_ROLES: Final[Mapping[ReconciledObject, tuple[str, str]]] = {
    "customer": ("crm", "erp"),
    "contact": ("crm", "erp"),
    "project": ("erp", "psa"),
    "outcome": ("crm", "erp"),
}
log = structlog.get_logger("tiergate.reconcile")


@DBOS.workflow(name="reconcile.v1", max_recovery_attempts=1000)
async def run(reconciliation_id: str) -> None:
    """All parts; one that was compared already when its process died is not compared again."""
    await DBOS.run_step_async({"name": "compare"}, reconcile, reconciliation_id)


async def reconcile(reconciliation_id: str) -> None:
    """Compare what is still to be compared."""
    platform = here()
    context = await platform.database.run(lambda c: _context(c, reconciliation_id))
    with use(context):
        for part in await platform.database.run(lambda c: store.waiting(c, reconciliation_id)):
            await _compare(platform, part)
    await platform.database.run(lambda c: store.finish(c, reconciliation_id))
    platform.changed.set()  # whoever works the inbox off tells the desk of the cases


async def _compare(platform: Platform, part: Part) -> None:
    """One part; a system that does not answer parks it, and no other."""
    found = Found(masker=platform.masker)
    await platform.database.run(lambda c: store.forget(c, part, differences=True))
    state: Any = "agrees"
    try:
        _not_paused(platform, part)
        await KINDS[part.object](platform, part, found)
        reason = ""
    except (NotBound, Unsupported) as cannot:
        state, reason = "not_applicable", str(cannot)
    except Fault as fault:
        state, reason = "parked", cases.title(fault, platform.systems.title(fault.system))
    except Exception as bug:
        log.exception("comparing broke", object=part.object, left=part.left, right=part.right)
        state, reason = "parked", f"Comparing broke: {type(bug).__name__}."
    await platform.database.run(lambda c: store.end(c, part, found, state, reason))


def _not_paused(platform: Platform, part: Part) -> None:

    for system in (part.left, part.right):
        if system in platform.paused:
            raise VendorSignIn(platform.paused[system], system=system)  # its door is closed: no knocking


def _context(connection: sa.Connection, reconciliation_id: str) -> Context:
    row = connection.execute(sa.select(RECONCILIATIONS).where(RECONCILIATIONS.c.id == reconciliation_id)).one()
    caller = on_own_account("reconcile")
    if row.acted_for:
        caller = msgspec.structs.replace(caller, acted_for=tuple(row.acted_for.split()))
    return Context(request_id=reconciliation_id[:60], traceparent=row.traceparent, caller=caller, criticality="T3")


def plan(platform: Platform, reconciliation_id: str, asked: StartReconciliation, entities: Sequence[str]) -> list[Part]:
    """One part for each kind of thing and pair of systems; a role that nobody plays makes a part that says so."""
    parts: list[Part] = []
    for kind in asked.objects or list(KINDS):
        pairs = _pairs(platform.systems, _ROLES[kind], entities)
        for (left, right), of_it in pairs.items():
            parts.append(
                Part(
                    reconciliation=reconciliation_id,
                    number=len(parts) + 1,
                    object=kind,
                    left=left,
                    right=right,
                    entities=of_it,
                    heal=asked.heal,
                    reason=_why_not(platform, kind, left, right),
                )
            )
    return parts


def _pairs(systems: Systems, roles: tuple[str, str], entities: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for entity in entities or [""]:
        left, right = (systems.name(role, entity) if systems.plays(role, entity) else "" for role in roles)
        found.setdefault((left, right), []).extend([entity] if entity else [])
    return found


def _why_not(platform: Platform, kind: str, left: str, right: str) -> str:
    if not left or not right:
        roles = dict(zip(_ROLES[kind], (left, right), strict=True))  # type: ignore[index]  # a kind of ours
        return "; ".join(f"no {role} bound" for role, system in roles.items() if not system)
    if kind in synchronised.COMPARED and not platform.ownership.of(kind):
        return f"nobody owns a field of a {kind} (policies/ownership.yaml)"
    return "it is one system" if left == right else ""


def first_row(
    reconciliation_id: str, asked: StartReconciliation, trigger: str, acted_for: Sequence[str]
) -> dict[str, Any]:
    """The row of a new reconciliation."""

    return {
        "id": reconciliation_id,
        "state": "running",
        "trigger": trigger,
        "objects": msgspec.json.encode(asked.objects).decode(),
        "legal_entities": msgspec.json.encode(asked.legal_entities).decode(),
        "heal": asked.heal,
        "started_at": now(),
        "acted_for": " ".join(acted_for),
        "traceparent": current().traceparent,
    }
