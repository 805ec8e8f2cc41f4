"""Notifications from the org, by flows and triggers, signed as Standard Webhooks says (standardwebhooks.com).

The signature is an HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{raw body}`; the header lists several while the
sender rotates its key, and we accept two secrets while the receiver does.
"""

import hmac
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeVar

import msgspec

from canonical.faults import FieldError, Invalid, Unauthenticated
from canonical.ports.systems import Change, Delivery
from foundation.schemas import pointer
from foundation.standard_webhooks import key_of, signature
from system_apis.salesforce import change_events, wire
from system_apis.salesforce.mapping import SYSTEM, stamp

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
        """What a delivery tells. `Unauthenticated` for a bad signature or an old stamp, `Invalid` for another body."""
        message_id = self._verify(delivery, at)
        kind = _read(delivery.body, wire.NotificationType).type
        if kind == change_events.TYPE:
            return change_events.changes(_read(delivery.body, wire.ChangeEventNotification).data, message_id)
        if kind not in TYPES:
            known = f"{kind[:80]!r} is none of {', '.join(sorted([*TYPES, change_events.TYPE]))}"
            raise Invalid(errors=[FieldError(detail=known, pointer="/body/type")], system=SYSTEM)
        told = _read(delivery.body, wire.Notification).data
        return [
            Change(
                object=TYPES[kind],
                native_id=told.id,
                version=stamp(told.system_modstamp),
                changed_at=told.system_modstamp,
                notification_id=message_id,
                won=told.is_won,
            )
        ]

    def _verify(self, delivery: Delivery, at: datetime) -> str:
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
        return message_id


def _read(body: str, shape: type[S]) -> S:
    """A body; `Invalid` at its place for one that is another."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as wrong:
        where = f"/body{pointer(str(wrong))}"
        raise Invalid(errors=[FieldError(detail=str(wrong), pointer=where)], system=SYSTEM) from wrong


def _key(secret: str) -> bytes:
    try:
        return key_of(secret)
    except NotBase64 as wrong:
        raise ValueError("notifications: a secret is base64 after `whsec_`") from wrong
