"""Oracle Fusion Cloud ERP behind the ERP ports, over its REST resources.

Our key is Fusion's external key everywhere: source and source reference of an account, a contract, a project, a billing
event. It is looked up before anything is made; a create is one call with its children, an update one call or one batch,
so that nothing is ever half there.
"""

from typing import Any, Final

import httpx
import msgspec

from canonical.faults import Conflict, NotFound, VendorDuplicate, VendorRefused
from canonical.objects import (
    Customer,
    Invoice,
    LegalEntity,
    Payment,
    Project,
    TaxProfile,
)
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import ExpensePostings, TimePostings
from canonical.ports.leads import CustomerKeys, KeyChange
from canonical.ports.lists import PAGE, CustomerList, LifecycleChange, ProjectList, RecordChange
from canonical.ports.operation import Page, Written, cannot
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
from foundation.marks import Mark
from system_apis.oracle_fusion import (
    contracts_wire,
    framework,
    listing,
    mapping,
    orders_mapping,
    orders_wire,
    people_wire,
    receivables_wire,
    setups_mapping,
    setups_wire,
    wire,
)
from system_apis.oracle_fusion.billing import Billing
from system_apis.oracle_fusion.check import PLACES, SHAPES, description, names
from system_apis.oracle_fusion.codes import INACTIVE, OVERHEAD, RECEIVABLES, SOURCE, SYSTEM
from system_apis.oracle_fusion.costs import Costing
from system_apis.oracle_fusion.entities import FirmEntities
from system_apis.oracle_fusion.jobs import job
from system_apis.oracle_fusion.mapping import LINE_OF
from system_apis.oracle_fusion.owed import Receivables
from system_apis.oracle_fusion.parties import party
from system_apis.oracle_fusion.people import CustomersPeople, contact
from system_apis.oracle_fusion.rest import Change, Rest, at, differing, first, quoted, there
from system_apis.oracle_fusion.setups import Setups

UNSTAMPED: Final = "In receivables the date of the last change can be asked for in no release that we know of."


