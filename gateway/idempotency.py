"""Keys of calls that must have one effect, and the answers they were given, in the platform's database.

claim -> the tier does it -> keep | release

A key belongs to one caller and one operation. While its first call runs it is leased by the process that runs it, and
the lease is renewed; a process that dies leaves a lease that ends, and then policy says whether the call may be made
again. Rows hold no names: the key, the caller and the operation are one digest. The stored answer is what the caller
was sent, unmasked, and goes when its time is over.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from foundation.database import METADATA, Database, insert_new
from gateway.call import Answer
from gateway.refusals import KeyInterrupted, KeyReused, KeyRunning

LEASE: Final = 15.0
"""Seconds after which a process that renews its lease no more is taken for dead."""
_RENEW: Final = LEASE / 3
_SWEEP_EVERY: Final = 1_000
log = structlog.get_logger("tiergate.idempotency")

KEYS: Final = sa.Table(
    "idempotency_keys",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(32), nullable=False),
    sa.Column("leased_until", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False, index=True),
    sa.Column("status", sa.Integer, nullable=False),  # 0: still running
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One call that wants to be the one that is made."""

    id: str
    fingerprint: str
    """Of what is asked: the same key for something else is a mistake."""
    keep: float
    """Seconds the answer is kept."""
    again: bool
    """Whether the call may be made once more when the process that made it died before it knew the outcome."""


class IdempotencyKeys:
    """All keys. Several processes share them through the database; `clock` counts seconds since the epoch."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._owner = secrets.token_hex(16)
        self._running: set[str] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._claims = 0

    async def claim(self, claim: Claim) -> Answer | None:
        """None when the call is to be made now, and the key is ours; else the answer its first call was given.

        Raises `KeyReused`, `KeyRunning` or `KeyInterrupted`.
        """
        self._claims += 1
        if self._claims % _SWEEP_EVERY == 0:
            await self.sweep()
        answer = await self._database.run(lambda connection: self._claim(connection, claim))
        if answer is None:
            self._running.add(claim.id)
            if self._renewing is None or self._renewing.done():
                self._renewing = asyncio.create_task(self._renew())
        return answer

    async def keep(self, claim: Claim, answer: Answer) -> None:
        """Remember what a claimed call was answered with."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
        values = {
            "status": answer.status,
            "headers": msgspec.json.encode(headers).decode(),
            "body": answer.body,
            "expires_at": self._clock() + claim.keep,
        }
        await self._database.run(lambda c: c.execute(sa.update(KEYS).where(self._ours(claim)).values(values)))
        self._running.discard(claim.id)

    async def release(self, claim: Claim) -> None:
        """Forget a claimed key whose call had no effect: the next call with it is a first one."""
        await self._database.run(lambda c: c.execute(sa.delete(KEYS).where(self._ours(claim))))
        self._running.discard(claim.id)

    def abandon(self, claim: Claim) -> None:
        """A claimed call ended and nobody knows how: its lease is renewed no more."""
        self._running.discard(claim.id)

    async def sweep(self) -> int:
        """Remove the rows whose time is over; how many."""
        gone = sa.delete(KEYS).where(KEYS.c.expires_at < self._clock())
        return int(await self._database.run(lambda connection: connection.execute(gone).rowcount))

    async def close(self) -> None:
        """Stop renewing. What still runs here keeps its lease until it ends."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    def _claim(self, connection: sa.Connection, claim: Claim) -> Answer | None:
        now = self._clock()
        fresh = self._fresh(claim, now)
        if insert_new(connection, KEYS, {"id": claim.id}, fresh):
            return None
        found = connection.execute(sa.select(KEYS).where(KEYS.c.id == claim.id)).one_or_none()
        if found is None:  # released between the two statements
            raise KeyRunning("A call with this Idempotency-Key just ended.", retry_after="1")
        if found.expires_at < now:
            self._take_over(connection, claim, found, fresh)
            return None
        if found.fingerprint != claim.fingerprint:
            raise KeyReused("This Idempotency-Key was sent with another request; use a new key for a new request.")
        if found.status:
            headers = msgspec.json.decode(found.headers, type=list[tuple[str, str]])
            replayed = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
            return Answer(status=found.status, headers=replayed, body=bytes(found.body))
        if found.leased_until >= now:
            raise KeyRunning("The first call with this Idempotency-Key is still running.", retry_after="1")
        if not claim.again:
            raise KeyInterrupted(
                "The call with this Idempotency-Key was interrupted and its outcome is not known. "
                "Look whether it was done before you ask again with a new key."
            )
        self._take_over(connection, claim, found, fresh)
        return None

    def _take_over(self, connection: sa.Connection, claim: Claim, found: Any, fresh: dict[str, Any]) -> None:
        """The row becomes ours; of two that try at once, one is told that the other runs."""
        same = (KEYS.c.id == claim.id, KEYS.c.owner == found.owner, KEYS.c.leased_until == found.leased_until)
        if connection.execute(sa.update(KEYS).where(*same).values(fresh)).rowcount == 0:
            raise KeyRunning("The first call with this Idempotency-Key is still running.", retry_after="1")

    def _fresh(self, claim: Claim, now: float) -> dict[str, Any]:
        return {
            "fingerprint": claim.fingerprint,
            "owner": self._owner,
            "leased_until": now + LEASE,
            "expires_at": now + claim.keep,
            "status": 0,
            "headers": "[]",
            "body": b"",
        }

    def _ours(self, claim: Claim) -> sa.ColumnElement[bool]:
        return sa.and_(KEYS.c.id == claim.id, KEYS.c.owner == self._owner)

    async def _renew(self) -> None:
        while self._running:
            await asyncio.sleep(_RENEW)
            held = sa.and_(KEYS.c.id.in_(self._running), KEYS.c.owner == self._owner)
            renewed = sa.update(KEYS).where(held).values(leased_until=self._clock() + LEASE)
            try:
                await self._database.run(partial(_execute, renewed))
            except sa.exc.SQLAlchemyError:
                log.exception("leases of idempotency keys not renewed")


def _execute(statement: sa.Update, connection: sa.Connection) -> None:
    connection.execute(statement)


def id_of(*parts: str) -> str:
    """The digest that stands for one key of one caller at one operation."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
