"""The package's objects for time, expenses and billing, as far as we use them."""

from typing import Final

from foundation.sandbox.salesforce.schema import CURRENCY, OWNER, Field, kind, long_text, of, pick, text, to

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS: Final = tuple(f"pse__{day}_Hours__c" for day in DAYS)
WEEK_STATUSES: Final = ("Saved", "Submitted", "Approved", "Rejected")
REPORT_STATUSES: Final = ("Draft", "Submitted", "Approved", "Rejected", "Paid")


def _to_project() -> Field:
    return to("pse__Project__c", "pse__Proj__c", "pse__Project__r", required=True)


def _to_resource() -> Field:
    return to("pse__Resource__c", "Contact", "pse__Resource__r", required=True)


def _to_assignment() -> Field:
    return to("pse__Assignment__c", "pse__Assignment__c", "pse__Assignment__r")


_WEEK: Final = (
    text("Name", 80, writable=False),
    CURRENCY,
    OWNER,
    _to_project(),
    _to_resource(),
    _to_assignment(),
    of("date", "pse__Start_Date__c", required=True),
    of("date", "pse__End_Date__c"),
    of("double", *HOURS),
    tuple(long_text(f"pse__{day}_Notes__c", 255) for day in DAYS),
    long_text("pse__Timecard_Notes__c"),
    of("boolean", "pse__Billable__c", default=True),
    of("boolean", "pse__Submitted__c", "pse__Approved__c", "pse__Billed__c", "pse__Invoiced__c", default=False),
    of("double", "pse__Total_Hours__c", writable=False),
)
_BILLED: Final = (
    text("pse__Invoice_Number__c", 80),
    of("date", "pse__Invoice_Date__c"),
    text("Tiergate_Bill__c", 255),
)

EFFORT: Final = (
    kind("pse__Rate_Card_Set__c", "a3R", text("Name", 80, required=True), CURRENCY, OWNER),
    kind(
        "pse__Rate_Card__c",
        "a3Q",
        text("Name", 80, required=True),
        CURRENCY,
        OWNER,
        pick("pse__Role__c"),
        of("currency", "pse__Suggested_Bill_Rate__c", "pse__Average_Cost_Rate__c"),
        of("date", "pse__Start_Date__c", "pse__End_Date__c"),
    ),
    kind(
        "pse__Rate_Card_Set_Junction__c",
        "a3S",
        text("Name", 80, writable=False),
        to("pse__Rate_Card_Set__c", "pse__Rate_Card_Set__c", "pse__Rate_Card_Set__r", required=True),
        to("pse__Rate_Card__c", "pse__Rate_Card__c", "pse__Rate_Card__r", required=True),
    ),
    kind(
        "pse__Timecard_Header__c",
        "a1A",
        *_WEEK,
        pick("pse__Status__c", *WEEK_STATUSES, default="Saved"),
        of("currency", "pse__Bill_Rate__c"),
        of("boolean", "pse__Admin_Global_Edit__c", default=False),
        long_text("pse__Audit_Notes__c"),
    ),
    kind(
        "pse__Timecard__c",
        "a1B",
        *_WEEK,
        pick("pse__Status__c", *WEEK_STATUSES, default="Saved"),
        to("pse__Timecard_Header__c", "pse__Timecard_Header__c", "pse__Timecard_Header__r", required=True),
        *_BILLED,
    ),
    kind(
        "pse__Task_Time__c",
        "a4T",
        text("Name", 80, writable=False),
        CURRENCY,
        OWNER,
        to("pse__Project_Task__c", "pse__Project_Task__c", "pse__Project_Task__r", required=True),
        to("pse__Timecard__c", "pse__Timecard_Header__c", "pse__Timecard__r", required=True),
        of("date", "pse__Start_Date__c", writable=False),
        of("double", *HOURS),
        of("double", "pse__Total_Hours__c", writable=False),
    ),
    kind(
        "pse__Expense_Report__c",
        "a1C",
        text("Name", 80, required=True),
        CURRENCY,
        OWNER,
        _to_project(),
        _to_resource(),
        pick("pse__Status__c", *REPORT_STATUSES, default="Draft"),
        of("boolean", "pse__Submitted__c", "pse__Approved__c", "pse__Billed__c", "pse__Invoiced__c", default=False),
        of("date", "pse__First_Expense_Date__c", "pse__Last_Expense_Date__c", writable=False),
        of("boolean", "pse__Admin_Global_Edit__c", default=False),
        long_text("pse__Audit_Notes__c"),
    ),
    kind(
        "pse__Expense__c",
        "a1D",
        text("Name", 80, writable=False),
        CURRENCY,
        OWNER,
        to("pse__Expense_Report__c", "pse__Expense_Report__c", "pse__Expense_Report__r", required=True),
        to("pse__Project__c", "pse__Proj__c", "pse__Project__r"),
        of("date", "pse__Expense_Date__c", required=True),
        pick("pse__Type__c"),
        long_text("pse__Description__c"),
        of("currency", "pse__Amount__c", required=True),
        of("currency", "pse__Incurred_Tax__c"),
        of("boolean", "pse__Billable__c", "pse__Non_Reimbursible__c", default=False),
        of("boolean", "pse__Billed__c", "pse__Invoiced__c", default=False),
        *_BILLED,
    ),
    kind(
        "pse__Billing_Event__c",
        "a2E",
        text("Name", 80, writable=False),
        CURRENCY,
        OWNER,
        _to_project(),
        of("date", "pse__Date__c", "pse__Invoice_Date__c"),
        pick("pse__Status__c", "Draft", "Submitted", "Approved", "Released", default="Draft"),
        of("boolean", "pse__Is_Approved__c", "pse__Is_Released__c", "pse__Invoiced__c", default=False),
        text("pse__Invoice_Number__c", 80),
        of("currency", "pse__Summary_Amount__c", writable=False),
    ),
    kind(
        "pse__Billing_Event_Item__c",
        "a2F",
        text("Name", 80, writable=False),
        CURRENCY,
        OWNER,
        to("pse__Billing_Event__c", "pse__Billing_Event__c", "pse__Billing_Event__r", required=True),
        pick("pse__Category__c"),
        long_text("pse__Description__c"),
        of("currency", "pse__Amount__c", "pse__Unit_Price__c"),
        of("double", "pse__Quantity__c"),
        to("pse__Timecard_Split__c", "pse__Timecard__c", "pse__Timecard_Split__r"),
        to("pse__Expense__c", "pse__Expense__c", "pse__Expense__r"),
        to("pse__Milestone__c", "pse__Milestone__c", "pse__Milestone__r"),
    ),
)
