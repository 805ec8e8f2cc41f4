"""Contact sync as its tests play it: who gets the invoices of D01's customer, kept in Salesforce and in an ERP."""

import sqlalchemy as sa

from canonical.objects import Contact, Customer
from process_apis.events.intake import poll_customers, poll_people, work_off
from process_apis.tables import CASES
from tests.process.world import World

D01 = "D01"


class Corresponding:
    """Salesforce and the ERP of a firm, and who is kept in both."""

    def __init__(self, firm: World) -> None:
        self.firm = firm
        self.erp = firm.platform.systems.name("erp", "ACME-US")

    def written(self) -> list[str]:
        """Every write to either."""
        return self.firm.writes("salesforce", self.erp)

    async def quiet(self) -> None:
        """Ask and work off until nobody writes any more: a poll by days tells a day again."""
        for _ in range(8):
            before = self.written()
            await poll_customers(self.firm.platform)
            await poll_people(self.firm.platform)
            await work_off(self.firm.platform)
            if self.written() == before:
                return
        raise AssertionError("they go on and on")

    async def billed(self) -> str:
        """What Salesforce calls who gets the invoices of a won deal's customer."""
        await self.firm.played(D01)
        account = self.firm.deal(D01).account
        family = next(each.family for each in account.contacts if each.role == "billing")
        people = self.firm.records("salesforce", "Contact")
        return str(next(each["Id"] for each in people if (each["AccountId"], each["LastName"]) == (account.id, family)))

    async def in_the_books(self, native: str) -> Contact:
        """A person of Salesforce, as the ERP has them."""
        found: Contact = await self.firm.adapters[self.erp].person_by_key(f"salesforce:{native}")
        return found

    async def debtor(self) -> Customer:
        """The deal's customer in the ERP."""
        key = f"salesforce:{self.firm.deal(D01).account.id}"
        found: Customer = await self.firm.adapters[self.erp].customer_by_key(key)
        return found

    async def cases(self) -> list[str]:
        """What people are asked to look at."""
        return await self.firm.platform.database.run(lambda c: list(c.scalars(sa.select(CASES.c.title))))
