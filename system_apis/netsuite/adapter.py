"""NetSuite behind the ERP ports, over the SuiteTalk REST record API and SuiteQL.

Our key is NetSuite's `externalId`: every write is `PUT .../eid:<key>`, an upsert, so that it can be repeated. NetSuite
answers a write with nothing but the record's address, alike for a new and an old record: `Written.created` is None.
"""

import re
from typing import Any, Final, TypeVar
from urllib.parse import quote

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
from system_apis.netsuite import faults, mapping, wire
from system_apis.netsuite.references import References

RECORDS: Final = "/services/rest/record/v1"
SUITEQL: Final = "/services/rest/query/v1/suiteql"
PAGE: Final = 1000
"""Rows a SuiteQL page, the most there is."""

_SUBSIDIARY: Final = (
    "SELECT id, name, legalname, country, currency, isinactive, custrecord_tg_code, custrecord_tg_time_zone,"
    " custrecord_tg_ic_partners FROM subsidiary WHERE custrecord_tg_code = {code}"
)
_PERIODS: Final = (
    "SELECT periodname, TO_CHAR(startdate, 'YYYY-MM-DD') AS startdate, TO_CHAR(enddate, 'YYYY-MM-DD') AS enddate,"
    " closed, arlocked FROM accountingperiod WHERE isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'"
    " ORDER BY startdate"
)
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
T = TypeVar("T")


class NetSuite:
    """One NetSuite account. `http` carries the base address, the sign-in and the time limits; `user` signs in."""

    def __init__(self, http: httpx.AsyncClient, user: str = "") -> None:
        self._http = http
        self._user = user
        self._references = References(self._codes)

    async def whoami(self) -> Account:
        """The account, as its host name says it, and the integration we sign in as."""
        await self._send("GET", f"{RECORDS}/metadata-catalog", wire.Catalog, params={"select": "customer"})
        account = self._http.base_url.host.removesuffix(".suitetalk.api.netsuite.com")
        return Account(system="NetSuite", instance=account, user=self._user)

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
                case "job":
                    await self.project(found.id)
                case "salesOrder":
                    await self._contract(await self._get(kind, found.id, wire.SalesOrder))
                case "billingSchedule":
                    await self._schedule(await self._get(kind, found.id, wire.BillingSchedule))
                case _:
                    await self._entity(wire.Ref(id=found.id))
        return bool(listed.items)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

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
        return await self._customer(await self._get("customer", _checked(customer_id), wire.Customer))

    async def customer_by_key(self, key: str) -> Customer:
        """A customer by external id."""
        return await self._customer(await self._get("customer", eid(key), wire.Customer))

    async def tax_profile(self, key: str) -> TaxProfile:
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

    async def contract_by_key(self, key: str) -> Contract:
        """A contract by external id: a sales order."""
        return await self._contract(await self._get("salesOrder", eid(key), wire.SalesOrder))

    async def _contract(self, found: wire.SalesOrder) -> Contract:
        return mapping.contract(
            found, legal_entity=await self._entity(found.subsidiary), currency=await self._currency(found.currency)
        )

    async def upsert_contract(self, key: str, data: Contract) -> Written:
        """Write the contract as a sales order with one line, which replaces the lines that were there."""
        draft = mapping.contract_draft(
            data,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
            terms=await self._terms(data.payment_terms),
        )
        return await self._upsert("salesOrder", key, draft, replace="item")

    async def project(self, project_id: str) -> Project:
        """A project by internal id."""
        return await self._project(await self._get("job", _checked(project_id), wire.Job))

    async def project_by_key(self, key: str) -> Project:
        """A project by external id."""
        return await self._project(await self._get("job", eid(key), wire.Job))

    async def upsert_project(self, key: str, data: Project) -> Written:
        """Write the project in the stage it says. Tasks and milestones are the PSA's."""
        draft = mapping.job_draft(
            data,
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            currency=await self._references.currencies.id(data.currency),
        )
        return await self._upsert("job", key, draft)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        """Move a project to a stage."""
        return await self._write("PATCH", f"{RECORDS}/job/{_checked(project_id)}", mapping.job_stage(data.stage))

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

    async def _entity(self, subsidiary: wire.Ref) -> str:
        return await self._references.subsidiaries.code(subsidiary.id)

    async def _currency(self, currency: wire.Ref) -> str:
        return await self._references.currencies.code(currency.id)

    async def _terms(self, name: str) -> str:
        return await self._references.terms.id(name) if name else ""

    async def _billing_line(self, key: str) -> int | None:
        """The address line to overwrite: a line without an id would be added to those that are there."""
        try:
            found = await self._get("customer", eid(key), wire.Customer)
        except NotFound:
            return None
        return next((line.id for line in found.address_book.items if line.default_billing), None)

    async def _get(self, record: str, native_id: str, returns: type[T]) -> T:
        params = {"expandSubResources": "true"}
        found: T = await self._send("GET", f"{RECORDS}/{record}/{quote(native_id, safe=':')}", returns, params=params)
        return found

    async def _upsert(self, record: str, key: str, draft: wire.Wire, *, replace: str = "") -> Written:
        params = {"replace": replace} if replace else {}
        return await self._write("PUT", f"{RECORDS}/{record}/{quote(eid(key), safe=':')}", draft, params)

    async def _write(self, method: str, path: str, draft: wire.Wire, params: dict[str, str] | None = None) -> Written:
        answer = await self._send(
            method, path, params=params, content=_ENCODER.encode(draft), headers={"Content-Type": "application/json"}
        )
        address = answer.headers.get("Location", "").partition("?")[0]
        if not address:
            raise Drifted("a write was accepted without saying where the record is", system="netsuite")
        return Written(id=address.rpartition("/")[2])

    async def _codes(self, text: str) -> list[wire.CodeRow]:
        return await self._query(text, wire.Rows[wire.CodeRow])

    async def _query(self, text: str, returns: type[wire.Rows[T]]) -> list[T]:
        """All rows of a SuiteQL query. `Prefer: transient` is not optional, and the offset is whole pages."""
        rows: list[T] = []
        while True:
            page: wire.Rows[T] = await self._send(
                "POST",
                SUITEQL,
                returns,
                params={"limit": PAGE, "offset": len(rows)},
                json={"q": text},
                headers={"Prefer": "transient"},
                writes=False,
            )
            rows += page.items
            if not page.has_more:
                return rows

    async def _send(self, method: str, path: str, returns: Any = None, **more: Any) -> Any:
        return await send(self._http, method, path, returns, system="netsuite", faults=faults.read, **more)


def eid(key: str) -> str:
    """A record's address by our key."""
    return f"eid:{key}"


def _checked(native_id: str) -> str:
    """An internal id fit for an address; with a space or a slash it would be another address, or none at all."""
    if not _ID.fullmatch(native_id):
        raise NotFound(f"{native_id[:40]!r} is no internal id", system="netsuite")
    return native_id


def quoted(text: str) -> str:
    """A SuiteQL string literal."""
    return "'" + text.replace("'", "''") + "'"


_ports: tuple[
    type[LegalEntities],
    type[Customers],
    type[Contracts],
    type[Projects],
    type[BillingSchedules],
    type[Connection],
] = (NetSuite,) * 6  # the type checker holds us to the ports
