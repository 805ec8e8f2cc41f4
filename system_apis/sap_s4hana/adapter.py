"""SAP S/4HANA Cloud behind the ERP ports, over its OData services.

There is no upsert and no external key: our key is an identification of the business partner and a field of our own
elsewhere, looked up before anything is made. A create is one deep insert, so that it is there whole or not at all. An
update is a change for each record that differs, all of them one change set, and the head's with `If-Match`: what
somebody changed since we read it is not overwritten.
"""

from typing import Final

from msgspec.structs import replace

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import BillingSchedule, LegalEntity, Project
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import TimePostings
from canonical.ports.leads import CustomerKeys
from canonical.ports.lists import PAGE, CustomerList, ProjectList, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.orders import Items, SalesOrders
from canonical.ports.people import CustomerPeople
from canonical.ports.people import People as PeoplePort
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
from foundation.marks import Mark
from system_apis.sap_s4hana import (
    changed_wire,
    contracts_wire,
    listing,
    mapping,
    metadata,
    orders_mapping,
    orders_wire,
    owed_wire,
    partner_wire,
    people_wire,
    setups_wire,
    updates,
    wire,
)
from system_apis.sap_s4hana.calls import first, given
from system_apis.sap_s4hana.contracts import CONTRACT_WITH, Agreed
from system_apis.sap_s4hana.odata import SYSTEM, keyed, literal
from system_apis.sap_s4hana.orders import PRODUCT_WITH, SOLD_WITH
from system_apis.sap_s4hana.owed import BILL_WITH, REQUEST_WITH, Receivables
from system_apis.sap_s4hana.partners import PARTNER_WITH
from system_apis.sap_s4hana.people import RELATION_WITH, People
from system_apis.sap_s4hana.setups import PROJECT_WITH, SAMPLED
from system_apis.sap_s4hana.time_sheets import TimeSheets

ORDER_WITH: Final = "to_Item/to_BillingPlan/to_BillingPlanItem"

_SAMPLED: Final[dict[str, tuple[type[wire.Wire], dict[str, str]]]] = SAMPLED | {
    "A_CompanyCode": (wire.CompanyCode, {}),
    "A_BusinessPartnerContact": (people_wire.Relation, {"$expand": RELATION_WITH}),
    "A_SalesContractItem": (contracts_wire.Item, {}),
    "A_SalesOrderItem": (orders_wire.Sold, {}),
    "A_OperationalAcctgDocItemCube": (owed_wire.Entry, {}),
}
"""What is read of these as it stands, without a mapping of its own."""


