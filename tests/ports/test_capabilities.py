"""What a system says that it can, it does; what it says that it cannot, it refuses with the same words."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from canonical.faults import Fault, Unsupported
from canonical.objects import (
    BillingSchedule,
    Booking,
    Contact,
    Contract,
    Customer,
    ExpenseReport,
    Invoice,
    OrderMark,
    Project,
    ProjectLink,
    ProjectSetup,
    ResourceDemand,
    SalesOrder,
    Ticket,
    TimeEntry,
)
from canonical.ports import Operation, operations
from canonical.ports.accounts import AccountUpdate
from canonical.ports.contracts import AgreementMark
from canonical.ports.effort import Billed
from canonical.ports.leads import KeyChange
from canonical.ports.lists import LifecycleChange
from canonical.ports.orders import QuoteMark
from canonical.ports.people import PersonUpdate
from canonical.ports.setups import TaskPage, TaskRefs
from canonical.ports.systems import Delivery, KeyedMessage, Message, StageChange
from system_apis import SystemApi, discover
from system_apis.capabilities import UNSAID, asked_of, capabilities
from tests.ports import objects
from tests.ports.kept import every_system
from tests.ports.world import SYSTEMS, World

BODIES: dict[type, Any] = {
    Customer: objects.customer(),
    Contact: objects.contact("1"),
    PersonUpdate: PersonUpdate(fields=["email"], person=objects.contact("1")),
    Contract: objects.agreement(account_id="1"),
    AgreementMark: AgreementMark(amendment=0),
    Project: objects.project(account_id="1"),
    BillingSchedule: objects.billing_schedule(project_id="1"),
    ResourceDemand: objects.resource_demand(project_id="1"),
    Booking: objects.booking(project_id="1"),
    SalesOrder: objects.sales_order(account_id="1"),
    QuoteMark: QuoteMark(status="accepted", frozen=True),
    Ticket: objects.ticket(),
    Invoice: objects.invoice(account_id="1", kind="credit_note", corrects_invoice_id="1"),
    TimeEntry: objects.time_entry(project_id="1"),
    ExpenseReport: objects.expense_report(),
    AccountUpdate: AccountUpdate(fields=["legal_name"], account=objects.customer()),
    LifecycleChange: objects.CLOSED,
    OrderMark: objects.MARKED,
    KeyChange: KeyChange(key=objects.CUSTOMER),
    Billed: objects.BILLED,
    ProjectLink: ProjectLink(project_code="DE-27-0077"),
    StageChange: StageChange(stage="active"),
    ProjectSetup: ProjectSetup(open_for_time=False),
    TaskPage: objects.TASKS,
    TaskRefs: TaskRefs(refs=["setup"]),
    Message: objects.message(),
    Delivery: Delivery(headers={}, body=""),
    KeyedMessage: KeyedMessage(key="", body=""),
}


def arguments(operation: Operation) -> dict[str, Any]:
    """Something to ask with: what answers is an answer or a fault, but it is the operation that speaks."""
    given: dict[str, Any] = {each.name: _of(each.type) for each in operation.parameters if each.required}
    return given | ({"data": BODIES[operation.body]} if operation.body else {})


def _of(kind: Any) -> Any:
    return {int: 1, bool: True}.get(kind, datetime.now().astimezone() if kind is datetime else "1")


async def refusal(world: World, operation: Operation) -> str:
    """The words an operation is refused with; empty where it is there, whatever it answers."""
    try:
        await getattr(world.adapter, operation.attribute)(**arguments(operation))
    except Unsupported as refused:
        return refused.detail
    except Fault:
        return ""
    return ""


@every_system()
async def test_what_is_told_is_what_is_so(world: World) -> None:
    told = {(each.port, each.operation): each for each in capabilities([world.system])}
    for port in world.system.ports:
        for operation in operations(port):
            said = told[port.__name__, operation.id]
            assert await refusal(world, operation) == said.why_not, operation.id


@pytest.mark.parametrize("name", sorted(discover()))
def test_no_gap_goes_without_a_reason(name: str) -> None:
    system = discover()[name]
    assert [each for each in capabilities([system]) if each.why_not == UNSAID] == []
    assert [port for port in system.lacks if port not in asked_of(system)] == [], "nobody asks it for that"
    assert [port for port in system.lacks if port in system.ports] == []
    methods = {each.attribute for port in system.ports for each in operations(port)}
    assert set(system.reads_otherwise) <= methods, "of these something is said that nobody can ask"


def test_what_a_system_refuses_is_told_with_its_words() -> None:
    offered = next(port for port in SYSTEMS["servicenow"].ports if port.__name__ == "Tickets")
    lacking: SystemApi = msgspec.structs.replace(
        SYSTEMS["servicenow"], ports=SYSTEMS["servicenow"].ports[1:], lacks={offered: "It was sold."}
    )
    told = [each for each in capabilities([lacking]) if each.port == "Tickets"]
    assert [(each.operation, each.can, each.why_not) for each in told] == [
        ("ticketByKey", False, "It was sold."),
        ("upsertTicket", False, "It was sold."),
    ]
