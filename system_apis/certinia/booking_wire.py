"""Certinia's assignments and their schedules, only the fields we read or write."""

from datetime import date
from decimal import Decimal

from msgspec import field

from foundation.salesforce.wire import Row
from system_apis.certinia.wire import KEY, Resource, Write

ASSIGNMENT = "pse__Assignment__c"
SCHEDULE = "pse__Schedule__c"


class Span(Row, frozen=True, kw_only=True):
    """The days a schedule runs over."""

    start: date | None = field(name="pse__Start_Date__c")
    end: date | None = field(name="pse__End_Date__c")


class Assignment(Row, frozen=True, kw_only=True, rename="pascal"):
    """A person on a project. When is its schedule's to say; its planned hours are those that were agreed."""

    id: str
    key: str | None = field(name=KEY)
    project: str | None = field(name="pse__Project__c")
    person: Resource | None = field(name="pse__Resource__r")
    schedule_id: str | None = field(name="pse__Schedule__c")
    schedule: Span | None = field(name="pse__Schedule__r")
    role: str | None = field(name="pse__Role__c")
    hours: Decimal | None = field(name="pse__Planned_Hours__c")
    status: str | None = field(name="pse__Status__c")
    notes: str | None = field(name="Booking_Notes__c")


class AssignmentWrite(Write, frozen=True, kw_only=True, rename="pascal"):
    """What we say of an assignment. Its currency and its project are those it was made with."""

    name: str
    resource: str = field(name="pse__Resource__c")
    schedule: str = field(name="pse__Schedule__c")
    role: str = field(name="pse__Role__c")
    hours: Decimal = field(name="pse__Planned_Hours__c")
    status: str = field(name="pse__Status__c")
    notes: str | None = field(name="Booking_Notes__c")
    project: str = field(name="pse__Project__c")
    currency_iso_code: str


class ScheduleWrite(Write, frozen=True, kw_only=True):
    """A week that repeats from one day to another."""

    start: date = field(name="pse__Start_Date__c")
    end: date = field(name="pse__End_Date__c")
    monday: Decimal = field(name="pse__Monday_Hours__c")
    tuesday: Decimal = field(name="pse__Tuesday_Hours__c")
    wednesday: Decimal = field(name="pse__Wednesday_Hours__c")
    thursday: Decimal = field(name="pse__Thursday_Hours__c")
    friday: Decimal = field(name="pse__Friday_Hours__c")
    saturday: Decimal = field(name="pse__Saturday_Hours__c")
    sunday: Decimal = field(name="pse__Sunday_Hours__c")
