"""Outbound messages: what a workflow or a flow of the org posts without a line of Apex, in SOAP, and unsigned.

Who sends is told by the key in the address that the org was given and by the organization the message names; two keys
are taken while one is replaced. A message is thin for us, whatever fields it holds, as a change event is: the records
are read again. The org counts it as taken when it is answered with `ACKNOWLEDGED` and nothing else; otherwise it sends
it again for a day, with ever longer pauses, in any order. Source: SOAP API Developer Guide, Outbound Messaging.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

import msgspec

from canonical.faults import FieldError, Invalid, Unauthenticated
from canonical.ports.systems import Change, KeyedMessage
from system_apis.salesforce.change_events import OBJECTS
from system_apis.salesforce.mapping import SYSTEM, stamp

ACKNOWLEDGED: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)
AHEAD: Final = timedelta(minutes=5)
"""How far the org's clock may be before ours."""
MOST: Final = 100
"""Records that one message tells of."""
_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUT: Final = "{http://soap.sforce.com/2005/09/outbound}"
_RECORD: Final = "{urn:sobject.enterprise.soap.sforce.com}"
_PARTNER: Final = "{urn:sobject.partner.soap.sforce.com}"
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_SAME: Final = 15
"""An id's letters that tell it apart; the three after them only guard them."""
_WHOLE: Final = 18
_PLACE: Final = "/body/Envelope/Body/notifications"


class MessageReader:
    """Reads messages that know one of the keys and name our organization."""

    def __init__(self, keys: Sequence[str], organization: str) -> None:
        self._keys = [key.encode() for key in keys if key]
        self._organization = organization[:_SAME]

    def read(self, message: KeyedMessage, at: datetime) -> list[Change]:
        """What it tells, without versions where it holds no stamps.

        `Unauthenticated` for another key or organization, `Invalid` with the place for a body that is another.
        """
        self._verify(message.key)
        told = _notifications(message.body)
        named = told.findtext(f"{_OUT}OrganizationId", "").strip()
        if named[:_SAME] != self._organization:
            raise Unauthenticated(f"the organization {named[:18]!r} is not ours", system=SYSTEM)
        each = told.findall(f"{_OUT}Notification")
        if not 1 <= len(each) <= MOST:
            raise _wrong(f"holds {len(each)} elements Notification; it is 1 to {MOST}")
        changes = [_change(one, f"{_PLACE}/Notification/{place}", at) for place, one in enumerate(each)]
        if len({one.object for one in changes}) > 1:
            raise _wrong("tells of several objects; an outbound message is of one")
        return changes

    def _verify(self, key: str) -> None:
        if not self._keys or not self._organization:
            missing = "organization" if self._keys else "message_key"
            raise Unauthenticated(f"no {missing} is set for Salesforce's outbound messages", system=SYSTEM)
        # All are compared, so that the time taken tells nothing.
        if True not in [hmac.compare_digest(ours, key.encode()) for ours in self._keys]:
            raise Unauthenticated("the key in the address is not ours", system=SYSTEM)


def _notifications(body: str) -> Element:
    if "<!DOCTYPE" in body:  # no message has one, and what it defines could grow without end
        raise _wrong("has a document type; SOAP allows none", "/body")
    try:
        envelope = fromstring(body.encode())  # noqa: S314 - without a document type it is as long as it is
    except ParseError as wrong:
        raise _wrong(f"is no XML: {wrong}", "/body") from wrong
    told = envelope.find(f"{_SOAP}Body/{_OUT}notifications") if envelope.tag == f"{_SOAP}Envelope" else None
    if told is None:
        raise _wrong("is no outbound message: it has no Envelope/Body/notifications", "/body")
    return told


def _change(notification: Element, place: str, at: datetime) -> Change:
    record = notification.find(f"{_OUT}sObject")
    if record is None:
        raise _wrong("has no sObject", place)
    kind = record.get(_TYPE, "").rpartition(":")[2]
    if kind not in OBJECTS:
        raise _wrong(f"{kind[:80]!r} is none of {', '.join(OBJECTS)}", f"{place}/sObject")
    fields = _fields(record)
    native_id = fields.get("Id", "")
    if not is_id(native_id):
        raise _wrong(f"{native_id[:80]!r} is no id", f"{place}/sObject/Id")
    modified = _instant(fields.get("SystemModstamp", ""), f"{place}/sObject/SystemModstamp")
    if modified and modified > at + AHEAD:  # as a version it would make all that comes of the record an older one
        raise _wrong(f"{modified} is to come yet", f"{place}/sObject/SystemModstamp")
    return Change(
        object=OBJECTS[kind],
        native_id=whole_id(native_id),
        version=stamp(modified) if modified else "",
        changed_at=modified or at,
        notification_id=notification.findtext(f"{_OUT}Id", "").strip(),
        won={"true": True, "false": False}.get(fields.get("IsWon", "")),
    )


def _fields(record: Element) -> Mapping[str, str]:
    """The fields the org's administrator chose; one that is empty does not come."""
    return {each.tag.removeprefix(_RECORD).removeprefix(_PARTNER): (each.text or "").strip() for each in record}


def _instant(text: str, place: str) -> datetime | None:
    """A stamp; None where the message holds none."""
    if not text:
        return None
    try:
        found = msgspec.convert(text, datetime, strict=False)
    except msgspec.ValidationError as none:
        raise _wrong(f"{text[:80]!r} is no date and time", place) from none
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_id(text: str) -> bool:
    """Whether a text can be a record's id, of 15 or 18 letters and digits."""
    return len(text) in (_SAME, _WHOLE) and text.isalnum() and text.isascii()


def whole_id(native_id: str) -> str:
    """An id of 15 letters with the three that guard its capitals; one of 18 as it is.

    Each of the three stands for five letters, the first of them its lowest bit, 1 for a capital.
    """
    if len(native_id) != _SAME:
        return native_id
    parts = (native_id[first : first + 5] for first in range(0, _SAME, 5))
    masks = (sum(letter.isupper() << place for place, letter in enumerate(part)) for part in parts)
    return native_id + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[mask] for mask in masks)


def _wrong(detail: str, place: str = _PLACE) -> Invalid:
    return Invalid(errors=[FieldError(detail=detail, pointer=place)], system=SYSTEM)
