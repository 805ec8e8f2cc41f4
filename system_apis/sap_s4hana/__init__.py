"""SAP S/4HANA Cloud, as the firm's ERP: legal entities, customers, contracts, orders, projects, billing.

Over its OData services, of V2 for the most part. What the tenant must have set up stands in QUIRKS.md.
"""

from typing import TYPE_CHECKING

import httpx

from canonical.ports import lists, receivables, systems
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import ExpensePostings, TimePostings
from canonical.ports.leads import CustomerKeys
from canonical.ports.orders import Items, SalesOrders
from canonical.ports.people import CustomerPeople, People
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from foundation.connections import Connection
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from system_apis.sap_s4hana.adapter import SapS4hana
from system_apis.sap_s4hana.auth import sign_in
from system_apis.sap_s4hana.check import CHECKS
from system_apis.sap_s4hana.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> SapS4hana:
    """The adapter on one connection; `ValueError` names a sign-in setting that is missing."""
    auth, user = sign_in(connection)
    return SapS4hana(http_client(connection, auth, transport), user)


def sandbox() -> "Sandbox":
    """The stand-in that speaks SAP's wire; imported late, since a platform on real systems never needs it."""
    from system_apis.sap_s4hana.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="sap_s4hana",
    title="SAP S/4HANA",
    abbreviation="S4",
    ports=(
        systems.LegalEntities,
        systems.Customers,
        lists.CustomerList,
        CustomerKeys,
        People,
        CustomerPeople,
        systems.Contracts,
        ContractTerms,
        systems.Projects,
        lists.ProjectList,
        ProjectSetups,
        WorkBreakdowns,
        TimePostings,
        systems.BillingSchedules,
        Items,
        SalesOrders,
        receivables.Invoices,
        receivables.Payments,
        systems.Connection,
    ),
    adapter=SapS4hana,
    connect=connect,
    roles=("erp",),
    lacks={ExpensePostings: "S/4HANA Cloud keeps no expense reports: they are Concur's, a system of its own."},
    checks=CHECKS,
    reads=Reads(why="Nothing published says that a service reads anything but what is committed.", verified=False),
    sandbox=sandbox,
    demo=demo,
)
