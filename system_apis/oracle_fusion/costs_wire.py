"""Cost of projects, in Fusion's shapes: as it waits to be imported, and once it is a project's."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from system_apis.oracle_fusion.framework import Link, Listed, links_field
from system_apis.oracle_fusion.wire import FSCM, Flex, Wire

PROCESSED: Final = f"{FSCM}/projectCosts"
UNPROCESSED: Final = f"{FSCM}/unprocessedProjectCosts"
PLACE: Final = "ProjectStandardCostCollectionFlexfields"
WAITING_FLEX: Final = "UnprocessedCostRestDFF"
PROCESSED_FLEX: Final = "ProjectCostsDFF"
WAITING_WITH: Final = {"expand": f"{PLACE},{WAITING_FLEX}"}
PROCESSED_WITH: Final = {"expand": PROCESSED_FLEX}


_SEGMENTS: Final = {
    "project_id": "_PROJECT_ID",
    "task_id": "_TASK_ID",
    "day": "_EXPENDITURE_ITEM_DATE",
    "type": "_EXPENDITURE_TYPE_ID_Display",
    "organization": "_ORGANIZATION_ID_Display",
}


class PlaceHead(msgspec.Struct, frozen=True, kw_only=True, rename=_SEGMENTS):
    """Where a cost belongs, and when it was worked."""

    project_id: int | None = None
    task_id: int | None = None
    day: date | None = None


class PlaceDraft(PlaceHead, frozen=True, kw_only=True, rename=_SEGMENTS):
    """The place of a cost that is sent; type and organization by their names."""

    type: str
    organization: str


class Place(PlaceHead, frozen=True, kw_only=True, rename=_SEGMENTS):
    """The same, read."""

    links: list[Link] = links_field()


class CostFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a cost."""

    tg_type: str | None = None
    tg_role: str | None = None
    tg_billable: str | None = None
    tg_rate: Decimal | None = None
    tg_invoice: str | None = None


class ExpenseFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a cost that is a line of an expense report."""

    tg_billable: str | None = None
    tg_invoice: str | None = None
    tg_line: int | None = None
    tg_report: str | None = None
    tg_number: str | None = None
    tg_reported: date | None = None
    tg_currency: str | None = None
    tg_reimbursable: str | None = None
    tg_tax: Decimal | None = None


class CostFlex(CostFlexHead, frozen=True, kw_only=True):
    """All of them, read."""

    links: list[Link] = links_field()
    tg_line: int | None = None
    tg_report: str | None = None
    tg_number: str | None = None
    tg_reported: date | None = None
    tg_currency: str | None = None
    tg_reimbursable: str | None = None
    tg_tax: Decimal | None = None


class CostHead(Wire, frozen=True, kw_only=True):
    """What we write of a cost, and may change until it is imported."""

    email: str | None = None
    quantity: Decimal | None = None
    unit_of_measure_code: str | None = None
    comment: str | None = None
    reversed_original_transaction_reference: str | None = None
    unmatched_negative_transaction_flag: bool | None = None


class ExpenseHead(CostHead, frozen=True, kw_only=True):
    """Besides, of what somebody spent: how much. Time is costed by Fusion itself."""

    raw_cost_in_transaction_currency: Decimal | None = None
    transaction_currency_code: str | None = None


class CostDraft(ExpenseHead, frozen=True, kw_only=True):
    """A cost that is sent. Source and original reference are its external key."""

    expenditure_batch: str
    business_unit: str
    transaction_source: str
    document: str
    document_entry: str
    original_transaction_reference: str
    place: list[PlaceDraft] = msgspec.field(name=PLACE)
    flex: Sequence[CostFlexHead | ExpenseFlexHead] = msgspec.field(name=WAITING_FLEX)


class Cost(ExpenseHead, frozen=True, kw_only=True):
    """What both have in common."""

    links: list[Link] = links_field()
    business_unit: str | None = None
    original_transaction_reference: str | None = None
    person_number: str | None = None
    project_id: int | None = None
    project_number: str | None = None
    task_id: int | None = None
    task_number: str | None = None
    expenditure_item_date: date | None = None
    expenditure_type: str | None = None
    last_update_date: datetime | None = None


class TaskNamed(Wire, frozen=True, kw_only=True):
    """A task, by its number."""

    task_id: int
    task_number: str


class Waiting(Cost, frozen=True, kw_only=True):
    """Cost that waits: pending, or rejected by the last import."""

    unprocessed_transaction_reference_id: int
    status_code: str | None = None
    place: Listed[Place] = msgspec.field(default=Listed(), name=PLACE)
    flex: Listed[CostFlex] = msgspec.field(default=Listed(), name=WAITING_FLEX)


class Processed(Cost, frozen=True, kw_only=True):
    """Cost of a project: only our segments of it change any more."""

    expenditure_item_id: int
    flex: Listed[CostFlex] = msgspec.field(default=Listed(), name=PROCESSED_FLEX)
