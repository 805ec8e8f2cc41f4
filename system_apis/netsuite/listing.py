"""Lists of customers and projects by SuiteQL: a list of records tells ids only, and would be one call a record.

A page begins after an internal id, since a query ends at 100,000 rows and an offset loses a row for each that is
deleted before it. Instants are compared and told in UTC, whatever zone the account has.
"""

from datetime import UTC, datetime
from typing import Any, Final

from canonical.objects import Customer, Project
from canonical.ports.lists import PAGE, LifecycleChange, RecordChange
from canonical.ports.operation import Page, Written
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.marks import Mark
from system_apis.netsuite import mapping, rows, wire
from system_apis.netsuite.calls import RECORDS, Calls, checked

# ruff: noqa: S608 - what is put into a query is a constant, a number or a mark of ours
STAMP: Final = "TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), 'YYYY-MM-DD HH24:MI:SS') AS changed"
_CUSTOMERS: Final = (
    "SELECT id, externalid, entityid, companyname, email, subsidiary, currency, terms, vatregnumber, isinactive,"
    f" custentity_tg_tax_country, custentity_tg_tax_scheme, {STAMP} FROM customer"
)
_PROJECTS: Final = (
    "SELECT id, externalid, entityid, companyname, parent, subsidiary, currency, entitystatus, isinactive,"
    " estimatedrevenue, TO_CHAR(startdate, 'YYYY-MM-DD') AS startdate,"
    " TO_CHAR(projectedenddate, 'YYYY-MM-DD') AS projectedenddate, custentity_tg_opportunity, custentity_tg_contract,"
    f" custentity_tg_method, custentity_tg_pm, custentity_tg_practice, {STAMP} FROM job"
)
_CHANGED: Final = f"SELECT id, {STAMP} FROM {{table}} WHERE {{condition}} ORDER BY lastmodifieddate, id"


class Listing(Calls):
    """What is listed of customers and projects, and how a customer is closed."""

    async def customers(self, cursor: str = "", limit: int = PAGE) -> Page[Customer]:
        """Customers by internal id. Addresses and credit are read with one customer."""
        found, following = await self._listed(_CUSTOMERS, wire.Rows[rows.Customer], cursor, limit)
        items = []
        for row in found:
            terms = await self._references.terms.code(row.terms) if row.terms else ""
            entity, currency = await self._entity(wire.Ref(id=row.subsidiary)), await self._currency_of(row.currency)
            items.append(mapping.customer(rows.customer(row, terms), legal_entity=entity, currency=currency))
        return Page(items=items, next=following)

    async def customer_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Customers changed since a watermark."""
        return await self._changes("customer", since, limit)

    async def set_customer_lifecycle(self, customer_id: str, data: LifecycleChange) -> Written:
        """Make a customer inactive: it takes no new transactions, and keeps those it has."""
        closed = wire.Activity(is_inactive=data.lifecycle == "closed")
        return await self._write("PATCH", f"{RECORDS}/customer/{checked(customer_id)}", closed)

    async def projects(self, cursor: str = "", limit: int = PAGE) -> Page[Project]:
        """Projects by internal id."""
        found, following = await self._listed(_PROJECTS, wire.Rows[rows.Job], cursor, limit)
        items = []
        for row in found:
            entity, currency = await self._entity(wire.Ref(id=row.subsidiary)), await self._currency_of(row.currency)
            items.append(mapping.project(rows.job(row), legal_entity=entity, currency=currency))
        return Page(items=items, next=following)

    async def project_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        """Projects changed since a watermark."""
        return await self._changes("job", since, limit)

    async def _currency_of(self, native_id: str) -> str:
        return await self._currency(wire.Ref(id=native_id))

    async def _listed(
        self, select: str, returns: Any, cursor: str, limit: int, where: str = ""
    ) -> tuple[list[Any], str]:
        """The rows after an internal id, and the cursor of those after them."""
        (last,) = place(cursor, r"\d{1,18}")
        condition = f"id > {last or 0}" + (f" AND {where}" if where else "")
        found = await self._rows(f"{select} WHERE {condition} ORDER BY id", returns, limit=limit)
        return found.items, next_place(found.items[-1].id) if found.has_more and found.items else ""

    async def _changes(self, table: str, since: str, limit: int, where: str = "") -> Page[RecordChange]:
        mark = Mark.read(since)
        condition = _after(mark) + (f" AND {where}" if where else "")
        text = _CHANGED.format(table=table, condition=condition)
        found = await self._rows(text, wire.Rows[rows.Changed], limit=limit)
        items = [rows.change(row) for row in found.items]
        return Page(items=items, next=mark.after(items[-1] if items else None, more=found.has_more).text())


def _after(mark: Mark) -> str:
    """What comes after a mark, for `WHERE`."""
    stamp = f"TO_TIMESTAMP_TZ('{_utc(mark.stamp)} +00:00', 'YYYY-MM-DD HH24:MI:SS TZH:TZM')"
    if not mark.native_id.isdigit():
        return f"lastmodifieddate >= {stamp}"
    return f"(lastmodifieddate > {stamp} OR (lastmodifieddate = {stamp} AND id > {mark.native_id}))"


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
