"""Certinia's shapes, only the fields we read or write. `pse__` is the package's, a name without it the org's own field.

QUIRKS.md lists the org's own: a record is ours where `Tiergate_Key__c` says so.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, field

from foundation.salesforce.wire import Row

PROJECT = "pse__Proj__c"
TASK = "pse__Project_Task__c"
MILESTONE = "pse__Milestone__c"
BUDGET = "pse__Budget__c"
REQUEST = "pse__Resource_Request__c"
POST = "FeedItem"
RESOURCE = "Contact"
ACCOUNT = "Account"
ACCOUNT_PREFIX = "001"
"""What the ids of accounts begin with, in every org."""
REGION = "pse__Region__c"
PRACTICE = "pse__Practice__c"

KEY = "Tiergate_Key__c"
CODE = "Project_Code__c"


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """What a write names; None clears, what is unset stays as it is."""


# --- who and where ----------------------------------------------------------------------------------------------------


class Id(Row, frozen=True, kw_only=True, rename="pascal"):
    """A record that only has to be there."""

    id: str


class Region(Row, frozen=True, kw_only=True):
    """A region: the legal entity that sells."""

    legal_entity: str | None = field(name="Legal_Entity__c")


class Practice(Row, frozen=True, kw_only=True):
    """A practice."""

    code: str | None = field(name="Practice_Code__c")


class Resource(Row, frozen=True, kw_only=True):
    """A person who can work: a contact."""

    email: str | None = field(name="Email")


# --- projects ---------------------------------------------------------------------------------------------------------


class Project(Row, frozen=True, kw_only=True, rename="pascal"):
    """A project."""

    id: str
    name: str
    currency_iso_code: str
    system_modstamp: str
    key: str | None = field(name=KEY)
    code: str | None = field(name=CODE)
    customer: str | None = field(name="Customer_Key__c")
    contract: str | None = field(name="Contract_Key__c")
    deal: str | None = field(name="Deal_Id__c")
    stage: str | None = field(name="pse__Stage__c")
    billing_type: str | None = field(name="pse__Billing_Type__c")
    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")
    region: Region | None = field(name="pse__Region__r")
    practice: Practice | None = field(name="pse__Practice__r")
    manager: Resource | None = field(name="pse__Project_Manager__r")


class Owned(Row, frozen=True, kw_only=True, rename="pascal"):
    """A project, as far as it must be known before it is written."""

    id: str
    key: str | None = field(name=KEY)
    code: str | None = field(name=CODE)


class Changed(Row, frozen=True, kw_only=True, rename="pascal"):
    """A project as a poll sees it."""

    id: str
    is_deleted: bool
    system_modstamp: str


class Place(Row, frozen=True, kw_only=True, rename="pascal"):
    """What a request for people takes over from its project."""

    id: str
    currency_iso_code: str
    region: str | None = field(name="pse__Region__c")
    practice: str | None = field(name="pse__Practice__c")


class Stage(Write, frozen=True, kw_only=True):
    """Where a project stands: the stage people see, and the switches that make it so."""

    stage: str = field(name="pse__Stage__c")
    active: bool = field(name="pse__Is_Active__c")
    closed_for_time: bool = field(name="pse__Closed_for_Time_Entry__c")
    closed_for_expenses: bool = field(name="pse__Closed_for_Expense_Entry__c")


class ByLegalEntity(Write, frozen=True, kw_only=True):
    """A region by the org's own external id."""

    legal_entity: str = field(name="Legal_Entity__c")


class ByPractice(Write, frozen=True, kw_only=True):
    """A practice by the org's own external id."""

    code: str = field(name="Practice_Code__c")


class ProjectWrite(Stage, frozen=True, kw_only=True, rename="pascal"):
    """What we say of a project; its code too, where our key is in the address and not the code."""

    name: str
    currency_iso_code: str
    customer: str | None = field(name="Customer_Key__c")
    contract: str | None = field(name="Contract_Key__c")
    deal: str | None = field(name="Deal_Id__c")
    billing_type: str = field(name="pse__Billing_Type__c")
    billable: bool = field(name="pse__Is_Billable__c")
    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")
    region: ByLegalEntity = field(name="pse__Region__r")
    practice: ByPractice | UnsetType = field(name="pse__Practice__r", default=UNSET)
    code: str | UnsetType = field(name=CODE, default=UNSET)
    manager: str | UnsetType = field(name="pse__Project_Manager__c", default=UNSET)
    account: str | UnsetType = field(name="pse__Account__c", default=UNSET)


class Keyed(Write, frozen=True, kw_only=True):
    """Our key alone: what makes a project found by it."""

    key: str = field(name=KEY)


