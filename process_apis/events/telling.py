"""Telling subscribers of events: at least once, in the order of each subject, signed, over days.

Of one subscription and subject only the first delivery that is not made yet is sent; one that was given up is parked
and holds up its own subject, no other. What is to be delivered stands in the outbox. The streams of a Redis are a
subscriber too, one that is never given up.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

import httpx
import msgspec
import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.events import EventEnvelope, majors
from foundation.vendor_http import retry_after
from process_apis.events import streams, untaken, webhooks
from process_apis.journal import aware
from process_apis.platform import Platform
from process_apis.tables import DELIVERIES, EVENTS, SUBSCRIPTIONS

SOURCE: Final = "/tiergate/process"
_AT_ONCE: Final = 16
"""Deliveries under way in one process."""
_HELD: Final = timedelta(seconds=60)
"""How long one attempt may take; after that its process is taken to be dead."""
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_STREAMS_AGAIN: Final = 60
"""Seconds at the most until streams that did not answer are tried again."""
_SAID: Final = 200
"""Characters kept of what a receiver answered."""
log = structlog.get_logger("tiergate.telling")


def envelope(row: Any, types: Collection[str] = ()) -> EventEnvelope:
    """An event's row as it is told to who takes these types (none: any), in the newest major of them.

    `msgspec.ValidationError` where what is stored cannot be said so.
    """
    kind = majors.form(row.type, types) or row.type
    return EventEnvelope(
        id=row.id,
        source=SOURCE,
        type=kind,
        subject=row.subject,
        time=aware(row.time),
        sequence=f"{row.sequence:020}",
        partitionkey=row.subject,
        correlationid=row.run_id,
        traceparent=row.traceparent,
        legalentity=row.legal_entity,
        data=dict(majors.told_as(row.type, msgspec.json.decode(row.data), kind)),
    )


class Teller:
    """Sends what is due."""

    def __init__(self, platform: Platform, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._platform = platform
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, transport=transport)
        self._streams = streams.Streams(platform.event_streams) if platform.event_streams else None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what was under way is told again by whoever comes next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._http.aclose()
        if self._streams is not None:
            await self._streams.close()

    async def tell_due(self) -> int:
        """One attempt at everything that is due; how many there were."""
        due = await self._platform.database.run(partial(_claim, streaming=self._streams is not None))
        await asyncio.gather(*(self._attempt(row) for row in due))
        return len(due)

    async def _run(self) -> None:
        await streams.follow(self._platform.database, wanted=self._streams is not None)
        while True:
            try:
                while await self.tell_due():
                    pass
            except Exception:
                log.exception("telling broke and goes on")
            await asyncio.sleep(self._platform.pace.tell)

    async def _attempt(self, row: Any) -> None:
        note = partial(_note, platform=self._platform, row=row)
        try:
            event = envelope(row, msgspec.json.decode(row.types))
        except (msgspec.ValidationError, LookupError) as wrong:
            log.exception("an event cannot be said in another major", event_id=row.id, kind=row.type)
            said = f"It cannot be told in the major that was asked for: {wrong}"[:_SAID]
            await self._platform.database.run(partial(note, status=0, said=said, asked=0.0))
            return
        body = msgspec.json.encode(event)
        if row.url == streams.ADDRESS and self._streams is not None:
            status, said = await self._streams.tell(event, body)
            await self._platform.database.run(partial(note, status=status, said=said, asked=0.0))
            return
        status, said, asked = 0, "", 0.0
        refused = "" if self._platform.calls_anywhere else await webhooks.not_public(row.url)
        if refused:
            said = refused
        else:
            try:
                headers = webhooks.headers(self._secrets(row), row.id, now(), body)
                answer = await self._http.post(row.url, content=body, headers=headers)
                status, said = answer.status_code, answer.text[:_SAID]
                asked = min(float(retry_after(answer) or 0), float(webhooks.WAITS[-1]))
            except httpx.HTTPError as silence:
                said = type(silence).__name__
        await self._platform.database.run(partial(note, status=status, said=said, asked=asked))

    def _secrets(self, row: Any) -> list[str]:
        made = partial(webhooks.secret, self._platform.webhook_key, row.subscription_id)
        overlaps = row.renewed_at is not None and aware(row.renewed_at) + webhooks.OVERLAP > now()
        return [made(row.secret_number), *([made(row.secret_number - 1)] if overlaps else [])]


def _claim(connection: sa.Connection, *, streaming: bool) -> list[Any]:
    """What is due and first of its subject, held for this process: another one does not send it meanwhile."""
    before = DELIVERIES.alias("before")
    first = ~sa.exists().where(
        before.c.subscription_id == DELIVERIES.c.subscription_id,
        before.c.subject == DELIVERIES.c.subject,
        before.c.number < DELIVERIES.c.number,
        before.c.state != "delivered",
    )
    free = sa.or_(DELIVERIES.c.held_until.is_(None), DELIVERIES.c.held_until < now())
    ready = [DELIVERIES.c.state == "due", DELIVERIES.c.due_at <= now(), free]
    if not streaming:
        ready.append(DELIVERIES.c.subscription_id != streams.SUBSCRIPTION)
    numbers = connection.scalars(
        sa.select(DELIVERIES.c.number).where(*ready, first).order_by(DELIVERIES.c.due_at).limit(_AT_ONCE)
    ).all()
    held = [number for number in numbers if _hold(connection, number, ready)]
    query = (
        sa.select(
            EVENTS,
            DELIVERIES.c.number,
            DELIVERIES.c.attempts,
            SUBSCRIPTIONS.c.id.label("subscription_id"),
            SUBSCRIPTIONS.c.url,
            SUBSCRIPTIONS.c.types,
            SUBSCRIPTIONS.c.secret_number,
            SUBSCRIPTIONS.c.renewed_at,
        )
        .join(DELIVERIES, DELIVERIES.c.event_id == EVENTS.c.id)
        .join(SUBSCRIPTIONS, SUBSCRIPTIONS.c.id == DELIVERIES.c.subscription_id)
        .where(DELIVERIES.c.number.in_(held))
    )
    return list(connection.execute(query))


def _hold(connection: sa.Connection, number: int, ready: Sequence[Any]) -> bool:
    holding = sa.update(DELIVERIES).where(DELIVERIES.c.number == number, *ready).values(held_until=now() + _HELD)
    return bool(connection.execute(holding).rowcount)


def _note(connection: sa.Connection, platform: Platform, row: Any, status: int, said: str, asked: float) -> None:
    """What came of an attempt: taken, to try again, or given up, which is a case."""
    told = 200 <= status < 300
    values: dict[str, Any] = {"attempts": row.attempts + 1, "last_status": status, "held_until": None}
    values["last_detail"] = "" if told else said
    if told:
        values["state"] = "delivered"
    elif row.url == streams.ADDRESS:
        wait = min(webhooks.WAITS[min(row.attempts, len(webhooks.WAITS) - 1)], _STREAMS_AGAIN)
        values["due_at"] = now() + timedelta(seconds=wait)
    elif row.attempts >= len(webhooks.WAITS):
        values["state"] = "parked"
        log.warning("an event was not taken and is parked", subscription=row.subscription_id, subject=row.subject)
    else:
        values["due_at"] = now() + timedelta(seconds=max(webhooks.WAITS[row.attempts], asked))
    connection.execute(sa.update(DELIVERIES).where(DELIVERIES.c.number == row.number).values(**values))
    if told:
        untaken.close_case(connection, row.subscription_id)
    elif values.get("state") == "parked":
        untaken.open_case(connection, platform, row.subscription_id)
        platform.changed.set()  # the desk is told of it
    if status == httpx.codes.GONE:
        gone = sa.update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == row.subscription_id)
        connection.execute(gone.values(state="gone"))
        drop(connection, row.subscription_id)
        untaken.close_case(connection, row.subscription_id, "The subscriber answered 410: it is told nothing any more.")


def drop(connection: sa.Connection, subscription_id: str) -> None:
    """Forget what a subscription has not taken yet."""
    mine = DELIVERIES.c.subscription_id == subscription_id
    connection.execute(sa.delete(DELIVERIES).where(mine, DELIVERIES.c.state != "delivered"))
