"""The rules of tasks, and of the cost that is entered on them."""

from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox.errors import refused

FROM_TEMPLATE: Final[dict[str, list[Record]]] = {
    "ProjectTransactionControls": [
        {"ExpenditureCategory": "Labor", "ChargeableFlag": False},
        {"ExpenditureCategory": "Expenses", "ChargeableFlag": False},
    ]
}
"""Children that a new project has of its template, where it says none."""
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
    """Project and task are found by what is shown of them; cost stands on a task without others below it."""
    said: Record = next(iter(record[COST_CHILD]), {})
    number, wanted = said.get("_PROJECT_ID_Display"), said.get("_TASK_ID_Display")
    projects = box.store.find("projects", ProjectNumber=number)
    if not projects:
        raise refused(f"The project {number} is not valid.", "PJC_PROJECT_INVALID", "/_PROJECT_ID_Display")
    tasks: list[Record] = projects[0].get("Tasks", [])
    found = [each for each in tasks if each["TaskNumber"] == wanted]
    if not found or any(each.get("ParentTaskId") == found[0]["TaskId"] for each in tasks):
        raise refused(f"The task {wanted} is not valid.", "PJC_TASK_INVALID", "/_TASK_ID_Display")
    said |= {"_PROJECT_ID": projects[0]["ProjectId"], "_TASK_ID": found[0]["TaskId"]}
    record |= {"ProjectId": projects[0]["ProjectId"], "ProjectNumber": number, "TaskId": found[0]["TaskId"]}
    record |= {"TaskNumber": wanted, "ExpenditureItemDate": said.get("_EXPENDITURE_ITEM_DATE")}
    record |= {"ExpenditureType": said.get("_EXPENDITURE_TYPE_ID_Display"), "StatusCode": "P"}


def imported(box: Box, number: str) -> str:
    """What the firm's import of costs does later: what waits becomes cost of its project, under an id of its own."""
    waiting = box.store.get("unprocessedProjectCosts", number)
    if waiting is None:
        raise KeyError(number)
    box.store.delete("unprocessedProjectCosts", number)
    id_ = int(number) + 500000
    item = {"_id": id_, "ExpenditureItemId": id_, "TransactionNumber": str(box.store.next_number("cost"))}
    box.store.insert("projectCosts", str(id_), waiting | item)
    return str(id_)


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
