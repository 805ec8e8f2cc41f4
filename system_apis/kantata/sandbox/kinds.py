"""The kinds of record the sandbox keeps: what a client may write, what must be there, what a record looks like."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from canonical.money import minor_units
from foundation.sandbox import Box, Record
from system_apis.kantata.sandbox.billing import BILLING
from system_apis.kantata.sandbox.kind import REFERENCES, Complain, Kind, belongs, in_order, names, of_live_workspaces
from system_apis.kantata.sandbox.submissions import SPENDING

STATUSES: Final[Mapping[int, Record]] = {
    key: {"key": key, "color": color, "message": message}
    for key, color, message in (
        (100, "grey", "No Status"),
        (130, "grey", "Not Started"),
        (310, "green", "Active"),
        (320, "yellow", "On Hold"),
        (410, "blue", "Completed"),
        (420, "red", "Cancelled"),
    )
}
_CURRENCIES: Final = frozenset("AUD CAD CHF EUR GBP INR JPY KWD SGD USD".split())
_STORY_TYPES: Final = frozenset({"task", "deliverable", "milestone", "issue"})
_TITLE_LENGTH: Final = 200


def _workspace(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    if not (given.get("title") or before.get("title")) or ("title" in given and not given["title"]):
        complain("title", "Please give your project a title")
    if not before and given.get("creator_role") not in ("maven", "buyer"):
        complain("creator_role", "Please select a role for this project")
    currency = given.get("currency") or before.get("currency") or "USD"
    if currency not in _CURRENCIES:
        complain("currency", "is not a supported currency")
    status = int(given.get("status_key") or before.get("status_key") or 100)
    if status not in STATUSES:
        complain("status_key", "is not a status of this account")
    kept = {name: value for name, value in given.items() if name not in ("price", "creator_role")}
    kept |= {"currency": currency, "currency_base_unit": 10 ** minor_units(currency)}
    kept |= {"status_key": status, "status": STATUSES.get(status)}
    if given.get("price") is not None:
        kept["price_in_cents"] = _units(given["price"], currency, complain)
    in_order(before | given, "start_date", "due_date", complain)
    known = {each["id"] for each in box.store.all("users")}
    if any(each not in known for each in given.get("approver_ids") or []):
        complain("approver_ids", "Approver is not a member of this account")
    fresh = {"archived": False, "budgeted": False, "description": "", "price_in_cents": None, "rate_card_id": None}
    fresh |= {"approver_ids": [], "require_time_approvals": False, "require_expense_approvals": False}
    return kept if before else {**fresh, "start_date": None, "due_date": None, **kept}


def _story(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    whole = before | given
    for name in ("title", "story_type", "workspace_id"):
        if not whole.get(name):
            complain(name, f"{name.replace('_', ' ').capitalize()} can't be blank")
    if whole.get("story_type") and whole["story_type"] not in _STORY_TYPES:
        complain("story_type", "Story type is not included in the list")
    if len(str(whole.get("title") or "")) > _TITLE_LENGTH:
        complain("title", f"Title is too long (maximum is {_TITLE_LENGTH} characters)")
    belongs(box, whole, complain)
    parent = box.store.get("stories", str(whole["parent_id"])) if whole.get("parent_id") else None
    if whole.get("parent_id") and (parent is None or parent["workspace_id"] != whole.get("workspace_id")):
        complain("parent_id", "Parent is not a story of this project")
    in_order(whole, "start_date", "due_date", complain)
    for name in ("time_estimate_in_minutes", "budget_estimate_in_cents"):
        if not isinstance(whole.get(name, 0), int | None):
            complain(name, f"{name.replace('_', ' ').capitalize()} must be an integer")
    fresh = {"state": "not started", "archived": False, "billable": True, "fixed_fee": False, "parent_id": None}
    fresh |= {
        "time_trackable": True,
        "start_date": None,
        "due_date": None,
        "time_estimate_in_minutes": 0,
        "budget_estimate_in_cents": None,
    }
    return given if before else {**fresh, **given}


def _reference(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    whole = before | given
    for name in ("service_name", "service_model", "service_model_ref", "subject_id", "subject_type"):
        if not whole.get(name):
            complain(name, f"{name.replace('_', ' ').capitalize()} can't be blank")
    plural = next((plural for plural, kind in KINDS.items() if kind.subject == whole.get("subject_type")), "")
    if plural and box.store.get(plural, str(whole.get("subject_id"))) is None:
        complain("subject_id", "Subject does not exist")
    return given


def _resource(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    belongs(box, before | given, complain)
    return given if before else {"user_id": None, "role_id": None, "label": None, **given}


def _allocation(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    kept = {("workspace_resource_id" if name == "resource_id" else name): value for name, value in given.items()}
    whole = before | kept
    belongs(box, whole, complain)
    if box.store.get("workspace_resources", str(whole.get("workspace_resource_id"))) is None:
        complain("resource_id", "Resource does not exist")
    for name in ("start_date", "end_date"):
        if not whole.get(name):
            complain(name, f"{name.replace('_', ' ').capitalize()} can't be blank")
    in_order(whole, "start_date", "end_date", complain)
    return kept if before else {"hard": False, "notes": None, "minutes": 0, **kept}


def _time(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    whole = before | given
    belongs(box, whole, complain)
    if before.get("approved") or before.get("is_invoiced"):
        complain("base", "Time entry is locked")
    if not whole.get("date_performed"):
        complain("date_performed", "Date performed can't be blank")
    if not isinstance(whole.get("time_in_minutes"), int):
        complain("time_in_minutes", "Time in minutes is not a number")
    currency = (box.store.get("workspaces", str(whole.get("workspace_id"))) or {}).get("currency", "USD")
    fresh = {"story_id": None, "billable": True, "notes": "", "rate_in_cents": None, "currency": currency}
    fresh |= {"approved": False, "is_invoiced": False, "invoice_id": None, "active_submission_id": None}
    return given if before else {**fresh, "user_id": box.store.all("users")[0]["id"], **given}


def _post(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    if not (before | given).get("message"):
        complain("message", "Message can't be blank")
    belongs(box, before | given, complain)
    return given if before else {"reply": False, **given}


def _user(_: Box, __: Record, given: Record, ___: Complain) -> Record:
    return given


def _units(price: Any, currency: str, complain: Complain) -> int | None:
    try:
        units = Decimal(str(price)) * 10 ** minor_units(currency)
    except InvalidOperation:
        complain("price", "Price is not a number")
        return None
    if units != units.to_integral_value():
        complain("price", "Price is too precise")
        return None
    return int(units)


_WORKSPACE: Final = names(
    "title budgeted description currency price start_date due_date access_level status_key external_reference"
    " rate_card_id approver_ids require_time_approvals require_expense_approvals"
)
_STORY: Final = names(
    "title story_type description parent_id start_date due_date archived assignee_ids budget_estimate_in_cents"
    " time_estimate_in_minutes billable percentage_complete state fixed_fee time_trackable external_reference"
)
_REFERENCE: Final = names(
    "service_name service_model service_model_ref subject_id subject_type status external_link external_message locked"
)
_ALLOCATION: Final = names("start_date end_date minutes percentage hard notes external_reference")
_RESOURCE: Final = names("user_id role_id label")

_TIME: Final = names("story_id user_id date_performed time_in_minutes notes billable rate_in_cents external_reference")

KINDS: Final[Mapping[str, Kind]] = {
    "workspaces": Kind(
        singular="workspace",
        subject="Workspace",
        creates=_WORKSPACE | {"creator_role"},
        updates=_WORKSPACE | {"archived"},
        shape=_workspace,
        filters=frozenset(),
        searched=("title", "description"),
        archive="include_archived",
        deletable=False,
        many={**REFERENCES, "approvers": ("approver_ids", "users", "")},
    ),
    "stories": Kind(
        singular="story",
        subject="Story",
        creates=_STORY | {"workspace_id"},
        updates=_STORY,
        shape=_story,
        archive="show_archived",
        one={"workspace": ("workspace_id", "workspaces")},
    ),
    "external_references": Kind(
        singular="external_reference",
        subject="ExternalReference",
        creates=_REFERENCE,
        updates=_REFERENCE,
        shape=_reference,
        filters=names("service_name service_model service_model_ref subject_type subject_id"),
    ),
    "workspace_resources": Kind(
        singular="workspace_resource",
        subject="WorkspaceResource",
        creates=_RESOURCE | {"workspace_id"},
        updates=_RESOURCE,
        shape=_resource,
    ),
    "workspace_allocations": Kind(
        singular="workspace_allocation",
        subject="WorkspaceAllocation",
        creates=_ALLOCATION | {"workspace_id", "resource_id"},
        updates=_ALLOCATION,
        shape=_allocation,
    ),
    "time_entries": Kind(
        singular="time_entry",
        subject="TimeEntry",
        creates=_TIME | {"workspace_id"},
        updates=_TIME,
        shape=_time,
        narrows=of_live_workspaces,
        orders=names("created_at date_performed updated_at"),
        one={"workspace": ("workspace_id", "workspaces"), "invoice": ("invoice_id", "invoices")},
    ),
    **SPENDING,
    "posts": Kind(
        singular="post",
        subject="Post",
        creates=names("message workspace_id story_id"),
        updates=names("message story_id"),
        shape=_post,
    ),
    **BILLING,
    "users": Kind(
        singular="user",
        subject="User",
        creates=frozenset(),
        updates=frozenset(),
        shape=_user,
        filters=frozenset(),
        searched=("full_name", "email_address"),
        deletable=False,
    ),
}
