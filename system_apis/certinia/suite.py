"""What the port suite has to know of Certinia: how its people enter time, expenses and billing events."""

from datetime import timedelta
from typing import Any, Final

from canonical.objects import ExpenseReport, Invoice, Project, RateCard, ResourceDemand, TimeEntry
from canonical.ports.systems import Bookings, Projects, ResourceDemands
from foundation.sandbox import Box, Strange, Suite, Switch
from foundation.sandbox.salesforce import rows
from system_apis.certinia import expenses, timecards
from system_apis.certinia.mapping import CODE_LENGTH, NAME_LENGTH
from system_apis.certinia.sandbox.effort_schema import DAYS
from system_apis.certinia.staffing import ROLE_LENGTH


def _make(box: Box, kind: str, **fields: Any) -> str:
    return str(rows.create(box, rows.kind_of(box, kind), fields)["Id"])


def _person(box: Box, email: str) -> str:
    return str(box.store.find("Contact", Email=email)[0]["Id"])


def _project(box: Box, project_id: str) -> dict[str, Any]:
    """What hangs on a project has its currency."""
    of = box.store.get("pse__Proj__c", project_id) or {}
    return {"pse__Project__c": project_id, "CurrencyIsoCode": of["CurrencyIsoCode"]}


def plant_time(box: Box, entry: TimeEntry) -> str:
    """One day of a week, entered by who is assigned to the project on its first task, and approved."""
    where = {**_project(box, entry.project_id), "pse__Resource__c": _person(box, entry.resource)}
    assigned = _make(box, "pse__Assignment__c", Name="Assignment", **where)
    weekday = entry.worked_on.weekday()
    fields = {
        "pse__Start_Date__c": (entry.worked_on - timedelta(days=weekday)).isoformat(),
        f"pse__{DAYS[weekday]}_Hours__c": entry.hours,
        f"pse__{DAYS[weekday]}_Notes__c": entry.notes,
        "pse__Billable__c": entry.billable,
    }
    week = _make(box, "pse__Timecard_Header__c", pse__Assignment__c=assigned, **where, **fields)
    for task in box.store.find("pse__Project_Task__c", pse__Project__c=entry.project_id)[:1]:
        hours = {name: fields[name] for name in fields if name.endswith("_Hours__c")}
        on = {"pse__Project_Task__c": task["Id"], "pse__Timecard__c": week, "CurrencyIsoCode": where["CurrencyIsoCode"]}
        _make(box, "pse__Task_Time__c", **on, **hours)
    status = next(word for word, known in timecards.STATUSES.items() if known == entry.status)
    rows.update(box, rows.kind_of(box, "pse__Timecard_Header__c"), week, {"pse__Status__c": status})
    return timecards.day_id(week, entry.worked_on)


def plant_report(box: Box, report: ExpenseReport) -> str:
    """A report of the first line's project with its receipts."""
    where = _project(box, report.lines[0].project_id)
    who = _person(box, report.resource)
    made = _make(box, "pse__Expense_Report__c", Name=report.title, pse__Resource__c=who, **where)
    for line in report.lines:
        _make(
            box,
            "pse__Expense__c",
            pse__Expense_Report__c=made,
            pse__Project__c=line.project_id,
            pse__Expense_Date__c=line.spent_on.isoformat(),
            pse__Type__c=line.category,
            pse__Description__c=line.description,
            pse__Amount__c=line.amount.amount,
            CurrencyIsoCode=line.amount.currency,
            pse__Billable__c=line.billable,
            pse__Non_Reimbursible__c=not line.reimbursable,
        )
    status = next(word for word, known in expenses.STATUSES.items() if known == report.status)
    rows.update(box, rows.kind_of(box, "pse__Expense_Report__c"), made, {"pse__Status__c": status})
    return made


def plant_event(box: Box, proforma: Invoice) -> str:
    """A billing event with an item a line."""
    where = _project(box, proforma.project_id)
    event = _make(box, "pse__Billing_Event__c", pse__Date__c=proforma.issued_on.isoformat(), **where)
    for line in proforma.lines:
        _make(
            box,
            "pse__Billing_Event_Item__c",
            pse__Billing_Event__c=event,
            pse__Description__c=line.description,
            pse__Quantity__c=line.quantity,
            pse__Unit_Price__c=line.unit_price.amount if line.unit_price else None,
            pse__Amount__c=line.net.amount,
            CurrencyIsoCode=line.net.currency,
        )
    return event


def plant_rates(box: Box, rate_card: RateCard) -> str:
    """A set with a card a role."""
    cards = _make(box, "pse__Rate_Card_Set__c", Name=rate_card.name, CurrencyIsoCode=rate_card.currency)
    for rate in rate_card.rates:
        card = _make(
            box,
            "pse__Rate_Card__c",
            Name=rate.role,
            CurrencyIsoCode=rate.price.currency,
            pse__Role__c=rate.role,
            pse__Suggested_Bill_Rate__c=rate.price.amount,
            pse__Start_Date__c=rate.valid_from.isoformat() if rate.valid_from else None,
        )
        _make(box, "pse__Rate_Card_Set_Junction__c", pse__Rate_Card_Set__c=cards, pse__Rate_Card__c=card)
    return cards


def _remove(kind: str) -> Any:
    def remove(box: Box, native_id: str) -> None:
        rows.delete(box, rows.kind_of(box, kind), native_id)

    return remove


SUITE: Final = Suite(
    url="https://acme.my.salesforce.com",
    sign_in={
        "flow": "jwt",
        "client_id": "${CERTINIA_CLIENT_ID}",
        "username": "${CERTINIA_USERNAME}",
        "private_key": "${CERTINIA_PRIVATE_KEY}",
    },
    cuts={Project: {"name": NAME_LENGTH}},
    refuses={Project: {"code": CODE_LENGTH}, ResourceDemand: {"role": ROLE_LENGTH}},
    heads={
        Project: {
            "tasks": "The plan is read with one project.",
            "milestones": "The plan is read with one project.",
        }
    },
    plant={TimeEntry: plant_time, ExpenseReport: plant_report, Invoice: plant_event, RateCard: plant_rates},
    remove={
        Project: _remove("pse__Proj__c"),
        Invoice: _remove("pse__Billing_Event__c"),
        RateCard: _remove("pse__Rate_Card_Set__c"),
        TimeEntry: "An approved timecard cannot be deleted.",
        ExpenseReport: "An approved report cannot be deleted.",
    },
    unguarded=dict.fromkeys(
        (Projects, ResourceDemands, Bookings),
        "An upsert by an external id carries no condition: the last write of a field wins, of fields we write.",
    ),
    denied=Switch(option="denied_objects", value=["pse__Budget__c"], object="pse__Budget__c"),
    hidden=Switch(
        option="hidden_fields",
        value=["pse__Proj__c.Customer_Key__c"],
        object="pse__Proj__c",
        field="Customer_Key__c",
    ),
    strange=Strange(
        kind=Project,
        table="pse__Proj__c",
        column="pse__Stage__c",
        value="Lapsed",
        field="pse__Proj__c.pse__Stage__c",
        word="Lapsed",
    ),
)
