"""Expenses and the expense reports they are submitted in (OAS 1.0.0 of Kantata OX, `/expense_report_submissions`).

All expenses of a submission are of one workspace, and each is on one active submission at the most. What is approved
is locked. A rejected or cancelled submission lets go of its expenses: they still tell it as their recent one.
"""

from collections.abc import Mapping
from typing import Final

from canonical.money import minor_units
from foundation.sandbox import Box, Record
from system_apis.kantata.sandbox.kind import REFERENCES, Complain, Kind, belongs, names, of_live_workspaces

SUBMISSIONS: Final = "expense_report_submissions"
RESOLVED: Final[Mapping[str, str]] = {"approve": "approved", "reject": "rejected", "cancel": "cancelled"}
"""What is done to a submission -> its status then."""
_BY_FILTER: Final = {"new": "pending"}
"""What `statuses` calls otherwise than the record does."""


def is_approved(box: Box, expense: Record) -> bool:
    """Whether it is on an approved expense report, or in a workspace that asks for none."""
    workspace = box.store.get("workspaces", str(expense["workspace_id"])) or {}
    submission = box.store.get(SUBMISSIONS, expense["active_submission_id"] or "") or {}
    return not workspace.get("require_expense_approvals") or submission.get("status") == "approved"


def _expense(box: Box, before: Record, given: Record, complain: Complain) -> Record:
    whole = before | given
    belongs(box, whole, complain)
    active = box.store.get(SUBMISSIONS, before.get("active_submission_id") or "") or {}
    if active.get("status") == "approved" or before.get("is_invoiced"):
        complain("base", "Expense is locked")
    for name in ("date", "category"):
        if not whole.get(name):
            complain(name, f"{name.capitalize()} can't be blank")
    if not isinstance(whole.get("amount_in_cents"), int):
        complain("amount_in_cents", "Amount is not a number")
    kept = {("is_billable" if name == "billable" else name): value for name, value in given.items()}
    fresh = {"notes": "", "is_billable": True, "reimbursable": True, "currency": "USD", "is_invoiced": False}
    fresh |= {"active_submission_id": None, "recent_submission_id": None}
    return kept if before else {**fresh, "user_id": box.store.all("users")[0]["id"], **kept}


def _submission(box: Box, _: Record, given: Record, complain: Complain) -> Record:
    belongs(box, given, complain)
    if not given.get("title"):
        complain("title", "Title can't be blank")
    ids = [str(each) for each in given.get("line_item_ids") or []]
    if not ids:
        complain("line_item_ids", "Line items can't be blank")
    lines = [box.store.get("expenses", each) or {} for each in ids]
    if any(line.get("workspace_id") != str(given.get("workspace_id")) for line in lines):
        complain("line_item_ids", "Line items must be of this project")
    if any(line.get("active_submission_id") or line.get("is_invoiced") for line in lines):
        complain("line_item_ids", "A line item is submitted already")
    currency = next((line["currency"] for line in lines if line), "USD")
    kept = {name: value for name, value in given.items() if name != "line_item_ids"}
    kept |= {"expense_ids": ids, "status": "pending", "type": "ExpenseReportSubmission", "locked": False}
    kept |= {"currency": currency, "currency_base_unit": 10 ** minor_units(currency)}
    kept["line_item_total_in_cents"] = sum(line.get("amount_in_cents") or 0 for line in lines)
    return {"comment": "", "user_id": box.store.all("users")[0]["id"], **kept}


def _handed_in(box: Box, before: Record, now: Record) -> None:
    if not before:
        for each in now["expense_ids"]:
            told = {"active_submission_id": now["id"], "recent_submission_id": now["id"]}
            box.store.update("expenses", each, told)


def resolve(box: Box, submission: Record, what: str, complain: Complain) -> Record:
    """Approve, reject or cancel one. Whether that moves `updated_at` of its expenses is not published: an option."""
    status, lines = submission["status"], submission["expense_ids"]
    billed = any((box.store.get("expenses", each) or {}).get("is_invoiced") for each in lines)
    if status in ("rejected", "cancelled") or (status == "approved" and (what == "approve" or billed)):
        complain("base", f"Submission is {status} already")
        return submission
    at = {"updated_at": box.now().isoformat(timespec="microseconds")}
    for each in lines:
        told: Record = {} if what == "approve" else {"active_submission_id": None}
        if box.option("approval_touches_expenses"):
            told |= at
        box.store.update("expenses", each, told)
    return box.store.update(SUBMISSIONS, submission["id"], {"status": RESOLVED[what], **at})


def _shown(box: Box, expense: Record, parameters: Mapping[str, str]) -> bool:
    asked = parameters.get("approved")
    live = of_live_workspaces(box, expense, parameters)
    return live and (asked is None or is_approved(box, expense) is (asked == "true"))


def _mine(box: Box, submission: Record, parameters: Mapping[str, str]) -> bool:
    """One's own unless all are asked for, and of the statuses that are named."""
    asked = [_BY_FILTER.get(each, each) for each in parameters.get("statuses", "").split(",") if each]
    own = submission["user_id"] == box.store.all("users")[0]["id"]
    return (own or parameters.get("all_on_account") == "true") and (not asked or submission["status"] in asked)


_EXPENSE: Final = names("user_id date category amount_in_cents currency notes billable reimbursable external_reference")
SPENDING: Final[Mapping[str, Kind]] = {
    "expenses": Kind(
        singular="expense",
        subject="Expense",
        creates=_EXPENSE | {"workspace_id"},
        updates=_EXPENSE,
        shape=_expense,
        narrows=_shown,
        orders=names("amount category created_at date notes vendor_name"),
        one={
            "workspace": ("workspace_id", "workspaces"),
            "active_submission": ("active_submission_id", SUBMISSIONS),
            "recent_submission": ("recent_submission_id", SUBMISSIONS),
        },
    ),
    SUBMISSIONS: Kind(
        singular="expense_report_submission",
        subject="Submission",
        creates=names("title comment workspace_id user_id line_item_ids external_reference"),
        updates=frozenset(),
        shape=_submission,
        settle=_handed_in,
        narrows=_mine,
        orders=names("amount created_at date status title workspace_title"),
        deletable=False,
        one={"user": ("user_id", "users"), "workspace": ("workspace_id", "workspaces")},
        many={**REFERENCES, "expenses": ("expense_ids", "expenses", "")},
    ),
}
