"""Lists over all companies of the environment: company by company, each page by page.

A page of ours is one of the vendor's, so it may be short where a company ends. The token of its next link is a key, not
a session, so it is kept in our cursor and given back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import httpx

from canonical.faults import Drifted
from canonical.ports import Page
from canonical.ports.lists import RecordChange
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.marks import Mark, read_on
from system_apis.business_central import mapping, wire
from system_apis.business_central.companies import Companies, Place

Fetch = Callable[[str, str, type[Any], Mapping[str, str], int], Awaitable[wire.Rows[Any]]]
"""One page of a list: company id, list, shape, query options, how many rows are wished for."""
T = TypeVar("T")
_LANE: Final = r"[A-Za-z0-9_-]{1,30}(?::[A-Za-z]{1,40})?"
"""A company; and a list, where several are read one after the other."""
_ONWARD: Final = r"[^\s&]{0,500}"


class Lists:
    """The lists of one environment."""

    def __init__(self, companies: Companies, fetch: Fetch) -> None:
        self._companies = companies
        self._fetch = fetch

    async def page(
        self,
        shapes: Mapping[str, type[Any]],
        cursor: str,
        limit: int,
        *,
        company: wire.Company | None = None,
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[list[Place], str]:
        """The records of one page with their companies, and the cursor of the next.

        Of several lists one is read after the other. `company` is the only one looked into, `options` go with each
        call.
        """
        begun, token = place(cursor, _LANE, _ONWARD)
        companies = await self._companies.all() if company is None else [company]
        lanes = {
            each.name if len(shapes) == 1 else f"{each.name}:{name}": (each, name)
            for each in companies
            for name in shapes
        }
        left = [lane for lane in sorted(lanes) if lane >= begun]
        for lane, following in zip(left, [*left[1:], ""], strict=False):
            of, name = lanes[lane]
            asked = {**options, **({"$skiptoken": token} if token and lane == begun else {})}
            found = await self._fetch(of.id, name, shapes[name], asked, limit)
            places = [Place(of, row) for row in found.value]
            if found.next_link:
                return places, next_place(lane, _token(found.next_link, token))
            if places or not following:
                return places, next_place(following, "") if following else ""
        return [], ""

    async def changes(self, names: Collection[str], since: str, limit: int, where: str = "") -> Page[RecordChange]:
        """What changed since a watermark, in all companies; `where` is held beside it."""
        mark = Mark.read(since)
        found: list[RecordChange] = []
        for company in await self._companies.all():
            for name in names:
                found += await self._changed(company, name, mark, limit + 1, where)
        found.sort(key=lambda each: (each.changed_at, each.native_id))

        async def told() -> AsyncIterator[RecordChange]:
            for each in found:
                yield each

        return await read_on(mark, told(), limit)

    async def _changed(self, company: wire.Company, name: str, mark: Mark, most: int, where: str) -> list[RecordChange]:
        """The first ones after the mark in one company. It knows no "after this one": pages are read till then."""
        stamp = mark.stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        options = {
            "$select": "id,lastModifiedDateTime",
            "$filter": f"lastModifiedDateTime ge {stamp}" + (f" and {where}" if where else ""),
            "$orderby": "lastModifiedDateTime,id",
        }
        found: list[RecordChange] = []
        token = ""
        while True:
            more = {"$skiptoken": token} if token else {}
            page: wire.Rows[wire.Kept] = await self._fetch(company.id, name, wire.Kept, options | more, most)
            seen = [mapping.change(company.name, row) for row in page.value]
            found += [each for each in seen if (each.changed_at, each.native_id) > (mark.stamp, mark.native_id)]
            if not page.next_link or len(found) >= most:
                return found[:most]
            token = _token(page.next_link, token)


def _token(link: str, before: str) -> str:
    """What of a link to the next page says where that begins; the rest we say ourselves, to our own host."""
    try:
        found = httpx.URL(link).params.get("$skiptoken", "")
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=mapping.SYSTEM) from wrong
    if found in ("", before):
        raise Drifted("the link to the next page leads to no other page", system=mapping.SYSTEM)
    return str(found)
