"""One gateway process of several: the test world's policies and desk, the counters in the Redis it is told of.

python -m tests.counting.gateway_process FOLDER REDIS_URL     prints its port; FOLDER holds policies/ and key.json
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio as aioredis
from joserfc.jwk import RSAKey

from foundation.counting import counters_at
from gateway.governor import Governor
from gateway.plan import load
from tests.gateway.notes import APIS, VALUES, Desk, KnownKeys, Note, over, tier_of
from tiergate.server import Serving, probe


class PatientDesk(Desk):
    """Its note `wait-...` is read as soon as the test has set that key."""

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self._redis: Any = aioredis.from_url(redis_url)

    async def note(self, note_id: str) -> Note:
        if note_id.startswith("wait-"):
            for _ in range(2_000):
                if await self._redis.exists(note_id):
                    break
                await asyncio.sleep(0.01)
        return Note(title=note_id)


async def main(folder: Path, redis_url: str) -> None:
    key = RSAKey.import_key(msgspec.json.decode((folder / "key.json").read_bytes()))
    plan = load(folder / "policies", APIS, VALUES)
    governor = Governor(plan, keys=KnownKeys(key), counters=counters_at(redis_url))
    port = probe("127.0.0.1", 0)
    serving = Serving(over(governor, tier_of(PatientDesk(redis_url))), "127.0.0.1", port)
    await serving.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # until the test lets go
    await serving.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
