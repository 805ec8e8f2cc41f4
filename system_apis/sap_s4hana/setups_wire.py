"""What projects are worked under: settings of a project, its elements, and what each of both is blocked for.

An element is a task as well as what cost and orders are assigned to. A block is an entity of its own beside its project
or element, and need not be there: nothing is blocked then. Source: the metadata of API_ENTERPRISE_PROJECT_SRV, version
2, and of API_MANAGE_WORKFORCE_TIMESHEET.
"""

from decimal import Decimal
from typing import Final

from msgspec import UNSET, UnsetType, field

from system_apis.sap_s4hana.wire import V2, Code, Metadata, Wire

TIMESHEETS: Final = f"{V2}/API_MANAGE_WORKFORCE_TIMESHEET"
TIME: Final = "TimeSheetEntryCollection"
ELEMENTS: Final = "A_EnterpriseProjectElement"
CANCELLED: Final = "60"
"""Status of a time sheet record that counts no more."""


class BlockDraft(Wire, frozen=True, kw_only=True):
    """What a project is to be blocked for; what is not named stays."""

    ent_proj_time_recg_is_blkd: bool | UnsetType = UNSET
    ent_proj_staff_expense_postg_is_blkd: bool | UnsetType = UNSET


class Block(Wire, frozen=True, kw_only=True):
    """What a project or an element is blocked for."""

    ent_proj_time_recg_is_blkd: bool
    ent_proj_staff_expense_postg_is_blkd: bool


class CentersDraft(Wire, frozen=True, kw_only=True):
    """Who is responsible, and where profit is told; what is not named stays."""

    responsible_cost_center: str | UnsetType = UNSET
    profit_center: str | UnsetType = UNSET


class SetupDraft(CentersDraft, frozen=True, kw_only=True):
    """What of a project's settings is written; what is not named stays."""

    tg_practice_pph: str | UnsetType = UNSET
    tg_documents_pph: str | UnsetType = UNSET
    tg_budget_pph: Decimal | UnsetType = UNSET


class Project(Wire, frozen=True, kw_only=True):
    """A project with its settings."""

    metadata: Metadata = field(default=Metadata(), name="__metadata")
    project_uuid: str
    project: str
    project_currency: Code
    processing_status: str = ""
    responsible_cost_center: str = ""
    profit_center: str = ""
    tg_practice_pph: str = ""
    tg_documents_pph: str = ""
    tg_budget_pph: Decimal | None = None
    to_ent_proj_blk_func: Block | None


class TaskChange(Wire, frozen=True, kw_only=True):
    """What of an element is ours, wherever people put it."""

    project_element_description: str = ""
    planned_start_date: str | None = None
    planned_end_date: str | None = None
    tg_hours_ppe: Decimal | None = None
    tg_unbilled_ppe: bool = False


class TaskDraft(TaskChange, frozen=True, kw_only=True):
    """A new element, below its parent or below the project, with what it is blocked for."""

    project_uuid: str
    parent_object_uuid: str | UnsetType = UNSET
    project_element: str
    responsible_cost_center: str
    profit_center: str
    tg_ref_ppe: str
    to_ent_proj_elmnt_blk_func: BlockDraft


class Element(TaskChange, frozen=True, kw_only=True):
    """An element, as it is read."""

    metadata: Metadata = field(default=Metadata(), name="__metadata")
    project_element_uuid: str
    project_element: str
    project_uuid: str
    parent_object_uuid: str | None = None
    processing_status: str = ""
    responsible_cost_center: str = ""
    profit_center: str = ""
    tg_ref_ppe: str = ""
    to_ent_proj_elmnt_blk_func: Block | None


class WorkedOn(Wire, frozen=True, kw_only=True):
    """Of a time sheet record, what it was worked on."""

    wbs_element: str


class Worked(Wire, frozen=True, kw_only=True):
    """A time sheet record, as far as it says that there is time."""

    time_sheet_data_fields: WorkedOn
