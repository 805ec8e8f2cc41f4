"""Salesforce, the CRM: deals, and the customer, quote and contract each rests on. See QUIRKS.md."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.systems import Changes, Connection, Opportunities
from foundation.connections import Connection as Configured
from foundation.vendor_http import http_client
from system_apis import SystemApi
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.auth import sign_in
from system_apis.salesforce.check import CHECKS
from system_apis.salesforce.demo import demo
from system_apis.salesforce.faults import limited
from system_apis.salesforce.usage import Usage, usage_of

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Configured, transport: httpx.AsyncBaseTransport | None = None) -> Salesforce:
    """An adapter on this connection; `notifications` may hold `secret` and `previous_secret`."""
    http = http_client(connection, sign_in(connection), transport, usage=usage_of, limited=limited)
    http.event_hooks["response"].append(Usage().note)
    said = connection.notifications
    return Salesforce(http, (said.get("secret", ""), said.get("previous_secret", "")))


def sandbox() -> "Sandbox":
    """The stand-in that speaks Salesforce's wire; imported late, since a platform on real systems never needs it."""
    from system_apis.salesforce.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="salesforce",
    title="Salesforce",
    abbreviation="SF",
    ports=(Opportunities, Changes, Connection),
    adapter=Salesforce,
    connect=connect,
    roles=("crm",),
    checks=CHECKS,
    sandbox=sandbox,
    demo=demo,
)
