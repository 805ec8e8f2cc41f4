"""Vendor calls, written down behind the scenes: the trace of a run shows them, connection health is made of them."""

import queue
import threading
from typing import Final

import sqlalchemy as sa
import structlog

from foundation.database import Database
from foundation.vendor_http import Exchange, observe
from process_apis.tables import CALLS

_GATHER: Final = 0.2
"""Seconds a batch waits for company."""
log = structlog.get_logger("tiergate.calls")


class CallLog:
    """Writes every exchange of this process, in batches, in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._forget = observe(self._queue.put)
        self._thread = threading.Thread(target=self._run, name="vendor-calls", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is left."""
        self._forget()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            batch = [self._queue.get()]
            threading.Event().wait(_GATHER)
            while not self._queue.empty():
                batch.append(self._queue.get())
            more = None not in batch
            rows = [_row(exchange) for exchange in batch if exchange is not None]
            try:
                if rows:
                    self._database.now(lambda c, r=rows: c.execute(sa.insert(CALLS), r))  # type: ignore[misc]  # bound at once
            except sa.exc.SQLAlchemyError:
                log.warning("vendor calls could not be written down", count=len(rows))


def _row(exchange: Exchange) -> dict[str, object]:
    return {
        "at": exchange.at,
        "system": exchange.system,
        "method": exchange.method,
        "path": exchange.path,
        "status": exchange.status,
        "took_ms": exchange.took_ms,
        "fault": exchange.fault,
        "request_id": exchange.request_id,
        "run_id": exchange.run,
        "number": int(exchange.step) if exchange.step.isdigit() else 0,
    }
