"""One Dataverse organisation behind our ports."""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx
import msgspec

from canonical.faults import Conflict, Drifted, NotFound
from canonical.objects import Contact, Contract, Customer, Opportunity, ProjectLink, Quote
from canonical.ports.operation import Page, Written, cannot
from canonical.ports.systems import Account, Change, Changes, Connection, Opportunities
from foundation.checking import Described
from foundation.vendor_http import send
from system_apis.dataverse import mapping, wire
from system_apis.dataverse.faults import fault_of
from system_apis.dataverse.watermark import Watermark

DATA: Final = "/api/data/v9.2"
PAGE: Final = 500
"""Rows of a page: it is a wish, the vendor's own limit is 5,000."""
LABELLED: Final = f'odata.include-annotations="{wire.FORMATTED}"'
CHOICES: Final = (
    "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
    "Microsoft.Dynamics.CRM.StateAttributeMetadata",
)
_ID: Final = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_MERGES: Final = 5
"""How many mergers of mergers are followed."""

R = TypeVar("R", bound=wire.Row)


class Dataverse:
    """One organisation. `http` carries address, sign-in and timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def opportunity(self, opportunity_id: str) -> Opportunity:
        row = await self._row("opportunities", opportunity_id, wire.Opportunity)
        of_it = f"_opportunityid_value eq {row.opportunityid}"
        order = "lineitemnumber asc,opportunityproductid asc"
        lines = await self._rows("opportunityproducts", wire.Demand, f"{of_it} and tg_role ne null", order)
        agreed = await self._first("salesorders", wire.OrderReference, f"{of_it} and statecode ne 2", "createdon desc")
        quote = agreed.quote if agreed else None
        if not quote:
            # The won one, else the one the customer has, else a draft; the newest of each.
            newest = "statecode desc,revisionnumber desc"
            offer = await self._first("quotes", wire.QuoteReference, f"{of_it} and statecode ne 3", newest)
            quote = offer.quoteid if offer else None
        return mapping.opportunity(row, lines, quote or "", agreed.salesorderid if agreed else "")

    async def account(self, account_id: str) -> Customer:
        found = await self._row("accounts", account_id, wire.Account)
        for _ in range(_MERGES):
            if not found.merged or not found.master:
                break
            found = await self._row("accounts", found.master, wire.Account)
        customer = mapping.customer(found)
        merged = found.accountid.lower() != account_id.lower()
        return msgspec.structs.replace(customer, merged_into=found.accountid) if merged else customer

    async def contacts(self, account_id: str) -> list[Contact]:
        where = f"_parentcustomerid_value eq {_checked(account_id)} and statecode eq 0"
        rows = await self._rows("contacts", wire.Contact, where, "createdon asc,contactid asc")
        return [mapping.contact(row) for row in rows]

    async def quote(self, quote_id: str) -> Quote:
        row = await self._row("quotes", quote_id, wire.Quote)
        order = "lineitemnumber asc,quotedetailid asc"
        lines = await self._rows("quotedetails", wire.QuoteLine, f"_quoteid_value eq {row.quoteid}", order)
        return mapping.quote(row, lines)

    async def contract(self, contract_id: str) -> Contract:
        return mapping.contract(await self._row("salesorders", contract_id, wire.Order))

    async def link_project(self, opportunity_id: str, data: ProjectLink) -> Written:
        row = await self._row("opportunities", opportunity_id, wire.Link)
        linked = mapping.link(row)
        if linked == data:
            return Written(id=opportunity_id, created=False, version=mapping.version(row.versionnumber))
        if linked.project_code and data.project_code and linked.project_code != data.project_code:
            raise Conflict(f"the deal is linked to project {linked.project_code} already", system=mapping.SYSTEM)
        await self._send(
            "PATCH",
            f"{DATA}/opportunities({_checked(opportunity_id)})",
            json=mapping.link_update(data),
            # Without it a PATCH makes the deal anew, should it be gone by now.
            headers={"If-Match": row.etag},
        )
        return Written(id=opportunity_id, created=not linked.project_code)

    async def changes(self, since: str, limit: int = 200) -> Page[Change]:
        watermark = Watermark.read(since)
        wanted = max(1, limit)
        found = await self._rows("opportunities", wire.Changed, watermark.condition(), "versionnumber asc", most=wanted)
        following = watermark
        if found:
            newest = max(row.modifiedon for row in found)
            following = watermark.after(newest, found[-1].versionnumber, more=len(found) >= wanted)
        return Page(items=[mapping.change(row) for row in found], next=following.text())

    read_notification = cannot(
        "A Dataverse webhook carries a key, not a signature of what it says: changes are found by polling.",
        system=mapping.SYSTEM,
    )

    async def whoami(self) -> Account:
        me: wire.Me = await self._send("GET", f"{DATA}/WhoAmI", wire.Me)
        return Account(system=mapping.SYSTEM, instance=me.organization_id, user=me.user_id)

    async def described(self, kind: str) -> Described:
        """A table's columns, and what its choices may hold."""
        path = f"{DATA}/EntityDefinitions(LogicalName='{kind}')"
        asked = {"$select": "LogicalName", "$expand": "Attributes($select=LogicalName)"}
        table: wire.Entity = await self._send("GET", path, wire.Entity, params=asked)
        closed: dict[str, list[str]] = {}
        for choice in CHOICES:
            asked = {"$select": "LogicalName", "$expand": "OptionSet($select=Options)"}
            told: wire.Rows[wire.Choice] = await self._send(
                "GET", f"{path}/Attributes/{choice}", wire.Rows[wire.Choice], params=asked
            )
            closed |= {
                each.logical_name: [str(option.value) for option in each.option_set.options]
                for each in told.value
                if each.option_set
            }
        return Described(fields=[each.logical_name for each in table.attributes], values=closed)

    async def sample(self, kind: str) -> bool:
        """Read one record of a table as it is read otherwise."""
        shapes: dict[str, tuple[str, type[wire.Row], Callable[[Any], Any]]] = {
            "opportunity": ("opportunities", wire.Opportunity, lambda row: mapping.opportunity(row, [], "", "")),
            "opportunityproduct": ("opportunityproducts", wire.Demand, lambda row: row),
            "account": ("accounts", wire.Account, mapping.customer),
            "contact": ("contacts", wire.Contact, mapping.contact),
            "quote": ("quotes", wire.Quote, lambda row: mapping.quote(row, [])),
            "quotedetail": ("quotedetails", wire.QuoteLine, lambda row: row),
            "salesorder": ("salesorders", wire.Order, mapping.contract),
        }
        table, shape, read = shapes[kind]
        where = "tg_role ne null" if shape is wire.Demand else ""
        row = await self._first(table, shape, where, "createdon desc")
        return row is not None and bool(read(row))

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def _row(self, table: str, record_id: str, shape: type[R]) -> R:
        path = f"{DATA}/{table}({_checked(record_id)})"
        row: R = await self._send("GET", path, shape, params=_columns(shape), headers={"Prefer": LABELLED})
        return row

    async def _first(self, table: str, shape: type[R], where: str, order: str) -> R | None:
        asked = _columns(shape) | {"$filter": where, "$orderby": order, "$top": "1"}
        page = await self._page(
            f"{DATA}/{table}", shape, {name: text for name, text in asked.items() if text}, LABELLED
        )
        return page.value[0] if page.value else None

    async def _rows(self, table: str, shape: type[R], where: str, order: str, most: int | None = None) -> list[R]:
        """Every record, page by page, or the first `most`. A page's link is followed as it is, with the same wish."""
        prefer = f"odata.maxpagesize={min(most or PAGE, PAGE)},{LABELLED}"
        asked = _columns(shape) | {"$filter": where, "$orderby": order}
        page = await self._page(f"{DATA}/{table}", shape, asked, prefer)
        found, seen = list(page.value), set[str]()
        while page.next_link and (most is None or len(found) < most):
            if page.next_link in seen:
                raise Drifted("the link to the next page leads to a page that was read already", system=mapping.SYSTEM)
            seen.add(page.next_link)
            page = await self._page(_path_of(page.next_link), shape, None, prefer)
            found += page.value
        return found[:most]

    async def _page(self, path: str, shape: type[R], asked: dict[str, str] | None, prefer: str) -> wire.Rows[R]:
        page: wire.Rows[R] = await self._send(
            "GET",
            path,
            wire.Rows[shape],  # type: ignore[valid-type]  # a type given at run time
            params=asked,
            headers={"Prefer": prefer},
        )
        return page

    async def _send(self, method: str, path: str, returns: Any = None, **options: Any) -> Any:
        return await send(self._http, method, path, returns, system=mapping.SYSTEM, faults=fault_of, **options)


def _columns(shape: type[wire.Row]) -> dict[str, str]:
    wanted = {"$select": shape.select()}
    return wanted | {"$expand": shape.expand()} if shape.expands else wanted


def _path_of(link: str) -> str:
    """Where a page's link leads: only its path, since whatever host it names, the token goes to ours."""
    try:
        return httpx.URL(link).raw_path.decode("ascii")
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=mapping.SYSTEM) from wrong


def _checked(record_id: str) -> str:
    """An id fit for an address and a filter; anything else cannot exist."""
    if not _ID.match(record_id):
        raise NotFound(f"{record_id[:40]!r} is no id of a Dataverse record", system=mapping.SYSTEM)
    return record_id.lower()


_: tuple[type[Opportunities], type[Changes], type[Connection]] = (Dataverse, Dataverse, Dataverse)
