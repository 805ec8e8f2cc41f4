"""Outbound messages of this org: SOAP, without a signature, for every save of the objects that are told.

    PUT /_sandbox/options/outbound_messages    {"url": "http://...?key=...", "objects": ["Opportunity"],
                                                "fields": ["Id", "SystemModstamp", "IsWon"]}

`fields` is what its administrator chose; `Id` comes always. What is not answered with an acknowledgement is sent again.
"""

from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import ParseError, fromstring
from xml.sax.saxutils import escape

import httpx

from foundation.sandbox import Box, Delivery, Record, Target
from foundation.sandbox.firm import record_id
from foundation.sandbox.salesforce.org import ORGANIZATION, Saved

TOLD: Final = ("Opportunity", "Account", "Contact", "Lead", "Contract")
HEADERS: Final = {"content-type": "text/xml; charset=UTF-8", "soapaction": '""'}
_BEGINNING: Final = "<?xml"
_ACKNOWLEDGED: Final = (
    "{http://schemas.xmlsoap.org/soap/envelope/}Body/{http://soap.sforce.com/2005/09/outbound}notificationsResponse/"
    "{http://soap.sforce.com/2005/09/outbound}Ack"
)


def is_one(delivery: Delivery) -> bool:
    """Whether a delivery is an outbound message."""
    return delivery.body.startswith(_BEGINNING)


def taken(delivery: Delivery, response: httpx.Response) -> bool:
    """Anything else by its status; a message only by a SOAP acknowledgement that says `true`."""
    if not is_one(delivery):
        return response.is_success
    try:
        return response.status_code == httpx.codes.OK and fromstring(response.content).findtext(_ACKNOWLEDGED) == "true"  # noqa: S314 - a test's own
    except ParseError:
        return False


def told(flows: Mapping[str, Saved]) -> dict[str, Saved]:
    """What happens after a save: what happened before, and the message."""
    return {**flows, **{kind: _telling(kind, flows.get(kind)) for kind in TOLD}}


def _telling(kind: str, flow: Saved | None) -> Saved:
    def saved(box: Box, before: Record, after: Record) -> None:
        if flow is not None:
            flow(box, before, after)
        registered = box.option("outbound_messages")
        if registered and kind in registered.get("objects", TOLD):
            _tell(box, kind, after, registered)

    return saved


def _tell(box: Box, kind: str, record: Record, registered: Mapping[str, Any]) -> None:
    message_id = record_id("04l", box.store.next_number("_outbound_message"))
    box.deliveries.queue(
        Target(url=registered["url"], secret=""),
        message_id,
        record["Id"],
        message(kind, message_id, {"Id": record["Id"], **{each: record.get(each) for each in registered["fields"]}}),
    )


def message(kind: str, message_id: str, fields: Mapping[str, Any], organization: str = ORGANIZATION) -> str:
    """An envelope with one notification; a field that is empty does not come."""
    said = "".join(f"<sf:{name}>{_text(value)}</sf:{name}>" for name, value in fields.items() if value is not None)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{organization}</OrganizationId><ActionId>{record_id('04k', 1)}</ActionId>"
        '<SessionId xsi:nil="true"/>'
        f"<EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/62.0/{organization}</EnterpriseUrl>"
        f"<PartnerUrl>https://acme.my.salesforce.com/services/Soap/u/62.0/{organization}</PartnerUrl>"
        f'<Notification><Id>{message_id}</Id><sObject xsi:type="sf:{kind}"'
        f' xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{said}</sObject></Notification>'
        "</notifications></soapenv:Body></soapenv:Envelope>"
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