class Budget(Row, frozen=True, kw_only=True, rename="pascal"):
    """What a project may cost its customer."""

    id: str
    currency_iso_code: str
    project: str | None = field(name="pse__Project__c")
    amount: Decimal | None = field(name="pse__Amount__c")


class BudgetWrite(Write, frozen=True, kw_only=True, rename="pascal"):
    """What we say of a budget."""

    name: str
    currency_iso_code: str
    project: str = field(name="pse__Project__c")
    type: str = field(name="pse__Type__c")
    amount: Decimal = field(name="pse__Amount__c")


# --- the plan ---------------------------------------------------------------------------------------------------------


class Task(Row, frozen=True, kw_only=True, rename="pascal"):
    """A task. The recycle bin is read too: what people removed stays removed."""

    id: str
    name: str
    is_deleted: bool
    key: str | None = field(name=KEY)
    parent: str | None = field(name="pse__Parent_Task__c")
    start: datetime | None = field(name="pse__Start_Date_Time__c")
    end: datetime | None = field(name="pse__End_Date_Time__c")
    hours: Decimal | None = field(name="pse__Estimated_Hours__c")
    billable: bool = field(name="Billable__c")


class Milestone(Row, frozen=True, kw_only=True, rename="pascal"):
    """A milestone, likewise."""

    id: str
    name: str
    is_deleted: bool
    currency_iso_code: str
    key: str | None = field(name=KEY)
    target: date | None = field(name="pse__Target_Date__c")
    actual: date | None = field(name="pse__Actual_Date__c")
    amount: Decimal | None = field(name="pse__Milestone_Amount__c")
    approved: bool = field(name="pse__Approved__c")
    invoiced: bool = field(name="pse__Invoiced__c")


class ChildWrite(Write, frozen=True, kw_only=True, rename="pascal"):
    """One record of a collection: of which kind, under which key, of which project."""

    attributes: dict[str, Any] = field(name="attributes")
    name: str
    key: str = field(name=KEY)
    project: str = field(name="pse__Project__c")


class TaskWrite(ChildWrite, frozen=True, kw_only=True, rename="pascal"):
    """What we say of a task."""

    parent: str | None = field(name="pse__Parent_Task__c")
    start: datetime | None = field(name="pse__Start_Date_Time__c")
    end: datetime | None = field(name="pse__End_Date_Time__c")
    hours: Decimal = field(name="pse__Estimated_Hours__c")
    billable: bool = field(name="Billable__c")
    closed: bool | UnsetType = field(name="pse__Closed_for_Time_Entry__c", default=UNSET)
    """Said of a new task of a setup only; whoever opens the project opens it."""


class MilestoneWrite(ChildWrite, frozen=True, kw_only=True, rename="pascal"):
    """What we say of a milestone."""

    currency_iso_code: str
    target: date = field(name="pse__Target_Date__c")
    actual: date | None = field(name="pse__Actual_Date__c")
    amount: Decimal | None = field(name="pse__Milestone_Amount__c")


# --- people and talk --------------------------------------------------------------------------------------------------


class Request(Row, frozen=True, kw_only=True, rename="pascal"):
    """A request for somebody; staffed once it has an assignment."""

    id: str
    key: str | None = field(name=KEY)
    project: str | None = field(name="pse__Project__c")
    role: str | None = field(name="pse__Resource_Role__c")
    hours: Decimal | None = field(name="pse__SOW_Hours__c")
    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")
    status: str | None = field(name="pse__Status__c")
    assignment: str | None = field(name="pse__Assignment__c")


class RequestWrite(Write, frozen=True, kw_only=True, rename="pascal"):
    """What we say of a request. The status is the staffing desk's once it moved it."""

    currency_iso_code: str
    project: str = field(name="pse__Project__c")
    title: str = field(name="pse__Resource_Request_Name__c")
    role: str = field(name="pse__Resource_Role__c")
    hours: Decimal = field(name="pse__SOW_Hours__c")
    start: date = field(name="pse__Start_Date__c")
    end: date = field(name="pse__End_Date__c")
    region: str | None = field(name="pse__Region__c")
    practice: str | None = field(name="pse__Practice__c")
    status: str | UnsetType = field(name="pse__Status__c", default=UNSET)


class Post(Row, frozen=True, kw_only=True, rename="pascal"):
    """A message on a project's page."""

    id: str
    body: str | None


class PostWrite(Write, frozen=True, kw_only=True, rename="pascal"):
    """A message to be posted."""

    parent_id: str
    body: str
    type: str = "TextPost"
