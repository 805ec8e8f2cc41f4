"""Oracle NetSuite, the firm's ERP: legal entities, customers, contracts, projects and billing schedules.

Over the SuiteTalk REST record API and SuiteQL. What the account must have set up stands in QUIRKS.md.
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
from system_apis.netsuite.adapter import NetSuite
from system_apis.netsuite.auth import sign_in
from system_apis.netsuite.calls import ASYNC, SYNC
from system_apis.netsuite.check import CHECKS
from system_apis.netsuite.demo import demo
from system_apis.netsuite.faults import limited

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> NetSuite:
    """The adapter on one connection; `ValueError` names a sign-in setting that is missing."""
    auth, user = sign_in(connection)
    http = http_client(connection, auth, transport, limited=limited)
    return NetSuite(http, user, writes=connection.options.get("writes", SYNC))


def sandbox() -> "Sandbox":
    """The stand-in that speaks NetSuite's wire; imported late, since a platform on real systems never needs it."""
    from system_apis.netsuite.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="netsuite",
    title="NetSuite",
    abbreviation="NS",
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
        Items,
        SalesOrders,
        TimePostings,
        ExpensePostings,
        Invoices,
        Payments,
        systems.Connection,
    ),
    adapter=NetSuite,
    connect=connect,
    roles=("erp",),
    options={"writes": (SYNC, ASYNC)},
    checks=CHECKS,
    reads=Reads(
        why="Nothing published says that a record or a row of SuiteQL is behind; saved searches are not asked.",
        verified=False,
    ),
    sandbox=sandbox,
    demo=demo,
)