class OracleFusion(Billing, Setups, Costing, CustomersPeople):
    """One pod. `http` carries the address, the framework version, the sign-in and the time limits."""

    def __init__(self, http: httpx.AsyncClient, user: str = "") -> None:
        self._http = http
        self._rest = Rest(http)
        self._user = user
        self._entities = FirmEntities(self._firm)
        self._receivables = Receivables(self._rest, self._entities)

    async def whoami(self) -> Account:
        """The pod, as its host name says it, and the user or client we sign in as."""
        await self._rest.get(wire.PROJECTS, framework.Listed[framework.Some], {"limit": "1", "fields": "ProjectId"})
        return Account(system="Oracle Fusion", instance=self._http.base_url.host, user=self._user)

    async def described(self, kind: str) -> Described:
        """A resource's attributes and those of its children, from its own description."""
        told = await self._rest.get(description(PLACES[kind]), framework.Description)
        return Described(fields=names(told, PLACES[kind]))

    async def sample(self, kind: str) -> bool:
        """Read one record of a resource as it is read otherwise."""
        shape, more = SHAPES[kind]
        page = await self._rest.get(PLACES[kind], framework.Listed[shape], more | {"limit": "1"})  # type: ignore[valid-type]  # of the table
        for row in page.items:
            await self._canonical(row)
        return bool(page.items)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def legal_entity(self, code: str) -> LegalEntity:
        """A business unit by our code, with its receivables periods."""
        found = await self._entities.named(code)
        unit = await self._only(wire.BusinessUnit, "finBusinessUnitsLOV", f"BusinessUnitName={quoted(found.meaning)}")
        entity = await self._only(wire.LegalEntity, "legalEntitiesLOV", f"LegalEntityId={unit.legal_entity_id}")
        ledger = await self._only(wire.Ledger, "ledgersLOV", f"LedgerId={unit.primary_ledger_id}")
        params = {"q": f"LedgerId={ledger.ledger_id} and ApplicationId={RECEIVABLES}", "onlyData": "true"}
        path = f"{wire.FSCM}/accountingPeriodStatusLOV"
        periods = await self._rest.all(path, wire.PeriodStatus, params, "StartDate:asc,PeriodNameId:asc")
        return mapping.legal_entity(found, entity, ledger, periods)

    async def customer(self, customer_id: str) -> Customer:
        """A customer by party number."""
        return mapping.customer(await self._account(customer_id))

    async def customer_by_key(self, key: str, legal_entity_id: str = "") -> Customer:
        """A customer by our key. An account is every legal entity's; `NotFound` also where who asks is none of them."""
        if legal_entity_id:
            await self._entities.named(legal_entity_id)
        return mapping.customer(there(await self._account_by(key), key))

    async def tax_profile(self, key: str, legal_entity_id: str = "") -> TaxProfile:
        """How a customer is taxed, from its tax number."""
        return mapping.tax_profile(there(await self._account_by(key), key))

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Write the customer's own data; a credit hold stays as Fusion has it."""
        await self._entities.by_code(data.legal_entity_id)
        draft = mapping.account_draft(key, data)
        found = await self._account_by(key)
        if found is None:
            made = await self._rest.create(wire.ACCOUNTS, draft, wire.Account)
            return Written(id=made.party_number, created=True)
        changes = differing(wire.AccountHead, found, draft, "")
        for address in draft.primary_address:
            there = first(found.primary_address)
            changes += differing(wire.AddressHead, there, address, f"{at(found)}/child/PrimaryAddress")
        await self._rest.apply(wire.CRM, changes)
        return Written(id=found.party_number, created=False)

    async def set_customer_key(self, customer_id: str, data: KeyChange) -> Written:
        """Another reference of ours; `Conflict` when another account has it."""
        found = await self._rest.get(f"{wire.ACCOUNTS}/{party(customer_id)}", wire.KnownAccount, wire.KNOWN_WITH)
        ours = next((each for each in found.source_system_reference.items if each.source_system == SOURCE), None)
        wanted = wire.SourceReferenceDraft(source_system=SOURCE, source_system_reference_value=data.key)
        if ours is None:
            changes = [Change(operation="create", path=f"{at(found)}/child/SourceSystemReference", body=wanted)]
        else:
            changes = differing(wire.SourceReferenceHead, ours, wanted, "")
        try:
            await self._rest.apply(wire.CRM, changes)
        except VendorDuplicate as taken:
            raise Conflict(f"another customer has the key {data.key}", system=SYSTEM) from taken
        return Written(id=found.party_number, created=False)

    async def customers(self, cursor: str = "", limit: int = PAGE) -> Page[Customer]:
        """Accounts that are customers, in the order they were made."""
        found, following = await listing.page(self._rest, listing.CUSTOMERS, listing.begun(cursor), limit)
        return Page(items=[mapping.customer(each) for each in found], next=following)

    async def customer_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Customers changed since a watermark."""
        return await listing.changes(self._rest, listing.CUSTOMERS, Mark.read(since), limit)

    async def set_customer_lifecycle(self, customer_id: str, data: LifecycleChange) -> Written:
        """Tick that business is done with an account, or not. A party made inactive in Fusion stays so."""
        found = await self._account(customer_id)
        closed = data.lifecycle == "closed"
        if found.party_status == INACTIVE:
            if not closed:
                raise VendorRefused("the party is inactive there, and takes no change any more", system=SYSTEM)
        elif bool(found.tg_closed_c) != closed:
            wanted = wire.AccountClosing(tg_closed_c=closed)
            await self._rest.apply(wire.CRM, differing(wire.AccountClosing, found, wanted, ""))
        return Written(id=found.party_number, created=False)

    async def project(self, project_id: str) -> Project:
        """A project by id."""
        return await self._project(await self._project_of(project_id))

    async def project_by_key(self, key: str) -> Project:
        """A project by our key."""
        return await self._project(there(await self._project_by(key), key))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Tasks and milestones are the PSA's."""
        draft = mapping.project_draft(key, data, await self._entities.by_code(data.legal_entity_id))
        found = await self._project_by(key)
        if found is None:
            made = await self._rest.create(wire.PROJECTS, draft, wire.Project)
            return Written(id=str(made.project_id), created=True)
        below = f"{at(found)}/child/"
        changes = differing(wire.ProjectHead, found, draft, "")
        changes += differing(wire.ProjectFlexHead, first(found.flex), draft.flex[0], f"{below}ProjectDFF")
        if data.account_id not in [each.party_number for each in found.project_customers.items]:
            changes += [Change(operation="delete", path=at(each)) for each in found.project_customers.items]
            customer = draft.project_customers[0]
            changes.append(Change(operation="create", path=f"{below}ProjectCustomers", body=customer))
        await self._rest.apply(wire.FSCM, changes)
        return Written(id=str(found.project_id), created=False)

    async def projects(self, cursor: str = "", limit: int = PAGE) -> Page[Project]:
        """Projects of the firm's business units, in the order they were made."""
        last = listing.begun(cursor)
        found, following = await listing.page(self._rest, await self._ours(), last, limit)
        return Page(items=[await self._project(each) for each in found], next=following)

    async def project_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Projects changed since a watermark."""
        mark = Mark.read(since)
        return await listing.changes(self._rest, await self._ours(), mark, limit)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage."""
        found = await self._project_of(project_id)
        await self._rest.apply(wire.FSCM, differing(wire.ProjectStatus, found, mapping.project_status(data.stage), ""))
        return Written(id=str(found.project_id), created=False)

    async def invoice(self, invoice_id: str) -> Invoice:
        """An invoice by its transaction's id."""
        return await self._receivables.invoice(invoice_id)

    async def invoice_by_key(self, key: str) -> Invoice:
        """An invoice by our key."""
        return await self._receivables.invoice_by_key(key)

    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Make the draft, or make it again where it differs."""
        return await self._receivables.upsert_invoice(key, data)

    async def post_invoice(self, invoice_id: str) -> Written:
        """Complete a draft."""
        return await self._receivables.post_invoice(invoice_id)

    async def invoices(self, cursor: str = "", limit: int = PAGE, customer_id: str = "") -> Page[Invoice]:
        """Invoices, or those of one customer."""
        return await self._receivables.invoices(cursor, limit, customer_id)

    async def payment(self, payment_id: str) -> Payment:
        """A receipt, with what of it was applied."""
        return await self._receivables.payment(payment_id)

    async def payments(
        self, cursor: str = "", limit: int = PAGE, customer_id: str = "", invoice_id: str = ""
    ) -> Page[Payment]:
        """Receipts, those of one customer, or those that settle one invoice."""
        return await self._receivables.payments(cursor, limit, customer_id, invoice_id)

    credit_invoice = cannot(
        "Over REST a credit memo of Fusion is on account: none names the invoice it takes back.", system=SYSTEM
    )
    invoice_changes = cannot(UNSTAMPED, system=SYSTEM)
    payment_changes = cannot(UNSTAMPED, system=SYSTEM)

    async def _canonical(self, row: Any) -> None:
        match row:
            case wire.Account():
                mapping.customer(row)
            case people_wire.Contact():
                contact(row, legal_entity="")
            case contracts_wire.Contract():
                await self._contract(row)
            case wire.Project():
                await self._project(row)
            case setups_wire.Project():
                setups_mapping.setup(row)
                setups_mapping.states(row.tasks.items, set())
            case wire.Event():
                await self._schedule(row.source_reference.partition(LINE_OF)[0], [row])
            case orders_wire.Item():
                orders_mapping.item(row, [], legal_entity="")
            case orders_wire.Order():
                await self._order(row)
            case receivables_wire.Invoice():
                await self._receivables.invoice(str(row.customer_transaction_id))
            case receivables_wire.Receipt():
                await self._receivables.payment(str(row.standard_receipt_id))
            case wire.LookupCode():
                await self.legal_entity(row.lookup_code)

    async def _project(self, found: wire.Project) -> Project:
        return mapping.project(found, legal_entity=await self._entities.code_of(found.business_unit_name))

    async def _ours(self) -> listing.Kind:
        """Projects of our business units but for overhead: a pod may hold others, which are not this firm's."""
        entities = await self._entities.all()
        units = ",".join(quoted(each.meaning) for each in entities)
        overhead = "".join(f" and ProjectNumber != {quoted(OVERHEAD + each.lookup_code)}" for each in entities)
        return msgspec.structs.replace(listing.PROJECTS, where=f"BusinessUnitName in ({units}){overhead}")

    async def _account(self, number: str) -> wire.Account:
        return await self._rest.get(f"{wire.ACCOUNTS}/{party(number)}", wire.Account, wire.ACCOUNT_WITH)

    async def _account_by(self, key: str) -> wire.Account | None:
        wanted = f"SourceSystem='{SOURCE}' and SourceSystemReferenceValue={quoted(key)}"
        return await self._rest.first(wire.ACCOUNTS, wire.Account, {"q": wanted} | wire.ACCOUNT_WITH)

    async def _project_by(self, key: str) -> wire.Project | None:
        wanted = f"SourceApplicationCode='{SOURCE}' and SourceProjectReference={quoted(key)}"
        return await self._rest.first(wire.PROJECTS, wire.Project, {"q": wanted} | wire.PROJECT_WITH)

    async def _project_of(self, project_id: str) -> wire.Project:
        return await job(self._rest, project_id, wire.Project, wire.PROJECT_WITH)

    async def _firm(self) -> list[wire.LookupCode]:
        return await self._rest.all(wire.ENTITIES, wire.LookupCode, {"onlyData": "true"}, "LookupCode:asc")

    async def _only(self, shape: type[Any], resource: str, wanted: str) -> Any:
        params = {"q": wanted, "onlyData": "true"}
        page = await self._rest.get(f"{wire.FSCM}/{resource}", framework.Listed[shape], params)  # type: ignore[valid-type]  # of a call above
        if not page.items:
            raise NotFound(f"{resource} has nothing with {wanted}", system=SYSTEM)
        return page.items[0]


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
    type[ProjectSetups],
    type[WorkBreakdowns],
    type[BillingSchedules],
    type[Items],
    type[SalesOrders],
    type[Invoices],
    type[Payments],
    type[TimePostings],
    type[ExpensePostings],
    type[Connection],
] = (OracleFusion,) * 20  # the type checker holds us to the ports
