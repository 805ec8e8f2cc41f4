"""Certinia PSA (once FinancialForce): the PSA. A managed package (`pse__`) on a Salesforce org; see QUIRKS.md."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.effort import BillingMarks, Expenses, Proformas, RateCards, TimeEntries
from canonical.ports.lists import ProjectList
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from canonical.ports.systems import Bookings, Connection, Projects, ResourceDemands, Workspaces
from foundation.connections import Connection as Configured
from foundation.salesforce.records import org_client
from system_apis import Reads, SystemApi
from system_apis.certinia.adapter import Certinia
from system_apis.certinia.check import CHECKS
from system_apis.certinia.demo import demo
from system_apis.certinia.mapping import SYSTEM

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Configured, transport: httpx.AsyncBaseTransport | None = None) -> Certinia:
    """The adapter on one org; `ValueError` names a setting of `sign_in` that is missing."""
    return Certinia(org_client(connection, transport))


def sandbox() -> "Sandbox":
    """The org as we must expect it; imported late, since a platform on real systems never needs it."""
    from system_apis.certinia.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name=SYSTEM,
    title="Certinia PSA",
    abbreviation="CE",
    ports=(
        Projects,
        ProjectList,
        ProjectSetups,
        WorkBreakdowns,
        ResourceDemands,
        Bookings,
        Workspaces,
        TimeEntries,
        Expenses,
        BillingMarks,
        Proformas,
        RateCards,
        Connection,
    ),
    adapter=Certinia,
    connect=connect,
    roles=("psa",),
    detects_changes=False,
    checks=CHECKS,
    reads=Reads(
        why="Records and queries are read from the org's own database; sums that a job works out later are not asked.",
        verified=True,
    ),
    sandbox=sandbox,
    demo=demo,
)
