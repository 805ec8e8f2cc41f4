"""What an org must have: the objects and fields we map, the package's and its own, and lists whose words we know."""

from typing import Final

from foundation.checking import Checked
from system_apis.certinia import booking_wire, bookings, expenses, mapping, setup_wire, staffing, timecards, wire
from system_apis.certinia import effort_wire as effort

_PROJECT: Final = (
    *(name for name in wire.Project.__struct_encode_fields__ if not name.endswith("__r")),
    *(name for name in wire.ProjectWrite.__struct_encode_fields__ if not name.endswith("__r")),
    "pse__Region__c",
    "pse__Practice__c",
    "pse__Rate_Card_Set__c",
    "pse__Work_Calendar__c",
)


def _plain(*shapes: type) -> tuple[str, ...]:
    """The fields of these, each once. What leads to another object is none, nor is what a collection adds."""
    names = [name for shape in shapes for name in getattr(shape, "__struct_encode_fields__")]  # noqa: B009 - msgspec's
    return tuple(dict.fromkeys(name for name in names if name not in ("attributes", "id") and not name.endswith("__r")))


CHECKS: Final = (
    Checked(
        object=wire.PROJECT,
        fields=tuple(dict.fromkeys(_PROJECT)),
        words={
            "pse__Stage__c": (*mapping.STAGES.values(), *mapping.ALSO_PLANNED),
            "pse__Billing_Type__c": tuple(mapping.BILLING_TYPES.values()),
        },
    ),
    Checked(object=wire.TASK, fields=_plain(wire.Task, wire.TaskWrite)),
    Checked(object=setup_wire.TASK_TIME, fields=_plain(setup_wire.TaskTime)),
    Checked(object=wire.MILESTONE, fields=_plain(wire.Milestone, wire.MilestoneWrite)),
    Checked(object=wire.BUDGET, fields=_plain(wire.Budget, wire.BudgetWrite)),
    Checked(
        object=wire.REQUEST,
        fields=_plain(wire.Request, wire.RequestWrite),
        words={"pse__Status__c": staffing.STATUSES},
    ),
    Checked(
        object=booking_wire.ASSIGNMENT,
        fields=_plain(booking_wire.Assignment, booking_wire.AssignmentWrite),
        words={"pse__Status__c": bookings.STATUSES},
    ),
    Checked(object=booking_wire.SCHEDULE, fields=(wire.KEY, *_plain(booking_wire.ScheduleWrite))),
    Checked(object=wire.POST, fields=_plain(wire.Post, wire.PostWrite)),
    Checked(object=effort.WEEK, fields=_plain(effort.Week), words={"pse__Status__c": timecards.STATUSES}),
    Checked(object=effort.SPLIT, fields=_plain(effort.Split, effort.Mark)),
    Checked(object=effort.REPORT, fields=_plain(effort.Report), words={"pse__Status__c": expenses.STATUSES}),
    Checked(object=effort.EXPENSE, fields=_plain(effort.Expense, effort.Mark)),
    Checked(object=effort.EVENT, fields=_plain(effort.Event)),
    Checked(object=effort.ITEM, fields=_plain(effort.Item)),
    Checked(object=effort.CARDS, fields=_plain(effort.CardSet)),
    Checked(object=effort.IN_CARDS, fields=_plain(effort.InSet)),
    Checked(object="pse__Rate_Card__c", fields=_plain(effort.Card)),
    Checked(object=wire.RESOURCE, fields=("Id", "Email", "pse__Is_Resource__c", "pse__Is_Resource_Active__c")),
    Checked(object=wire.ACCOUNT, fields=("Id", wire.KEY)),
    Checked(object=wire.REGION, fields=("Id", "Legal_Entity__c")),
    Checked(object=wire.PRACTICE, fields=("Id", "Practice_Code__c")),
    Checked(object=setup_wire.CALENDAR, fields=("Id", "Country_Code__c")),
)
