"""Microsoft Dynamics 365 Business Central, an ERP: each legal entity is a company of one environment.

Over the API v2.0 and the pages of an extension of ours. What the environment must have stands in QUIRKS.md.
"""

from typing import TYPE_CHECKING

import httpx

from canonical.ports import lists, systems
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import ExpensePostings, TimePostings
from canonical.ports.leads import CustomerKeys
from canonical.ports.orders import Items, SalesOrders
from canonical.ports.people import CustomerPeople, People
from canonical.ports.receivables import Invoices, Payments
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from foundation.connections import Connection
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from system_apis.business_central.adapter import BusinessCentral
from system_apis.business_central.auth import sign_in
from system_apis.business_central.check import CHECKS
from system_apis.business_central.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> BusinessCentral:
    """The adapter on one environment; `ValueError` names a sign-in setting that is missing."""
    auth = sign_in(connection)
    said = connection.sign_in
    return BusinessCentral(http_client(connection, auth, transport), said["environment"], said["client_id"])


def sandbox() -> "Sandbox":
    """The stand-in that speaks Business Central's wire; imported late: a platform on real systems never needs it."""
    from system_apis.business_central.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="business_central",
    title="Business Central",
    abbreviation="BC",
    ports=(
        systems.LegalEntities,
        systems.Customers,
        lists.CustomerList,
        People,
        CustomerPeople,
        CustomerKeys,
        systems.Contracts,
        ContractTerms,
        systems.Projects,
        lists.ProjectList,
        ProjectSetups,
        WorkBreakdowns,
        systems.BillingSchedules,
        Invoices,
        Payments,
        Items,
        SalesOrders,
        TimePostings,
        systems.Connection,
    ),
    adapter=BusinessCentral,
    connect=connect,
    roles=("erp",),
    lacks={ExpensePostings: "Business Central keeps no expense reports: what people spent is entered in journals."},
    checks=CHECKS,
    reads=Reads(
        why="A page reads the primary database, unless an administrator lets it read a replica: let none of these.",
        verified=True,
    ),
    sandbox=sandbox,
    demo=demo,
)
