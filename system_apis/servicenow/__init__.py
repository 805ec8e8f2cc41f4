"""ServiceNow: the service desk. Incidents by the Table API; see QUIRKS.md for what surprises."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.systems import Connection, Tickets
from foundation.connections import Connection as Settings
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from system_apis.servicenow.adapter import ServiceNow
from system_apis.servicenow.auth import sign_in
from system_apis.servicenow.check import CHECKS
from system_apis.servicenow.demo import demo
from system_apis.servicenow.mapping import SYSTEM

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Settings, transport: httpx.AsyncBaseTransport | None = None) -> ServiceNow:
    """The adapter on one instance; `ValueError` when its `sign_in` lacks something."""
    return ServiceNow(http_client(connection, sign_in(connection), transport))


def sandbox() -> "Sandbox":
    """The instance as we must expect it."""
    from system_apis.servicenow.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name=SYSTEM,
    title="ServiceNow",
    abbreviation="SN",
    ports=(Tickets, Connection),
    adapter=ServiceNow,
    connect=connect,
    roles=("itsm",),
    checks=CHECKS,
    reads=Reads(
        why="A query reads the primary database, unless it names a category routed to a replica: ours name none.",
        verified=True,
    ),
    sandbox=sandbox,
    demo=demo,
)
