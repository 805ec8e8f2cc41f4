"""What projects are worked under: the settings our extension adds to a project, and project tasks with their types.

A task is a `Posting` one, which takes time and cost, or holds others together: what stands between a `Begin-Total` and
its `End-Total` is below it. They stand in the order of their numbers.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from msgspec import UNSET, UnsetType, field

from system_apis.business_central.wire import NEVER, NOTHING, Guid, Tag, Wire

POSTING: Final = "Posting"
BEGIN: Final = "Begin-Total"
END: Final = "End-Total"
TASK_TYPES: Final = (POSTING, "Heading", "Total", BEGIN, END)


class SetupDraft(Wire, frozen=True, kw_only=True):
    """What of a project's settings is written; what is not named stays."""

    cost_center: str | UnsetType = UNSET
    profit_center: str | UnsetType = UNSET
    practice: str | UnsetType = UNSET
    documents: str | UnsetType = UNSET
    budget: Decimal | UnsetType = UNSET
    allow_time: bool | UnsetType = UNSET
    allow_expenses: bool | UnsetType = UNSET


class TaskSwitch(Wire, frozen=True, kw_only=True):
    """Whether a task takes time."""

    allow_time: bool


class TaskType(Wire, frozen=True, kw_only=True):
    """What a task is."""

    type: str


class TaskChange(Wire, frozen=True, kw_only=True):
    """What of a task is ours, whatever people made of its place."""

    description: str
    starting_date: date = NEVER
    ending_date: date = NEVER
    planned_hours: Decimal = Decimal(0)
    billable: bool = True


class TaskDraft(TaskChange, frozen=True, kw_only=True):
    """A new task, which takes no time yet."""

    project_id: str
    number: str
    tiergate_reference: str = ""
    type: str = POSTING
    indentation: int = 0
    totaling: str = ""
    allow_time: bool = False


class Task(TaskChange, frozen=True, kw_only=True):
    """A task, as it is read."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    project_id: str = NOTHING
    number: str
    tiergate_reference: str = ""
    type: str
    indentation: int = 0
    totaling: str = ""
    allow_time: bool = False
