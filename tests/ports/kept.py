"""What is written under our key and read back by it: one row a port, one class a row's needs."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import pytest

from canonical.objects import (
    BillingSchedule,
    Booking,
    Contact,
    Contract,
    Customer,
    ExpenseReport,
    Invoice,
    Project,
    ResourceDemand,
    SalesOrder,
    Ticket,
    TimeEntry,
)
from canonical.ports import Written, contracts, effort, operations, orders, people, receivables, why_not
from canonical.ports import systems as ports
from canonical.ports.systems import Message
from tests.ports import objects
from tests.ports.world import SYSTEMS, World, suite_of

Make = Callable[[World], Awaitable[Any]]


async def _customer(world: World) -> Customer:
    made: Customer = world.fit(objects.customer())
    return made


async def _contract(world: World) -> Contract:
    made: Contract = world.fit(objects.contract(account_id=await account(world)))
    return made


async def _agreement(world: World) -> Contract:
    made: Contract = world.fit(objects.agreement(account_id=await account(world)))
    return made


async def _project(world: World) -> Project:
    made: Project = world.fit(objects.project(account_id=await account(world)))
    return made


async def _billing_schedule(world: World) -> BillingSchedule:
    made: BillingSchedule = world.fit(objects.billing_schedule(project_id=await project_id(world)))
    return made


async def _resource_demand(world: World) -> ResourceDemand:
    made: ResourceDemand = world.fit(objects.resource_demand(project_id=await project_id(world)))
    return made


async def _booking(world: World) -> Booking:
    made: Booking = world.fit(objects.booking(project_id=await project_id(world)))
    return made


async def _ticket(world: World) -> Ticket:
    made: Ticket = world.fit(objects.ticket())
    return made


async def _message(_: World) -> Message:
    return objects.message()


async def _sales_order(world: World) -> SalesOrder:
    made: SalesOrder = world.fit(objects.sales_order(account_id=await account(world)))
    return made


async def _invoice(world: World) -> Invoice:
    made: Invoice = world.fit(objects.invoice(account_id=await account(world), project_id=await project_id(world)))
    return made


async def _time_posting(world: World) -> TimeEntry:
    made: TimeEntry = world.fit(objects.time_entry(project_id=await project_id(world)))
    return made


async def _expense_posting(world: World) -> ExpenseReport:
    made: ExpenseReport = world.fit(objects.expense_report())
    project = await project_id(world)
    return msgspec.structs.replace(
        made, lines=[msgspec.structs.replace(line, project_id=project) for line in made.lines]
    )


async def _person(world: World) -> Contact:
    made: Contact = world.fit(objects.contact(await account(world), language="de", marketing_opt_out=True))
    return made


async def account(world: World) -> str:
    """The native id of a customer, where the system keeps customers; else somebody else's id."""
    if not world.can(ports.Customers, "upsert_customer"):
        return "1402"
    written: Written = await world.adapter.upsert_customer(objects.CUSTOMER, await _customer(world))
    return written.id


