"""What the package does with time, expenses and billing: who may enter it, how a week is split, what a bill locks."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record
from foundation.sandbox.salesforce import rows
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.org import Computed, Deleting, Saved
from system_apis.certinia.sandbox.effort_schema import DAYS, HOURS
from system_apis.certinia.sandbox.rules import forbidden, locked

_WEEK: Final = timedelta(days=6)
_MOST_HOURS: Final = 24
_BILL: Final = ("pse__Billed__c", "pse__Invoiced__c")


def _number(box: Box, prefix: str, before: Record) -> Record:
    return {} if before else {"Name": f"{prefix}-{box.store.next_number(prefix):06}"}


def _flags(record: Record) -> Record:
    status = record["pse__Status__c"]
    return {
        "pse__Submitted__c": status in ("Submitted", "Approved", "Paid"),
        "pse__Approved__c": status in ("Approved", "Paid"),
    }


def _week(box: Box, record: Record, before: Record) -> Record:
    """A timecard: seven days from the day the org's weeks begin, within a day's hours, where time may be entered."""
    start = date.fromisoformat(record["pse__Start_Date__c"])
    if DAYS[start.weekday()] != box.option("week_starts_on"):
        raise forbidden(f"A timecard starts on a {box.option('week_starts_on')}.", "pse__Start_Date__c")
    end = (start + _WEEK).isoformat()
    if record.get("pse__End_Date__c") not in (None, end):
        raise forbidden("A timecard ends six days after its start.", "pse__End_Date__c")
    for name in HOURS:
        if not 0 <= Decimal(record.get(name) or 0) <= _MOST_HOURS:
            raise forbidden("A day has no more than 24 hours.", name)
    locked(record, before)
    if not before:
        _may_be_entered(box, record)
    total = sum((Decimal(record.get(name) or 0) for name in HOURS), Decimal(0))
    return {"pse__End_Date__c": end, "pse__Total_Hours__c": total, **_flags(record), **_number(box, "TCH", before)}


def _may_be_entered(box: Box, record: Record) -> None:
    project = box.store.get("pse__Proj__c", record["pse__Project__c"]) or {}
    assignment = box.store.get("pse__Assignment__c", record.get("pse__Assignment__c") or "") or {}
    if project.get("pse__Closed_for_Time_Entry__c") or assignment.get("pse__Closed_for_Time_Entry__c"):
        raise forbidden("This project is closed for time entry.", "pse__Project__c")
    if not assignment and not project.get("pse__Allow_Timecards_Without_Assignment__c"):
        raise forbidden("An assignment is required to enter time on this project.", "pse__Assignment__c")


def _split_up(box: Box, _: Record, week: Record) -> None:
    """One split a month, made anew of the week's days; what is billed of it stays billed."""
    kind = rows.kind_of(box, "pse__Timecard__c")
    there = {each["pse__Start_Date__c"]: each for each in box.store.find(kind.name, pse__Timecard_Header__c=week["Id"])}
    for first, last in _months(week):
        own: Record = {"pse__Start_Date__c": first.isoformat(), "pse__End_Date__c": last.isoformat()}
        for place, day in enumerate(DAYS):
            at = date.fromisoformat(week["pse__Start_Date__c"])
            at += timedelta(days=(place - at.weekday()) % 7)
            own[HOURS[place]] = week.get(HOURS[place]) if first <= at <= last else None
            own[f"pse__{day}_Notes__c"] = week.get(f"pse__{day}_Notes__c") if first <= at <= last else None
        for name in ("pse__Project__c", "pse__Resource__c", "pse__Assignment__c", "pse__Billable__c", "pse__Status__c"):
            own[name] = week.get(name)
        own |= {"CurrencyIsoCode": week["CurrencyIsoCode"], "pse__Timecard_Header__c": week["Id"], **_flags(week)}
        held = there.get(own["pse__Start_Date__c"])
        if held is None:
            rows.create(box, kind, own)
        elif any(held.get(name) != value for name, value in own.items()):
            rows.update(box, kind, held["Id"], own)


def _months(week: Record) -> Iterator[tuple[date, date]]:
    first, end = date.fromisoformat(week["pse__Start_Date__c"]), date.fromisoformat(week["pse__End_Date__c"])
    while first <= end:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(end, following - timedelta(days=1))
        first = following


def _split(box: Box, record: Record, before: Record) -> Record:
    total = sum((Decimal(record.get(name) or 0) for name in HOURS), Decimal(0))
    return {"pse__Total_Hours__c": total, **_number(box, "TC", before)}


