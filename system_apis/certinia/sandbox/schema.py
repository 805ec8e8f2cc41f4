"""The objects of the package as far as we use them, and the org's own fields beside them (QUIRKS.md lists those).

Names of the package's fields are as public descriptions of installed orgs have them. Lists are open where an org writes
its own words into them, and restricted where we must know every word.
"""

from collections.abc import Mapping
from typing import Final

from foundation.sandbox.salesforce.schema import (
    CURRENCY,
    OWNER,
    PLATFORM,
    Field,
    Kind,
    kind,
    long_text,
    of,
    pick,
    text,
    to,
)
from system_apis.certinia.sandbox.effort_schema import EFFORT, HOURS

STAGES: Final = ("Draft", "Planned", "In Progress", "On Hold", "Completed", "Cancelled")
REQUESTS: Final = ("Draft", "Open", "Tentative", "Hold", "Ready to Staff", "Assigned", "Cancelled")

_KEY: Final = text("Tiergate_Key__c", 255, external=True, unique=True)
_NAME: Final = text("Name", 80, required=True)


def _to_project(**more: bool) -> Field:
    return to("pse__Project__c", "pse__Proj__c", "pse__Project__r", **more)


def _to_resource(name: str = "pse__Resource__c", **more: bool) -> Field:
    return to(name, "Contact", name.replace("__c", "__r"), **more)


