"""Kantata OX (once Mavenlink): the PSA. Projects, people and their talk by API v1; see QUIRKS.md for what surprises."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.effort import BillingMarks, Expenses, Proformas, RateCards, TimeEntries
from canonical.ports.lists import ProjectList
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from canonical.ports.systems import Bookings, Connection, Projects, ResourceDemands, Workspaces
from foundation.connections import Connection as Settings
from foundation.vendor_http import http_client
from system_apis import Reads, SystemApi
from system_apis.kantata.adapter import Kantata
from system_apis.kantata.auth import sign_in
from system_apis.kantata.check import CHECKS
from system_apis.kantata.demo import demo
from system_apis.kantata.mapping import SYSTEM

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Settings, transport: httpx.AsyncBaseTransport | None = None) -> Kantata:
    """The adapter on one account; `ValueError` when its `sign_in` lacks the token."""
    return Kantata(http_client(connection, sign_in(connection), transport))


def sandbox() -> "Sandbox":
    """The account as we must expect it."""
    from system_apis.kantata.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name=SYSTEM,
    title="Kantata",
    abbreviation="KA",
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
    adapter=Kantata,
    connect=connect,
    roles=("psa",),
    detects_changes=False,
    checks=CHECKS,
    reads=Reads(
        lag=30,
        why="A look-up by our key is a list, and whether a list knows at once what was made is not published.",
        verified=False,
    ),
    reads_otherwise=dict.fromkeys(
        ("whoami", "time_entry", "expense_report", "proforma", "rate_card"),
        Reads(why="It is read by its id.", verified=False),
    ),
    sandbox=sandbox,
    demo=demo,
)
