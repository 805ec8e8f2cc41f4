"""NetSuite behind the ERP ports, over the SuiteTalk REST record API and SuiteQL.

Our key is NetSuite's `externalId`: every write is `PUT .../eid:<key>`, an upsert, so that it can be repeated. NetSuite
answers a write with nothing but the record's address, alike for a new and an old record: `Written.created` is None.
"""

from typing import Final

from msgspec.structs import replace

from canonical.faults import Conflict, FieldError, Invalid, NotFound, VendorDuplicate, VendorForbade
from canonical.objects import BillingSchedule, Contract, Customer, LegalEntity, Project, TaxProfile
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import ExpensePostings, TimePostings
from canonical.ports.leads import CustomerKeys, KeyChange
from canonical.ports.lists import CustomerList, ProjectList
from canonical.ports.operation import Written
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
from foundation.checking import Allowed, Described
from system_apis.netsuite import effort_wire, mapping, people, receivables_wire, tasks, tasks_wire, wire
from system_apis.netsuite.calls import RECORDS, checked, eid, quoted
from system_apis.netsuite.contracts import Amended
from system_apis.netsuite.effort import Effort
from system_apis.netsuite.orders import Orders
from system_apis.netsuite.people import CustomersPeople
from system_apis.netsuite.receivables import Receivables
from system_apis.netsuite.setups import Setups

_SUBSIDIARY: Final = (
    "SELECT id, name, legalname, country, currency, isinactive, custrecord_tg_code, custrecord_tg_time_zone,"
    " custrecord_tg_ic_partners FROM subsidiary WHERE custrecord_tg_code = {code}"
)
_PERIODS: Final = (
    "SELECT periodname, TO_CHAR(startdate, 'YYYY-MM-DD') AS startdate, TO_CHAR(enddate, 'YYYY-MM-DD') AS enddate,"
    " closed, arlocked FROM accountingperiod WHERE isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'"
    " ORDER BY startdate"
)
_LIMITS: Final = "/services/rest/system/v1/governanceLimits"
_GOVERNANCE: Final = "Setup > Integration > Integration Management > Integration Governance"
_PLAIN: Final[dict[str, type[wire.Wire]]] = {
    tasks.KIND: tasks_wire.Task,
    "expenseReport": effort_wire.ExpenseReport,
}
"""Records a check reads and maps no further: people have them in forms of their own."""


