"""The records of one environment: looked up by id or key, read page by page, made, and changed under their version.

Business Central has no upsert and no external key: our extension's pages carry `tiergateKey`, unique in a company, and
a write looks there first (`If-Match` is required).
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from canonical.faults import Drifted, FieldError, Invalid, NotFound
from canonical.ports.operation import Written
from foundation.vendor_http import send
from system_apis.business_central import mapping, wire
from system_apis.business_central.companies import Companies, Place
from system_apis.business_central.faults import fault_of
from system_apis.business_central.listing import Lists

STANDARD: Final = "api/v2.0"
EXTENSION: Final = "api/tiergate/erp/v1.0"
STANDARD_LISTS: Final = frozenset({"companies", "companyInformation", "accountingPeriods", "paymentTerms", "employees"})
PAGE: Final = 500
"""Rows of a page: it is a wish, the vendor's own limit is 20,000."""
EXPANDS: Final[Mapping[str, str]] = {
    "salesOrders": "salesOrderLines",
    "billingSchedules": "projectPlanningLines",
    "salesInvoices": "salesInvoiceLines",
    "salesCreditMemos": "salesCreditMemoLines",
    "customerLedgerEntries": "appliedEntries",
    "items": "assemblyComponents",
}
"""Documents, and the lines they are read with."""
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
R = TypeVar("R", bound=wire.Row)
T = TypeVar("T")


class Records:
    """One environment. `http` carries the address, the sign-in and the time limits; `user` is the app we sign in as."""

    def __init__(self, http: httpx.AsyncClient, environment: str = "Production", user: str = "") -> None:
        self._http = http
        self._environment = environment
        self._user = user
        self._companies = Companies(self._rows)
        self._lists = Lists(self._companies, self._fetch)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def _by_id(self, name: str, native_id: str, shape: type[R]) -> Place:
        known = mapping.parts(native_id)
        if known is None:
            raise NotFound(f"{native_id[:40]!r} is no id of a record there", system=mapping.SYSTEM)
        company = await self._companies.named(known[0])
        return Place(company, await self._one(company, name, known[1], shape))

    async def _by_key(self, name: str, key: str, shape: type[R], code: str = "") -> Place:
        """Look into every company, or into that one only. Where two know the key, the one written last."""
        found = await self._everywhere(name, key, shape, code)
        if not found:
            raise NotFound(f"no company has the key {key} in {name}", system=mapping.SYSTEM)
        return max(found, key=lambda each: str(each.row.last_modified_date_time or ""))

    async def _everywhere(self, name: str, key: str, shape: type[R], code: str = "") -> list[Place]:
        """What every company has under a key, or one."""
        asked = [await self._companies.named(code)] if code else await self._companies.all()
        found = [(each, await self._keyed(each, name, key, shape)) for each in asked]
        return [Place(company, row) for company, row in found if row is not None]

    async def _within(self, native_id: str, pointer: str, entity: str = "") -> tuple[wire.Company, str]:
        """The company and the GUID of an id that a caller gave us; `Invalid` where it is none of ours.

        `entity` is the legal entity that what refers to it is of, where that is said: nothing refers across companies.
        """
        known = mapping.parts(native_id)
        if known is None:
            detail = "this must be the id of a record in Business Central, as `ACME-DE.<GUID>`"
            raise Invalid(system=mapping.SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
        if entity not in ("", known[0]):
            detail = f"this is a record of {known[0]}, and what refers to it is of {entity}"
            raise Invalid(system=mapping.SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
        return await self._companies.of_entity(known[0]), known[1]

    async def _one(self, company: wire.Company, name: str, guid: str, shape: type[R]) -> R:
        params = {"$expand": EXPANDS[name]} if name in EXPANDS else None
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
            elif not same(kept[ref], line):
                path = self._path(company.id, f"{list_name}({kept[ref].id})")
                await self._write("PATCH", path, line, kept[ref].etag)

    async def _drop(self, company: wire.Company, name: str, line: wire.Row) -> None:
        path = self._path(company.id, f"{name}({line.id})")
        await self._send("DELETE", path, headers={"If-Match": line.etag})

    async def _write(self, method: str, path: str, draft: wire.Wire, version: str = "") -> wire.Kept:
        return await self._written(method, path, draft, wire.Kept, version)

    async def _written(self, method: str, path: str, draft: wire.Wire, shape: type[R], version: str = "") -> R:
        """Make or change a record, and what it is then."""
        headers = {"Content-Type": "application/json"} | ({"If-Match": version} if version else {})
        row: R = await self._send(method, path, shape, content=_ENCODER.encode(draft), headers=headers)
        return row

    async def _rows(
        self, company: str, name: str, shape: type[T], *, where: str = "", order: str = "", most: int | None = None
    ) -> list[T]:
        """Every row, page by page. A page's link is followed as it is, on our own host."""
        asked = {"$filter": where, "$orderby": order, "$expand": EXPANDS.get(name, "")}
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

    async def _fetch(
        self, company: str, name: str, shape: type[T], options: Mapping[str, str], size: int
    ) -> wire.Rows[T]:
        prefer = {"Prefer": f"odata.maxpagesize={size}"}
        page: wire.Rows[T] = await self._send(
            "GET",
            self._path(company, name),
            wire.Rows[shape],  # type: ignore[valid-type]  # a type given at run time
            params=options or None,
            headers=prefer,
        )
        return page

    def _path(self, company: str, rest: str) -> str:
        pages = STANDARD if rest.partition("(")[0] in STANDARD_LISTS else EXTENSION
        below = f"companies({company})/" if company else ""
        return f"/v2.0/{self._environment}/{pages}/{below}{rest}"

    async def _send(self, method: str, path: str, returns: Any = None, **more: Any) -> Any:
        return await send(self._http, method, path, returns, system=mapping.SYSTEM, faults=fault_of, **more)


def path_of(link: str) -> str:
    """Where a page's link leads: only its path, since whatever host it names, the token goes to ours."""
    try:
        return httpx.URL(link).raw_path.decode("ascii") if link else ""
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=mapping.SYSTEM) from wrong


def quoted(text: str) -> str:
    """An OData string literal."""
    return "'" + text.replace("'", "''") + "'"


def same(kept: wire.Wire, wanted: wire.Wire) -> bool:
    """Whether a line is as it is wanted, in the fields that are read."""
    shared = set(kept.__struct_fields__) & set(wanted.__struct_fields__)
    return all(getattr(kept, name) == getattr(wanted, name) for name in shared)
