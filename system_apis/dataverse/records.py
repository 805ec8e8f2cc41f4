"""Rows of an organisation: the few calls every table has. A text that can be no id is never sent as one."""

import re
from typing import Any, Final, TypeVar

import httpx

from canonical.faults import Drifted, NotFound
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.vendor_http import send as vendor_send
from system_apis.dataverse import mapping, wire
from system_apis.dataverse.faults import fault_of
from system_apis.dataverse.watermark import Watermark

DATA: Final = "/api/data/v9.2"
PAGE: Final = 500
"""Rows of a page: it is a wish, the vendor's own limit is 5,000."""
LABELLED: Final = f'odata.include-annotations="{wire.FORMATTED}"'
_ID: Final = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

R = TypeVar("R", bound=wire.Row)
C = TypeVar("C", bound=wire.Changed | wire.ChangedRecord)


class Records:
    """One organisation's rows. `http` carries address, sign-in and timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def row(self, table: str, record_id: str, shape: type[R]) -> R:
        """One row by id."""
        path = f"{DATA}/{table}({checked(record_id)})"
        row: R = await self.send("GET", path, shape, params=_columns(shape), headers={"Prefer": LABELLED})
        return row

    async def first(self, table: str, shape: type[R], where: str, order: str) -> R | None:
        """The first row a condition selects, in this order."""
        asked = _columns(shape) | {"$filter": where, "$orderby": order, "$top": "1"}
        page = await self.page(f"{DATA}/{table}", shape, {name: text for name, text in asked.items() if text}, LABELLED)
        return page.value[0] if page.value else None

    async def rows(self, table: str, shape: type[R], where: str, order: str, most: int | None = None) -> list[R]:
        """Every record, page by page, or the first `most`. A page's link is followed as it is, with the same wish."""
        prefer = f"odata.maxpagesize={min(most or PAGE, PAGE)},{LABELLED}"
        asked = _columns(shape) | {"$filter": where, "$orderby": order}
        page = await self.page(f"{DATA}/{table}", shape, asked, prefer)
        found, seen = list(page.value), set[str]()
        while page.next_link and (most is None or len(found) < most):
            if page.next_link in seen:
                raise Drifted("the link to the next page leads to a page that was read already", system=mapping.SYSTEM)
            seen.add(page.next_link)
            page = await self.page(_path_of(page.next_link), shape, None, prefer)
            found += page.value
        return found[:most]

    async def changed(self, table: str, shape: type[C], since: str, limit: int) -> tuple[list[C], str]:
        """The rows that changed since a watermark, and the watermark of the next poll."""
        watermark = Watermark.read(since)
        found = await self.rows(table, shape, watermark.condition(), "versionnumber asc", most=limit)
        if not found:
            return found, watermark.text()
        newest = max(row.modifiedon for row in found)
        return found, watermark.after(newest, found[-1].versionnumber, more=len(found) >= limit).text()

    async def listed(self, table: str, shape: type[R], where: str, cursor: str, limit: int) -> tuple[list[R], str]:
        """One page in the order of the key, and where the next begins: its own cookie, which says the last key."""
        (cookie,) = place(cursor, r"<cookie [^<>]+/>")
        asked = _columns(shape) | {"$filter": where} | ({"$skiptoken": cookie} if cookie else {})
        page = await self.page(f"{DATA}/{table}", shape, asked, f"odata.maxpagesize={limit},{LABELLED}")
        if not page.next_link:
            return page.value, ""
        following = httpx.URL(_path_of(page.next_link)).params.get("$skiptoken", "")
        if following in ("", cookie):
            raise Drifted("the link to the next page leads to no other page", system=mapping.SYSTEM)
        return page.value, next_place(following)

    async def page(self, path: str, shape: type[R], asked: dict[str, str] | None, prefer: str) -> wire.Rows[R]:
        """One page of a list; `asked` is None where `path` is a link that holds its own options."""
        page: wire.Rows[R] = await self.send(
            "GET",
            path,
            wire.Rows[shape],  # type: ignore[valid-type]  # a type given at run time
            params=asked,
            headers={"Prefer": prefer},
        )
        return page

    async def send(self, method: str, path: str, returns: Any = None, **options: Any) -> Any:
        """One call; its faults are read as this vendor writes them."""
        return await vendor_send(self._http, method, path, returns, system=mapping.SYSTEM, faults=fault_of, **options)


def _columns(shape: type[wire.Row]) -> dict[str, str]:
    wanted = {"$select": shape.select()}
    return wanted | {"$expand": shape.expand()} if shape.expands else wanted


def _path_of(link: str) -> str:
    """Where a page's link leads: only its path, since whatever host it names, the token goes to ours."""
    try:
        return httpx.URL(link).raw_path.decode("ascii")
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=mapping.SYSTEM) from wrong


def checked(record_id: str) -> str:
    """An id fit for an address and a filter; anything else cannot exist."""
    if not _ID.match(record_id):
        raise NotFound(f"{record_id[:40]!r} is no id of a Dataverse record", system=mapping.SYSTEM)
    return record_id.lower()
