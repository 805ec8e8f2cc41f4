"""Account and contact sync as they are operated: what syncs wrote, newest first, and having one undone.

    read what it wrote -> guard -> put back, record by record -> read back

Safe to ask twice: the undoing's run is the sync's, and each record is read before it is written.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final, cast

from canonical.dates import now
from canonical.faults import Conflict, NotFound
from canonical.ports import Page
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.processes import Run
from canonical.ports.sync_runs import Sync, SyncDetail, SyncedRecord, Syncs, Undo
from foundation.api import Api
from foundation.context import current
from process_apis import ProcessApi, journal
from process_apis.account_sync import overwritten
from process_apis.account_sync.overwritten import Write
from process_apis.account_sync.undo import PREFIX, WORKFLOW, kind_of
from process_apis.cross_references import xrefs
from process_apis.operating import MOST, Operating, cursor_of, open_cursor, retry, step_names
from process_apis.platform import Platform, acting


class OperatingSyncs:
    """The operations of `Syncs`."""

    def __init__(self, platform: Platform, operating: Operating) -> None:
        self._platform, self._operating = platform, operating

    async def syncs(self, key: str = "", limit: int = 50, cursor: str = "") -> Page[Sync]:
        """One page, newest first."""
        most = max(1, min(limit, MOST))
        after = open_cursor(cursor, tuple[datetime, str]) if cursor else None

        def read(c: Any) -> Page[Sync]:
            known = xrefs.find(c, key.strip()) if key.strip() else None
            found = overwritten.latest(c, known, most + 1, after)
            items = [_shown(writes, journal.load_run(c, _run_id(writes[0].sync_id), step_names())) for writes in found]
            last = items[most - 1] if len(items) > most else None
            return Page(items=items[:most], next=cursor_of((last.at, last.id)) if last else "")

        return await self._platform.database.run(read)

    async def sync(self, sync_id: str) -> SyncDetail:
        """One sync; the steps are its undoing's."""
        writes = await self._writes(sync_id)
        try:
            found = await self._operating.run(_run_id(sync_id))
        except NotFound:
            return SyncDetail(sync=_shown(writes, None))
        return SyncDetail(sync=_shown(writes, found.run), steps=found.steps)

    async def undo_sync(self, sync_id: str) -> Sync:
        """Begin it, or answer with the one there is; one that waits for a person is run again."""
        writes, run_id = await self._writes(sync_id), _run_id(sync_id)
        with acting() as caller:
            said = kind_of(sync_id).about(writes[0].canonical_id, None)
            run = await self._operating.begin(
                {
                    "id": run_id,
                    "workflow": WORKFLOW.name,
                    "business_key": writes[0].canonical_id,
                    "generation": 1,
                    "input_hash": journal.input_hash({"sync_id": sync_id}),
                    "status": "running",
                    "title": said["title"],
                    "started_at": now(),
                    "traceparent": current().traceparent,
                    "acted_for": " ".join(caller.acted_for),
                }
            )
        if run.status in ("failed", "refused"):
            with suppress(Conflict):  # it is just ending, or somebody else has just run it again
                run = await retry(self._platform, run_id)
        return _shown(writes, run)

    async def _writes(self, sync_id: str) -> list[Write]:
        kind_of(sync_id)
        return await self._platform.database.run(lambda c: overwritten.writes_of(c, sync_id))


def _run_id(sync_id: str) -> str:
    return f"{PREFIX}:{sync_id}"


def _shown(writes: list[Write], run: Run | None) -> Sync:
    first = writes[0]
    records = [
        SyncedRecord(system=each.system, native_id=each.native_id, made=each.made, fields=sorted(each.fields))
        for each in writes
    ]
    return Sync(
        id=first.sync_id,
        object=cast(Any, kind_of(first.sync_id).name),
        canonical_id=first.canonical_id,
        at=min(each.at for each in writes),
        records=records,
        undo=_undo(run) if run else None,
    )


def _undo(run: Run) -> Undo:
    problem = RunProblem(reason=run.reason, detail=run.detail, errors=run.errors)
    return Undo(
        run_id=run.id,
        status=run.status,
        progress=Progress(step=run.step, of=run.steps_in_all, takeovers=run.takeovers),
        started_at=run.started_at,
        ended_at=run.ended_at,
        verified=run.verified,
        problem=problem if run.reason else None,
    )


PROCESS_API: Final = ProcessApi(
    api=Api(
        name="account-sync",
        layer="process",
        title="Account and contact sync",
        description="What syncs of accounts and of people wrote, and having one undone.",
        ports=(Syncs,),
    ),
    implement=lambda platform: OperatingSyncs(platform, Operating(platform, WORKFLOW)),
)
