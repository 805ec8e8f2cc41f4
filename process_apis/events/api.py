"""Events and subscriptions: what happened, read page by page or told to an address of the caller's own."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.events import TYPES, EventEnvelope, majors
from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.ports import Page
from canonical.ports.events import (
    DeliveryState,
    EventDelivery,
    Events,
    Inbound,
    Replay,
    Replayed,
    Subscribe,
    Subscription,
)
from foundation.api import Api
from foundation.context import current
from foundation.database import NUMBERS
from process_apis import ProcessApi
from process_apis.events import outbox, untaken, webhooks
from process_apis.events.inbound import Stewarding
from process_apis.events.telling import envelope
from process_apis.journal import aware
from process_apis.operating import MOST, cursor_of, open_cursor
from process_apis.tables import DELIVERIES, EVENTS, SUBSCRIPTIONS

MOST_SUBSCRIPTIONS: Final = 20
"""Of one client."""


class Subscribing(Stewarding):
    """The operations of `Events`, and of `Inbound`."""

    async def events(
        self, subject: str = "", since: datetime | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[EventEnvelope]:
        """One page, oldest first."""
        most, after = max(1, min(limit, MOST)), open_cursor(cursor, tuple[int]) if cursor else (0,)

        def read(connection: sa.Connection) -> Page[EventEnvelope]:
            query = _of(subject, since, None).where(EVENTS.c.sequence > after[0]).limit(most + 1)
            rows = list(connection.execute(query))
            more = cursor_of((rows[most - 1].sequence,)) if len(rows) > most else ""
            return Page(items=[envelope(row) for row in rows[:most]], next=more)

        return await self._platform.database.run(read)

    async def subscriptions(self) -> list[Subscription]:
        """Of the caller, oldest first."""
        mine = sa.select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.client == _client()).order_by(SUBSCRIPTIONS.c.created_at)
        return await self._platform.database.run(lambda c: [_shown(c, row) for row in c.execute(mine)])

    async def subscribe(self, data: Subscribe) -> Subscription:
        """A new one."""
        if wrong := await self._wrong(data):
            raise Invalid("The subscription is not as it must be.", errors=wrong)
        client, new = _client(), f"sub_{secrets.token_hex(12)}"
        values = {
            "id": new,
            "client": client,
            "url": data.url,
            "types": msgspec.json.encode(sorted(set(data.types))).decode(),
            "legal_entities": msgspec.json.encode(sorted(set(data.legal_entities))).decode(),
            "state": "active",
            "created_at": now(),
            "secret_number": 1,
        }

        def write(connection: sa.Connection) -> Subscription:
            connection.execute(sa.insert(SUBSCRIPTIONS).values(**values))
            mine = sa.select(sa.func.count()).select_from(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.client == client)
            if (connection.scalar(mine) or 0) > MOST_SUBSCRIPTIONS:
                raise Conflict(f"A client has {MOST_SUBSCRIPTIONS} subscriptions at the most; end one first.")
            return _shown(connection, _row(connection, new), webhooks.secret(self._platform.webhook_key, new, 1))

        return await self._platform.database.run(write)

    async def subscription(self, subscription_id: str) -> Subscription:
        """One of the caller's."""
        return await self._platform.database.run(lambda c: _shown(c, _row(c, subscription_id)))

    async def unsubscribe(self, subscription_id: str) -> None:
        """It is gone, with all that was not taken."""

        def write(connection: sa.Connection) -> None:
            _row(connection, subscription_id)
            connection.execute(sa.delete(DELIVERIES).where(DELIVERIES.c.subscription_id == subscription_id))
            connection.execute(sa.delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == subscription_id))
            untaken.close_case(connection, subscription_id, "The subscription was ended.")

        await self._platform.database.run(write)

    async def renew_secret(self, subscription_id: str) -> Subscription:
        """The next secret; the one before it signs for a day more."""

        def write(connection: sa.Connection) -> Subscription:
            number = _row(connection, subscription_id).secret_number + 1
            mine = sa.update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == subscription_id)
            connection.execute(mine.values(secret_number=number, renewed_at=now()))
            made = webhooks.secret(self._platform.webhook_key, subscription_id, number)
            return _shown(connection, _row(connection, subscription_id), made)

        return await self._platform.database.run(write)

    async def deliveries(
        self, subscription_id: str, state: DeliveryState | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[EventDelivery]:
        """One page, newest first."""
        most, before = max(1, min(limit, MOST)), open_cursor(cursor, tuple[int]) if cursor else None

        def read(connection: sa.Connection) -> Page[EventDelivery]:
            types = msgspec.json.decode(_row(connection, subscription_id).types)
            query = _deliveries(subscription_id).order_by(DELIVERIES.c.number.desc()).limit(most + 1)
            if state:
                query = query.where(DELIVERIES.c.state == state)
            if before:
                query = query.where(DELIVERIES.c.number < before[0])
            rows = list(connection.execute(query))
            more = cursor_of((rows[most - 1].number,)) if len(rows) > most else ""
            return Page(items=[_delivery(row, types) for row in rows[:most]], next=more)

        return await self._platform.database.run(read)

    async def retry_delivery(self, subscription_id: str, number: int) -> EventDelivery:
        """From parked to due, with all its attempts again."""

        def write(connection: sa.Connection) -> EventDelivery:
            types = msgspec.json.decode(_row(connection, subscription_id).types)
            query = _deliveries(subscription_id).where(DELIVERIES.c.number == number)
            row = connection.execute(query).first() if number in NUMBERS else None
            if row is None:
                raise NotFound(f"The subscription has no delivery {number}.")
            if not untaken.due_again(connection, DELIVERIES.c.number == number):
                raise Conflict(f"Delivery {number} is {row.state}; only a parked one is tried again by hand.")
            return _delivery(connection.execute(query).one(), types)

        return await self._platform.database.run(write)

    async def replay(self, subscription_id: str, data: Replay) -> Replayed:
        """Told again in their order, after all that is to be told already."""
        if not (data.subject or data.since or data.until):
            said = "Say of which subject, or since or until when: all there ever was is not told again by accident."
            raise Invalid("A replay has bounds.", errors=[FieldError(pointer="/subject", detail=said)])

        def write(connection: sa.Connection) -> Replayed:
            row = _row(connection, subscription_id)
            found = connection.execute(_of(data.subject, data.since, data.until))
            events = [each for each in found if outbox.wanted(row, each.type, each.legal_entity)]
            types = msgspec.json.decode(row.types)
            for each in [] if data.dry_run else events:
                outbox.send(connection, subscription_id, each.id, each.subject)
            return Replayed(events=[envelope(each, types) for each in events[:MOST]], count=len(events))

        return await self._platform.database.run(write)

    async def _wrong(self, data: Subscribe) -> list[FieldError]:
        anywhere = self._platform.calls_anywhere
        why = webhooks.wrong_address(data.url, anywhere=anywhere)
        why = why or ("" if anywhere else await webhooks.not_public(data.url))
        found = [FieldError(pointer="/url", detail=why)] if why else []
        known = ", ".join(sorted(TYPES))
        return found + [
            FieldError(pointer=f"/types/{place}", detail=f"{kind} is no event; there are {known}")
            for place, kind in enumerate(data.types)
            if kind not in TYPES
        ]


def _client() -> str:
    """Whose subscriptions these are: the program's that calls, or that a face acts for."""
    caller = current().caller
    assert caller is not None, "the gateway lets nobody in unnamed"
    return caller.acted_for[0].rpartition("@")[2] if caller.acted_for else caller.client


def _row(connection: sa.Connection, subscription_id: str) -> Any:
    mine = (SUBSCRIPTIONS.c.id == subscription_id, SUBSCRIPTIONS.c.client == _client())
    row = connection.execute(sa.select(SUBSCRIPTIONS).where(*mine)).first()
    if row is None:
        raise NotFound(f"You have no subscription {subscription_id}.")
    return row


def _shown(connection: sa.Connection, row: Any, secret: str = "") -> Subscription:
    counts = sa.select(DELIVERIES.c.state, sa.func.count()).where(DELIVERIES.c.subscription_id == row.id)
    count = {row[0]: row[1] for row in connection.execute(counts.group_by(DELIVERIES.c.state))}
    return Subscription(
        id=row.id,
        url=row.url,
        types=msgspec.json.decode(row.types),
        legal_entities=msgspec.json.decode(row.legal_entities),
        state=row.state,
        created_at=aware(row.created_at),
        secret=secret,
        waiting=count.get("due", 0),
        parked=count.get("parked", 0),
    )


def _deliveries(subscription_id: str) -> Any:
    joined = sa.select(DELIVERIES, EVENTS.c.type).join(EVENTS, EVENTS.c.id == DELIVERIES.c.event_id)
    return joined.where(DELIVERIES.c.subscription_id == subscription_id)


def _delivery(row: Any, types: Collection[str]) -> EventDelivery:
    return EventDelivery(
        number=row.number,
        event_id=row.event_id,
        type=majors.form(row.type, types) or row.type,
        subject=row.subject,
        state=row.state,
        attempts=row.attempts,
        due_at=aware(row.due_at) if row.state == "due" else None,
        last_status=row.last_status,
        last_detail=row.last_detail,
    )


def _of(subject: str, since: datetime | None, until: datetime | None) -> Any:
    query = sa.select(EVENTS).order_by(EVENTS.c.sequence)
    if subject:
        query = query.where(EVENTS.c.subject == subject)
    if since:
        query = query.where(EVENTS.c.time >= since)
    return query.where(EVENTS.c.time < until) if until else query


PROCESS_API: Final = ProcessApi(
    api=Api(
        name="events",
        layer="process",
        title="Events and subscriptions",
        description="What happened: read page by page, or told to an address of yours, signed, in order, until taken.",
        ports=(Events, Inbound),
        events=tuple(TYPES.values()),
    ),
    implement=Subscribing,
)
