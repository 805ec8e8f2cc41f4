"""What a project is worked under, in Fusion's shapes: its flexfield, transaction controls, tasks and cost."""

from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from system_apis.oracle_fusion.framework import Link, Listed, links_field
from system_apis.oracle_fusion.wire import Flex, Wire

CONTROLS: Final = "ProjectTransactionControls"
TASKS: Final = "Tasks"
TASK_FLEX: Final = "TasksDFF"
SETUP_WITH: Final = {"expand": f"ProjectDFF,{CONTROLS}"}
TASK_WITH: Final = {"expand": TASK_FLEX}
PROJECT_WITH: Final = {"expand": f"ProjectDFF,{CONTROLS},{TASKS}.{TASK_FLEX}"}


class SetupFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a project that say how it is set up."""

    tg_cost_center: str | None = None
    tg_profit_center: str | None = None
    tg_practice: str | None = None
    tg_documents: str | None = None
    tg_budget: Decimal | None = None


class SetupFlex(SetupFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class ControlHead(Wire, frozen=True, kw_only=True):
    """What we write of a transaction control."""

    chargeable_flag: bool | None = None


class ControlDraft(ControlHead, frozen=True, kw_only=True):
    """A control of a whole expenditure category, from a day on."""

    expenditure_category: str
    start_date_active: date | None


class Control(ControlHead, frozen=True, kw_only=True):
    """A transaction control. One that names a type or a person is narrower than its category."""

    links: list[Link] = links_field()
    expenditure_category: str | None = None
    expenditure_type: str | None = None
    person_name: str | None = None


class TaskFlexHead(Flex, frozen=True, kw_only=True):
    """Our segment on a task: hours are no attribute of it."""

    tg_hours: Decimal | None = None


class TaskFlex(TaskFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class TaskHead(Wire, frozen=True, kw_only=True):
    """What we write of a task."""

    task_name: str | None = None
    task_start_date: date | None = None
    task_finish_date: date | None = None
    billable_flag: bool | None = None


class TaskDraft(TaskHead, frozen=True, kw_only=True):
    """A task that is made. Its number is unique within the project."""

    task_number: str
    parent_task_id: int | None
    source_application_code: str
    source_task_reference: str
    flex: list[TaskFlexHead] = msgspec.field(name=TASK_FLEX)


class Task(TaskHead, frozen=True, kw_only=True):
    """A task."""

    links: list[Link] = links_field()
    task_id: int
    task_number: str
    parent_task_id: int | None = None
    source_application_code: str | None = None
    source_task_reference: str | None = None
    flex: Listed[TaskFlex] = msgspec.field(default=Listed(), name=TASK_FLEX)


class Project(Wire, frozen=True, kw_only=True):
    """A project, as it is set up."""

    links: list[Link] = links_field()
    project_id: int
    project_start_date: date | None = None
    project_currency_code: str
    flex: Listed[SetupFlex] = msgspec.field(default=Listed(), name="ProjectDFF")
    controls: Listed[Control] = msgspec.field(default=Listed(), name=CONTROLS)
    tasks: Listed[Task] = Listed()


class Cost(Wire, frozen=True, kw_only=True):
    """What was entered on a task: cost that waits to be processed, or is."""

    project_id: int | None = None
    task_id: int | None = None
