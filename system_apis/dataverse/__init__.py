"""Microsoft Dynamics 365 Sales on Dataverse, the CRM: deals, and the customer, quote and order each rests on."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.accounts import Accounts
from canonical.ports.contracts import AgreementList, Agreements
from canonical.ports.leads import Leads
from canonical.ports.lists import AccountList
from canonical.ports.orders import CrmOrders, Quotes
from canonical.ports.people import People
from canonical.ports.systems import Changes, Connection, Opportunities
from foundation.connections import Connection as Configured
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.auth import sign_in
from system_apis.dataverse.check import CHECKS
from system_apis.dataverse.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Configured, transport: httpx.AsyncBaseTransport | None = None) -> Dataverse:
    """An adapter on one organisation; `ValueError` names a setting of `sign_in` that is missing."""
    http = http_client(connection, sign_in(connection), transport)
    http.headers.update({"OData-Version": "4.0", "OData-MaxVersion": "4.0"})
    return Dataverse(http)


def sandbox() -> "Sandbox":
    """The stand-in that speaks Dataverse's wire; imported late, since a platform on real systems never needs it."""
    from system_apis.dataverse.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="dataverse",
    title="Dynamics 365 Sales",
    abbreviation="DV",
    ports=(
        Opportunities,
        Accounts,
        AccountList,
        People,
        Leads,
        Quotes,
        CrmOrders,
        Agreements,
        AgreementList,
        Changes,
        Connection,
    ),
    adapter=Dataverse,
    connect=connect,
    roles=("crm",),
    checks=CHECKS,
    reads=Reads(
        why="Rows are read from the tables themselves; relevance search, an index, is not asked.",
        verified=False,
    ),
    sandbox=sandbox,
    demo=demo,
)
