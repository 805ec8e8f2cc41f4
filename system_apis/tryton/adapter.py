"""Tryton behind the ERP ports.

It has no upsert and no external key: a party is known by an identifier, a sale and a project by a line of their
comment. A write looks there first, then makes the record, or changes it in the version that was read.
"""

from collections.abc import Sequence
from typing import Any, Final

from canonical.faults import Conflict, NotFound
from canonical.objects import Address, BillingSchedule, Customer, LegalEntity, Project, TaxProfile
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import TimePostings
from canonical.ports.lists import CustomerList, ProjectList
from canonical.ports.operation import Written
from canonical.ports.orders import Items, SalesOrders
from canonical.ports.receivables import Invoices
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from canonical.ports.systems import (
    Account,
    BillingSchedules,
    Connection,
    Contracts,
    Customers,
    LegalEntities,
    Projects,
    StageChange,
)
from foundation.checking import Described
from system_apis.tryton import billing_wire, codes, mapping, memo, orders_wire, people_wire, setups_wire, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.calls import PARTY, WORK, found_one, native
from system_apis.tryton.contracts import Contracting
from system_apis.tryton.contracts_mapping import CONTRACT, contract
from system_apis.tryton.effort import Effort, time_entry
from system_apis.tryton.orders import Orders
from system_apis.tryton.people import CustomersPeople
from system_apis.tryton.receivables import Receivables
from system_apis.tryton.sales import SALE
from system_apis.tryton.setups import Setups

PERIOD: Final = "account.period"
_TABLES: Final[dict[str, type[Any]]] = {
    "company.company": wire.Company,
    "company.employee": billing_wire.Employee,
    "account.journal": wire.Journal,
    "account.period": wire.Period,
    "account.invoice.payment_term": wire.Name,
    "account.invoice.line": billing_wire.InvoiceLine,
    "party.relation.all": people_wire.Relation,
    "party.relation.type": wire.Name,
    "project.work.status": wire.Name,
    "timesheet.work": setups_wire.TimeWork,
    "sale.line": orders_wire.Line,
    "product.product": orders_wire.Product,
}
"""What is looked up, and the shape it is read in; the others by code."""


