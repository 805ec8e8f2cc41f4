"""One Salesforce org behind our ports."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from canonical.faults import Conflict, NotFound
from canonical.objects import Contact, Contract, Customer, Opportunity, ProjectLink, Quote
from canonical.ports.operation import Page, Written
from canonical.ports.systems import Account, Change, Changes, Connection, Delivery, Opportunities
from foundation.checking import Described
from foundation.vendor_http import send
from system_apis.salesforce import mapping, wire
from system_apis.salesforce.faults import fault_of
from system_apis.salesforce.notifications import NotificationReader
from system_apis.salesforce.watermark import Watermark

DATA: Final = "/services/data/v62.0"
QUOTE_LINE: Final = "SortOrder,Quantity,UnitPrice,TotalPrice,Product2.Name,Product2.Family,Role__c"
_ID: Final = re.compile(r"^[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?$")
_MERGES: Final = 5
"""How many mergers of mergers are followed."""

R = TypeVar("R", bound=wire.Row)


class Salesforce:
    """One Salesforce org. `http` carries address, sign-in and timeouts; `secrets` sign its notifications."""

    def __init__(self, http: httpx.AsyncClient, secrets: tuple[str, ...] = ()) -> None:
        self._http = http
        self._notifications = NotificationReader(secrets)

    async def opportunity(self, opportunity_id: str) -> Opportunity:
        row = await self._row("Opportunity", opportunity_id, wire.Opportunity)
        return mapping.opportunity(row)

    async def account(self, account_id: str) -> Customer:
        found = await self._account(account_id)
        for _ in range(_MERGES):
            if not found.master_record_id:
                break
            found = await self._account(found.master_record_id)
        customer = mapping.customer(found)
        merged = found.id[:15] != account_id[:15]
        return msgspec.structs.replace(customer, merged_into=found.id) if merged else customer

    async def contacts(self, account_id: str) -> list[Contact]:
        where = f"AccountId = '{_checked(account_id)}' ORDER BY CreatedDate, Id"
        return [mapping.contact(row) for row in await self._query("Contact", where, wire.Contact)]

    async def quote(self, quote_id: str) -> Quote:
        row = await self._row("Quote", quote_id, wire.Quote)
        where = f"QuoteId = '{_checked(quote_id)}' ORDER BY SortOrder, Id"
        return mapping.quote(row, await self._query("QuoteLineItem", where, wire.QuoteLine, QUOTE_LINE))

    async def contract(self, contract_id: str) -> Contract:
        return mapping.contract(await self._row("Contract", contract_id, wire.Contract))

    async def link_project(self, opportunity_id: str, data: ProjectLink) -> Written:
        row = await self._row("Opportunity", opportunity_id, wire.Link)
        linked = mapping.link(row)
        if linked == data:
            return Written(id=opportunity_id, created=False, version=mapping.stamp(row.system_modstamp))
        if linked.project_code and data.project_code and linked.project_code != data.project_code:
            raise Conflict(f"the deal is linked to project {linked.project_code} already", system=mapping.SYSTEM)
        await self._send(
            "PATCH",
            f"{DATA}/sobjects/Opportunity/{opportunity_id}",
            json=mapping.link_update(data),
            headers={"If-Unmodified-Since": format_datetime(row.system_modstamp.astimezone(UTC), usegmt=True)},
        )
        return Written(id=opportunity_id, created=not linked.project_code)

    async def changes(self, since: str, limit: int = 200) -> Page[Change]:
        watermark = Watermark.read(since)
        where = f"{watermark.condition()} ORDER BY SystemModstamp, Id LIMIT {max(1, limit)}"
        found = await self._query("Opportunity", where, wire.Changed)
        last = found[-1] if found else None
        following = watermark.after(last.system_modstamp, last.id, more=len(found) >= limit) if last else watermark
        return Page(items=[mapping.change(row) for row in found], next=following.text())

    async def read_notification(self, data: Delivery) -> list[Change]:
        return self._notifications.read(data, datetime.now(UTC))

    async def whoami(self) -> Account:
        who: wire.UserInfo = await self._send("GET", "/services/oauth2/userinfo", wire.UserInfo)
        return Account(system=mapping.SYSTEM, instance=who.organization_id, user=who.preferred_username)

    async def described(self, kind: str) -> Described:
        """An object's fields, and what its restricted lists may hold."""
        told: wire.Describe = await self._send("GET", f"{DATA}/sobjects/{kind}/describe", wire.Describe)
        closed = {each.name: [value.value for value in each.picklist_values if value.active] for each in told.fields}
        return Described(fields=[each.name for each in told.fields], values=closed)

    async def sample(self, kind: str) -> bool:
        """Read one record of an object as it is read otherwise."""
        shapes: dict[str, tuple[type[wire.Row], Callable[[Any], Any]]] = {
            "Opportunity": (wire.Opportunity, mapping.opportunity),
            "Account": (wire.Account, mapping.customer),
            "Contact": (wire.Contact, mapping.contact),
            "Quote": (wire.Quote, lambda row: mapping.quote(row, [])),
            "Product2": (wire.Product, lambda row: row),
            "Contract": (wire.Contract, mapping.contract),
        }
        shape, read = shapes.get(kind, (wire.QuoteLine, lambda row: row))
        columns = QUOTE_LINE if kind == "QuoteLineItem" else ""
        rows = await self._query(kind, "Id != null LIMIT 1", shape, columns)
        return bool([read(row) for row in rows])

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def _account(self, account_id: str) -> wire.Account:
        # A merged account is a deleted one that names its master: only queryAll shows it, a plain read answers 404.
        found = await self._query("Account", f"Id = '{_checked(account_id)}'", wire.Account, deleted=True)
        if not found or (found[0].is_deleted and not found[0].master_record_id):
            raise NotFound(f"there is no account {account_id}", system=mapping.SYSTEM)
        return found[0]

    async def _row(self, kind: str, record_id: str, shape: type[R]) -> R:
        path = f"{DATA}/sobjects/{kind}/{_checked(record_id)}"
        row: R = await self._send("GET", path, shape, params={"fields": shape.columns()})
        return row

    async def _query(
        self, kind: str, where: str, shape: type[R], columns: str = "", *, deleted: bool = False
    ) -> list[R]:
        query = f"SELECT {columns or shape.columns()} FROM {kind} WHERE {where}"  # noqa: S608 - ids are checked
        path = f"{DATA}/{'queryAll' if deleted else 'query'}"
        page: wire.Rows[R] = await self._send("GET", path, wire.Rows[shape], params={"q": query})  # type: ignore[valid-type]  # a type given at run time
        found = list(page.records)
        while not page.done:
            page = await self._send("GET", page.next_records_url, wire.Rows[shape])  # type: ignore[valid-type]  # likewise
            found += page.records
        return found

    async def _send(self, method: str, path: str, returns: Any = None, **options: Any) -> Any:
        return await send(self._http, method, path, returns, system=mapping.SYSTEM, faults=fault_of, **options)


def _checked(record_id: str) -> str:
    """An id fit for an address and a query; anything else cannot exist."""
    if not _ID.match(record_id):
        raise NotFound(f"{record_id[:40]!r} is no Salesforce id", system=mapping.SYSTEM)
    return record_id


_: tuple[type[Opportunities], type[Changes], type[Connection]] = (Salesforce, Salesforce, Salesforce)
