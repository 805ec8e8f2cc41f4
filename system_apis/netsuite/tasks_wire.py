"""NetSuite's shapes for project tasks. As in `wire`; named as its REST API Browser names them, not as SOAP does."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from system_apis.netsuite.wire import Ref, Wire


class Task(Wire, frozen=True, kw_only=True):
    """A task of a project."""

    id: str
    external_id: str = ""
    project: Ref = Ref()
    title: str = ""
    parent: Ref = Ref()
    estimated_work: Decimal | None = None
    """Hours."""
    non_billable_task: bool = False
    start_date_time: datetime | None = None
    finish_by_date: date | None = None
    """When it must be finished by; `endDate` is worked out from work and people, and is never written."""
    last_modified_date: datetime | None = None


class TaskChange(Wire, frozen=True, kw_only=True):
    """What is written of a task; a field that is not named stays."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    non_billable_task: bool | msgspec.UnsetType = msgspec.UNSET
    estimated_work: Decimal | msgspec.UnsetType = msgspec.UNSET
    constraint_type: Ref | msgspec.UnsetType = msgspec.UNSET
    start_date_time: datetime | msgspec.UnsetType | None = msgspec.UNSET
    finish_by_date: date | msgspec.UnsetType | None = msgspec.UNSET


class TaskDraft(TaskChange, frozen=True, kw_only=True):
    """A new task; the project is never changed, and where the task stands is its owners' from then on."""

    project: Ref
    parent: Ref | msgspec.UnsetType = msgspec.UNSET


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """A task, by SuiteQL: days as our queries ask for them, in the account's zone."""

    id: str
    externalid: str = ""
    title: str = ""
    parent: str = ""
    estimatedwork: Decimal = Decimal(0)
    nonbillabletask: str = "F"
    startdate: date | None = None
    finishby: date | None = None


class WorkedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What time of a project names: a task by its internal id, or by our reference in a text."""

    casetaskevent: str = ""
    custcol_tg_task: str = ""