class NetSuite(Receivables, CustomersPeople, Effort, Setups, Orders, Amended):
    """One NetSuite account. `http` carries the base address, the sign-in and the time limits; `user` signs in."""

    async def whoami(self) -> Account:
        """The account, as its host name says it, and the integration we sign in as."""
        await self._send("GET", f"{RECORDS}/metadata-catalog", wire.Catalog, params={"select": "customer"})
        account = self._http.base_url.host.removesuffix(".suitetalk.api.netsuite.com")
        return Account(system="NetSuite", instance=account, user=self._user)

    async def allowed(self) -> Allowed:
        """What the account works on at once for this integration; only an administrator is told."""
        try:
            limits: wire.GovernanceLimits = await self._send("GET", _LIMITS, wire.GovernanceLimits)
        except VendorForbade:
            return Allowed(concurrent=None, whose="since only administrators are told", set_at=_GOVERNANCE)
        ours, whose = limits.integration_concurrency_limit, "allotted to this integration"
        if ours is None:
            ours, whose = limits.account_unallocated_concurrency_limit, "for all integrations that none are allotted to"
        whose = f"of {limits.account_concurrency_limit} of the account, {whose}"
        return Allowed(concurrent=ours, whose=whose, set_at=_GOVERNANCE)

    async def described(self, kind: str) -> Described:
        """A record type's fields, from the metadata catalogue."""
        accept = {"Accept": "application/schema+json"}
        path = f"{RECORDS}/metadata-catalog/{kind}"
        told: wire.Schema = await self._send("GET", path, wire.Schema, headers=accept)
        return Described(fields=list(told.properties))

    async def sample(self, kind: str) -> bool:
        """Read one record of a type as it is read otherwise."""
        params = {"limit": "1"}
        listed: wire.Listed = await self._send("GET", f"{RECORDS}/{kind}", wire.Listed, params=params)
        for found in listed.items:
            match kind:
                case "customer":
                    await self.customer(found.id)
                case people.KIND:
                    await self.person(found.id)
                case "job":
                    await self.project(found.id)
                case "salesOrder":
                    await self._contract(await self._get(kind, found.id, wire.SalesOrder))
                case "billingSchedule":
                    await self._schedule(await self._get(kind, found.id, wire.BillingSchedule))
                case "invoice":
                    await self.invoice(found.id)
                case "creditMemo":
                    await self._credit_note(await self._get(kind, found.id, receivables_wire.CreditMemo))
                case "customerPayment":
                    await self.payment(found.id)
                case "timeBill":
                    await self._time(await self._get(kind, found.id, effort_wire.TimeBill))
                case tasks.KIND | "expenseReport":
                    await self._get(kind, found.id, _PLAIN[kind])
                case _:
                    await self._entity(wire.Ref(id=found.id))
        return bool(listed.items)

    async def legal_entity(self, code: str) -> LegalEntity:
        """A subsidiary by our code, with its accounting periods."""
        found = await self._query(_SUBSIDIARY.format(code=quoted(code)), wire.Rows[wire.SubsidiaryRow])
        if not found:
            raise NotFound(f"NetSuite has no subsidiary with the code {code}", system="netsuite")
        periods = await self._query(_PERIODS, wire.Rows[wire.PeriodRow])
        currency = await self._references.currencies.code(found[0].currency)
        return mapping.legal_entity(found[0], periods, currency=currency)

    async def customer(self, customer_id: str) -> Customer:
        """A customer by internal id."""
        return await self._customer(await self._get("customer", checked(customer_id), wire.Customer))

    async def customer_by_key(self, key: str, legal_entity_id: str = "") -> Customer:
        """A customer by external id. It is every subsidiary's: whose it is asked for is passed over."""
        return await self._customer(await self._get("customer", eid(key), wire.Customer))

    async def tax_profile(self, key: str, legal_entity_id: str = "") -> TaxProfile:
        """How a customer is taxed, from its registration number."""
        found = await self._get("customer", eid(key), wire.Customer)
        return mapping.tax_profile(found, legal_entity=await self._entity(found.subsidiary))

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Write the customer's own data; credit limit and hold stay as NetSuite has them."""
        draft = mapping.customer_draft(
            data,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.default_currency),
            terms=await self._terms(data.payment_terms),
            billing_line=await self._billing_line(key),
        )
        return await self._upsert("customer", key, draft)

    async def set_customer_key(self, customer_id: str, data: KeyChange) -> Written:
        """Another external id; "already exists" is another customer's, which no second try mends."""
        path = f"{RECORDS}/customer/{checked(customer_id)}"
        try:
            return await self._write("PATCH", path, wire.Rekeyed(external_id=data.key))
        except VendorDuplicate as taken:
            raise Conflict(f"another customer has the key {data.key}", system="netsuite") from taken

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by external id: a sales order."""
        return await self._contract(await self._get("salesOrder", eid(key), wire.SalesOrder))

    async def _contract(self, found: wire.SalesOrder) -> Contract:
        return mapping.contract(
            found, legal_entity=await self._entity(found.subsidiary), currency=await self._currency(found.currency)
        )

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract as a sales order with one line.

        Where an order of a quote bills it, or it was carried line by line, its lines stay; of the latter only the
        status is written.
        """
        if data.amendment is not None:
            try:
                carried = await self.contract_terms(key)
            except NotFound as missing:
                error = FieldError(detail="what was amended is made by its terms, line by line", pointer="/amendment")
                raise Invalid(system="netsuite", errors=[error]) from missing
            return await self.set_contract_terms(key, replace(carried, status=data.status))
        draft = mapping.contract_draft(
            data,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
            terms=await self._terms(data.payment_terms),
        )
        return await self._upsert("salesOrder", key, draft, replace="item" if draft.item else "")

    async def project(self, project_id: str) -> Project:
        """A project by internal id."""
        return await self._project(await self._get("job", checked(project_id), wire.Job))

    async def project_by_key(self, key: str) -> Project:
        """A project by external id."""
        return await self._project(await self._get("job", eid(key), wire.Job))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Its milestones are the PSA's, its tasks are written page by page."""
        draft = mapping.job_draft(
            data,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
        )
        return await self._upsert("job", key, draft)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage."""
        return await self._write("PATCH", f"{RECORDS}/job/{checked(project_id)}", mapping.job_stage(data.stage))

    async def billing_schedule_by_key(self, key: str) -> BillingSchedule:
        """A billing plan by external id; its currency is its project's."""
        return await self._schedule(await self._get("billingSchedule", eid(key), wire.BillingSchedule))

    async def _schedule(self, found: wire.BillingSchedule) -> BillingSchedule:
        job = await self._get("job", found.project.id, wire.Job)
        return mapping.billing_schedule(found, currency=await self._currency(job.currency))

    async def upsert_billing_schedule(self, key: str, data: BillingSchedule) -> Written:
        """Write the billing plan; its lines replace those that were there."""
        if not data.project_id:
            error = FieldError(detail="a billing schedule in NetSuite belongs to a project", pointer="/project_id")
            raise Invalid(system="netsuite", errors=[error])
        draft = mapping.billing_schedule_draft(data)
        return await self._upsert("billingSchedule", key, draft, replace="milestone,recurrence")

    async def _customer(self, found: wire.Customer) -> Customer:
        return mapping.customer(
            found, legal_entity=await self._entity(found.subsidiary), currency=await self._currency(found.currency)
        )

    async def _project(self, found: wire.Job) -> Project:
        return mapping.project(
            found, legal_entity=await self._entity(found.subsidiary), currency=await self._currency(found.currency)
        )

    async def _billing_line(self, key: str) -> int | None:
        """The address line to overwrite: a line without an id would be added to those that are there."""
        try:
            found = await self._get("customer", eid(key), wire.Customer)
        except NotFound:
            return None
        return next((line.id for line in found.address_book.items if line.default_billing), None)


_ports: tuple[
    type[LegalEntities],
    type[Customers],
    type[CustomerList],
    type[People],
    type[CustomerPeople],
    type[CustomerKeys],
    type[Contracts],
    type[ContractTerms],
    type[Projects],
    type[ProjectList],
    type[ProjectSetups],
    type[WorkBreakdowns],
    type[BillingSchedules],
    type[Items],
    type[SalesOrders],
    type[TimePostings],
    type[ExpensePostings],
    type[Invoices],
    type[Payments],
    type[Connection],
] = (NetSuite,) * 20  # the type checker holds us to the ports
