"""One suite, three firms: every workflow over each of their systems, by binding alone, read back in all of them."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from canonical.dates import now
from canonical.money import Money
from canonical.ports.systems import Change
from foundation.context import fresh, use
from foundation.sandbox import Box
from gateway.ownership import read_ownership
from process_apis.events import inbox
from process_apis.events.intake import work_off
from tests.process.contracting import Contracting, line
from tests.process.ordering import Ordering
from tests.process.test_people_in_systems import quiet
from tests.process.test_setup_edges import set_up
from tests.process.test_staffing import Office
from tests.process.world import FIRMS, PRIYA, Over, World
from tests.staffing.staff import MONDAY, somebody
from tiergate.settings import ROOT


class Firm:
    """A firm's systems, and what its people do in the CRM, whichever that is."""

    def __init__(self, made: World, crm: str, erp: str, psa: str) -> None:
        self.made, self.crm, self.erp, self.psa = made, crm, erp, psa
        self.books, self.sales, self.plan = (made.adapters[name] for name in (erp, crm, psa))

    def key(self, code: str) -> str:
        return f"{self.crm}:{self.made.native(code)}"

    async def ordered(self, code: str) -> tuple[str, Any]:
        """The quote of a deal, and the run that ordered it."""
        desk = Ordering(self.made)
        return desk.quote(code), await desk.played(desk.quote(code))

    async def amended(self, code: str, amount: int) -> tuple[str, Any]:
        """The key of a deal's contract, signed and then amended by so much, and the run that carried that."""
        legal = Contracting(self.made)
        await legal.played(legal.contract(code))
        legal.amend(code, 1, line(amount))
        return legal.key(code), await legal.played(legal.contract(code))

    async def hear(self, system: str, native_id: str) -> None:
        """A system tells that a customer changed."""
        change = Change(object="customer", native_id=native_id, version=now().isoformat(), changed_at=now())
        await self.made.platform.database.run(lambda c: inbox.store(c, system, [change], "poll"))
        await work_off(self.made.platform)


@pytest.fixture(params=FIRMS, ids="-".join)
async def firm(request: pytest.FixtureRequest, over: Over, boxes: dict[str, Box]) -> AsyncIterator[Firm]:
    crm, erp, psa = request.param
    async with over(crm, erp, psa) as made:
        made.platform.ownership = read_ownership(ROOT / "policies")
        yield Firm(made, crm, erp, psa)
        others = set(boxes) - {crm, erp, psa, "servicenow"}
        assert (made.writes(*others), made.duplicates()) == ([], [])


async def test_a_quote_becomes_one_order_that_both_sides_name(firm: Firm) -> None:
    quote, done = await firm.ordered("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    order = await Ordering(firm.made).order(done.run.id)
    assert (order.status, order.total()) == ("open", Money.of("240000.00", "USD"))
    told = await firm.sales.quote(quote)
    assert (told.frozen, told.order_number) == (True, order.number)


async def test_a_deal_becomes_a_project_that_is_set_up_staffed_and_amended(firm: Firm) -> None:
    code, key = "D02", firm.key("D02")
    won = (await firm.made.played(code)).run
    assert (won.status, won.verified) == ("succeeded", True), won.problem

    done = await set_up(firm.made, won.project_code, template="delivery", cost_center="4711")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    project = await firm.plan.project_by_key(key)
    tasks = {each.task.ref for each in await firm.plan.project_tasks(project.id)}
    assert "deliver.build" in tasks
    assert (await firm.books.project_setup((await firm.books.project_by_key(key)).id)).cost_center == "4711"

    office = Office(firm.made, firm.psa, project.id)
    await office.desk.put_person("E1", somebody())
    with use(fresh(caller=PRIYA)):
        booked = await office.confirmed(await office.ask(notes="Ask for the badge."))
    assert (booked.state, booked.psa) == ("confirmed", "agrees")
    there = await firm.plan.booking_by_key(booked.id)
    assert (there.resource, there.start, there.commitment) == ("katrin.behrens@acme.example", MONDAY, "hard")

    before = await firm.books.billing_schedule_by_key(f"{key}:billing")
    contract, carried = await firm.amended(code, 5000)
    assert (carried.run.status, carried.run.verified) == ("succeeded", True), carried.run.problem
    worth = before.total() + Money.of(5000, "USD")
    assert (await firm.books.contract_terms(contract)).value == worth
    assert (await firm.books.billing_schedule_by_key(f"{key}:billing")).total() == worth
    for side in (firm.books, firm.plan):
        assert (await side.project_by_key(key)).budget == worth


async def test_a_customer_that_the_books_rename_has_that_name_in_the_crm_and_nobody_echoes(firm: Firm) -> None:
    won = (await firm.made.played("D01")).run
    native = {each.system: each.native_id for each in won.ids if each.instance == "customer"}
    await firm.hear(firm.crm, native[firm.crm])
    await firm.hear(firm.erp, native[firm.erp])
    known = await firm.books.customer_by_key(f"{firm.crm}:{native[firm.crm]}")
    renamed = msgspec.structs.replace(known, legal_name="Harbor Logistics SE")
    await firm.books.upsert_customer(f"{firm.crm}:{native[firm.crm]}", renamed)
    await firm.hear(firm.erp, native[firm.erp])
    assert (await firm.sales.account(native[firm.crm])).legal_name == "Harbor Logistics SE"
    before = firm.made.writes(firm.crm, firm.erp)
    await firm.hear(firm.crm, native[firm.crm])
    await firm.hear(firm.erp, native[firm.erp])
    assert firm.made.writes(firm.crm, firm.erp) == before


async def test_whom_a_customer_has_its_invoices_sent_to_comes_to_the_books(firm: Firm) -> None:
    deal = firm.made.deal("D01")
    won = (await firm.made.played("D01")).run
    native = {each.system: each.native_id for each in won.ids if each.instance == "customer"}
    await quiet(firm.made)
    billed = next(each for each in deal.account.contacts if each.role == "billing")
    there = [
        person
        for person in (await firm.books.customer_people()).items
        if (person.family, person.account_id) == (billed.family, native[firm.erp])
    ]
    assert [(person.given, person.email) for person in there] == [(billed.given, billed.email.lower())]
    written = firm.made.writes(firm.crm, firm.erp)
    await quiet(firm.made)
    assert firm.made.writes(firm.crm, firm.erp) == written, "the echo is known"
