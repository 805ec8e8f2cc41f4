"""Rows of an organisation: the few calls every table has. A text that can be no id is never sent as one."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec
import structlog
from msgspec.structs import replace

from canonical.dates import now
from canonical.faults import Drifted, Fault, NotFound, VendorForbade, VendorRefused
from foundation import odata_batch as batch
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.vendor_http import read_part
from foundation.vendor_http import send as vendor_send
from system_apis.dataverse import mapping, wire
from system_apis.dataverse.faults import fault_of
from system_apis.dataverse.watermark import Watermark

DATA: Final = "/api/data/v9.2"
PAGE: Final = 500
"""Rows of a page: it is a wish, the vendor's own limit is `LARGEST_PAGE`."""
LARGEST_PAGE: Final = 5000
LABELLED: Final = f'odata.include-annotations="{wire.FORMATTED}"'
_GOING_ON: Final = {"Prefer": "odata.continue-on-error"}
"""Or the first call that fails ends a batch, and the whole is refused."""
_ENTRY: Final = {"Content-Type": "application/json; type=entry"}
_READ_AS: Final[dict[str, Any]] = {"system": mapping.SYSTEM, "faults": fault_of}
_ID: Final = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

log = structlog.get_logger("tiergate.dataverse")

R = TypeVar("R", bound=wire.Row)
C = TypeVar("C", bound=wire.Changed | wire.ChangedRecord | wire.ChangedOrder)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One read of several: a row by its id, or the rows a condition selects, in this order."""

    table: str
    shape: type[Any]
    record_id: str = ""
    where: str = ""
    order: str = ""
    most: int = 0
    """Only the first so many; 0 is all."""

    @property
    def prefer(self) -> str:
        """What is preferred of its pages."""
        return LABELLED if self.record_id or self.most else f"odata.maxpagesize={PAGE},{LABELLED}"

    def call(self) -> batch.Call:
        """The call, as a batch holds it."""
        path, asked = f"{DATA}/{self.table}", _columns(self.shape)
        if self.record_id:
            path = f"{path}({checked(self.record_id)})"
        else:
            asked |= {"$filter": self.where, "$orderby": self.order} | ({"$top": str(self.most)} if self.most else {})
        return batch.Call(path=f"{path}?{httpx.QueryParams(asked)}", headers={"Prefer": self.prefer})


class Deletions(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that were deleted, and the token for what is deleted after them."""

    ids: list[str] = []
    token: str = ""
    told_at: datetime = datetime.min.replace(tzinfo=UTC)
    """When the organisation said so; when each was deleted is said nowhere."""


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

    async def together(self, *wanted: Wanted) -> list[Any]:
        """Several reads in one call: of each the row, or all rows of a list."""
        calls = [each.call() for each in wanted]
        told = await batch.read(self._http, f"{DATA}/$batch", calls, headers=_GOING_ON, **_READ_AS)
        found = []
        for each, part in zip(wanted, told, strict=True):
            known: dict[str, Any] = {"headers": part.headers, **_READ_AS}
            if each.record_id:
                found.append(read_part(part.status_code, part.content, each.shape, **known))
                continue
            page = read_part(part.status_code, part.content, wire.Rows[each.shape], **known)  # type: ignore[name-defined]  # a type given at run time
            found.append(page.value if each.most else await self._all(page, each.shape, each.prefer))
        return found

    async def change(self, *calls: batch.Call) -> None:
        """Several writes, of which all are done or none. One alone needs no batch."""
        if len(calls) < 2:
            for each in calls:
                await self.send(each.method, each.path, json=each.body, headers=each.headers)
            return
        entries = [replace(each, headers={**_ENTRY, **each.headers}) for each in calls]
        await batch.change(self._http, f"{DATA}/$batch", entries, **_READ_AS)

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
        return await self._all(page, shape, prefer, most)

    async def _all(self, page: wire.Rows[R], shape: type[R], prefer: str, most: int | None = None) -> list[R]:
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
        found, mark, _ = await self._changed(table, shape, Watermark.read(since), limit)
        return found, mark.text()

    async def changed_or_deleted(
        self, entity: str, table: str, shape: type[C], since: str, limit: int
    ) -> tuple[list[C], Deletions, str]:
        """The same, with what was deleted, where the table tracks changes."""
        mark = Watermark.read(since)
        if not since:
            mark = mark.tracked(await self._tracked(entity, table))
        found, mark, more = await self._changed(table, shape, mark, limit)
        if more or not mark.token or len(found) == limit:
            return found, Deletions(), mark.text()
        deleted, mark = await self._deleted(entity, table, mark, limit - len(found))
        return found, deleted, mark.text()

    async def _changed(
        self, table: str, shape: type[C], mark: Watermark, limit: int
    ) -> tuple[list[C], Watermark, bool]:
        rows = await self.rows(table, shape, mark.condition(), "versionnumber asc", most=limit + 1)
        return mark.read_on(rows, limit)

    async def _deleted(self, entity: str, table: str, mark: Watermark, room: int) -> tuple[Deletions, Watermark]:
        """What was deleted since the mark's token. One that is not good any more is replaced by a new one."""
        try:
            found = await self._delta(entity, table, {"$deltatoken": mark.token}, "")
        except VendorRefused:
            return Deletions(), mark.tracked(await self._tracked(entity, table))
        ids, following = mark.deletions(found.ids, found.token, room)
        return replace(found, ids=ids), following

    async def _tracked(self, entity: str, table: str) -> str:
        """A token from now on; empty where the table does not track changes, or we may not read all of it.

        It comes after all rows have been read: there is no shorter way to the first one.
        """
        path, asked = f"{DATA}/EntityDefinitions(LogicalName='{entity}')", "LogicalName,ChangeTrackingEnabled"
        told: wire.Tracking = await self.send("GET", path, wire.Tracking, params={"$select": asked})
        if not told.enabled:
            return ""
        try:
            return (await self._delta(entity, table, {}, "odata.track-changes,")).token
        except VendorForbade as denied:
            log.warning("deletions cannot be told", system=mapping.SYSTEM, table=table, reason=denied.detail)
            return ""

    async def _delta(self, entity: str, table: str, asked: dict[str, str], prefer: str) -> Deletions:
        """What was deleted, from all pages, and the token after the last."""
        path, options = f"{DATA}/{table}", {"$select": f"{entity}id"} | asked
        how: dict[str, Any] = {"headers": {"Prefer": f"{prefer}odata.maxpagesize={LARGEST_PAGE}"}}
        how["faults"] = _of_a_token if asked else fault_of
        ids, seen = list[str](), set[str]()
        answer = await self.send("GET", path, params=options, **how)
        while True:
            page: wire.Delta = read_part(200, answer.content, wire.Delta, system=mapping.SYSTEM, faults=None)
            ids += [_identified(each.id) for each in page.value if each.reason == "deleted"]
            if not page.next_link or page.next_link in seen:
                break
            seen.add(page.next_link)
            answer = await self.send("GET", _path_of(page.next_link), **how)
        token = httpx.URL(_path_of(page.delta_link)).params.get("$deltatoken", "")
        if not token:
            raise Drifted("the last page of a tracked table has no delta link", system=mapping.SYSTEM)
        return Deletions(ids=ids, token=token, told_at=_date_of(answer))

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
        options.setdefault("faults", fault_of)
        return await vendor_send(self._http, method, path, returns, system=mapping.SYSTEM, **options)


