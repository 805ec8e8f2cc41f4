"""Reconciliation as people and programs ask for it."""

import secrets
from typing import Final

import sqlalchemy as sa

from canonical.faults import FieldError, Invalid, NotFound
from canonical.ports import Page
from canonical.ports.reconciling import (
    Difference,
    DifferenceKind,
    DifferenceOutcome,
    Reconciliation,
    Reconciliations,
    StartReconciliation,
)
from foundation.api import Api
from process_apis import ProcessApi
from process_apis.operating import MOST, cursor_of, open_cursor
from process_apis.platform import Platform, acting
from process_apis.reconcile import store
from process_apis.reconcile.nightly import begin
from process_apis.reconcile.tables import DIFFERENCES, PARTS, RECONCILIATIONS
from process_apis.reconcile.workflow import first_row


class Reconciling:
    """The operations of `Reconciliations`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def start_reconciliation(self, data: StartReconciliation) -> Reconciliation:
        """A new one, unless the same is under way."""
        known = self._platform.systems.entities()
        wrong = [
            FieldError(pointer=f"/legal_entities/{number}", detail=f"nobody is bound to {entity}: one of {known}")
            for number, entity in enumerate(data.legal_entities)
            if entity not in known
        ]
        if wrong:
            raise Invalid("The reconciliation is not as it must be.", errors=wrong)
        with acting() as caller:
            new = first_row(f"rec_{secrets.token_hex(8)}", data, "asked", caller.acted_for)
            same = [RECONCILIATIONS.c[name] == new[name] for name in ("state", "objects", "legal_entities", "heal")]
            going = sa.select(RECONCILIATIONS.c.id).where(*same)
            known_as = await self._platform.database.run(lambda c: c.scalar(going))
            if not known_as:
                await begin(self._platform, new["id"], data, "asked", caller.acted_for)
        return await self.reconciliation(known_as or new["id"])

    async def reconciliations(self, limit: int = 50, cursor: str = "") -> Page[Reconciliation]:
        """One page, newest first."""
        most = max(1, min(limit, MOST))
        last = open_cursor(cursor, tuple[str])[0] if cursor else ""
        order = (RECONCILIATIONS.c.started_at.desc(), RECONCILIATIONS.c.id.desc())

        def read(c: sa.Connection) -> Page[Reconciliation]:
            query = sa.select(RECONCILIATIONS).order_by(*order).limit(most + 1)
            if last:
                began = sa.select(RECONCILIATIONS.c.started_at).where(RECONCILIATIONS.c.id == last).scalar_subquery()
                older = sa.and_(RECONCILIATIONS.c.started_at == began, RECONCILIATIONS.c.id < last)
                query = query.where(sa.or_(RECONCILIATIONS.c.started_at < began, older))
            rows = list(c.execute(query))
            more = cursor_of((rows[most - 1].id,)) if len(rows) > most else ""
            return Page(items=[store.shown(c, row) for row in rows[:most]], next=more)

        return await self._platform.database.run(read)

    async def reconciliation(self, reconciliation_id: str) -> Reconciliation:
        """One, as far as it has got."""
        this = sa.select(RECONCILIATIONS).where(RECONCILIATIONS.c.id == reconciliation_id)

        def read(c: sa.Connection) -> Reconciliation:
            row = c.execute(this).first()
            if row is None:
                raise NotFound(f"There is no reconciliation {reconciliation_id}.")
            return store.shown(c, row)

        return await self._platform.database.run(read)

    async def differences(
        self,
        reconciliation_id: str,
        kind: DifferenceKind | None = None,
        outcome: DifferenceOutcome | None = None,
        limit: int = 50,
        cursor: str = "",
    ) -> Page[Difference]:
        """One page."""
        await self.reconciliation(reconciliation_id)
        most, after = max(1, min(limit, MOST)), open_cursor(cursor, tuple[int])[0] if cursor else 0
        query = (
            sa.select(DIFFERENCES, PARTS.c.object)
            .join(
                PARTS,
                sa.and_(
                    PARTS.c.reconciliation_id == DIFFERENCES.c.reconciliation_id, PARTS.c.number == DIFFERENCES.c.part
                ),
            )
            .where(DIFFERENCES.c.reconciliation_id == reconciliation_id, DIFFERENCES.c.number > after)
        )
        if kind:
            query = query.where(DIFFERENCES.c.kind == kind)
        if outcome:
            query = query.where(DIFFERENCES.c.outcome == outcome)
        page = query.order_by(DIFFERENCES.c.number).limit(most + 1)
        rows = await self._platform.database.run(lambda c: list(c.execute(page)))
        more = cursor_of((rows[most - 1].number,)) if len(rows) > most else ""
        return Page(items=[store.difference(row, row.object) for row in rows[:most]], next=more)


PROCESS_API: Final = ProcessApi(
    api=Api(
        name="reconcile",
        layer="process",
        title="Reconciliation",
        description="Do two systems hold the same? What differs is mended by its owner, or is a case.",
        ports=(Reconciliations,),
    ),
    implement=Reconciling,
)
