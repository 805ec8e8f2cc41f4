"""The rules of tasks, and of the cost that is entered on them."""

import zlib
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox.errors import refused

FROM_TEMPLATE: Final[dict[str, list[Record]]] = {
    "ProjectTransactionControls": [
        {"ExpenditureCategory": "Labor", "ChargeableFlag": False},
        {"ExpenditureCategory": "Expenses", "ChargeableFlag": False},
    ],
    "Tasks": [{"TaskNumber": "TG", "TaskName": "On no task"}],
}
"""Children that a new project has of its template, where it says none."""
ENTRIES: Final = (
    ("Tiergate", "Tiergate Time", "Tiergate Time"),
    ("Tiergate", "Tiergate Expenses", "Tiergate Expenses"),
)
"""Transaction source, document and document entry."""
COST_CHILD: Final = "ProjectStandardCostCollectionFlexfields"


def task(box: Box, record: Record, project: Record) -> None:
    """A new task: below which it stands, and that no other is called so."""
    others: list[Record] = project.get("Tasks", [])
    above = _above(box, record, others)
    record |= {"TaskLevel": above["TaskLevel"] + 1 if above else 1}
    record["TopTaskId"] = above["TopTaskId"] if above else record["TaskId"]
    for flag in ("BillableFlag", "ChargeableFlag"):
        record[flag] = record.get(flag) is not False
    alone(record, others)


def alone(record: Record, others: list[Record]) -> None:
    """Within a project a number is one task's, and so is a source reference."""
    for names in (("TaskNumber",), ("SourceApplicationCode", "SourceTaskReference")):
        said = [record.get(name) for name in names]
        taken = [each for each in others if each is not record and [each.get(name) for name in names] == said]
        if None not in said and taken:
            raise refused(f"A task with the {names[-1]} {said[-1]} already exists.", path=f"/{names[-1]}")


def task_gone(box: Box, record: Record, others: list[Record]) -> None:
    """A task that cost stands on, or other tasks, is not deleted."""
    if any(each.get("ParentTaskId") == record["TaskId"] for each in others):
        raise refused(f"The task {record['TaskNumber']} has subtasks.", "PJF_TASK_HAS_SUBTASKS")
    _no_cost(box, record)


def valid_cost(box: Box, record: Record, _: Record) -> None:
    """Cost is a person's, on a task of its project that has no others below it."""
    _once(box, record)
    _entered(record)
    _by_whom(record)
    said: Record = next(iter(record[COST_CHILD]), {})
    project = box.store.get("projects", str(said.get("_PROJECT_ID"))) or {}
    if not project:
        raise refused(f"The project {said.get('_PROJECT_ID')} is not valid.", "PJC_PROJECT_INVALID", "/_PROJECT_ID")
    tasks: list[Record] = project.get("Tasks", [])
    found = [each for each in tasks if each["TaskId"] == said.get("_TASK_ID")]
    if not found or any(each.get("ParentTaskId") == found[0]["TaskId"] for each in tasks):
        raise refused(f"The task {said.get('_TASK_ID')} is not valid.", "PJC_TASK_INVALID", "/_TASK_ID")
    record |= {"ProjectId": project["ProjectId"], "ProjectNumber": project["ProjectNumber"]}
    record |= {"TaskId": found[0]["TaskId"], "TaskNumber": found[0]["TaskNumber"]}
    record |= {"ExpenditureItemDate": said.get("_EXPENDITURE_ITEM_DATE")}
    record |= {"ExpenditureType": said.get("_EXPENDITURE_TYPE_ID_Display"), "StatusCode": "P"}


def imported(box: Box, number: str) -> str:
    """What the firm's import of costs does later: what waits becomes cost of its project, under an id of its own."""
    waiting = box.store.get("unprocessedProjectCosts", number)
    if waiting is None:
        raise KeyError(number)
    box.store.delete("unprocessedProjectCosts", number)
    id_ = int(number) + 500000
    item = {"_id": id_, "ExpenditureItemId": id_, "TransactionNumber": str(box.store.next_number("cost"))}
    item |= {"ProjectCostsDFF": [each | {"ExpenditureItemId": id_} for each in waiting["UnprocessedCostRestDFF"]]}
    box.store.insert("projectCosts", str(id_), waiting | item)
    return str(id_)


def _once(box: Box, record: Record) -> None:
    """What was imported is not sent again: its reference is taken."""
    said = {name: record.get(name) for name in ("TransactionSource", "OriginalTransactionReference")}
    if None not in said.values() and box.store.find("projectCosts", **said):
        words = f"The original transaction reference {said['OriginalTransactionReference']} already exists."
        raise refused(words, "PJC_TXN_REF_EXISTS", "/OriginalTransactionReference")


def _entered(record: Record) -> None:
    """The ways cost is entered are set up; what is negative takes something back, or says that it does not."""
    entry = (record.get("TransactionSource"), record.get("Document"), record.get("DocumentEntry"))
    if any(entry) and entry not in ENTRIES:
        raise refused(f"The document entry {entry[2]} is not valid.", "PJC_DOC_ENTRY_INVALID", "/DocumentEntry")
    matched = record.get("ReversedOriginalTransactionReference") or record.get("UnmatchedNegativeTransactionFlag")
    if Decimal(str(record.get("Quantity") or 0)) < 0 and not matched:
        raise refused("A negative transaction must reverse another one.", "PJC_NEG_TXN_UNMATCHED", "/Quantity")


def _by_whom(record: Record) -> None:
    """The firm's people have an address of the firm's."""
    email = record.get("Email")
    if email is not None and not str(email).endswith("@acme.example"):
        raise refused(f"The person {email} is not valid.", "PJC_PERSON_INVALID", "/Email")
    record["PersonNumber"] = None if email is None else f"P{zlib.crc32(str(email).encode()) % 100000:05}"


def _above(box: Box, record: Record, others: list[Record]) -> Record | None:
    parent: Any = record.get("ParentTaskId")
    if parent is None:
        return None
    for each in others:
        if each["TaskId"] == parent:
            _no_cost(box, each)
            return each
    raise refused(f"The parent task {parent} is not valid.", "PJF_PARENT_TASK_INVALID", "/ParentTaskId")


def _no_cost(box: Box, record: Record) -> None:
    kinds = ("unprocessedProjectCosts", "projectCosts")
    if any(box.store.find(kind, TaskId=record["TaskId"]) for kind in kinds):
        raise refused(f"The task {record['TaskNumber']} has transactions.", "PJF_TASK_HAS_TRANSACTIONS")
