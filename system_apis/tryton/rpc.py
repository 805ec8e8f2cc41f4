"""Calls to one database: what a model is asked, and the error that may come in an answer of status 200."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec
from msgspec import UNSET

from canonical.faults import Drifted, OutcomeUnknown
from foundation.vendor_http import send
from system_apis.tryton import wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.faults import fault_in, fault_of

T = TypeVar("T", bound=msgspec.Struct)
Domain = Sequence[Any]
_HEADERS: Final = {"Content-Type": "application/json"}
PAGE: Final = 500
"""Records of one answer."""


class Rpc:
    """One database. `company` in each call is the one it works in: what a party owes, and to whom."""

    def __init__(self, http: httpx.AsyncClient, database: str) -> None:
        self._http = http
        self._path = wire.address(database)

    async def read(self, shape: type[T], model: str, id: int, company: int | None = None) -> T:
        """One record; `NotFound` when there is none."""
        found: list[T] = await self._call(model, "read", list[shape], [[id], wire.fields(shape)], company)  # type: ignore[valid-type]  # a type given at run time
        if len(found) != 1:
            raise Drifted(f"asked for one {model} it gave {len(found)}", system=SYSTEM)
        return found[0]

    async def search(
        self,
        shape: type[T],
        model: str,
        domain: Domain,
        order: str = "id",
        most: int = 0,
        company: int | None = None,
    ) -> list[T]:
        """Every record that is meant, or the first ones; `order` is the fields they come by."""
        found: list[T] = []
        by = [[name, "ASC"] for name in order.split()]
        while True:
            size = most or PAGE
            params = [domain, len(found), size, by, wire.fields(shape)]
            page: list[T] = await self._call(model, "search_read", list[shape], params, company)  # type: ignore[valid-type]  # likewise
            found += page
            if most or len(page) < size:
                return found

    async def create(self, model: str, values: Mapping[str, Any], company: int | None) -> int:
        """A new record; its id."""
        (made,) = await self.create_each(model, [values], company)
        return made

    async def create_each(self, model: str, every: Sequence[Mapping[str, Any]], company: int | None) -> list[int]:
        """New records, all of them or none; their ids in the same order."""
        made: list[int] = await self._call(model, "create", list[int], [every], company, writes=True)
        if len(made) != len(every):
            raise OutcomeUnknown(f"asked to make {len(every)} of {model} it made {len(made)}", system=SYSTEM)
        return made

    async def write(self, model: str, id: int, values: Mapping[str, Any], company: int | None, read_at: str) -> None:
        """Change a record, if nobody has since it was read; `VendorStale` otherwise."""
        await self.write_each(model, [(id, values, read_at)], company)

    async def write_each(
        self, model: str, every: Sequence[tuple[int, Mapping[str, Any], str]], company: int | None
    ) -> None:
        """Change records, all of them or none: id, values and the version each was read at. Nothing for no record."""
        if not every:
            return
        params = [each for id, values, _ in every for each in ([id], values)]
        versions = {f"{model},{id}": read_at for id, _, read_at in every}
        await self._call(model, "write", None, params, company, writes=True, _timestamp=versions)

    async def delete(self, model: str, id: int, company: int | None, read_at: str) -> None:
        """Delete a record, if nobody has changed it since it was read; `VendorStale` otherwise."""
        await self._call(model, "delete", None, [[id]], company, writes=True, _timestamp={f"{model},{id}": read_at})

    async def button(self, model: str, name: str, id: int, company: int) -> None:
        """Push a button of a record: it may open a window, which is none of ours."""
        await self._call(model, name, msgspec.Raw, [[id]], company, writes=True)

    async def worked_out(self, model: str, changed: str, shape: type[T], values: Mapping[str, Any], company: int) -> T:
        """What Tryton's own client is told when somebody fills in a field: what else follows from it."""
        found: T = await self._call(model, f"on_change_{changed}", shape, [values], company)
        return found

    async def described(self, model: str) -> dict[str, wire.Described]:
        """The fields of a model that we may see."""
        found: dict[str, wire.Described] = await self._call(model, "fields_get", dict[str, wire.Described], [[]], None)
        return found

    async def sign_in(self) -> None:
        """Nothing but a call that needs a session."""
        await self._call("res.user", "get_preferences", dict[str, msgspec.Raw], [True], None)

    async def _call(
        self,
        model: str,
        method: str,
        returns: Any,
        params: Sequence[Any],
        company: int | None,
        *,
        writes: bool = False,
        **context: Any,
    ) -> Any:
        told = {"language": "en", **({"company": company} if company else {}), **context}
        content = wire.call(f"model.{model}.{method}", [*params, told])
        reply = await send(
            self._http,
            "POST",
            self._path,
            wire.Reply[returns],
            system=SYSTEM,
            content=content,
            headers=_HEADERS,
            faults=fault_of,
            writes=writes,
        )
        if reply.error is not None:
            raise fault_in(reply.error)
        if reply.result is UNSET:
            raise Drifted("an answer has neither a result nor an error", system=SYSTEM)
        return reply.result