def _task_time(box: Box, record: Record, before: Record) -> Record:
    """Hours of a timecard on one task of its project; not on a task that is closed."""
    week = box.store.get("pse__Timecard_Header__c", record["pse__Timecard__c"]) or {}
    task = box.store.get("pse__Project_Task__c", record["pse__Project_Task__c"]) or {}
    if task.get("pse__Project__c") != week.get("pse__Project__c"):
        raise forbidden("The task must be of the timecard's project.", "pse__Project_Task__c")
    if task.get("pse__Closed_for_Time_Entry__c"):
        raise forbidden("This task is closed for time entry.", "pse__Project_Task__c")
    total = sum((Decimal(record.get(name) or 0) for name in HOURS), Decimal(0))
    start = week.get("pse__Start_Date__c")
    return {"pse__Start_Date__c": start, "pse__Total_Hours__c": total, **_number(box, "TT", before)}


def _rolled_up(parent: str, field: str) -> Saved:
    """A parent is billed once all of its parts are; only then, or when it no longer is, it changes too."""

    def roll(box: Box, _: Record, part: Record) -> None:
        parts = [each for each in box.store.find(_PARTS[parent], **{field: part[field]}) if not each["IsDeleted"]]
        flags = {name: all(each[name] for each in parts) for name in _BILL}
        whole = box.store.get(parent, part[field])
        if whole and any(whole[name] != flags[name] for name in _BILL):
            at = rows.stamp(box.now())
            box.store.update(parent, whole["Id"], {**flags, "LastModifiedDate": at, "SystemModstamp": at})

    return roll


_PARTS: Final = {"pse__Timecard_Header__c": "pse__Timecard__c", "pse__Expense_Report__c": "pse__Expense__c"}


def _report(_: Box, record: Record, before: Record) -> Record:
    locked(record, before)
    return _flags(record)


def _receipt(box: Box, record: Record, before: Record) -> Record:
    report = box.store.get("pse__Expense_Report__c", record["pse__Expense_Report__c"]) or {}
    project = record.get("pse__Project__c") or report.get("pse__Project__c")
    return {"pse__Project__c": project, **_number(box, "EXP", before)}


def _dated(box: Box, before: Record, receipt: Record) -> None:
    """A report's first and last day follow from its receipts; then it may be billed."""
    of = receipt["pse__Expense_Report__c"]
    days = [each["pse__Expense_Date__c"] for each in box.store.find("pse__Expense__c", pse__Expense_Report__c=of)]
    span = {"pse__First_Expense_Date__c": min(days), "pse__Last_Expense_Date__c": max(days)}
    box.store.update("pse__Expense_Report__c", of, span)
    _rolled_up("pse__Expense_Report__c", "pse__Expense_Report__c")(box, before, receipt)


def _event(box: Box, record: Record, before: Record) -> Record:
    released = record["pse__Status__c"] == "Released"
    flags = {"pse__Is_Approved__c": released or record["pse__Status__c"] == "Approved", "pse__Is_Released__c": released}
    return {**flags, **({} if before else {"pse__Summary_Amount__c": Decimal(0)}), **_number(box, "BE", before)}


def _item(box: Box, _: Record, before: Record) -> Record:
    return _number(box, "BEI", before)


def _summed(box: Box, _: Record, item: Record) -> None:
    of = item["pse__Billing_Event__c"]
    items = box.store.find("pse__Billing_Event_Item__c", pse__Billing_Event__c=of, IsDeleted=False)
    total = sum((Decimal(each["pse__Amount__c"] or 0) for each in items), Decimal(0))
    box.store.update("pse__Billing_Event__c", of, {"pse__Summary_Amount__c": total})


def _while_open(_: Box, record: Record) -> None:
    if any(record.get(name) for name in ("pse__Approved__c", *_BILL)):
        raise refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "What is approved or billed cannot be deleted.", [])


EFFORT_COMPUTED: Final[Mapping[str, Computed]] = {
    "pse__Timecard_Header__c": _week,
    "pse__Timecard__c": _split,
    "pse__Task_Time__c": _task_time,
    "pse__Expense_Report__c": _report,
    "pse__Expense__c": _receipt,
    "pse__Billing_Event__c": _event,
    "pse__Billing_Event_Item__c": _item,
}
EFFORT_SAVED: Final[Mapping[str, Saved]] = {
    "pse__Timecard_Header__c": _split_up,
    "pse__Timecard__c": _rolled_up("pse__Timecard_Header__c", "pse__Timecard_Header__c"),
    "pse__Expense__c": _dated,
    "pse__Billing_Event_Item__c": _summed,
}
EFFORT_DELETING: Final[Mapping[str, Deleting]] = dict.fromkeys(
    ("pse__Timecard_Header__c", "pse__Expense_Report__c", "pse__Billing_Event__c"), _while_open
)
