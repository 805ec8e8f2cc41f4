"""Shapes of time, expenses and billing: only the fields we read or write, as in `wire.py`."""

from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import field

from foundation.salesforce.wire import Row
from system_apis.certinia.wire import Write

WEEK: Final = "pse__Timecard_Header__c"
SPLIT: Final = "pse__Timecard__c"
REPORT: Final = "pse__Expense_Report__c"
EXPENSE: Final = "pse__Expense__c"
EVENT: Final = "pse__Billing_Event__c"
ITEM: Final = "pse__Billing_Event_Item__c"
CARDS: Final = "pse__Rate_Card_Set__c"
IN_CARDS: Final = "pse__Rate_Card_Set_Junction__c"
BILL: Final = "Tiergate_Bill__c"
"""Our key of the bill something is on."""


class Person(Row, frozen=True, kw_only=True, rename="pascal"):
    """Whose it is: a contact."""

    id: str
    email: str | None


class Role(Row, frozen=True, kw_only=True):
    """As what somebody works: their assignment's role."""

    role: str | None = field(name="pse__Role__c")


# --- time -------------------------------------------------------------------------------------------------------------


class Week(Row, frozen=True, kw_only=True, rename="pascal"):
    """A timecard: one person's week on one project, seven days in a row."""

    id: str
    currency_iso_code: str
    system_modstamp: str
    project: str | None = field(name="pse__Project__c")
    person: Person | None = field(name="pse__Resource__r")
    assignment: Role | None = field(name="pse__Assignment__r")
    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")
    status: str | None = field(name="pse__Status__c")
    billable: bool = field(name="pse__Billable__c")
    bill_rate: Decimal | None = field(name="pse__Bill_Rate__c")
    notes: str | None = field(name="pse__Timecard_Notes__c")
    monday_hours: Decimal | None = field(name="pse__Monday_Hours__c")
    tuesday_hours: Decimal | None = field(name="pse__Tuesday_Hours__c")
    wednesday_hours: Decimal | None = field(name="pse__Wednesday_Hours__c")
    thursday_hours: Decimal | None = field(name="pse__Thursday_Hours__c")
    friday_hours: Decimal | None = field(name="pse__Friday_Hours__c")
    saturday_hours: Decimal | None = field(name="pse__Saturday_Hours__c")
    sunday_hours: Decimal | None = field(name="pse__Sunday_Hours__c")
    monday_notes: str | None = field(name="pse__Monday_Notes__c")
    tuesday_notes: str | None = field(name="pse__Tuesday_Notes__c")
    wednesday_notes: str | None = field(name="pse__Wednesday_Notes__c")
    thursday_notes: str | None = field(name="pse__Thursday_Notes__c")
    friday_notes: str | None = field(name="pse__Friday_Notes__c")
    saturday_notes: str | None = field(name="pse__Saturday_Notes__c")
    sunday_notes: str | None = field(name="pse__Sunday_Notes__c")

    def hours(self) -> tuple[Decimal | None, ...]:
        """Of each day, Monday first."""
        return (
            self.monday_hours,
            self.tuesday_hours,
            self.wednesday_hours,
            self.thursday_hours,
            self.friday_hours,
            self.saturday_hours,
            self.sunday_hours,
        )

    def day_notes(self) -> tuple[str | None, ...]:
        """Likewise."""
        return (
            self.monday_notes,
            self.tuesday_notes,
            self.wednesday_notes,
            self.thursday_notes,
            self.friday_notes,
            self.saturday_notes,
            self.sunday_notes,
        )


class Billable(Row, frozen=True, kw_only=True, rename="pascal"):
    """What can be on a bill, and says on which."""

    id: str
    project: str | None = field(name="pse__Project__c")
    invoiced: bool = field(name="pse__Invoiced__c")
    invoice_number: str | None = field(name="pse__Invoice_Number__c")
    invoice_date: date | None = field(name="pse__Invoice_Date__c")
    bill: str | None = field(name=BILL)


class Split(Billable, frozen=True, kw_only=True, rename="pascal"):
    """What the package makes of a week for the books: one a month, which is what is billed."""

    week: str | None = field(name="pse__Timecard_Header__c")
    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")


