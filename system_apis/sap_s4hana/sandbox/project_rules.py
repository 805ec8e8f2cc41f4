"""What SAP insists on for elements of projects and for time: ids are there once, what is blocked takes no time.

The texts are ours: which message SAP has for each is unverified, and nothing looks into them.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record
from system_apis.sap_s4hana.sandbox.errors import refused

ELEMENTS: Final = "A_EnterpriseProjectElement"
TIME: Final = "TimeSheetEntryCollection"
_ON: Final = "TimeSheetDataFields/WBSElement"
_LONGEST: Final = Decimal("99.99")
_RELEASED: Final = "10"
APPROVED: Final = "30"
CHANGED: Final = "50"
CANCELLED: Final = "60"
WORKERS: Final = "ZTG_Worker"


def _element(box: Box, record: Record) -> None:
    """An element's id is there once; it stands in a project, whose centers it has where it says none."""
    same = box.store.find(ELEMENTS, ProjectElement=record["ProjectElement"])
    if any(each["ProjectElementUUID"] != record["ProjectElementUUID"] for each in same):
        words = f"Project element {record['ProjectElement']} already exists"
        raise refused(400, "CJ/403", words, target="ProjectElement")
    project = box.store.get("A_EnterpriseProject", record.get("ProjectUUID") or "")
    if project is None:
        raise refused(400, "CJ/041", "Project does not exist", target="ProjectUUID")
    parent = record.get("ParentObjectUUID")
    if parent and parent != project["ProjectUUID"]:
        above = box.store.get(ELEMENTS, parent) or {}
        if above.get("ProjectUUID") != project["ProjectUUID"]:
            raise refused(400, "CJ/042", "Parent is no element of the project", target="ParentObjectUUID")
    starts, ends = record.get("PlannedStartDate"), record.get("PlannedEndDate")
    if starts and ends and ends < starts:
        raise refused(400, "CJ/223", "The finish date is before the start date", target="PlannedEndDate")
    if not record.get("ProcessingStatus"):
        follows = box.option("elements_follow")
        record["ProcessingStatus"] = project.get("ProcessingStatus", "00") if follows else "00"
    for name in ("ResponsibleCostCenter", "ProfitCenter"):
        record[name] = record.get(name) or project.get(name, "")


def _time(box: Box, record: Record) -> None:
    """Time is of an element of a released project, which neither is blocked itself nor stands below what is."""
    who = {name: record[name] for name in ("PersonWorkAgreementExternalID", "CompanyCode")}
    if not box.store.find(WORKERS, **who):
        raise refused(400, "LR/101", f"Person {who['PersonWorkAgreementExternalID']} does not exist")
    hours = Decimal(record.get("TimeSheetDataFields/RecordedHours") or 0)
    if not hours or abs(hours) > _LONGEST or hours != round(hours, 2):
        raise refused(400, "LR/105", f"{hours} are no hours of a day", target="TimeSheetDataFields/RecordedHours")
    named = record.get(_ON) or ""
    found = box.store.find(ELEMENTS, ProjectElement=named)
    if not found:
        raise refused(400, "CJ/021", f"WBS element {named} does not exist", target=_ON)
    project = box.store.get("A_EnterpriseProject", found[0]["ProjectUUID"]) or {}
    if {project.get("ProcessingStatus"), found[0]["ProcessingStatus"]} != {_RELEASED}:
        raise refused(400, "LR/102", f"Project element {named} is not released", target=_ON)
    if any(block.get("EntProjTimeRecgIsBlkd") for block in _blocks(box, found[0])):
        raise refused(400, "LR/103", f"Time recording is locked for {named} by its project", target=_ON)
    if not record.get("TimeSheetStatus"):
        record["TimeSheetStatus"] = APPROVED if record.get("TimeSheetIsReleasedOnSave") else "10"


def _blocks(box: Box, element: Record) -> Iterator[Record]:
    """What an element is blocked for: itself, what it stands below, and its project."""
    place: Record | None = element
    while place is not None:
        yield box.store.get("A_EntProjElmntBlockFunc", place["ProjectElementUUID"]) or {}
        place = box.store.get(ELEMENTS, place.get("ParentObjectUUID") or "")
    yield box.store.get("A_EnterpriseProjBlkFunc", element["ProjectUUID"]) or {}


def deletable(box: Box, kind: str, record: Record) -> None:
    """An element stays while time or an order is assigned to it, or others stand below it."""
    if kind != ELEMENTS:
        return
    named = record["ProjectElement"]
    time = [each for each in box.store.find(TIME, **{_ON: named}) if each["TimeSheetStatus"] != CANCELLED]
    if time or box.store.find("A_SalesOrderItem", WBSElement=named):
        raise refused(400, "CJ/064", f"Project element {named} has assignments and cannot be deleted")
    if box.store.find(ELEMENTS, ParentObjectUUID=record["ProjectElementUUID"]):
        raise refused(400, "CJ/065", f"Project element {named} has subordinate elements")


RULES: Final[dict[str, Callable[[Box, Record], None]]] = {ELEMENTS: _element, TIME: _time}