class Tryton(Contracting, CustomersPeople, Effort, Orders, Receivables, Setups):
    """One database, with every port of an ERP that Tryton has something for."""

    async def whoami(self) -> Account:
        """The database, and the user we sign in as."""
        await self._rpc.sign_in()
        return Account(system="Tryton", instance=self._database, user=self._user)

    async def described(self, kind: str) -> Described:
        """A model's fields that we may see and the words of its selections, as it describes itself to its clients."""
        found = await self._rpc.described(kind)
        words = {
            name: [word for word, _ in field.selection if word]
            for name, field in found.items()
            if isinstance(field.selection, list)
        }
        return Described(fields=[*found, "_timestamp"], values=words)

    async def sample(self, kind: str) -> bool:
        """Read one record of a model as it is read otherwise."""
        match kind:
            case "party.party":
                found: Sequence[Any] = await self._rpc.search(wire.Party, PARTY, [_has("identifiers.code", "")], most=1)
                for party in found:
                    await self._customer(party)
            case "sale.sale":
                found = await self._sales(CONTRACT, "", most=1)
                for sale in found:
                    contract([sale], entity=await self._known.companies.code(sale.company))
            case "project.work":
                found = await self._works(mapping.PROJECT, "", most=1)
                for work in found:
                    await self._project(work)
            case "account.invoice":
                found = (await self.invoices(limit=1)).items
            case "timesheet.line":
                found = await self._rpc.search(billing_wire.TimeLine, kind, [], most=1)
                for line in found:
                    time_entry(line)
            case _ if shape := _TABLES.get(kind):
                found = await self._rpc.search(shape, kind, [], most=1)
            case _:
                found = await self._rpc.search(wire.Code, kind, [["code", "!=", None]], most=1)
        return bool(found)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def legal_entity(self, code: str) -> LegalEntity:
        """A company by the code of its party, with its accounting periods."""
        company = await self._known.company(code)
        regular = [["company", "=", company.id], ["type", "=", "standard"]]
        return mapping.legal_entity(company, await self._rpc.search(wire.Period, PERIOD, regular, "start_date"))

    async def customer(self, customer_id: str) -> Customer:
        """A party by id."""
        return await self._customer(await self._rpc.read(wire.Party, PARTY, native(customer_id)))

    async def customer_by_key(self, key: str, legal_entity_id: str = "") -> Customer:
        """A party by our key. It is every company's: whose it is asked for is passed over."""
        return await self._customer(await self._party(key))

    async def tax_profile(self, key: str, legal_entity_id: str = "") -> TaxProfile:
        """How a party is taxed, from its tax identifier."""
        return mapping.tax_profile(await self._party(key))

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Write the party's own data; its number and its credit stay as they are."""
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        known = await self._keyed_party(key)
        values = mapping.party_values(
            key,
            data,
            known,
            currency=await self._optional(self._known.currencies, data.default_currency, "/default_currency"),
            terms=await self._optional(self._known.terms, data.payment_terms, "/payment_terms"),
            place=await self._place(data),
        )
        return await self._put(PARTY, known, values, company)

    async def project(self, project_id: str) -> Project:
        """A project by id."""
        return await self._project(await self._work(project_id))

    async def project_by_key(self, key: str) -> Project:
        """A project by our key."""
        return await self._project(found_one(await self._works(mapping.PROJECT, key), key))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Milestones are the PSA's, and its tasks until it is set up."""
        company = await self._known.companies.id(data.legal_entity_id, "/legal_entity_id")
        status = await self._known.statuses.id(codes.STAGES[data.stage], "/stage")
        known = next(iter(await self._works(mapping.PROJECT, key)), None)
        if any(known is None or each.id != known.id for each in await self._works("code", data.code)):
            raise Conflict(f"the code {data.code} belongs to another project", system=SYSTEM)
        values = mapping.project_values(key, data, known, status)
        if known is None:
            values |= await self._new_work(company, data)
        elif str(known.party) != data.account_id:
            values["party"] = await self._customer_id(data.account_id)
        return await self._put(WORK, known, values, company)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage."""
        known = await self._work(project_id)
        status = await self._known.statuses.id(codes.STAGES[data.stage], "/stage")
        return await self._put(WORK, known, {"status": status}, known.company)

    async def billing_schedule_by_key(self, key: str) -> BillingSchedule:
        """A billing plan by our key."""
        return await self._schedule(found_one(await self._sales(mapping.PLAN, key), key))

    async def upsert_billing_schedule(self, key: str, data: BillingSchedule) -> Written:
        """Write the billing plan as a draft sale; lines it no longer has are deleted."""
        work = await self._within(data.project_id)
        known = next(iter(await self._sales(mapping.PLAN, key)), None)
        values = mapping.schedule_values(key, data, known)
        if known is None:
            values |= await self._new_sale(work.company, str(work.party), data.currency)
        return await self._put(SALE, known, values, work.company)

    async def _schedule(self, found: wire.Sale) -> BillingSchedule:
        return mapping.billing_schedule(found, entity=await self._known.companies.code(found.company))

    async def _party(self, key: str) -> wire.Party:
        found = await self._keyed_party(key)
        if found is None:
            raise NotFound(f"no party has the key {key[:60]}", system=SYSTEM)
        return found

    async def _keyed_party(self, key: str) -> wire.Party | None:
        """The party of a key, closed or not. Where two were made at one moment, the first is it."""
        theirs = [["identifiers.code", "=", mapping.KEY + key], ["active", "in", [True, False]]]
        found = await self._rpc.search(wire.Party, PARTY, theirs)
        return next(iter(found), None)

    async def _works(self, word: str, text: str, most: int = 0) -> list[wire.Work]:
        theirs = [["type", "=", "project"], _has("comment", memo.pattern(word, text))]
        found = await self._rpc.search(wire.Work, WORK, theirs, most=most)
        return [each for each in found if not text or memo.read(each.comment).get(word) == text]

    async def _new_work(self, company: int, data: Project) -> dict[str, Any]:
        """What only a new project says: it takes hours, and those of some contracts are billed."""
        return {
            "type": "project",
            "company": company,
            "party": await self._customer_id(data.account_id),
            "timesheet_available": True,
            "project_invoice_method": "timesheet" if data.billing_method in codes.BY_TIME else "manual",
        }

    async def _place(self, data: Customer) -> dict[str, Any]:
        bill = next((each for each in data.addresses if each.role == "bill"), Address())
        country = await self._optional(self._known.countries, bill.country, "/addresses/0/country")
        code = f"{bill.country}-{bill.subdivision}" if bill.subdivision else ""
        subdivision = await self._optional(self._known.subdivisions, code, "/addresses/0/subdivision")
        return mapping.address_values(data, country, subdivision)


def _has(name: str, pattern: str) -> list[str]:
    return [name, "like", pattern or f"{mapping.KEY}%"]


_ports: tuple[
    type[LegalEntities],
    type[Customers],
    type[Contracts],
    type[ContractTerms],
    type[Items],
    type[SalesOrders],
    type[Projects],
    type[BillingSchedules],
    type[CustomerList],
    type[ProjectList],
    type[ProjectSetups],
    type[WorkBreakdowns],
    type[TimePostings],
    type[Invoices],
    type[Connection],
] = (Tryton,) * 15  # the type checker holds us to the ports
