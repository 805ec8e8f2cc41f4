"""What people do with accounts in a CRM and with debtors in an ERP, whichever those are."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from canonical.objects import Customer
from foundation.sandbox import Box
from foundation.sandbox.firm import Account
from process_apis.cross_references import xrefs
from process_apis.events.intake import poll_customers, work_off
from process_apis.tables import CASES
from system_apis.dataverse.sandbox import org as dataverse
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import account_id
from system_apis.salesforce.sandbox import org as salesforce
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import delete, update
from tests.process.world import World

Deleted = Callable[[], None]
"""Brings back what was deleted."""


def _deleted_in_salesforce(box: Box, native: str) -> Deleted:
    salesforce.delete(box, salesforce.kind_of("Account"), native)

    def undelete() -> None:
        at = salesforce.stamp(box.now())
        box.store.update("Account", native, {"IsDeleted": False, "SystemModstamp": at, "LastModifiedDate": at})

    return undelete


def _deleted_in_dataverse(box: Box, native: str) -> Deleted:
    row = dataverse.read(box, TABLES["account"], native)
    dataverse.delete(box, TABLES["account"], native)

    def restored() -> None:
        box.store.insert("account", native, row)
        dataverse.save(box, TABLES["account"], row, {})

    return restored


def _keyless_in_sap(box: Box, debtor: str) -> None:
    (key,) = box.store.find("A_BuPaIdentification", BusinessPartner=debtor, BPIdentificationType="ZTGKEY")
    delete(box, SETS["A_BuPaIdentification"], key)


MERGE: Final[Mapping[str, Callable[[Box, str, str], None]]] = {
    "salesforce": salesforce.merge,
    "dataverse": dataverse.merge,
}
DELETE: Final[Mapping[str, Callable[[Box, str], Deleted]]] = {
    "salesforce": _deleted_in_salesforce,
    "dataverse": _deleted_in_dataverse,
}


def _let_go_in_sap(box: Box, debtor: str) -> None:
    update(box, SETS["A_Customer"], box.store.get("A_Customer", debtor) or {}, {"OrderIsBlockedForCustomer": ""})


PAID: Final = {"blocked": "_x0020_", "balanceDue": 0}
LET_GO: Final[Mapping[str, Callable[[Box, str], Any]]] = {
    "netsuite": lambda box, id: box.store.update("customer", id, {"creditHoldOverride": {"id": "OFF"}}),
    "business_central": lambda box, id: box.store.update("customers", id.rpartition(".")[2], PAID),
    "sap_s4hana": _let_go_in_sap,
}
"""Credit control lifts a hold."""
TAKE_THE_KEY: Final[Mapping[str, Callable[[Box, str], Any]]] = {
    "netsuite": lambda box, id: box.store.update("customer", id, {"externalId": None}),
    "business_central": lambda box, id: box.store.update("customers", id.rpartition(".")[2], {"tiergateKey": ""}),
    "sap_s4hana": _keyless_in_sap,
}
"""A debtor has no key of anybody's, as those that were there before us."""


class Accounts:
    """The accounts of a firm's CRM, and its debtors."""

    def __init__(self, firm: World) -> None:
        self.firm = firm
        systems = firm.platform.systems
        self.sold_with, self.erp = systems.name("crm"), systems.name("erp", "ACME-US")
        self.crm, self.books = firm.boxes[self.sold_with], firm.boxes[self.erp]

    def native(self, account: Account) -> str:
        return account.id if self.sold_with == "salesforce" else account_id(account)

    def of(self, code: str) -> str:
        """The account of a deal, as its CRM calls it."""
        return self.native(self.firm.deal(code).account)

    # ── what people do ─────────────────────────────────────────────────────────────────────────────────────────────

    def later(self) -> None:
        """A second passes, which is as fine as a CRM stamps."""
        self.crm.store.set_setting("_clock_ahead", self.crm.store.setting("_clock_ahead", 0) + 1)

    def merge(self, winner: str, loser: str) -> None:
        self.later()
        with self.crm.store.transaction():
            MERGE[self.sold_with](self.crm, winner, loser)

    def delete(self, native: str) -> Deleted:
        self.later()
        return DELETE[self.sold_with](self.crm, native)

    def let_go(self, debtor: str) -> None:
        LET_GO[self.erp](self.books, debtor)

    def take_the_key(self, debtor: str) -> None:
        TAKE_THE_KEY[self.erp](self.books, debtor)

    # ── what comes of it ───────────────────────────────────────────────────────────────────────────────────────────

    async def quiet(self) -> None:
        """Ask and work off until nobody writes any more: a poll by days tells a day again."""
        for _ in range(8):
            before = self.firm.writes(self.sold_with, self.erp)
            await poll_customers(self.firm.platform)
            await work_off(self.firm.platform)
            if self.firm.writes(self.sold_with, self.erp) == before:
                return
        raise AssertionError("they go on and on")

    async def debtors(self) -> list[Customer]:
        """Everybody in the books."""
        return list((await self.firm.adapters[self.erp].customers()).items)

    async def debtor(self, code: str) -> Customer:
        """The one debtor with the tax number of a deal's account."""
        tax = self.firm.deal(code).account.tax
        assert tax is not None
        (found,) = [
            each
            for each in await self.debtors()
            if [known.number for known in each.tax_registrations if known.number == tax.number]
        ]
        return found

    async def owner(self, system: str, native: str) -> str:
        return await self.firm.platform.database.run(lambda c: xrefs.holder(c, "customer", system, native))

    async def cases(self) -> list[Any]:
        """What people are asked to look at."""
        asked = sa.select(CASES).where(CASES.c.state == "open")
        return await self.firm.platform.database.run(lambda c: list(c.execute(asked)))
