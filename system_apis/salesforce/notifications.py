"""Notifications from the org, by flows and triggers, signed as Standard Webhooks says (standardwebhooks.com).

The signature is an HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{raw body}`; the header lists several while the
sender rotates its key, and we accept two secrets while the receiver does.
"""

import hmac
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeVar

import msgspec

from canonical.faults import FieldError, Invalid, Unauthenticated
from canonical.ports.systems import Change, Delivery
from foundation.schemas import pointer
from foundation.standard_webhooks import key_of, signature
from system_apis.salesforce import change_events, wire
from system_apis.salesforce.mapping import SYSTEM, stamp
from system_apis.salesforce.outbound_messages import is_id, whole_id

S = TypeVar("S", wire.NotificationType, wire.Notification, wire.ChangeEventNotification)
TOLERANCE_SECONDS: Final = 300
TYPES: Final[Mapping[str, Literal["opportunity", "contact", "lead", "contract"]]] = {
    "opportunity.changed": "opportunity",
    "contact.changed": "contact",
    "lead.changed": "lead",
    "contract.changed": "contract",
}
"""What a delivery says it is of, and whose change that is."""


class NotificationReader:
    """Verifies and reads deliveries with one or two secrets (`whsec_` and base64)."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._keys = [_key(secret) for secret in secrets if secret]

    def read(self, delivery: Delivery, at: datetime) -> list[Change]:
        """What a delivery tells. `Unauthenticated` for a bad signature or an old stamp, `Invalid` for another body, and
        for a change that was saved after it was told of."""
        message_id, sent_at = self._verify(delivery, at)
        kind = _read(delivery.body, wire.NotificationType).type
        if kind == change_events.TYPE:
            event = _read(delivery.body, wire.ChangeEventNotification).data
            return _until(sent_at, change_events.changes(event, message_id))
        if kind not in TYPES:
            raise _wrong("/type", f"{kind[:80]!r} is none of {', '.join(sorted([*TYPES, change_events.TYPE]))}")
        told = _read(delivery.body, wire.Notification).data
        if not is_id(told.id):
            raise _wrong("/data/id", f"{told.id[:40]!r} is no id")
        change = Change(
            object=TYPES[kind],
            native_id=whole_id(told.id),
            version=stamp(told.system_modstamp),
            changed_at=told.system_modstamp,
            notification_id=message_id,
            won=told.is_won,
        )
        return _until(sent_at, [change])

    def _verify(self, delivery: Delivery, at: datetime) -> tuple[str, datetime]:
        if not self._keys:
            raise Unauthenticated("no secret is set for Salesforce's notifications", system=SYSTEM)
        try:
            message_id = delivery.headers["webhook-id"]
            timestamp = delivery.headers["webhook-timestamp"]
            given = delivery.headers["webhook-signature"].split()
        except KeyError as missing:
            raise Unauthenticated(f"the header {missing.args[0]} is missing", system=SYSTEM) from missing
        if not timestamp.isdecimal() or abs(at.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            raise Unauthenticated("the delivery is too old, or from the future", system=SYSTEM)
        expected = [signature(key, message_id, timestamp, delivery.body.encode()) for key in self._keys]
        # Every pair is compared, so that the time taken tells nothing.
        matches = [hmac.compare_digest(ours.encode(), theirs.encode()) for ours in expected for theirs in given]
        if not any(matches):
            raise Unauthenticated("the signature does not fit", system=SYSTEM)
        return message_id, datetime.fromtimestamp(int(timestamp), UTC)


def _until(sent_at: datetime, told: list[Change]) -> list[Change]:
    """These, unless one says that it was saved after it was told of: all that comes of its record would be older, and
    passed over."""
    latest = sent_at + timedelta(seconds=TOLERANCE_SECONDS)
    for each in told:
        if each.changed_at > latest:
            said = f"{each.native_id} was saved at {each.changed_at}, long after the delivery was sent"
            raise _wrong("/data", said)
    return told


def _wrong(place: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldError(detail=detail, pointer=f"/body{place}")], system=SYSTEM)


def _read(body: str, shape: type[S]) -> S:
    """A body; `Invalid` at its place for one that is another."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as wrong:
        raise _wrong(pointer(str(wrong)), str(wrong)) from wrong


def _key(secret: str) -> bytes:
    try:
        return key_of(secret)
    except NotBase64 as wrong:
        raise ValueError("notifications: a secret is base64 after `whsec_`") from wrong
