"""A Kantata account to test against, and a project to put there."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.money import Money
from canonical.objects import Milestone, Project, Task
from foundation.sandbox import Box
from system_apis.kantata.adapter import Kantata
from system_apis.kantata.auth import Bearer
from system_apis.kantata.sandbox import SANDBOX, TOKEN

KEY = "salesforce:0065g00000KestreAAA"


@pytest.fixture
def box() -> Box:
    return Box(SANDBOX)


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=box.transport(), base_url="http://kantata", auth=Bearer(TOKEN)) as client:
        yield client


@pytest.fixture
def kantata(http: httpx.AsyncClient) -> Kantata:
    return Kantata(http)


@pytest.fixture
def project() -> Project:
    return grid_analytics()


def grid_analytics(**other: Any) -> Project:
    """A project with a small tree of tasks, and milestones that sum to its budget."""
    fields: dict[str, Any] = {
        "code": "ACME-US-0002",
        "name": "Kestrel Energy: Grid analytics rollout",
        "account_id": "1402",
        "contract_id": "00000102",
        "opportunity_id": KEY,
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
            Task(
                ref="setup", name="Set-up", start=date(2026, 12, 1), end=date(2026, 12, 24), planned_hours=Decimal(112)
            ),
            Task(ref="close", name="Handover", billable=False),
        ],
        "milestones": [
            Milestone(ref="design", name="Design accepted", due=date(2027, 2, 28), amount=Money.of("55920.00", "USD")),
            Milestone(ref="live", name="Live", due=date(2027, 7, 31), amount=Money.of("130480.00", "USD")),
        ],
    }
    return Project(**fields | other)