KINDS: Final[Mapping[str, Kind]] = {
    each.name.lower(): each
    for each in (
        *PLATFORM,
        *EFFORT,
        kind(
            "Account",
            "001",
            text("Name", required=True),
            text("AccountNumber", 40),
            CURRENCY,
            OWNER,
            _KEY,
        ),
        kind(
            "Contact",
            "003",
            to("AccountId", "Account", "Account"),
            text("LastName", 80, required=True),
            text("FirstName", 40),
            text("Name", 121, writable=False),
            of("email", "Email", length=80),
            CURRENCY,
            OWNER,
            of("boolean", "pse__Is_Resource__c", "pse__Is_Resource_Active__c", default=False),
            pick("pse__Resource_Role__c"),
            to("pse__Region__c", "pse__Region__c", "pse__Region__r"),
            to("pse__Practice__c", "pse__Practice__c", "pse__Practice__r"),
        ),
        kind("pse__Region__c", "a4A", _NAME, CURRENCY, text("Legal_Entity__c", 20, external=True, unique=True)),
        kind("pse__Practice__c", "a4B", _NAME, CURRENCY, text("Practice_Code__c", 80, external=True, unique=True)),
        kind("pse__Work_Calendar__c", "a48", _NAME, CURRENCY, text("Country_Code__c", 2, external=True, unique=True)),
        kind(
            "pse__Proj__c",
            "a3L",
            _NAME,
            CURRENCY,
            OWNER,
            _KEY,
            text("Project_Code__c", 40, external=True, unique=True),
            text("Customer_Key__c"),
            text("Contract_Key__c"),
            text("Deal_Id__c", 80),
            text("pse__Project_ID__c", 30, writable=False),
            to("pse__Account__c", "Account", "pse__Account__r"),
            to("pse__Region__c", "pse__Region__c", "pse__Region__r"),
            to("pse__Practice__c", "pse__Practice__c", "pse__Practice__r"),
            _to_resource("pse__Project_Manager__c"),
            to("pse__Rate_Card_Set__c", "pse__Rate_Card_Set__c", "pse__Rate_Card_Set__r"),
            to("pse__Work_Calendar__c", "pse__Work_Calendar__c", "pse__Work_Calendar__r"),
            pick("pse__Stage__c", *STAGES, default="Draft"),
            pick("pse__Billing_Type__c", "Time and Materials", "Fixed Price", restricted=False),
            of("date", "pse__Start_Date__c", "pse__End_Date__c"),
            of("boolean", "pse__Is_Active__c", "pse__Is_Billable__c", default=False),
            of("boolean", "pse__Closed_for_Time_Entry__c", "pse__Closed_for_Expense_Entry__c", default=False),
            of("boolean", "pse__Allow_Timecards_Without_Assignment__c", default=False),
            of("boolean", "pse__Allow_Expenses_Without_Assignment__c", default=False),
            of("currency", "pse__Bookings__c", writable=False),
        ),
        kind(
            "pse__Budget__c",
            "a2B",
            _NAME,
            CURRENCY,
            OWNER,
            _KEY,
            _to_project(required=True),
            pick("pse__Type__c", "Customer Purchase Order", "Change Request", "Internal Budget"),
            pick("pse__Status__c", "Draft", "Open", "Approved", default="Draft"),
            of("currency", "pse__Amount__c"),
            of("boolean", "pse__Approved__c", "pse__Admin_Global_Edit__c", default=False),
            long_text("pse__Audit_Notes__c"),
        ),
        kind(
            "pse__Project_Task__c",
            "a3V",
            _NAME,
            CURRENCY,
            OWNER,
            _KEY,
            _to_project(required=True),
            to("pse__Parent_Task__c", "pse__Project_Task__c", "pse__Parent_Task__r"),
            text("pse__Task_Key__c", 30, writable=False),
            pick("pse__Status__c", "Planned", "Started", "Complete", default="Planned"),
            of("datetime", "pse__Start_Date_Time__c", "pse__End_Date_Time__c"),
            of("date", "pse__Start_Date__c", "pse__End_Date__c", writable=False),
            of("double", "pse__Estimated_Hours__c"),
            of("boolean", "Billable__c", default=True),
            of("boolean", "pse__Closed_for_Time_Entry__c", default=False),
        ),
        kind(
            "pse__Milestone__c",
            "a3C",
            _NAME,
            CURRENCY,
            OWNER,
            _KEY,
            _to_project(required=True),
            pick("pse__Status__c", "Planned", "Open", "Approved", default="Planned"),
            of("date", "pse__Target_Date__c", "pse__Actual_Date__c"),
            of("currency", "pse__Milestone_Amount__c"),
            of("boolean", "pse__Approved__c", "pse__Billed__c", "pse__Invoiced__c", default=False),
            of("boolean", "pse__Admin_Global_Edit__c", default=False),
            long_text("pse__Audit_Notes__c"),
        ),
        kind(
            "pse__Resource_Request__c",
            "a3P",
            text("Name", 80, writable=False),
            CURRENCY,
            OWNER,
            _KEY,
            text("pse__Resource_Request_Name__c", 80),
            _to_project(),
            to("pse__Region__c", "pse__Region__c", "pse__Region__r"),
            to("pse__Practice__c", "pse__Practice__c", "pse__Practice__r"),
            pick("pse__Status__c", *REQUESTS, default="Draft"),
            pick("pse__Resource_Role__c"),
            of("date", "pse__Start_Date__c", "pse__End_Date__c"),
            of("double", "pse__SOW_Hours__c"),
            of("boolean", "pse__Resource_Held__c", default=False),
            _to_resource("pse__Staffer_Resource__c"),
            to("pse__Assignment__c", "pse__Assignment__c", "pse__Assignment__r"),
        ),
        kind(
            "pse__Schedule__c",
            "a1G",
            text("Name", 80, writable=False),
            OWNER,
            _KEY,
            of("date", "pse__Start_Date__c", "pse__End_Date__c", required=True),
            of("double", *HOURS),
        ),
        kind(
            "pse__Assignment__c",
            "a1F",
            _NAME,
            CURRENCY,
            OWNER,
            _KEY,
            to("pse__Schedule__c", "pse__Schedule__c", "pse__Schedule__r"),
            long_text("Booking_Notes__c"),
            _to_project(required=True),
            _to_resource(required=True),
            to("pse__Resource_Request__c", "pse__Resource_Request__c", "pse__Resource_Request__r"),
            of("currency", "pse__Bill_Rate__c"),
            of("boolean", "pse__Is_Billable__c", default=True),
            of("boolean", "pse__Closed_for_Time_Entry__c", default=False),
            pick("pse__Role__c"),
            pick("pse__Status__c", "Scheduled", "Tentative", "Closed", default="Scheduled"),
            of("date", "pse__Start_Date__c", "pse__End_Date__c", writable=False),
            of("double", "pse__Planned_Hours__c", "pse__Percent_Allocated__c"),
            of("double", "pse__Scheduled_Hours__c", writable=False),
        ),
        kind(
            "FeedItem",
            "0D5",
            to("ParentId", "pse__Proj__c", "Parent", required=True),
            long_text("Body", 10_000),
            pick("Type", "TextPost", "LinkPost", "ContentPost", default="TextPost"),
            text("Title"),
            of("boolean", "IsRichText", default=False),
        ),
    )
}
