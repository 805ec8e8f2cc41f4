"""What is listed page by page: one row a list, with how the n-th of its records comes to be there."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import pytest

from canonical.money import Money
from canonical.objects import (
    Contact,
    CrmOrder,
    Customer,
    ExpenseReport,
    Invoice,
    Payment,
    Project,
    RateCard,
    TimeEntry,
)
from canonical.ports import Page, effort, lists, operations, orders, people, receivables, why_not
from tests.ports import objects
from tests.ports.kept import account, project_id
from tests.ports.test_reading import plant
from tests.ports.world import SYSTEMS, World

Make = Callable[[World, int], Awaitable[str]]
MOST_PAGES: Final = 60


async def _customer(world: World, number: int) -> str:
    name = f"Werft {number} GmbH"
    made = world.fit(objects.customer(legal_name=name, trading_name=name))
    return str((await world.adapter.upsert_customer(f"salesforce:001Tg00000{number:05}IAA", made)).id)


async def _project(world: World, number: int) -> str:
    made = world.fit(
        objects.project(account_id=await account(world), code=f"DE-27-1{number:03}", tasks=[], milestones=[])
    )
    return str((await world.adapter.upsert_project(f"salesforce:006Tg00000{number:05}IAA", made)).id)


async def _account(world: World, number: int) -> str:
    name = f"Werft {number} GmbH"
    return plant(world, objects.customer(legal_name=name, trading_name=name))


async def _person(world: World, number: int) -> str:
    return plant(world, objects.contact(await _account(world, number), family=f"Müller {number}"))


async def _crm_order(world: World, number: int) -> str:
    return plant(world, objects.crm_order(await _account(world, number), title=f"Dock {number}"))


async def _customer_person(world: World, number: int) -> str:
    made = objects.contact(await account(world), family=f"Müller {number}", roles=[])
    return str((await world.adapter.upsert_person(f"salesforce:003Tg00000{number:05}IAA", made)).id)


async def _invoice(world: World, number: int) -> str:
    made = world.fit(objects.invoice(account_id=await account(world), project_id=await project_id(world)))
    return str((await world.adapter.upsert_invoice(f"bill:{number}", made)).id)


async def _payment(world: World, number: int) -> str:
    paid = Money.of(f"{number}00.50", "EUR")
    made = objects.payment(account_id=await account(world), amount=paid, unapplied=paid)
    return plant(world, made)


async def _time_entry(world: World, number: int) -> str:
    return plant(world, objects.time_entry(project_id=await project_id(world), notes=f"Walked dock {number}"))


async def _expense_report(world: World, _: int) -> str:
    made = objects.expense_report()
    project = await project_id(world)
    return plant(
        world,
        msgspec.structs.replace(made, lines=[msgspec.structs.replace(line, project_id=project) for line in made.lines]),
    )


async def _proforma(world: World, number: int) -> str:
    return plant(world, objects.proforma(project_id=await project_id(world), title=f"February {number}"))


async def _rate_card(world: World, number: int) -> str:
    return plant(world, objects.rate_card(name=f"Standard {number}"))


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One list of a port."""

    port: type
    kind: type
    make: Make
    all: str
    one: str
    """Reads one of them; empty where nothing does."""
    changed: str = ""
    """Tells what changed, thinly."""

    async def page(self, world: World, cursor: str = "", limit: int = 3) -> Page[Any]:
        found: Page[Any] = await getattr(world.adapter, self.all)(cursor=cursor, limit=limit)
        return found

    async def rest(self, world: World, cursor: str = "", limit: int = 3) -> list[Page[Any]]:
        """Every page from a cursor on."""
        pages = []
        for _ in range(MOST_PAGES):
            pages.append(await self.page(world, cursor, limit))
            cursor = pages[-1].next
            if not cursor:
                return pages
        raise AssertionError(f"{MOST_PAGES} pages, and still no end")


LISTED: Final = (
    Listed(
        port=lists.AccountList,
        kind=Customer,
        make=_account,
        all="accounts",
        one="account",
        changed="account_changes",
    ),
    Listed(
        port=lists.AccountList,
        kind=Contact,
        make=_person,
        all="people",
        one="person",
        changed="person_changes",
    ),
    Listed(
        port=orders.CrmOrders,
        kind=CrmOrder,
        make=_crm_order,
        all="orders",
        one="order",
        changed="order_changes",
    ),
    Listed(
        port=people.CustomerPeople,
        kind=Contact,
        make=_customer_person,
        all="customer_people",
        one="person",
        changed="person_changes",
    ),
    Listed(
        port=lists.CustomerList,
        kind=Customer,
        make=_customer,
        all="customers",
        one="customer",
        changed="customer_changes",
    ),
    Listed(
        port=lists.ProjectList,
        kind=Project,
        make=_project,
        all="projects",
        one="project",
        changed="project_changes",
    ),
    Listed(
        port=receivables.Invoices,
        kind=Invoice,
        make=_invoice,
        all="invoices",
        one="invoice",
        changed="invoice_changes",
    ),
    Listed(
        port=receivables.Payments,
        kind=Payment,
        make=_payment,
        all="payments",
        one="payment",
        changed="payment_changes",
    ),
    Listed(port=effort.TimeEntries, kind=TimeEntry, make=_time_entry, all="time_entries", one="time_entry"),
    Listed(port=effort.Expenses, kind=ExpenseReport, make=_expense_report, all="expense_reports", one="expense_report"),
    Listed(port=effort.Proformas, kind=Invoice, make=_proforma, all="proformas", one="proforma"),
    Listed(port=effort.RateCards, kind=RateCard, make=_rate_card, all="rate_cards", one="rate_card"),
)


def listing(*having: str) -> pytest.MarkDecorator:
    """`name` and `listed`: each system with each list that it can, and that has all of these members."""
    found = [
        pytest.param(name, listed, id=f"{name}-{listed.all}")
        for name, system in SYSTEMS.items()
        for listed in LISTED
        if listed.port in system.ports
        and all(_can(system.adapter, listed.port, getattr(listed, member)) for member in ("all", *having))
    ]
    return pytest.mark.parametrize(("name", "listed"), found)


def _can(adapter: type, port: type, attribute: str) -> bool:
    if not attribute:
        return False
    named = [each for each in operations(port) if each.attribute == attribute]
    return not named or not why_not(adapter, named[0])
