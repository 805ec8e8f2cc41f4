"""The outbox: events, written in the transaction of the state they tell of, and with them whom each is to be told."""

import hashlib
from typing import Any

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.events import Event, majors
from foundation.context import current
from foundation.database import insert_new
from process_apis.tables import DELIVERIES, EVENTS, RUNS, SUBSCRIPTIONS


def emit(connection: sa.Connection, run_id: str, event: Event) -> None:
    """Put an event of a run in the outbox; the same event of the same run once, however often its step is repeated."""
    run = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
    _put(connection, run_id, event, run.business_key, run.legal_entity, run.traceparent)


def emit_apart(
    connection: sa.Connection, run_id: str, event: Event, subject: str, legal_entity: str, *, once: bool = False
) -> bool:
    """Put an event in the outbox that no run of the engine tells; the same event once. Whether it is new.

    `once`: under this id one event of its kind is told, whatever it says the next time.
    """
    return _put(connection, run_id, event, subject, legal_entity, current().traceparent, once=once)


def _put(
    connection: sa.Connection,
    run_id: str,
    event: Event,
    subject: str,
    legal_entity: str,
    traceparent: str,
    *,
    once: bool = False,
) -> bool:
    assert not majors.superseded(type(event)), f"{event.type()} has a newer major, and is told by lowering that"
    said = msgspec.to_builtins(event)
    telling = "once" if once else str(sorted(said.items()))
    digest = hashlib.sha256(f"{run_id}|{event.kind}|{telling}".encode()).hexdigest()[:32]
    row = {
        "type": event.type(),
        "subject": subject,
        "time": now(),
        "run_id": run_id,
        "traceparent": traceparent,
        "legal_entity": legal_entity,
        "data": msgspec.json.encode(said).decode(),
    }
    if not insert_new(connection, EVENTS, {"id": digest}, row):
        return False
    _fan_out(connection, digest, row)
    return True


def wanted(subscription: Any, kind: str, legal_entity: str) -> bool:
    """Whether a subscription is to hear of an event, in whichever of its majors."""
    types, entities = (msgspec.json.decode(each) for each in (subscription.types, subscription.legal_entities))
    return bool(majors.form(kind, types)) and (not entities or legal_entity in entities)


def send(connection: sa.Connection, subscription_id: str, event_id: str, subject: str) -> None:
    """Have one event told, after all of its subject that is to be told already."""
    row = {"subscription_id": subscription_id, "event_id": event_id, "subject": subject}
    connection.execute(sa.insert(DELIVERIES).values(state="due", due_at=now(), **row))


def _fan_out(connection: sa.Connection, event_id: str, row: dict[str, Any]) -> None:
    for subscription in connection.execute(sa.select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.state == "active")):
        if wanted(subscription, row["type"], row["legal_entity"]):
            send(connection, subscription.id, event_id, row["subject"])
