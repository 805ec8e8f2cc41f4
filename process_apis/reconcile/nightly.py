"""The nightly reconciliation: of each legal entity at the same hour of its own clock, once a day whoever is up.

A process that was down at that hour catches up within `LATE`; after that the next night comes soon enough.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.reconciling import StartReconciliation
from canonical.ports.systems import LegalEntities
from foundation.context import fresh, use
from process_apis.journal import aware
from process_apis.platform import Platform, on_own_account
from process_apis.reconcile import store, workflow
from process_apis.reconcile.tables import RECONCILIATIONS

LATE: Final = timedelta(hours=1)
_ZONES_KEPT: Final = timedelta(days=1)
_STRANDED: Final = timedelta(minutes=1)
"""A reconciliation this old that still runs is asked for again: a process may have died before it was queued."""


class Nights:
    """Begins what is due; knows the clocks of the legal entities for a day."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._zones: dict[str, tuple[ZoneInfo, datetime]] = {}

    async def begin_due(self) -> None:
        """One look. Raises the fault of a system that does not say where an entity is; the others were begun."""
        await self._ask_again()
        at = self._platform.pace.reconcile_at
        if at is None:
            return
        failed: Exception | None = None
        for entity in self._platform.systems.entities():
            try:
                day = due(now(), await self._zone(entity), at)
            except Exception as failure:  # noqa: BLE001 - raised below, once the others had their turn
                failed = failure
                continue
            if day:
                with use(fresh(caller=on_own_account("reconcile"))):
                    asked = StartReconciliation(legal_entities=[entity])
                    await begin(self._platform, f"nightly:{entity}:{day}", asked, "nightly")
        if failed is not None:
            raise failed

    async def _zone(self, entity: str) -> ZoneInfo:
        zone, asked_at = self._zones.get(entity, (None, None))
        if zone is None or asked_at is None or now() - asked_at > _ZONES_KEPT:
            with use(fresh(caller=on_own_account("reconcile"))):
                port = self._platform.systems.of("erp", LegalEntities, entity)
                zone = ZoneInfo((await port.legal_entity(entity)).time_zone or "UTC")
            self._zones[entity] = (zone, now())
        return zone

    async def _ask_again(self) -> None:
        old = sa.select(RECONCILIATIONS.c.id, RECONCILIATIONS.c.started_at).where(RECONCILIATIONS.c.state == "running")
        for row in await self._platform.database.run(lambda c: list(c.execute(old))):
            if now() - aware(row.started_at) > _STRANDED:
                await _enqueue(self._platform, row.id)


def due(instant: datetime, zone: ZoneInfo, at: time) -> str:
    """The day whose reconciliation is to begin now; empty when none is. An hour the clocks skip comes after the gap."""
    there = instant.astimezone(zone)
    for day in (there.date(), there.date() - timedelta(days=1)):  # close to midnight it may be yesterday's
        begins = datetime.combine(day, at, zone).astimezone(UTC)  # hours are counted by a clock that skips none
        if begins <= instant < begins + LATE:
            return day.isoformat()
    return ""


async def begin(
    platform: Platform,
    reconciliation_id: str,
    asked: StartReconciliation,
    trigger: str,
    acted_for: tuple[str, ...] = (),
) -> bool:
    """Write a reconciliation down and have it done; False when it was there already."""
    entities = asked.legal_entities or platform.systems.entities()
    parts = workflow.plan(platform, reconciliation_id, asked, entities)
    row = workflow.first_row(reconciliation_id, asked, trigger, acted_for)
    new = await platform.database.run(lambda c: store.begin(c, row, parts))
    if new:
        await _enqueue(platform, reconciliation_id)
    return new


async def _enqueue(platform: Platform, reconciliation_id: str) -> None:
    await platform.engine.enqueue(f"reconcile:{reconciliation_id}", "reconcile", workflow.run, reconciliation_id)
