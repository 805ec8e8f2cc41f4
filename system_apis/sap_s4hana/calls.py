"""Calls to one tenant's services: lists, single entities, creates, changes; several at once in a batch."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec
import structlog

from canonical.faults import Drifted, Fault, NotFound
from foundation import odata_batch as batch
from foundation.vendor_http import read_part, send
from system_apis.sap_s4hana import faults, wire
from system_apis.sap_s4hana.entities import FirmEntities
from system_apis.sap_s4hana.odata import SYSTEM, by_guid, query, service_of
from system_apis.sap_s4hana.updates import Change

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
JSON: Final = {"Content-Type": "application/json"}
_CHUNK: Final = 25
"""How many entities one filter names: an address has its limits."""
_READ_AS: Final[dict[str, Any]] = {"system": SYSTEM, "faults": faults.read}
T = TypeVar("T")

log = structlog.get_logger("tiergate.sap_s4hana")


class Calls:
    """One tenant, through one communication user. `http` carries the base address, the session and the time limits."""

    def __init__(self, http: httpx.AsyncClient, user: str = "") -> None:
        self._http = http
        self._user = user
        self._entities = FirmEntities(self._firm)
        self._one_by_one = set[str]()
        """Services that said that they take one operation in a change set."""

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def _job(self, project_id: str) -> wire.Project:
        return await self._get(project_path(project_id), wire.Project, {})

    async def _firm(self, params: dict[str, str]) -> list[wire.Entity]:
        """Our own service, page by page."""
        path, found = f"{wire.FIRM}/LegalEntity", list[wire.Entity]()
        while True:
            page: wire.Entities = await self._send("GET", path + query(params), wire.Entities)
            found += page.value
            if not page.next:
                return found
            params = dict(httpx.URL(page.next).params)

    async def _get(self, path: str, returns: type[T], params: dict[str, str]) -> T:
        found = await self._send("GET", path + query(params), wire.One[returns])  # type: ignore[valid-type]  # built here
        one: T = found.d
        return one

    async def _list(self, service: str, entity_set: str, returns: type[T], params: dict[str, str]) -> list[T]:
        """What a query finds on its first page: a key is one record's, a sample is one."""
        return (await self._listed(service, entity_set, returns, params)).results

    async def _listed(self, service: str, entity_set: str, returns: type[T], params: dict[str, str]) -> wire.Listed[T]:
        kind: Any = wire.Many[returns]  # type: ignore[valid-type]  # built here
        page = await self._send("GET", f"{service}/{entity_set}{query(params)}", kind)
        found: wire.Listed[T] = page.d
        return found

    async def _together(self, service: str, *wanted: tuple[str, Any]) -> list[Any]:
        """Several reads of one service in one call: each an address below it with its query, and the shape it has."""
        if len(wanted) == 1:
            return [await self._send("GET", f"{service}/{path}", shape) for path, shape in wanted]
        calls = [batch.Call(path=f"{service}/{path}") for path, _ in wanted]
        told = await batch.read(self._http, f"{service}/$batch", calls, **_READ_AS)
        return [
            read_part(each.status_code, each.content, shape, headers=each.headers, **_READ_AS)
            for each, (_, shape) in zip(told, wanted, strict=True)
        ]

    async def _all(self, service: str, entity_set: str, returns: type[T], *params: dict[str, str]) -> list[T]:
        """What queries find on all their pages, the first of each in one call."""
        if not params:
            return []
        kind: Any = wire.Many[returns]  # type: ignore[valid-type]  # built here
        pages = await self._together(service, *((f"{entity_set}{query(each)}", kind) for each in params))
        found: list[T] = []
        for asked, page in zip(params, pages, strict=True):
            found += await self._onward(service, entity_set, returns, asked, page.d)
        return found

    async def _onward(
        self, service: str, entity_set: str, returns: type[T], asked: dict[str, str], page: wire.Listed[T]
    ) -> list[T]:
        """What stands on a page and all that follow it. A link is followed as it is, on our own host."""
        found, seen = list(page.results), list[dict[str, str]]()
        while page.next:
            seen.append(asked)
            asked = _asked(page.next)
            if asked in seen:
                raise Drifted("the link to the next page leads to a page that was read already", system=SYSTEM)
            page = await self._listed(service, entity_set, returns, asked)
            found += page.results
        return found

    async def _each(
        self,
        service: str,
        name: str,
        shape: type[T],
        wanted: Sequence[Any],
        where: Callable[[Any], str],
        expand: str = "",
        only: str = "",
    ) -> list[T]:
        """All entities that fit one of what is wanted, some of it at a time."""
        asked = []
        for at in range(0, len(wanted), _CHUNK):
            condition = " or ".join(where(each) for each in wanted[at : at + _CHUNK])
            params = {"$filter": f"{only} and ({condition})" if only else condition}
            asked.append(params | ({"$expand": expand} if expand else {}))
        return await self._all(service, name, shape, *asked)

    async def _create(self, path: str, draft: wire.Wire) -> wire.Made:
        content = msgspec.json.encode(draft)
        answer: wire.One[wire.Made] = await self._send("POST", path, wire.One[wire.Made], content=content, headers=JSON)
        return answer.d

    async def _apply(self, changes: list[Change]) -> None:
        """Make changes of one service: several as one change set, so that all are made or none."""
        calls = [_call(each) for each in changes]
        if len(calls) > 1 and not any(each.returns for each in changes) and await self._applied(calls):
            return
        for change, call in zip(changes, calls, strict=True):
            content = msgspec.json.encode(call.body) if call.body is not None else None
            await self._send(call.method, call.path, change.returns, content=content, headers=JSON | call.headers)

    async def _applied(self, calls: list[batch.Call]) -> bool:
        """Whether a service took them as one change set. One that takes single operations has done nothing of it."""
        service = service_of(calls[0].path)
        if service in self._one_by_one:
            return False
        try:
            await batch.change(self._http, f"{service}/$batch", calls, **_READ_AS)
        except Fault as refused:
            if not faults.wants_one(refused):
                raise
            log.warning("changes are made one by one", system=SYSTEM, service=service, reason=refused.detail)
            self._one_by_one.add(service)
            return False
        return True

    async def _send(self, method: str, path: str, returns: Any = None, **more: Any) -> Any:
        return await send(self._http, method, path, returns, **_READ_AS, **more)


def project_path(project_id: str) -> str:
    """The address of a project by our id of it; `NotFound` for what cannot be one."""
    if not _GUID.fullmatch(project_id):
        raise NotFound(f"{project_id[:40]!r} is no project's UUID", system=SYSTEM)
    return f"{wire.PROJECTS}/{by_guid('A_EnterpriseProject', project_id)}"


def given(number: str) -> str:
    """The number SAP gave; `Drifted` where it gave none."""
    if not number:
        raise Drifted("a create was accepted without saying what was made", system=SYSTEM)
    return number


def first(found: list[T], key: str) -> T:
    """The one there is; `NotFound` where there is none."""
    if not found:
        raise NotFound(f"SAP has nothing under the key {key[:80]}", system=SYSTEM)
    return found[0]


def _call(change: Change) -> batch.Call:
    if not (change.etag.isascii() and change.etag.isprintable()):
        raise Drifted("a version is none that a header can say", system=SYSTEM)
    headers = {"If-Match": change.etag} if change.etag else {}
    return batch.Call(method=change.method, path=change.path, headers=headers, body=change.body)


def _asked(link: str) -> dict[str, str]:
    try:
        return dict(httpx.URL(link).params)
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link to the next page is none: {wrong}", system=SYSTEM) from wrong
