"""Business Central behind the ERP ports.

It has no upsert and no external key: our extension's pages carry `tiergateKey`, unique in a company, and a write looks
there first, then creates or changes the record under the version that was read (`If-Match` is required).
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from canonical.faults import Conflict, Drifted, FieldError, Invalid, NotFound, VendorDuplicate
from canonical.objects import BillingSchedule, Contract, Customer, LegalEntity, Project, TaxProfile
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import TimePostings
from canonical.ports.leads import CustomerKeys, KeyChange
from canonical.ports.lists import PAGE as PAGE_SIZE
from canonical.ports.lists import CustomerList, LifecycleChange, ProjectList, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.orders import Items, SalesOrders
from canonical.ports.people import CustomerPeople, People
from canonical.ports.receivables import Invoices, Payments
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
from system_apis.business_central import (
    codes,
    effort_wire,
    mapping,
    metadata,
    orders_wire,
    people_wire,
    receivables_wire,
    setups_wire,
    wire,
)
from system_apis.business_central.companies import Place
from system_apis.business_central.contracts import Amended
from system_apis.business_central.effort import EMPLOYEES, ENTRIES, Effort
from system_apis.business_central.orders_mapping import OVER, RELEASED
from system_apis.business_central.people import CONTACTS, CustomersPeople, contact
from system_apis.business_central.receivables import INVOICES, MEMOS, Receivables
from system_apis.business_central.receivables_mapping import PAYMENT
from system_apis.business_central.records import EXTENSION, STANDARD, STANDARD_LISTS
from system_apis.business_central.setups import TASKS, Setups

_LISTS: Final[Mapping[str, tuple[str, type[Any]]]] = {
    "companyInformation": ("companyInformation", wire.CompanyInformation),
    "accountingPeriod": ("accountingPeriods", wire.AccountingPeriod),
    "paymentTerm": ("paymentTerms", wire.PaymentTerms),
    "entitySetting": ("entitySettings", wire.EntitySettings),
    "customer": ("customers", wire.Customer),
    "contact": (CONTACTS, people_wire.Contact),
    "salesOrder": ("salesOrders", wire.Order),
    "salesOrderLine": ("salesOrderLines", wire.OrderLine),
    "item": ("items", orders_wire.Item),
    "assemblyComponent": ("assemblyComponents", orders_wire.Component),
    "project": ("projects", wire.Project),
    "projectTask": (TASKS, setups_wire.Task),
    "billingSchedule": ("billingSchedules", wire.Schedule),
    "projectPlanningLine": ("projectPlanningLines", wire.PlanningLine),
    "salesInvoice": (INVOICES, receivables_wire.Invoice),
    "salesInvoiceLine": ("salesInvoiceLines", receivables_wire.Line),
    "salesCreditMemo": (MEMOS, receivables_wire.CreditMemo),
    "salesCreditMemoLine": ("salesCreditMemoLines", receivables_wire.Line),
    "customerLedgerEntry": ("customerLedgerEntries", receivables_wire.LedgerEntry),
    "employee": (EMPLOYEES, effort_wire.Employee),
    "timeRegistrationEntry": (ENTRIES, effort_wire.TimeEntry),
    "appliedEntry": ("appliedEntries", receivables_wire.AppliedEntry),
}


class BusinessCentral(Amended, Receivables, CustomersPeople, Effort, Setups):
    """One environment. `http` carries the address, the sign-in and the time limits; `user` is the app we sign in as."""

    async def whoami(self) -> Account:
        """The environment, and the app we sign in as: the API has no "who am I"."""
        await self._companies.all()
        return Account(system="Business Central", instance=self._environment, user=self._user)

    async def described(self, kind: str) -> Described:
        """An entity's fields and the words of its lists, from the service's metadata."""
        standard = kind == "company" or _LISTS[kind][0] in STANDARD_LISTS
        path = f"/v2.0/{self._environment}/{STANDARD if standard else EXTENSION}/$metadata"
        answer = await self._send("GET", path, headers={"Accept": "application/xml"})
        return metadata.described(answer.text, kind)

    async def sample(self, kind: str) -> bool:
        """Read one record of an entity as it is read otherwise, from the first company that has one."""
        for company in await self._companies.all():
            if kind == "company":
                return True
            name, shape = _LISTS[kind]
            for row in (await self._rows(company.id, name, shape, most=1))[:1]:
                await self._canonical(company, row)
                return True
        return False

    async def legal_entity(self, code: str) -> LegalEntity:
        """A company by its name, with its accounting periods."""
        company = await self._companies.named(code)
        periods = await self._rows(company.id, "accountingPeriods", wire.AccountingPeriod, order="startingDate")
        settings = await self._rows(company.id, "entitySettings", wire.EntitySettings)
        if not settings:
            raise Drifted(f"the company {code} has no row in entitySettings", system=mapping.SYSTEM)
        return mapping.legal_entity(company, await self._companies.told(company), settings[0], periods)

    async def customer(self, customer_id: str) -> Customer:
        """A customer by id."""
        return await self._customer(await self._by_id("customers", customer_id, wire.Customer))

    async def customer_by_key(self, key: str, legal_entity_id: str = "") -> Customer:
        """A customer by our key, of one company where it is said."""
        return await self._customer(await self._by_key("customers", key, wire.Customer, legal_entity_id))

    async def tax_profile(self, key: str, legal_entity_id: str = "") -> TaxProfile:
        """How a customer is taxed, from its registration number."""
        found = await self._by_key("customers", key, wire.Customer, legal_entity_id)
        return mapping.tax_profile(found.row, company=found.company.name)

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Write the customer's own data; credit limit and block stay as they are."""
        company = await self._companies.of_entity(data.legal_entity_id)
        local = await self._companies.local(company)
        terms = await self._companies.terms_id(company, data.payment_terms)
        draft = mapping.customer_draft(key, data, local=local, terms=terms)
        known = await self._keyed(company, "customers", key, wire.Customer)
        return await self._put(company, "customers", known, draft, draft)

    async def customers(self, cursor: str = "", limit: int = PAGE_SIZE) -> Page[Customer]:
        """Customers, company by company."""
        found, following = await self._lists.page({"customers": wire.Customer}, cursor, limit)
        return Page(items=[await self._customer(each) for each in found], next=following)

    async def customer_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        """Customers changed in any company."""
        return await self._lists.changes(("customers",), since, limit)

    async def set_customer_lifecycle(self, customer_id: str, data: LifecycleChange) -> Written:
        """Block a customer for everything, or take that block away; another block stays."""
        found = await self._by_id("customers", customer_id, wire.Customer)
        block = mapping.customer_block(found.row, data.lifecycle)
        return await self._put(found.company, "customers", found.row, block, block)

    async def set_customer_key(self, customer_id: str, data: KeyChange) -> Written:
        """Another key of ours; "already exists" is another customer's of that company, which no second try mends."""
        found = await self._by_id("customers", customer_id, wire.Customer)
        key = wire.CustomerKey(tiergate_key=data.key)
        try:
            return await self._put(found.company, "customers", found.row, key, key)
        except VendorDuplicate as taken:
            detail = f"another customer of {found.company.name} has the key {data.key}"
            raise Conflict(detail, system=mapping.SYSTEM) from taken

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by our key: a sales order."""
        return await self._contract(await self._by_key("salesOrders", key, wire.Order))

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract as a sales order with one line, in the company its customer is in.

        Where the order of a quote bills it, or it was carried line by line, its lines stay; of the latter only the
        status is written.
        """
        if data.amendment is not None:
            try:
                carried = await self.contract_terms(key)
            except NotFound as missing:
                error = FieldError(detail="what was amended is made by its terms, line by line", pointer="/amendment")
                raise Invalid(system=mapping.SYSTEM, errors=[error]) from missing
            return await self.set_contract_terms(key, replace(carried, status=data.status))
        company, customer = await self._within(data.account_id, "/account_id", data.legal_entity_id)
        local = await self._companies.local(company)
        terms = await self._companies.terms_id(company, data.payment_terms)
        draft = mapping.order_draft(key, data, customer_id=customer, local=local, terms=terms)
        known = await self._keyed(company, "salesOrders", key, wire.Order)
        if data.order_id:
            return await self._mark(company, known, draft)
        written = await self._put(company, "salesOrders", known, draft, mapping.order_head(draft))
        if known:
            kept = dict(zip("0", known.sales_order_lines, strict=False))
            await self._settle(company, f"salesOrders({known.id})/salesOrderLines", kept, {"0": draft_line(draft)})
            for surplus in known.sales_order_lines[1:]:
                await self._drop(company, "salesOrderLines", surplus)
        return written

    async def _mark(self, company: wire.Company, known: wire.Order | None, draft: wire.NewOrder) -> Written:
        """A contract that the order of a quote bills: only what the contract adds to it is written."""
        if known is None:
            error = FieldError(detail="the order that bills this contract is not there", pointer="/order_id")
            raise Invalid(system=mapping.SYSTEM, errors=[error])
        mark = mapping.contract_mark(draft)
        over = codes.contract_status(mark.contract_status) in OVER and codes.plain(known.status) == RELEASED
        row = await self._reopened(company, known) if over else known
        return await self._put(company, "salesOrders", row, mark, mark)

    async def project(self, project_id: str) -> Project:
        """A project by id."""
        return await self._project(await self._by_id("projects", project_id, wire.Project))

    async def projects(self, cursor: str = "", limit: int = PAGE_SIZE) -> Page[Project]:
        """Projects, company by company."""
        found, following = await self._lists.page({"projects": wire.Project}, cursor, limit)
        return Page(items=[await self._project(each) for each in found], next=following)

    async def project_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        """Projects changed in any company."""
        return await self._lists.changes(("projects",), since, limit)

    async def project_by_key(self, key: str) -> Project:
        """A project by our key."""
        return await self._project(await self._by_key("projects", key, wire.Project))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Tasks and milestones are the PSA's."""
        company, customer = await self._within(data.account_id, "/account_id", data.legal_entity_id)
        local = await self._companies.local(company)
        draft = mapping.project_draft(key, data, customer_id=customer, local=local)
        known = await self._keyed(company, "projects", key, wire.Project)
        return await self._put(company, "projects", known, draft, draft)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage."""
        found = await self._by_id("projects", project_id, wire.Project)
        stage = mapping.project_stage(data.stage)
        return await self._put(found.company, "projects", found.row, stage, stage)

    async def billing_schedule_by_key(self, key: str) -> BillingSchedule:
        """A billing plan by our key; its currency is its project's."""
        return await self._schedule(await self._by_key("billingSchedules", key, wire.Schedule))

    async def upsert_billing_schedule(self, key: str, data: BillingSchedule) -> Written:
        """Write the billing plan; lines it no longer has are deleted."""
        company, project = await self._within(data.project_id, "/project_id")
        draft = mapping.schedule_draft(key, data, project_id=project)
        known = await self._keyed(company, "billingSchedules", key, wire.Schedule)
        written = await self._put(company, "billingSchedules", known, draft, mapping.schedule_head(draft))
        if known:
            kept = {line.line_reference: line for line in known.project_planning_lines}
            wanted = {line.line_reference: line for line in draft.project_planning_lines}
            await self._settle(company, f"billingSchedules({known.id})/projectPlanningLines", kept, wanted)
            for line in known.project_planning_lines:
                if line.line_reference not in wanted:
                    await self._drop(company, "projectPlanningLines", line)
        return written

    async def _canonical(self, company: wire.Company, row: Any) -> None:
        found = Place(company, row)
        match row:
            case wire.Customer():
                await self._customer(found)
            case wire.Order():
                await self._contract(found)
            case wire.Project():
                await self._project(found)
            case orders_wire.Item():
                await self._item(found)
            case wire.Schedule():
                await self._schedule(found)
            case receivables_wire.Invoice() | receivables_wire.CreditMemo():
                await self._document(found)
            case receivables_wire.LedgerEntry() if codes.plain(row.document_type) == PAYMENT:
                await self._payment(found)
            case people_wire.Contact():
                contact(found)
            case effort_wire.TimeEntry():
                await self._time(found)
            case _:
                await self.legal_entity(company.name)

    async def _customer(self, found: Place) -> Customer:
        local = await self._companies.local(found.company)
        terms = await self._companies.terms_name(found.company, found.row.payment_terms_id)
        return mapping.customer(found.row, company=found.company.name, local=local, terms=terms)

    async def _contract(self, found: Place) -> Contract:
        local = await self._companies.local(found.company)
        terms = await self._companies.terms_name(found.company, found.row.payment_terms_id)
        return mapping.contract(found.row, company=found.company.name, local=local, terms=terms)

    async def _project(self, found: Place) -> Project:
        local = await self._companies.local(found.company)
        return mapping.project(found.row, company=found.company.name, local=local)

    async def _schedule(self, found: Place) -> BillingSchedule:
        company = found.company
        project = await self._one(company, "projects", found.row.project_id, wire.Project)
        currency = mapping.project_currency(project, await self._companies.local(company))
        return mapping.billing_schedule(found.row, company=company.name, currency=currency)


def draft_line(order: wire.NewOrder) -> wire.OrderLineDraft:
    """The one line of an order of ours."""
    return order.sales_order_lines[0]


_ports: tuple[
    type[LegalEntities],
    type[Customers],
    type[CustomerList],
    type[CustomerKeys],
    type[People],
    type[CustomerPeople],
    type[Contracts],
    type[ContractTerms],
    type[Projects],
    type[ProjectList],
    type[BillingSchedules],
    type[Invoices],
    type[Payments],
    type[TimePostings],
    type[Items],
    type[SalesOrders],
    type[ProjectSetups],
    type[WorkBreakdowns],
    type[Connection],
] = (BusinessCentral,) * 19  # the type checker holds us to the ports