class SapS4hana(People, Receivables, Agreed, TimeSheets):
    """One tenant, through one communication user. `http` carries the base address, the session and the time limits."""

    async def whoami(self) -> Account:
        """The tenant, as its host name says it, and the user or client we sign in as."""
        await self._list(wire.PARTNERS, "A_BusinessPartner", wire.Metadata, {"$top": "1"})
        return Account(system="SAP S/4HANA", instance=self._http.base_url.host, user=self._user)

    async def described(self, kind: str) -> Described:
        """An entity set's fields, from its service's `$metadata`."""
        service = metadata.SERVICE_OF[kind]
        answer = await self._send("GET", f"{service}/$metadata", headers={"Accept": "application/xml"})
        return Described(fields=metadata.fields(answer.text, kind))

    async def sample(self, kind: str) -> bool:
        """Read one record of an entity set as it is read otherwise."""
        params = {"$top": "1"}
        match kind:
            case "A_BusinessPartner":
                found = await self._list(wire.PARTNERS, kind, partner_wire.Partner, {**params, "$expand": PARTNER_WITH})
                return bool([await self._customer(each) for each in found])
            case "A_SalesContract":
                wanted = {**params, "$expand": CONTRACT_WITH}
                contracts = await self._list(wire.CONTRACTS, kind, contracts_wire.Contract, wanted)
                return bool([await self._contract(each) for each in contracts])
            case "A_SalesOrder":
                orders = await self._list(wire.ORDERS, kind, wire.Order, {**params, "$expand": ORDER_WITH})
                wanted = {**params, "$expand": SOLD_WITH}
                sold = await self._list(wire.ORDERS, kind, orders_wire.Order, wanted)
                return bool([await self._schedule(each) for each in orders] + [await self._sold(each) for each in sold])
            case "A_Product":
                products = await self._list(
                    orders_wire.PRODUCTS, kind, orders_wire.Product, {**params, "$expand": PRODUCT_WITH}
                )
                return bool([orders_mapping.item(each, None) for each in products])
            case "A_DebitMemoRequest":
                wanted = {**params, "$expand": REQUEST_WITH}
                return bool(await self._requested(await self._list(owed_wire.DEBITS, kind, owed_wire.Debit, wanted)))
            case "A_CreditMemoRequest":
                wanted = {**params, "$expand": REQUEST_WITH}
                return bool(await self._requested(await self._list(owed_wire.CREDITS, kind, owed_wire.Credit, wanted)))
            case "A_BillingDocument":
                bills = await self._list(owed_wire.BILLS, kind, owed_wire.Bill, {**params, "$expand": BILL_WITH})
                return bool(await self._other_bills(bills))
            case "A_EnterpriseProject":
                projects = await self._list(wire.PROJECTS, kind, wire.Project, params)
                settings = await self._list(
                    wire.PROJECTS, kind, setups_wire.Project, {**params, "$expand": PROJECT_WITH}
                )
                return bool([await self._project(each) for each in projects] + settings)
            case _:
                shape, more = _SAMPLED[kind]
                return bool(await self._list(metadata.SERVICE_OF[kind], kind, shape, params | more))

    async def legal_entity(self, code: str) -> LegalEntity:
        """A company code by our code, with its posting periods."""
        entities = await self._firm({"$filter": f"Code eq {literal(code)}", "$expand": "_Period"})
        found = first(entities, code)
        path = f"{wire.COMPANIES}/{keyed('A_CompanyCode', CompanyCode=found.company_code)}"
        company: wire.One[wire.CompanyCode] = await self._send("GET", path, wire.One[wire.CompanyCode])
        return mapping.legal_entity(found, company.d)

    async def project(self, project_id: str) -> Project:
        """A project by its UUID."""
        return await self._project(await self._job(project_id))

    async def projects(self, cursor: str = "", limit: int = PAGE) -> Page[Project]:
        """Projects by their codes."""
        asked = listing.projects_after(cursor, limit)
        found = await self._listed(wire.PROJECTS, "A_EnterpriseProject", wire.Project, asked)
        items = [await self._project(each) for each in found.results[:limit]]
        return Page(items=items, next=listing.projects_next(found, limit))

    async def project_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Projects changed since a watermark."""
        mark = Mark.read(since)
        asked = listing.projects_since(mark, limit)
        found = await self._listed(wire.PROJECTS, "A_EnterpriseProject", changed_wire.Project, asked)
        return listing.projects_changed(mark, found, limit)

    async def project_by_key(self, key: str) -> Project:
        """A project by our key."""
        return await self._project(await self._job_by(key))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Tasks and milestones are the PSA's."""
        draft = mapping.project_draft(key, data, await self._entities.by_code(data.legal_entity_id))
        try:
            found = await self._job_by(key)
        except NotFound:
            made = await self._create(f"{wire.PROJECTS}/A_EnterpriseProject", draft)
            if data.stage != "planned":
                await self._apply([updates.of_status(given(made.project_uuid), data.stage)])
            return Written(id=given(made.project_uuid), created=True)
        await self._apply(updates.of_project(found, draft, data.stage))
        return Written(id=found.project_uuid, created=False)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage."""
        found = await self._job(project_id)
        await self._apply(updates.of_stage(found, data.stage))
        return Written(id=found.project_uuid, created=False)

    async def billing_schedule_by_key(self, key: str) -> BillingSchedule:
        """A billing plan by our key."""
        return await self._schedule(await self._order_by(key))

    async def upsert_billing_schedule(self, key: str, data: BillingSchedule) -> Written:
        """Write the billing plan as an order of the project's element; items of lines that are gone are deleted.

        While an order of the deal's quote bills it, the plan is blocked for billing, so that nothing is billed twice.
        """
        if not data.project_id:
            error = FieldError(detail="a billing plan in SAP belongs to a project", pointer="/project_id")
            raise Invalid(system=SYSTEM, errors=[error])
        job = await self._job(data.project_id)
        draft = mapping.order_draft(key, data, job, await self._entities.by_company(job.company_code))
        ordered = await self._is_ordered(job)
        try:
            found = await self._order_by(key)
        except NotFound:
            draft = replace(draft, header_billing_block_reason=mapping.plan_block("", ordered=ordered))
            made = await self._create(f"{wire.ORDERS}/A_SalesOrder", draft)
            return Written(id=given(made.sales_order), created=True)
        block = mapping.plan_block(found.header_billing_block_reason, ordered=ordered)
        await self._apply(updates.of_order(found, replace(draft, header_billing_block_reason=block)))
        return Written(id=found.sales_order, created=False)

    async def _project(self, found: wire.Project) -> Project:
        entity = await self._entities.by_company(found.company_code)
        return mapping.project(found, legal_entity=entity.code)

    async def _schedule(self, found: wire.Order) -> BillingSchedule:
        entity = await self._entities.by_sales(found.sales_organization)
        return mapping.billing_schedule(found, legal_entity=entity.code)

    async def _order_by(self, key: str) -> wire.Order:
        params = {"$filter": f"YY1_TGKey_SDH eq {literal(key)}", "$expand": ORDER_WITH}
        return first(await self._list(wire.ORDERS, "A_SalesOrder", wire.Order, params), key)

    async def _job_by(self, key: str) -> wire.Project:
        params = {"$filter": f"YY1_TGKey_PPH eq {literal(key)}"}
        return first(await self._list(wire.PROJECTS, "A_EnterpriseProject", wire.Project, params), key)


_ports: tuple[
    type[LegalEntities],
    type[Customers],
    type[CustomerList],
    type[CustomerKeys],
    type[PeoplePort],
    type[CustomerPeople],
    type[Contracts],
    type[ContractTerms],
    type[Projects],
    type[ProjectList],
    type[BillingSchedules],
    type[Items],
    type[SalesOrders],
    type[Invoices],
    type[Payments],
    type[ProjectSetups],
    type[WorkBreakdowns],
    type[TimePostings],
    type[Connection],
] = (SapS4hana,) * 19  # the type checker holds us to the ports