def _columns(shape: type[wire.Row]) -> dict[str, str]:
    wanted = {"$select": shape.select()}
    return wanted | {"$expand": shape.expand()} if shape.expands else wanted


def _path_of(link: str) -> str:
    """Where a page's link leads: only its path, since whatever host it names, the token goes to ours."""
    try:
        return httpx.URL(link).raw_path.decode("ascii")
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=mapping.SYSTEM) from wrong


def _of_a_token(response: httpx.Response) -> Fault | None:
    """A delta link is refused with a code that no document names: so whatever the refusal says, it is of its token."""
    if response.status_code in (400, 410):
        return VendorRefused("the delta token is not good any more")
    return fault_of(response)


def _date_of(answer: httpx.Response) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return now()


def _identified(record_id: str) -> str:
    """The id of a deleted row, which nothing else says."""
    if not _ID.match(record_id):
        raise Drifted(f"a deleted row is named {record_id[:40]!r}, which is no id", system=mapping.SYSTEM)
    return record_id.lower()


def checked(record_id: str) -> str:
    """An id fit for an address and a filter; anything else cannot exist."""
    if not _ID.match(record_id):
        raise NotFound(f"{record_id[:40]!r} is no id of a Dataverse record", system=mapping.SYSTEM)
    return record_id.lower()
