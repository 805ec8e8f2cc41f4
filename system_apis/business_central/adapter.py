"""Business Central behind the ERP ports.

It has no upsert and no external key: our extension's pages carry `tiergateKey`, unique in a company, and a write looks
there first, then creates or changes the record under the version that was read (`If-Match` is required).
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from xml.etree.ElementTree import Element, ParseError, fromstring

import httpx
import msgspec

from canonical.faults import Drifted, FieldError, Invalid, NotFound
from canonical.objects import BillingSchedule, Contract, Customer, LegalEntity, Project, TaxProfile
from canonical.ports.operation import Written
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
from foundation.vendor_http import send
from system_apis.business_central import codes, mapping, wire
from system_apis.business_central.companies import Companies, Place
from system_apis.business_central.faults import fault_of

STANDARD: Final = "api/v2.0"
EXTENSION: Final = "api/tiergate/erp/v1.0"
_STANDARD_LISTS: Final = frozenset({"companies", "companyInformation", "accountingPeriods", "paymentTerms"})
PAGE: Final = 500
"""Rows of a page: it is a wish, the vendor's own limit is 20,000."""
_ID: Final = re.compile(r"([A-Za-z0-9_-]{1,30})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_CSDL: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
_LISTS: Final[Mapping[str, tuple[str, type[Any]]]] = {
    "companyInformation": ("companyInformation", wire.CompanyInformation),
    "accountingPeriod": ("accountingPeriods", wire.AccountingPeriod),
    "paymentTerm": ("paymentTerms", wire.PaymentTerms),
    "entitySetting": ("entitySettings", wire.EntitySettings),
    "customer": ("customers", wire.Customer),
    "salesOrder": ("salesOrders", wire.Order),
    "salesOrderLine": ("salesOrderLines", wire.OrderLine),
    "project": ("projects", wire.Project),
    "billingSchedule": ("billingSchedules", wire.Schedule),
    "projectPlanningLine": ("projectPlanningLines", wire.PlanningLine),
}
_EXPANDS: Final = {"salesOrders": "salesOrderLines", "billingSchedules": "projectPlanningLines"}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
R = TypeVar("R", bound=wire.Row)
T = TypeVar("T")


class BusinessCentral:
    """One environment. `http` carries the address, the sign-in and the time limits; `user` is the app we sign in as."""

    def __init__(self, http: httpx.AsyncClient, environment: str = "Production", user: str = "") -> None:
        self._http = http
        self._environment = environment
        self._user = user
        self._companies = Companies(self._rows)

    async def whoami(self) -> Account:
        """The environment, and the app we sign in as: the API has no "who am I"."""
        await self._companies.all()
        return Account(system="Business Central", instance=self._environment, user=self._user)

    async def described(self, kind: str) -> Described:
        """An entity's fields and the words of its lists, from the service's metadata."""
        standard = kind == "company" or _LISTS[kind][0] in _STANDARD_LISTS
        path = f"/v2.0/{self._environment}/{STANDARD if standard else EXTENSION}/$metadata"
        answer = await self._send("GET", path, headers={"Accept": "application/xml"})
        try:
            document = fromstring(answer.text)  # noqa: S314 - the vendor's own, and expat bounds what entities grow to
        except ParseError as wrong:
            raise Drifted(f"its metadata cannot be read: {wrong}", system=mapping.SYSTEM) from wrong
        return _described(document, kind)

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

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

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

    async def customer_by_key(self, key: str) -> Customer:
        """A customer by our key."""
        return await self._customer(await self._by_key("customers", key, wire.Customer))

    async def tax_profile(self, key: str) -> TaxProfile:
        """How a customer is taxed, from its registration number."""
        found = await self._by_key("customers", key, wire.Customer)
        return mapping.tax_profile(found.row, company=found.company.name)

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Write the customer's own data; credit limit and block stay as they are."""
        company = await self._companies.of_entity(data.legal_entity_id)
        local = await self._companies.local(company)
        terms = await self._companies.terms_id(company, data.payment_terms)
        draft = mapping.customer_draft(key, data, local=local, terms=terms)
        known = await self._keyed(company, "customers", key, wire.Customer)
        return await self._put(company, "customers", known, draft, draft)

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by our key: a sales order."""
        return await self._contract(await self._by_key("salesOrders", key, wire.Order))

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract as a sales order with one line, in the company its customer is in."""
        company, customer = await self._within(data.account_id, "/account_id")
        local = await self._companies.local(company)
        terms = await self._companies.terms_id(company, data.payment_terms)
        draft = mapping.order_draft(key, data, customer_id=customer, local=local, terms=terms)
        known = await self._keyed(company, "salesOrders", key, wire.Order)
        written = await self._put(company, "salesOrders", known, draft, mapping.order_head(draft))
        if known:
            kept = dict(zip("0", known.sales_order_lines, strict=False))
            await self._settle(company, f"salesOrders({known.id})/salesOrderLines", kept, {"0": draft_line(draft)})
            for surplus in known.sales_order_lines[1:]:
                await self._drop(company, "salesOrderLines", surplus)
        return written

    async def project(self, project_id: str) -> Project:
        """A project by id."""
        return await self._project(await self._by_id("projects", project_id, wire.Project))

    async def project_by_key(self, key: str) -> Project:
        """A project by our key."""
        return await self._project(await self._by_key("projects", key, wire.Project))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Tasks and milestones are the PSA's."""
        company, customer = await self._within(data.account_id, "/account_id")
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
            case wire.Schedule():
                await self._schedule(found)
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

    async def _by_id(self, name: str, native_id: str, shape: type[R]) -> Place:
        known = _ID.fullmatch(native_id)
        if known is None:
            raise NotFound(f"{native_id[:40]!r} is no id of a record there", system=mapping.SYSTEM)
        company = await self._companies.named(known[1])
        return Place(company, await self._one(company, name, known[2], shape))

    async def _by_key(self, name: str, key: str, shape: type[R]) -> Place:
        """Look into every company. Where two know the key (a customer of two), the one written last."""
        found = []
        for company in await self._companies.all():
            row = await self._keyed(company, name, key, shape)
            if row is not None:
                found.append(Place(company, row))
        if not found:
            raise NotFound(f"no company has the key {key} in {name}", system=mapping.SYSTEM)
        return max(found, key=lambda each: str(each.row.last_modified_date_time or ""))

    async def _within(self, native_id: str, pointer: str) -> tuple[wire.Company, str]:
        """The company and the GUID of an id that a caller gave us; `Invalid` where it is none of ours."""
        known = _ID.fullmatch(native_id)
        if known is None:
            detail = "this must be the id of a record in Business Central, as `ACME-DE.<GUID>`"
            raise Invalid(system=mapping.SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
        return await self._companies.of_entity(known[1]), known[2]

    async def _one(self, company: wire.Company, name: str, guid: str, shape: type[R]) -> R:
        params = {"$expand": _EXPANDS[name]} if name in _EXPANDS else None
        row: R = await self._send("GET", self._path(company.id, f"{name}({guid})"), shape, params=params)
        return row

    async def _keyed(self, company: wire.Company, name: str, key: str, shape: type[R]) -> R | None:
        rows = await self._rows(company.id, name, shape, where=f"tiergateKey eq {quoted(key)}")
        return rows[0] if rows else None

    async def _put(
        self, company: wire.Company, name: str, known: wire.Row | None, new: wire.Wire, changed: wire.Wire
    ) -> Written:
        """Create a record, or change the one that is there under the version it was read at."""
        if known is None:
            row = await self._write("POST", self._path(company.id, name), new)
            return Written(id=mapping.native(company.name, row.id), created=True, version=row.etag)
        row = await self._write("PATCH", self._path(company.id, f"{name}({known.id})"), changed, known.etag)
        return Written(id=mapping.native(company.name, row.id), created=False, version=row.etag)

    async def _settle(
        self, company: wire.Company, name: str, kept: Mapping[str, Any], wanted: Mapping[str, wire.Wire]
    ) -> None:
        """Bring lines to what is wanted: missing ones are made, others changed under their own version."""
        list_name = name.rpartition("/")[2]
        for ref, line in wanted.items():
            if ref not in kept:
                await self._write("POST", self._path(company.id, name), line)
            elif not _same(kept[ref], line):
                path = self._path(company.id, f"{list_name}({kept[ref].id})")
                await self._write("PATCH", path, line, kept[ref].etag)

    async def _drop(self, company: wire.Company, name: str, line: wire.Row) -> None:
        path = self._path(company.id, f"{name}({line.id})")
        await self._send("DELETE", path, headers={"If-Match": line.etag})

    async def _write(self, method: str, path: str, draft: wire.Wire, version: str = "") -> wire.Kept:
        headers = {"Content-Type": "application/json"} | ({"If-Match": version} if version else {})
        row: wire.Kept = await self._send(method, path, wire.Kept, content=_ENCODER.encode(draft), headers=headers)
        return row

    async def _rows(
        self, company: str, name: str, shape: type[T], *, where: str = "", order: str = "", most: int | None = None
    ) -> list[T]:
        """Every row, page by page. A page's link is followed as it is, on our own host."""
        asked = {"$filter": where, "$orderby": order, "$expand": _EXPANDS.get(name, "")}
        params = {option: text for option, text in asked.items() if text} or None
        prefer = {"Prefer": f"odata.maxpagesize={most or PAGE}"}
        path, found, seen = self._path(company, name), list[T](), set[str]()
        while path:
            page: wire.Rows[T] = await self._send("GET", path, wire.Rows[shape], params=params, headers=prefer)  # type: ignore[valid-type]  # a type given at run time
            found += page.value
            path = "" if most else path_of(page.next_link)
            if path in seen:
                raise Drifted("the link to the next page leads to a page that was read already", system=mapping.SYSTEM)
            seen |= {path} - {""}
            params = None
        return found

    def _path(self, company: str, rest: str) -> str:
        pages = STANDARD if rest in _STANDARD_LISTS else EXTENSION
        below = f"companies({company})/" if company else ""
        return f"/v2.0/{self._environment}/{pages}/{below}{rest}"

    async def _send(self, method: str, path: str, returns: Any = None, **more: Any) -> Any:
        return await send(self._http, method, path, returns, system=mapping.SYSTEM, faults=fault_of, **more)


def draft_line(order: wire.NewOrder) -> wire.OrderLineDraft:
    """The one line of an order of ours."""
    return order.sales_order_lines[0]


def path_of(link: str) -> str:
    """Where a page's link leads: only its path, since whatever host it names, the token goes to ours."""
    try:
        return httpx.URL(link).raw_path.decode("ascii") if link else ""
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=mapping.SYSTEM) from wrong


def quoted(text: str) -> str:
    """An OData string literal."""
    return "'" + text.replace("'", "''") + "'"


def _same(kept: wire.Wire, wanted: wire.Wire) -> bool:
    """Whether a line is as it is wanted, in the fields that are read."""
    shared = set(kept.__struct_fields__) & set(wanted.__struct_fields__)
    return all(getattr(kept, name) == getattr(wanted, name) for name in shared)


def _described(document: Element, kind: str) -> Described:
    entity = next((each for each in document.iter(f"{_CSDL}EntityType") if each.get("Name") == kind), None)
    if entity is None:
        raise NotFound(f"the service has no entity {kind}", system=mapping.SYSTEM)
    enums = {
        each.get("Name", ""): [codes.plain(member.get("Name", "")) for member in each.iter(f"{_CSDL}Member")]
        for each in document.iter(f"{_CSDL}EnumType")
    }
    types = {each.get("Name", ""): each.get("Type", "").rpartition(".")[2] for each in entity.iter(f"{_CSDL}Property")}
    return Described(fields=list(types), values={name: enums[type_] for name, type_ in types.items() if type_ in enums})


_ports: tuple[
    type[LegalEntities],
    type[Customers],
    type[Contracts],
    type[Projects],
    type[BillingSchedules],
    type[Connection],
] = (BusinessCentral,) * 6  # the type checker holds us to the ports
