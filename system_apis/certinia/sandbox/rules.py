"""What the package's triggers do: numbers are given, dates follow from instants, what is approved is locked."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record, Refused
from foundation.sandbox.salesforce import rows
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.org import Computed, Deleting, Saved
from system_apis.certinia.sandbox.effort_schema import HOURS


def _contact(_: Box, record: Record, __: Record) -> Record:
    return {"Name": " ".join(filter(None, (record.get("FirstName"), record["LastName"])))}


def _project(box: Box, record: Record, before: Record) -> Record:
    _in_order(record)
    return {} if before else {"pse__Project_ID__c": f"PR-{box.store.next_number('pse__Project_ID__c'):06}"}


def _task(box: Box, record: Record, before: Record) -> Record:
    _in_order(record, "pse__Start_Date_Time__c", "pse__End_Date_Time__c")
    parent = record.get("pse__Parent_Task__c")
    if (
        parent
        and (box.store.get("pse__Project_Task__c", parent) or {}).get("pse__Project__c") != record["pse__Project__c"]
    ):
        raise forbidden("A task and its parent must be of the same project.", "pse__Parent_Task__c")
    days = {name: (record.get(f"{name}_Time__c") or "")[:10] or None for name in ("pse__Start_Date", "pse__End_Date")}
    made: Record = {f"{name}__c": day for name, day in days.items()}
    return made if before else {**made, "pse__Task_Key__c": f"T{box.store.next_number('pse__Task_Key__c'):06}"}


def _priced(box: Box, record: Record, before: Record) -> Record:
    """A budget or a milestone: in the currency of its project, and locked once it is approved."""
    project = box.store.get("pse__Proj__c", record["pse__Project__c"]) or {}
    if record["CurrencyIsoCode"] != project.get("CurrencyIsoCode"):
        raise forbidden("The currency must be that of the project.", "CurrencyIsoCode")
    locked(record, before)
    return {"pse__Approved__c": True} if record.get("pse__Status__c") == "Approved" else {}


def _request(box: Box, record: Record, before: Record) -> Record:
    _in_order(record)
    made: Record = {} if before else {"Name": f"RR-{box.store.next_number('pse__Resource_Request__c.Name'):06}"}
    return made | ({"pse__Status__c": "Assigned"} if record.get("pse__Assignment__c") else {})


def _post(_: Box, record: Record, __: Record) -> Record:
    if record["Type"] == "TextPost" and not record.get("Body"):
        raise refused(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Body]", ["Body"])
    return {}


def _schedule(box: Box, record: Record, before: Record) -> Record:
    _in_order(record)
    return {} if before else {"Name": f"S-{box.store.next_number('pse__Schedule__c.Name'):06}"}


def _assignment(box: Box, record: Record, _: Record) -> Record:
    """Its days and hours are its schedule's, worked out."""
    return _scheduled(box.store.get("pse__Schedule__c", record.get("pse__Schedule__c") or "") or {})


def _rescheduled(box: Box, _: Record, schedule: Record) -> None:
    for each in box.store.find("pse__Assignment__c", pse__Schedule__c=schedule["Id"]):
        box.store.update("pse__Assignment__c", each["Id"], _scheduled(schedule))


def _scheduled(schedule: Record) -> Record:
    if not schedule:
        return {}
    start, end = (date.fromisoformat(schedule[f"pse__{name}_Date__c"]) for name in ("Start", "End"))
    days = (start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
    hours = sum((Decimal(schedule.get(HOURS[day.weekday()]) or 0) for day in days), Decimal(0))
    span = {f"pse__{name}_Date__c": schedule[f"pse__{name}_Date__c"] for name in ("Start", "End")}
    return {**span, "pse__Scheduled_Hours__c": hours}


def _keep_worked(box: Box, record: Record) -> None:
    if box.store.find("pse__Timecard_Header__c", pse__Assignment__c=record["Id"], IsDeleted=False):
        raise refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "An assignment with timecards cannot be deleted.", [])


def locked(record: Record, before: Record) -> None:
    """What is approved or billed is changed by an administrator only, who says why."""
    is_locked = any(before.get(flag) for flag in ("pse__Approved__c", "pse__Billed__c", "pse__Invoiced__c"))
    said_why = record.get("pse__Audit_Notes__c") and record.get("pse__Audit_Notes__c") != before.get(
        "pse__Audit_Notes__c"
    )
    if not is_locked or (record.get("pse__Admin_Global_Edit__c") and said_why):
        return
    free = {"pse__Admin_Global_Edit__c", "pse__Audit_Notes__c", "pse__Invoiced__c", "pse__Billed__c"}
    free |= {"LastModifiedDate", "SystemModstamp"}
    if changed := [name for name in record if name not in free and record[name] != before.get(name)]:
        raise forbidden("An approved record can only be edited with Admin Global Edit and an audit note.", changed[0])


def _in_order(record: Record, first: str = "pse__Start_Date__c", last: str = "pse__End_Date__c") -> None:
    if record.get(first) and record.get(last) and record[first] > record[last]:
        raise forbidden("The end must not be before the start.", last)


def forbidden(why: str, field: str) -> Refused:
    """A rule of the package says no."""
    return refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", why, [field])


def _keep_staffed(_: Box, record: Record) -> None:
    if record.get("pse__Assignment__c"):
        raise refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A staffed resource request cannot be deleted.", [])


def _take_along(box: Box, record: Record) -> None:
    """With a task goes what is below it, and the time that was entered on it."""
    for kind, field in (("pse__Project_Task__c", "pse__Parent_Task__c"), ("pse__Task_Time__c", "pse__Project_Task__c")):
        for each in box.store.find(kind, **{field: record["Id"]}, IsDeleted=False):
            rows.delete(box, rows.kind_of(box, kind), each["Id"])


COMPUTED: Final[Mapping[str, Computed]] = {
    "Contact": _contact,
    "pse__Proj__c": _project,
    "pse__Budget__c": _priced,
    "pse__Project_Task__c": _task,
    "pse__Milestone__c": _priced,
    "pse__Resource_Request__c": _request,
    "pse__Schedule__c": _schedule,
    "pse__Assignment__c": _assignment,
    "FeedItem": _post,
}
SAVED: Final[Mapping[str, Saved]] = {"pse__Schedule__c": _rescheduled}
DELETING: Final[Mapping[str, Deleting]] = {
    "pse__Project_Task__c": _take_along,
    "pse__Resource_Request__c": _keep_staffed,
    "pse__Assignment__c": _keep_worked,
}