# --- expenses ---------------------------------------------------------------------------------------------------------


class Report(Row, frozen=True, kw_only=True, rename="pascal"):
    """An expense report; it is of one project."""

    id: str
    name: str
    currency_iso_code: str
    system_modstamp: str
    created_date: str
    project: str | None = field(name="pse__Project__c")
    person: Person | None = field(name="pse__Resource__r")
    status: str | None = field(name="pse__Status__c")
    last_expense: date | None = field(name="pse__Last_Expense_Date__c")


class Expense(Billable, frozen=True, kw_only=True, rename="pascal"):
    """One receipt of a report."""

    currency_iso_code: str
    report: str | None = field(name="pse__Expense_Report__c")
    spent_on: date | None = field(name="pse__Expense_Date__c")
    type: str | None = field(name="pse__Type__c")
    description: str | None = field(name="pse__Description__c")
    amount: Decimal | None = field(name="pse__Amount__c")
    tax: Decimal | None = field(name="pse__Incurred_Tax__c")
    billable: bool = field(name="pse__Billable__c")
    non_reimbursable: bool = field(name="pse__Non_Reimbursible__c")


# --- billing ----------------------------------------------------------------------------------------------------------


class Mark(Write, frozen=True, kw_only=True):
    """What says that something is on an invoice; False and None take it back."""

    attributes: dict[str, str]
    id: str
    billed: bool = field(name="pse__Billed__c")
    invoiced: bool = field(name="pse__Invoiced__c")
    invoice_number: str | None = field(name="pse__Invoice_Number__c")
    invoice_date: date | None = field(name="pse__Invoice_Date__c")
    bill: str | None = field(name=BILL)


class Customer(Row, frozen=True, kw_only=True):
    """Whose project it is."""

    key: str | None = field(name="Customer_Key__c")
    contract: str | None = field(name="Contract_Key__c")
    name: str = field(name="Name")


class Event(Row, frozen=True, kw_only=True, rename="pascal"):
    """A billing event: what the package would invoice of one project."""

    id: str
    name: str
    currency_iso_code: str
    system_modstamp: str
    project_id: str | None = field(name="pse__Project__c")
    project: Customer | None = field(name="pse__Project__r")
    date: "date | None" = field(name="pse__Date__c")
    status: str | None = field(name="pse__Status__c")
    invoiced: bool = field(name="pse__Invoiced__c")
    invoice_number: str | None = field(name="pse__Invoice_Number__c")
    amount: Decimal | None = field(name="pse__Summary_Amount__c")


class Item(Row, frozen=True, kw_only=True, rename="pascal"):
    """One thing an event bills."""

    id: str
    currency_iso_code: str
    event: str | None = field(name="pse__Billing_Event__c")
    category: str | None = field(name="pse__Category__c")
    description: str | None = field(name="pse__Description__c")
    amount: Decimal | None = field(name="pse__Amount__c")
    quantity: Decimal | None = field(name="pse__Quantity__c")
    unit_price: Decimal | None = field(name="pse__Unit_Price__c")
    split: str | None = field(name="pse__Timecard_Split__c")
    expense: str | None = field(name="pse__Expense__c")
    milestone: str | None = field(name="pse__Milestone__c")


# --- prices -----------------------------------------------------------------------------------------------------------


class CardSet(Row, frozen=True, kw_only=True, rename="pascal"):
    """Several rate cards under one name: what we call a rate card."""

    id: str
    name: str
    currency_iso_code: str
    system_modstamp: str


class Card(Row, frozen=True, kw_only=True, rename="pascal"):
    """The price of one role."""

    currency_iso_code: str
    role: str | None = field(name="pse__Role__c")
    price: Decimal | None = field(name="pse__Suggested_Bill_Rate__c")
    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")


class InSet(Row, frozen=True, kw_only=True, rename="pascal"):
    """That a card is in a set."""

    id: str
    cards: str | None = field(name="pse__Rate_Card_Set__c")
    card: Card | None = field(name="pse__Rate_Card__r")
