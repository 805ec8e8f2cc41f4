"""What a project is worked under in Certinia, only the fields we read or write."""

from typing import Any

from msgspec import UNSET, UnsetType, field

from foundation.salesforce.wire import Row
from system_apis.certinia.wire import KEY, ByPractice, Practice, Write

CALENDAR = "pse__Work_Calendar__c"
TASK_TIME = "pse__Task_Time__c"


class Calendar(Row, frozen=True, kw_only=True):
    """A work calendar, by the country whose holidays it has."""

    country: str | None = field(name="Country_Code__c")


class Settings(Row, frozen=True, kw_only=True, rename="pascal"):
    """A project's settings, and what a budget takes over from it."""

    id: str
    name: str
    currency_iso_code: str
    key: str | None = field(name=KEY)
    practice: Practice | None = field(name="pse__Practice__r")
    calendar: Calendar | None = field(name="pse__Work_Calendar__r")
    rate_cards: str | None = field(name="pse__Rate_Card_Set__c")
    closed_for_time: bool = field(name="pse__Closed_for_Time_Entry__c")
    closed_for_expenses: bool = field(name="pse__Closed_for_Expense_Entry__c")


class ByCountry(Write, frozen=True, kw_only=True):
    """A work calendar by the org's own external id."""

    country: str = field(name="Country_Code__c")


class SettingsWrite(Write, frozen=True, kw_only=True):
    """What we say of them. A reference is set by the other's external id, and cleared by its id."""

    practice: ByPractice | UnsetType = field(name="pse__Practice__r", default=UNSET)
    practice_id: UnsetType | None = field(name="pse__Practice__c", default=UNSET)
    calendar: ByCountry | UnsetType = field(name="pse__Work_Calendar__r", default=UNSET)
    calendar_id: UnsetType | None = field(name="pse__Work_Calendar__c", default=UNSET)
    rate_cards: str | UnsetType | None = field(name="pse__Rate_Card_Set__c", default=UNSET)
    closed_for_time: bool | UnsetType = field(name="pse__Closed_for_Time_Entry__c", default=UNSET)
    closed_for_expenses: bool | UnsetType = field(name="pse__Closed_for_Expense_Entry__c", default=UNSET)


class TaskSwitch(Row, frozen=True, kw_only=True, rename="pascal"):
    """Whether a task takes time."""

    id: str
    closed: bool = field(name="pse__Closed_for_Time_Entry__c")


class TaskSwitchWrite(Write, frozen=True, kw_only=True):
    """The same, written."""

    attributes: dict[str, Any]
    id: str
    closed: bool = field(name="pse__Closed_for_Time_Entry__c")


class Unkeyed(Write, frozen=True, kw_only=True):
    """A record that shall not be found by our key any more."""

    attributes: dict[str, Any]
    id: str
    key: None = field(name=KEY, default=None)


class TaskTime(Row, frozen=True, kw_only=True, rename="pascal"):
    """Some of a timecard's hours, on a task."""

    id: str
    task: str | None = field(name="pse__Project_Task__c")
