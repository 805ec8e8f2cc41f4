"""An org with the package, our adapter signed in to it without a network, and a project to put there."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.money import Money
from canonical.objects import Milestone, Project, Task
from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import ACCOUNTS
from system_apis.certinia import connect
from system_apis.certinia.adapter import Certinia
from system_apis.certinia.sandbox import SANDBOX

URL = "https://acme.my.salesforce.test"
APP, SECRET = "3MVG9.tiergate", "hush"
KEY = "salesforce:0065g00000KestrEAA"


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box(SANDBOX)
    made.store.set_setting("connected_apps", {APP: {"username": "tiergate@acme.example", "secret": SECRET}})
    yield made
    made.store.close()


@pytest.fixture
async def certinia(box: Box) -> AsyncIterator[Certinia]:
    sign_in = {"flow": "client_credentials", "client_id": APP, "client_secret": SECRET}
    made = connect(Connection(name="certinia", url=URL, sign_in=sign_in), box.transport())
    yield made
    await made.close()


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    """A raw client with a session: the package's people, or somebody else's program."""
    async with httpx.AsyncClient(transport=box.transport(), base_url=URL) as client:
        form = {"grant_type": "client_credentials", "client_id": APP, "client_secret": SECRET}
        token = (await client.post("/services/oauth2/token", data=form)).json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield client


def grid_analytics(**other: Any) -> Project:
    """A project with a small tree of tasks, and milestones that sum to its budget."""
    fields: dict[str, Any] = {
        "code": "US-26-0002",
        "name": "Grid analytics rollout",
        "account_id": ACCOUNTS[1].key,
        "contract_id": "salesforce:8005g000000Ct02AAC",
        "opportunity_id": "0065g00000KestrEAA",
        "legal_entity_id": "ACME-US",
        "currency": "USD",
        "budget": Money.of("186400.00", "USD"),
        "billing_method": "milestone",
        "start": date(2026, 12, 1),
        "end": date(2027, 7, 31),
        "practice": "Data",
        "project_manager": "owen.tran@acme.example",
        "tasks": [
            Task(ref="deliver", name="Delivery", parent_ref="setup", planned_hours=Decimal("672.75")),
            Task(ref="setup", name="Set-up", start=date(2026, 12, 1), end=date(2026, 12, 24)),
            Task(ref="close", name="Handover", billable=False),
        ],
        "milestones": [
            Milestone(ref="design", name="Design accepted", due=date(2027, 2, 28), amount=Money.of("55920.00", "USD")),
            Milestone(ref="live", name="Live", due=date(2027, 7, 31), amount=Money.of("130480.00", "USD")),
        ],
    }
    return Project(**fields | other)


@pytest.fixture
def project() -> Project:
    return grid_analytics()
