"""Events in the streams of a Redis, for other services and live screens of the firm's own: where one is configured.

    tiergate:{events:0} ... tiergate:{events:7}     XADD * id, type, subject, event (the CloudEvent as JSON)

All events of one subject are in one stream, in their order; consumer groups read the streams each for themselves. They
are told like any subscriber, from the outbox, and never given up: while Redis is away they wait. An event is appended
once, however often it is told within a day, since what was appended is remembered in the same step (a script). A
stream is trimmed to about `KEPT` entries: who was away for longer reads the events API. https://redis.io/docs/latest/develop/data-types/streams/
"""

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.events import EventEnvelope
from foundation.database import Database, insert_new
from process_apis.tables import SUBSCRIPTIONS

if TYPE_CHECKING:
    pass

STREAMS: Final = 8
KEPT: Final = 100_000
SUBSCRIPTION: Final = "sub_streams"
"""The row of the subscriptions by which events come here. It is no client's, so no client sees or ends it."""
ADDRESS: Final = "redis:streams"
"""What stands there in place of an address; nobody can subscribe with it, since it is no http."""
TOLD: Final = 200
_REMEMBERED: Final = 86_400
_TIMEOUT: Final = 5.0
_APPEND: Final = """
if redis.call('SET', KEYS[2], '', 'NX', 'EX', ARGV[1]) then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*',
    'id', ARGV[3], 'type', ARGV[4], 'subject', ARGV[5], 'event', ARGV[6])
end
return 1
"""
log = structlog.get_logger("tiergate.streams")


def stream_of(subject: str) -> str:
    """The stream that a subject's events are in. The braces keep what belongs to it on one node of a cluster."""
    return f"tiergate:{{events:{zlib.crc32(subject.encode()) % STREAMS}}}"


class Streams:
    """One process's way to them; belongs to the event loop it is first used on."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis  # without streams its client costs 0.1 s and is not needed

        self._redis: Redis = Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
        self._away = False

    async def tell(self, event: EventEnvelope, body: bytes) -> tuple[int, str]:
        """Append one event: `TOLD`, or 0 and what the matter is."""
        from redis.exceptions import RedisError

        stream = stream_of(event.subject)
        keys = (stream, f"{stream}:{event.id}")
        try:
            answer: Any = self._redis.eval(
                _APPEND, 2, *keys, str(_REMEMBERED), str(KEPT), event.id, event.type, event.subject, body.decode()
            )
            await answer
        except (RedisError, OSError, TimeoutError) as silence:
            if not self._away:
                log.warning("the event streams do not answer; events wait", reason=type(silence).__name__)
            self._away = True
            return 0, type(silence).__name__
        self._away = False
        return TOLD, ""

    async def close(self) -> None:
        """Let go of the connections."""
        with suppress(OSError):
            await self._redis.aclose()


async def follow(database: Database, *, wanted: bool) -> None:
    """Have events told to the streams from now on, or no more; what waits for them already goes on waiting."""
    state = "active" if wanted else "off"

    def write(connection: sa.Connection) -> None:
        everything = {"client": "", "url": ADDRESS, "types": "[]", "legal_entities": "[]", "secret_number": 1}
        if wanted:
            insert_new(
                connection, SUBSCRIPTIONS, {"id": SUBSCRIPTION}, everything | {"state": state, "created_at": now()}
            )
        mine = sa.update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == SUBSCRIPTION, SUBSCRIPTIONS.c.state != state)
        connection.execute(mine.values(state=state))

    await database.run(write)
