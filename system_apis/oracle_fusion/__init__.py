"""Oracle Fusion Cloud ERP: legal entities, customers, contracts, orders, projects, billing events.

Over its REST resources, framework version 4. What the pod must have set up stands in QUIRKS.md.
"""

from typing import TYPE_CHECKING

import httpx

from canonical.ports import leads, lists, receivables, systems
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import ExpensePostings, TimePostings
from canonical.ports.orders import Items, SalesOrders
from canonical.ports.people import CustomerPeople, People
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from foundation.connections import Connection
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.auth import sign_in
from system_apis.oracle_fusion.check import CHECKS
from system_apis.oracle_fusion.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> OracleFusion:
    """The adapter on one pod; `ValueError` names a sign-in setting that is missing."""
    auth, user = sign_in(connection)
    return OracleFusion(http_client(connection, auth, transport), user)


def sandbox() -> "Sandbox":
    """The stand-in that speaks Fusion's wire; imported late, since a platform on real systems never needs it."""
    from system_apis.oracle_fusion.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="oracle_fusion",
    title="Oracle Fusion",
    abbreviation="OF",
    ports=(
        systems.LegalEntities,
        systems.Customers,
        lists.CustomerList,
        leads.CustomerKeys,
        People,
        CustomerPeople,
        systems.Contracts,
        ContractTerms,
        systems.Projects,
        lists.ProjectList,
        ProjectSetups,
        WorkBreakdowns,
        systems.BillingSchedules,
        Items,
        SalesOrders,
        receivables.Invoices,
        receivables.Payments,
        TimePostings,
        ExpensePostings,
        systems.Connection,
    ),
    adapter=OracleFusion,
    connect=connect,
    roles=("erp",),
    checks=CHECKS,
    reads=Reads(
        why="Nothing published says that a row is behind; what a job makes of it (a receipt is applied) comes later.",
        verified=False,
    ),
    sandbox=sandbox,
    demo=demo,
)
