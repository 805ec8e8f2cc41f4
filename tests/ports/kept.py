"""What is written under our key and read back by it: one row a port, one class a row's needs."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import pytest

from canonical.objects import BillingSchedule, Contract, Customer, Project, ResourceDemand, Ticket
from canonical.ports import Written, operations, why_not
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


async def _project(world: World) -> Project:
    made: Project = world.fit(objects.project(account_id=await account(world)))
    return made


async def _billing_schedule(world: World) -> BillingSchedule:
    made: BillingSchedule = world.fit(objects.billing_schedule(project_id=await project_id(world)))
    return made


async def _resource_demand(world: World) -> ResourceDemand:
    made: ResourceDemand = world.fit(objects.resource_demand(project_id=await project_id(world)))
    return made


async def _ticket(world: World) -> Ticket:
    made: Ticket = world.fit(objects.ticket())
    return made


async def _message(_: World) -> Message:
    return objects.message()


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
        port=ports.ResourceDemands,
        kind=ResourceDemand,
        make=_resource_demand,
        write="upsert_resource_demand",
        key=objects.DEAL,
        text="role",
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
        pytest.param(name, kept, id=f"{name}-{kept.kind.__name__}")
        for name, system in SYSTEMS.items()
        for kept in KEPT
        if kept.port in system.ports and all(_has(name, kept, member) for member in having)
    ]
    return pytest.mark.parametrize(("name", "kept"), found)


def _has(name: str, kept: Kept, member: str) -> bool:
    said = getattr(kept, member)
    return bool(said) and said not in suite_of(name).loses.get(kept.kind, {})
