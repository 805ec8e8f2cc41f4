"""Kantata's records: the few calls every kind of them has, and our keys for them.

There is no upsert and nothing is unique, so a key is an *external reference*: a record of its own that points to its
subject. It can be missing where its subject is not; whoever creates looks for both.
"""

from typing import Any, Final

import httpx
import msgspec

from canonical.faults import (
    Drifted,
    Fault,
    FieldError,
    NotFound,
    VendorBusy,
    VendorDown,
    VendorForbade,
    VendorRefused,
    VendorSignIn,
)
from foundation.vendor_http import send
from system_apis.kantata import wire
from system_apis.kantata.mapping import SERVICE, SYSTEM
from system_apis.kantata.wire import Kind, T

_BASE: Final = "/api/v1/"
_EVERYTHING: Final = {"include_archived": "true", "show_archived": "true"}
"""Archived records are hidden unless asked for, from a list and from a single read alike."""

_FAULTS: Final[dict[int, type[Fault]]] = {
    400: VendorRefused,
    401: VendorSignIn,
    403: VendorForbade,
    404: NotFound,
    422: VendorRefused,
    429: VendorBusy,
    503: VendorDown,
}


class Records:
    """One account's records. `http` carries the base address, the token and the timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def get(self, kind: Kind[T], id: str) -> T:
        """One record; `NotFound` when there is none."""
        return _only(kind, await self._send("GET", f"{kind.plural}/{id}", params=_EVERYTHING))

    async def all(self, kind: Kind[T], pages: int = 0, order: str = "created_at:asc", **filters: str) -> list[T]:
        """Every record a filter selects, or its first `pages`. Oldest first, what is made meanwhile shifts no page."""
        found: dict[str, T] = {}
        page = count = 1
        while page <= (pages or count):
            params = {**_EVERYTHING, **filters, "per_page": str(wire.PAGE), "page": str(page), "order": order}
            answer = await self._send("GET", kind.plural, params=params)
            records: dict[str, T] = getattr(answer, kind.plural)
            # The map also holds records that were only included: the results say which were asked for.
            named = [result.id for result in answer.results if result.key == kind.plural]
            if lacking := [id for id in named if id not in records]:
                raise Drifted(f"an answer names {kind.plural} that it does not hold: {lacking[0][:60]}", system=SYSTEM)
            found |= {id: records[id] for id in named}
            page, count = page + 1, answer.meta.page_count
        return list(found.values())

    async def create(self, kind: Kind[T], written: msgspec.Struct) -> T:
        """Make a record. Nothing is unique there: look before."""
        return _only(kind, await self._send("POST", kind.plural, json={kind.singular: written}))

    async def update(self, kind: Kind[T], id: str, written: msgspec.Struct) -> T:
        """Change the fields that are named."""
        return _only(kind, await self._send("PUT", f"{kind.plural}/{id}", json={kind.singular: written}))

    async def delete(self, kind: Kind[T], id: str) -> None:
        """Delete a record; nothing happens when it is gone already."""
        try:
            await self._send("DELETE", f"{kind.plural}/{id}", returns=None)
        except NotFound:
            return

    async def newest(self, kind: Kind[T]) -> T | None:
        """One record; None when there is none."""
        answer = await self._send("GET", kind.plural, params={**_EVERYTHING, "per_page": "1"})
        records: dict[str, T] = getattr(answer, kind.plural)
        return next(iter(records.values()), None)

    async def fields(self, plural: str) -> list[str] | None:
        """The names in one record of a kind; None when there is none."""
        params = {**_EVERYTHING, "per_page": "1"}
        answer = await self._send("GET", plural, dict[str, Any], params=params)
        record = next(iter(answer.get(plural, {}).values()), None)
        return None if record is None else list(record)

    async def references(self, key: str) -> dict[str, wire.Reference]:
        """What our key stands for, by model (`project`, `task setup` ...). The filter is checked, not trusted."""
        found = await self.all(wire.REFERENCES, service_name=SERVICE, service_model_ref=key)
        ours = [each for each in found if each.service_name == SERVICE and each.service_model_ref == key]
        return {each.service_model: each for each in reversed(ours)}

    async def key_of(self, ids: list[str], model: str) -> str:
        """Our key among a record's external references; empty when none is of this model."""
        if not ids:
            return ""
        found = await self.all(wire.REFERENCES, only=",".join(ids))
        keys = [each.service_model_ref for each in found if (each.service_name, each.service_model) == (SERVICE, model)]
        return keys[0] if keys else ""

    async def refer(self, held: wire.Reference | None, wanted: wire.ReferenceWrite) -> None:
        """Make our key point to its subject; a reference to a record that is gone is pointed anew."""
        if held is None:
            await self.create(wire.REFERENCES, wanted)
        elif held.subject_id != wanted.subject_id:
            await self.update(wire.REFERENCES, held.id, wanted)

    async def _send(self, method: str, path: str, returns: Any = wire.Envelope, **more: Any) -> Any:
        return await send(self._http, method, _BASE + path, returns, system=SYSTEM, faults=_fault, **more)


def _only(kind: Kind[T], answer: wire.Envelope) -> T:
    records: dict[str, T] = getattr(answer, kind.plural)
    for result in answer.results:
        if result.key == kind.plural and result.id in records:
            return records[result.id]
    raise Drifted(f"an answer about {kind.plural} holds none", system=SYSTEM)


def _fault(response: httpx.Response) -> Fault | None:
    kind = _FAULTS.get(response.status_code)
    if kind is None:
        return None
    said = msgspec.json.decode(response.content, type=wire.Complaints).errors
    errors = [FieldError(pointer=f"/{each.field}", detail=each.message) for each in said if each.field]
    return kind("; ".join(each.message for each in said), errors=errors)
