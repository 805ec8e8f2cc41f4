"""One gateway process of several that share their keys: the test world, with a desk that dawdles in its first write.

python -m tests.once.writing_process FOLDER WHEN    prints its port; FOLDER holds policies/ and key.json

A write has its effect in `effects` (one a key, as an upsert by key has) and is counted in `attempts`. WHEN says
whether the desk dawdles `before` or `after` the effect; while it does, its process id stands in the file `busy`.
"""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import msgspec
from joserfc.jwk import RSAKey

from foundation.database import Database, engine_of, migrate
from gateway import idempotency
from gateway.governor import Governor
from gateway.plan import load
from tests.gateway.notes import APIS, VALUES, Desk, KnownKeys, Note, over, tier_of
from tiergate.server import Serving, probe

DAWDLES = 1.5
LEASE = 2.0


class DawdlingDesk(Desk):
    """Writes into a file all processes share."""

    def __init__(self, folder: Path, when: str) -> None:
        super().__init__()
        self._folder, self._when = folder, when

    async def upsert_note(self, key: str, data: Note) -> Note:
        self._do("INSERT INTO attempts VALUES (?)", key)
        if self._when == "before":
            await self._dawdle()
        self._do("INSERT OR IGNORE INTO effects VALUES (?)", key)
        if self._when == "after":
            await self._dawdle()
        return Note(title=f"{data.title} by {os.getpid()}")

    async def _dawdle(self) -> None:
        (self._folder / "busy").write_text(str(os.getpid()))
        await asyncio.sleep(DAWDLES)

    def _do(self, statement: str, key: str) -> None:
        with closing(sqlite3.connect(self._folder / "effects.sqlite", timeout=30)) as store, store:
            store.execute(statement, (key,))


async def main(folder: Path, when: str) -> None:
    idempotency.LEASE, idempotency._RENEW = LEASE, LEASE / 4  # type: ignore[misc]  # a test does not wait so long
    key = RSAKey.import_key(msgspec.json.decode((folder / "key.json").read_bytes()))
    engine = engine_of(f"sqlite:///{folder / 'platform.sqlite'}")
    migrate(engine)
    keys = idempotency.IdempotencyKeys(Database(engine))
    governor = Governor(load(folder / "policies", APIS, VALUES), keys=KnownKeys(key), idempotency=keys)
    port = probe("127.0.0.1", 0)
    serving = Serving(over(governor, tier_of(DawdlingDesk(folder, when))), "127.0.0.1", port)
    await serving.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # until the test lets go
    await serving.stop()
    await keys.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
