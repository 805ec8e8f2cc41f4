"""Tryton, an ERP under the GPL: each legal entity is a company of one database.

Over its own JSON-RPC, which its clients speak too. What the database must have stands in QUIRKS.md.
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
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.auth import sign_in
from system_apis.tryton.check import CHECKS
from system_apis.tryton.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> Tryton:
    """The adapter on one database; `ValueError` names a sign-in setting that is missing."""
    auth = sign_in(connection)
    said = connection.sign_in
    return Tryton(http_client(connection, auth, transport), said["database"], said["user"])


def sandbox() -> "Sandbox":
    """The stand-in that speaks Tryton's wire; imported late: a platform on real systems never needs it."""
    from system_apis.tryton.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="tryton",
    title="Tryton",
    abbreviation="TT",
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
        systems.BillingSchedules,
        Items,
        SalesOrders,
        TimePostings,
        Invoices,
        systems.Connection,
    ),
    adapter=Tryton,
    connect=connect,
    roles=("erp",),
    lacks={
        ExpensePostings: "Tryton keeps no expense reports.",
        Payments: "Money that came in is no record there, but lines of moves that settle other lines.",
    },
    checks=CHECKS,
    reads=Reads(why="Each call is one transaction on one database; a real server was asked.", verified=True),
    sandbox=sandbox,
    demo=demo,
)
