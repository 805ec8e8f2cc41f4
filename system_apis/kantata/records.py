"""Kantata's records: the few calls every kind of them has, and our keys for them.

There is no upsert and nothing is unique, so a key is an *external reference*: a record of its own that points to its
subject. It can be missing where its subject is not; whoever creates looks for both.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
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
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.vendor_http import send
from system_apis.kantata import wire
from system_apis.kantata.mapping import SERVICE, SYSTEM
from system_apis.kantata.wire import Kind, T

_OVERLAP: Final = 20
"""Records a page begins before where the last one ended: so many may be deleted between two pages."""
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


def _asked(kind: Kind[Any], *, hidden: bool = True) -> dict[str, str]:
    """What every call about a kind says; `hidden`: archived records, too, which only a read can ask for."""
    included = {"include": kind.includes} if kind.includes else {}
    shown = {kind.hides: "true"} if kind.hides and hidden else {}
    return (_EVERYTHING if hidden else {}) | shown | included


class Records:
    """One account's records. `http` carries the base address, the token and the timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def get(self, kind: Kind[T], id: str) -> T:
        """One record; `NotFound` when there is none."""
        return (await self.whole(kind, id))[0]

    async def whole(self, kind: Kind[T], id: str) -> tuple[T, wire.Envelope]:
        """One record, and the answer that holds what is included beside it."""
        answer = await self._send("GET", f"{kind.plural}/{id}", params=_asked(kind))
        return _only(kind, answer), answer

    async def all(self, kind: Kind[T], pages: int = 0, order: str = "created_at:asc", **filters: str) -> list[T]:
        """Every record a filter selects, or its first `pages`. Oldest first, what is made meanwhile shifts no page."""
        found: dict[str, T] = {}
        page = count = 1
        while page <= (pages or count):
            params = {**_asked(kind), **filters, "per_page": str(wire.PAGE), "page": str(page), "order": order}
            answer = await self._send("GET", kind.plural, params=params)
            found |= _named(kind, answer)
            page, count = page + 1, answer.meta.page_count
        return list(found.values())

    async def page(self, kind: Kind[T], cursor: str, limit: int, **filters: str) -> tuple[list[T], str]:
        """The records made next, and the cursor behind them."""
        found, following, _ = await self.whole_page(kind, cursor, limit, **filters)
        return found, following

    async def whole_page(
        self, kind: Kind[T], cursor: str, limit: int, **filters: str
    ) -> tuple[list[T], str, wire.Envelope]:
        """The records made next, oldest first, the cursor behind them, and the answer they are from.

        There are offsets only, and a record deleted before one moves all the others up. So a page begins a bit before
        the place where the last one ended, and what has an id up to the last one read is passed over: ids only grow.
        """
        at, last = (int(part or 0) for part in place(cursor, r"\d{1,12}", r"\d{1,18}"))
        begin = max(0, at - _OVERLAP)
        size = min(wire.PAGE, limit + at - begin + 1)
        params = {**_asked(kind), **filters, "limit": str(size), "offset": str(begin), "order": "created_at:asc"}
        answer = await self._send("GET", kind.plural, params=params)
        found = list(_named(kind, answer).values())
        fresh = [(number, each) for number, each in enumerate(found, begin + 1) if _number(each) > last][:limit]
        if not fresh:
            return [], "", answer
        number, end = fresh[-1]
        more = number < begin + len(found) or len(found) == size
        following = next_place(str(number), str(_number(end))) if more else ""
        return [each for _, each in fresh], following, answer

    async def since(
        self, kind: Kind[T], stamp: datetime, most: int, order: str = "updated_at:asc", **filters: str
    ) -> AsyncIterator[T]:
        """The records changed at an instant or later, in the order of their changes, or another where that is none.

        A record changed meanwhile moves to the end, and those behind it up: here too each page begins before the last
        one's end.
        """
        after = (stamp - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
        size, offset, told = min(wire.PAGE, most + _OVERLAP), 0, set[str]()
        while True:
            asked = {"updated_after": after, "limit": str(size), "offset": str(offset), "order": order}
            answer = await self._send("GET", kind.plural, params={**_asked(kind), **filters, **asked})
            found = list(_named(kind, answer).values())
            for each in found:
                if _number(each) and each.id not in told:  # type: ignore[attr-defined]  # every kind has an id
                    told.add(each.id)  # type: ignore[attr-defined]  # likewise
                    yield each
            if len(found) < size:
                return
            offset += size - _OVERLAP

    async def named(self, kind: Kind[T], ids: Sequence[str]) -> AsyncIterator[wire.Envelope]:
        """Answers that hold these records, as many at a time as an answer takes; who is not there is left out."""
        for first in range(0, len(ids), wire.PAGE):
            only = ",".join(ids[first : first + wire.PAGE])
            yield await self._send(
                "GET", kind.plural, params={**_asked(kind), "only": only, "per_page": str(wire.PAGE)}
            )

    async def create(self, kind: Kind[T], written: msgspec.Struct) -> T:
        """Make a record. Nothing is unique there: look before."""
        params = _asked(kind, hidden=False)
        return _only(kind, await self._send("POST", kind.plural, params=params, json={kind.singular: written}))

    async def update(self, kind: Kind[T], id: str, written: msgspec.Struct) -> T:
        """Change the fields that are named."""
        params = _asked(kind, hidden=False)
        return _only(kind, await self._send("PUT", f"{kind.plural}/{id}", params=params, json={kind.singular: written}))

    async def cancel(self, kind: Kind[T], id: str) -> T:
        """Cancel a record that can no longer be deleted."""
        params = _asked(kind, hidden=False)
        return _only(kind, await self._send("PUT", f"{kind.plural}/{id}/cancel", params=params))

    async def delete(self, kind: Kind[T], id: str) -> None:
        """Delete a record; nothing happens when it is gone already."""
        try:
            await self._send("DELETE", f"{kind.plural}/{id}", returns=None)
        except NotFound:
            return

    async def newest(self, kind: Kind[T]) -> T | None:
        """One record; None when there is none."""
        answer = await self._send("GET", kind.plural, params={**_asked(kind), "per_page": "1"})
        records: dict[str, T] = getattr(answer, kind.plural)
        return next(iter(records.values()), None)

    async def fields(self, plural: str) -> list[str] | None:
        """The names in one record of a kind; None when there is none."""
        params = {**_asked(wire.KINDS[plural]), "per_page": "1"}
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

    async def keys_of(self, ids: list[str], model: str) -> dict[str, str]:
        """Our keys by the id of the record they stand for, of these external references."""
        keys: dict[str, str] = {}
        for first in range(0, len(ids), wire.PAGE):
            for each in await self.all(wire.REFERENCES, only=",".join(ids[first : first + wire.PAGE])):
                if (each.service_name, each.service_model) == (SERVICE, model):
                    keys.setdefault(each.subject_id, each.service_model_ref)
        return keys

    async def refer(self, held: wire.Reference | None, wanted: wire.ReferenceWrite) -> None:
        """Make our key point to its subject; a reference to a record that is gone is pointed anew."""
        if held is None:
            await self.create(wire.REFERENCES, wanted)
        elif held.subject_id != wanted.subject_id:
            await self.update(wire.REFERENCES, held.id, wanted)

    async def _send(self, method: str, path: str, returns: Any = wire.Envelope, **more: Any) -> Any:
        return await send(self._http, method, _BASE + path, returns, system=SYSTEM, faults=_fault, **more)


def _number(record: Any) -> int:
    if not record.id.isdigit():
        raise Drifted(f"{record.id[:40]!r} is no id", system=SYSTEM)
    return int(record.id)


def _named(kind: Kind[T], answer: wire.Envelope) -> dict[str, T]:
    """The records an answer is about, in its order. The map may hold more, that was only included: the results say."""
    records: dict[str, T] = getattr(answer, kind.plural)
    named = [result.id for result in answer.results if result.key == kind.plural]
    if lacking := [id for id in named if id not in records]:
        raise Drifted(f"an answer names {kind.plural} that it does not hold: {lacking[0][:60]}", system=SYSTEM)
    return {id: records[id] for id in named}


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
