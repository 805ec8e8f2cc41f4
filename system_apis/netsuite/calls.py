"""The calls every part of the adapter makes: records by address, upserts by our key, SuiteQL page by page."""

import re
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from canonical.faults import Drifted, NotFound
from canonical.ports.operation import Written
from foundation.vendor_http import send
from system_apis.netsuite import faults, wire
from system_apis.netsuite.jobs import Jobs, Write
from system_apis.netsuite.references import References

RECORDS: Final = "/services/rest/record/v1"
SUITEQL: Final = "/services/rest/query/v1/suiteql"
SYNC: Final = "sync"
ASYNC: Final = "async"
TRANSACTIONS: Final = frozenset({"salesOrder", "invoice", "creditMemo", "expenseReport"})
"""What is money in the books: it must be there once, and takes longest to save."""
PAGE: Final = 1000
"""Rows a SuiteQL page, the most there is."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
T = TypeVar("T")


class Calls:
    """One account. `http` carries the base address, the sign-in and the time limits; `user` signs in."""

    def __init__(self, http: httpx.AsyncClient, user: str = "", *, writes: str = SYNC) -> None:
        """`writes`: whether transactions are written as jobs (`async`) or at once."""
        self._http = http
        self._user = user
        self._jobs = Jobs(http) if writes == ASYNC else None
        self._references = References(self._codes)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def _entity(self, subsidiary: wire.Ref) -> str:
        return await self._references.subsidiaries.code(subsidiary.id)

    async def _currency(self, currency: wire.Ref) -> str:
        return await self._references.currencies.code(currency.id)

    async def _terms(self, name: str) -> str:
        return await self._references.terms.id(name) if name else ""

    async def _get(self, record: str, native_id: str, returns: type[T]) -> T:
        params = {"expandSubResources": "true"}
        found: T = await self._send("GET", f"{RECORDS}/{record}/{quote(native_id, safe=':')}", returns, params=params)
        return found

    async def _upsert(self, record: str, key: str, draft: wire.Wire, *, replace: str = "") -> Written:
        params = {"replace": replace} if replace else {}
        return await self._write("PUT", f"{RECORDS}/{record}/{quote(eid(key), safe=':')}", draft, params)

    async def _write(self, method: str, path: str, draft: wire.Wire, params: dict[str, str] | None = None) -> Written:
        content, headers = _ENCODER.encode(draft), {"Content-Type": "application/json"}
        if self._jobs is not None and path.removeprefix(f"{RECORDS}/").partition("/")[0] in TRANSACTIONS:
            write = Write(method=method, path=path, params=params or {}, content=content, headers=headers)
            answer = await self._jobs.write(write)
            if "Location" not in answer.headers:
                return Written(id=(await self._send("GET", path, wire.ListedRecord, params={"fields": "id"})).id)
        else:
            answer = await self._send(
                method, path, params=params, content=content, headers=headers, expect=(200, 201, 204)
            )
        address = answer.headers.get("Location", "").partition("?")[0]
        if not address:
            raise Drifted("a write was accepted without saying where the record is", system="netsuite")
        return Written(id=address.rpartition("/")[2])

    async def _codes(self, text: str) -> list[wire.CodeRow]:
        return await self._query(text, wire.Rows[wire.CodeRow])

    async def _query(self, text: str, returns: type[wire.Rows[T]]) -> list[T]:
        """All rows of a SuiteQL query."""
        rows: list[T] = []
        while True:
            page = await self._rows(text, returns, limit=PAGE, offset=len(rows))
            rows += page.items
            if not page.has_more:
                return rows

    async def _rows(self, text: str, returns: type[wire.Rows[T]], *, limit: int, offset: int = 0) -> wire.Rows[T]:
        """One page of a SuiteQL query. `Prefer: transient` is not optional, and the offset is whole pages."""
        page: wire.Rows[T] = await self._send(
            "POST",
            SUITEQL,
            returns,
            params={"limit": limit, "offset": offset},
            json={"q": text},
            headers={"Prefer": "transient"},
            writes=False,
        )
        return page

    async def _send(self, method: str, path: str, returns: Any = None, **more: Any) -> Any:
        return await send(self._http, method, path, returns, system="netsuite", faults=faults.read, **more)


def eid(key: str) -> str:
    """A record's address by our key."""
    return f"eid:{key}"


def checked(native_id: str) -> str:
    """An internal id fit for an address; with a space or a slash it would be another address, or none at all."""
    if not _ID.fullmatch(native_id):
        raise NotFound(f"{native_id[:40]!r} is no internal id", system="netsuite")
    return native_id


def quoted(text: str) -> str:
    """A SuiteQL string literal."""
    return "'" + text.replace("'", "''") + "'"
