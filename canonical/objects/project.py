"""A project, its tasks and milestones. Owners: PSA = schedule and staffing; ERP = code, accounting status."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from canonical.base import Envelope, Value
from canonical.classes import PII, PUBLIC
from canonical.dates import Instant
from canonical.money import Currency, Money
from canonical.objects.opportunity import ContractType

ProjectStage = Literal["planned", "active", "on_hold", "closed", "cancelled"]


class Task(Value, frozen=True, kw_only=True):
    """One line of the work breakdown. `ref` is ours, stable and unique within the project."""

    ref: Annotated[str, PUBLIC, msgspec.Meta(examples=["build"])]
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["Build"])]
    parent_ref: Annotated[str, PUBLIC] = ""
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    planned_hours: Annotated[Decimal, PUBLIC] = Decimal(0)
    billable: Annotated[bool, PUBLIC] = True


class Milestone(Value, frozen=True, kw_only=True):
    """A dated result, with the money its acceptance releases."""

    ref: Annotated[str, PUBLIC, msgspec.Meta(examples=["M1"])]
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["Design accepted"])]
    due: Annotated[date, PUBLIC]
    amount: Money | None = None
    completed_at: Annotated[Instant | None, PUBLIC] = None
    billing_status: Annotated[Literal["not_ready", "ready", "invoiced", "paid", "reversed"], PUBLIC] = "not_ready"


class Project(Envelope, frozen=True, kw_only=True):
    """One engagement. In a system that keeps no tasks (an ERP may not) `tasks` and `milestones` are empty."""

    code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["Data platform"])]
    account_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:001Tg0000000001IAA"])]
    """The customer's native id in the system the project is written to."""
    contract_id: Annotated[str, PUBLIC] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    stage: Annotated[ProjectStage, PUBLIC] = "planned"
    currency: Currency
    budget: Money | None = None
    billing_method: Annotated[ContractType, PUBLIC] = "tm"
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    practice: Annotated[str, PUBLIC] = ""
    project_manager: Annotated[str, PII] = ""
    tasks: list[Task] = []
    milestones: list[Milestone] = []