async def project_id(world: World) -> str:
    """The native id of a project."""
    written: Written = await world.adapter.upsert_project(objects.DEAL, await _project(world))
    return written.id


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of object a port keeps."""

    port: type
    kind: type
    make: Make
    write: str
    by_key: str = ""
    """Reads it by our key; empty where only a list holds it."""
    by_id: str = ""
    key: str
    text: str = ""
    """A field people read: it is written in every script, changed, and cut."""
    money: str = ""
    """The field that holds an amount."""

    async def put(self, world: World, data: Any, key: str = "") -> Written:
        """Write it under our key."""
        if self.kind is Message:
            return await self._say(world, data)
        written: Written = await getattr(world.adapter, self.write)(key or self.key, data)
        return written

    async def _say(self, world: World, data: Message) -> Written:
        written: Written = await world.adapter.post_message(await project_id(world), data)
        return written

    async def get(self, world: World, data: Any) -> Any:
        """Read it back by our key; `NotFound` when it is not there."""
        if self.by_key:
            return await getattr(world.adapter, self.by_key)(self.key)
        listed: list[ResourceDemand] = await world.adapter.resource_demands(data.project_id)
        return next(each for each in listed if each.xrefs[0].alt_key == self.key)


KEPT: Final = (
    Kept(
        port=ports.Customers,
        kind=Customer,
        make=_customer,
        write="upsert_customer",
        by_key="customer_by_key",
        by_id="customer",
        key=objects.CUSTOMER,
        text="legal_name",
    ),
    Kept(
        port=people.CustomerPeople,
        kind=Contact,
        make=_person,
        write="upsert_person",
        by_key="person_by_key",
        by_id="person",
        key=objects.PERSON,
        text="family",
    ),
    Kept(
        port=ports.Contracts,
        kind=Contract,
        make=_contract,
        write="upsert_contract",
        by_key="contract_by_key",
        key=objects.DEAL,
        text="title",
        money="value",
    ),
    Kept(
        port=contracts.ContractTerms,
        kind=Contract,
        make=_agreement,
        write="set_contract_terms",
        by_key="contract_terms",
        key=objects.AGREEMENT,
        text="title",
    ),
    Kept(
        port=ports.Projects,
        kind=Project,
        make=_project,
        write="upsert_project",
        by_key="project_by_key",
        by_id="project",
        key=objects.DEAL,
        text="name",
        money="budget",
    ),
    Kept(
        port=ports.BillingSchedules,
        kind=BillingSchedule,
        make=_billing_schedule,
        write="upsert_billing_schedule",
        by_key="billing_schedule_by_key",
        key=objects.DEAL,
        text="name",
    ),
    Kept(
        port=orders.SalesOrders,
        kind=SalesOrder,
        make=_sales_order,
        write="upsert_order",
        by_key="order_by_key",
        key=objects.ORDER,
        text="title",
    ),
    Kept(
        port=receivables.Invoices,
        kind=Invoice,
        make=_invoice,
        write="upsert_invoice",
        by_key="invoice_by_key",
        by_id="invoice",
        key=objects.INVOICE,
        text="title",
    ),
    Kept(
        port=effort.TimePostings,
        kind=TimeEntry,
        make=_time_posting,
        write="upsert_time_posting",
        by_key="time_posting_by_key",
        key=objects.TIME,
        text="notes",
    ),
    Kept(
        port=effort.ExpensePostings,
        kind=ExpenseReport,
        make=_expense_posting,
        write="upsert_expense_posting",
        by_key="expense_posting_by_key",
        key=objects.EXPENSES,
        text="title",
    ),
    Kept(
        port=ports.ResourceDemands,
        kind=ResourceDemand,
        make=_resource_demand,
        write="upsert_resource_demand",
        key=objects.DEAL,
        text="role",
    ),
    Kept(
        port=ports.Bookings,
        kind=Booking,
        make=_booking,
        write="upsert_booking",
        by_key="booking_by_key",
        key=objects.BOOKING,
        text="notes",
    ),
    Kept(
        port=ports.Workspaces,
        kind=Message,
        make=_message,
        write="post_message",
        key=objects.DEAL,
    ),
    Kept(
        port=ports.Tickets,
        kind=Ticket,
        make=_ticket,
        write="upsert_ticket",
        by_key="ticket_by_key",
        key=objects.CASE,
        text="summary",
    ),
)


def every_system() -> pytest.MarkDecorator:
    """`name`: each system that is there and has a sandbox."""
    return pytest.mark.parametrize("name", sorted(SYSTEMS))


def offering(port: type, *attributes: str) -> pytest.MarkDecorator:
    """`name`: each system that offers a port, and can do these operations of it."""
    wanted = [each for each in operations(port) if each.attribute in attributes]
    able = [
        name
        for name, system in SYSTEMS.items()
        if port in system.ports and not any(why_not(system.adapter, each) for each in wanted)
    ]
    return pytest.mark.parametrize("name", able)


def keeping(*having: str) -> pytest.MarkDecorator:
    """`name` and `kept`: each system with each thing it keeps that has all of these members, and does not lose them."""
    found = [
        pytest.param(name, kept, id=f"{name}-{kept.port.__name__}")
        for name, system in SYSTEMS.items()
        for kept in KEPT
        if kept.port in system.ports and all(_has(name, kept, member) for member in having)
    ]
    return pytest.mark.parametrize(("name", "kept"), found)


def _has(name: str, kept: Kept, member: str) -> bool:
    said = getattr(kept, member)
    return bool(said) and said not in suite_of(name).loses.get(kept.kind, {})
