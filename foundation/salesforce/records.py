"""Records of an org: the few calls every kind of them has. A text that can be no id is never sent as one."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from canonical.faults import Drifted, NotFound
from canonical.ports.systems import Account
from foundation.checking import Described
from foundation.connections import Connection
from foundation.cursors import cursor as next_place
from foundation.cursors import place
from foundation.salesforce import wire
from foundation.salesforce.faults import fault_of, limited, undone, unsaved
from foundation.salesforce.sign_in import sign_in
from foundation.salesforce.usage import Usage, usage_of
from foundation.vendor_http import http_client, read_part, send

DATA: Final = "/services/data/v62.0"
_ID: Final = re.compile(r"^[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?$")
_UNQUOTED: Final = re.compile(r"['\\]")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

R = TypeVar("R", bound=wire.Row)
S = TypeVar("S", bound=wire.Row)


def org_client(connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client of one org: signed in, its limits obeyed, their use watched. `ValueError` names a missing setting."""
    http = http_client(connection, sign_in(connection), transport, usage=usage_of, limited=limited)
    http.event_hooks["response"].append(Usage(connection.name).note)
    return http


def quoted(text: str) -> str:
    """A text as SOQL takes it."""
    escaped = _UNQUOTED.sub(lambda found: "\\" + found[0], text).replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def changed_after(stamp: datetime, record_id: str, *, within: bool = False) -> str:
    """What selects records changed after a stamp, or at it with a later id, oldest change first.

    `within`: from that id on, where part of its record was read.
    """
    at = stamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    beyond = f"Id {'>=' if within else '>'} '{record_id}'" if record_id else "Id != null"
    return f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND {beyond})) ORDER BY SystemModstamp, Id"


class Records:
    """One org's records. `http` carries address, sign-in and timeouts; faults name `system`."""

    def __init__(self, http: httpx.AsyncClient, system: str) -> None:
        self._http = http
        self._system = system

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    def is_id(self, text: str) -> bool:
        """Whether a text can be an id, of 15 or 18 characters."""
        return bool(_ID.match(text))

    def checked(self, record_id: str) -> str:
        """An id as it is; `NotFound` for a text that can be none."""
        if not self.is_id(record_id):
            raise NotFound(f"{record_id[:40]!r} is no Salesforce id", system=self._system)
        return record_id

    async def row(self, kind: str, record_id: str, shape: type[R]) -> R:
        """One record by id; `NotFound` when there is none, or none we may see."""
        found: R = await self.send("GET", self._row(kind, record_id, shape), shape)
        return found

    async def row_with(
        self, kind: str, record_id: str, shape: type[R], below: str, where: str, line: type[S]
    ) -> tuple[R, list[S]]:
        """One record, and those of another kind that a condition selects, in one call (a composite of two)."""
        urls = {"row": self._row(kind, record_id, shape), "lines": self._query(below, where, line)}
        parts = [{"method": "GET", "url": url, "referenceId": name} for name, url in urls.items()]
        body = {"allOrNone": False, "compositeRequest": parts}
        answer = await self.send("POST", f"{DATA}/composite", wire.Composite, fields=body, writes=False)
        told = {each.reference_id: each for each in answer.composite_response}
        if not urls.keys() <= told.keys():
            raise Drifted("a composite was answered in part", system=self._system)
        row: R = self._part(told["row"], shape)
        page: wire.Rows[S] = self._part(told["lines"], wire.Rows[line])  # type: ignore[valid-type]  # a type given at run time
        return row, await self._all(page, line)

    async def query(self, kind: str, where: str, shape: type[R], *, deleted: bool = False) -> list[R]:
        """Every record a condition selects, page by page; with `deleted` those of the recycle bin too."""
        path = self._query(kind, where, shape, deleted=deleted)
        page: wire.Rows[R] = await self.send("GET", path, wire.Rows[shape])  # type: ignore[valid-type]  # a type given at run time
        return await self._all(page, shape)

    async def _all(self, page: wire.Rows[R], shape: type[R]) -> list[R]:
        found = list(page.records)
        while not page.done:
            page = await self.send("GET", page.next_records_url, wire.Rows[shape])  # type: ignore[valid-type]  # likewise
            found += page.records
        return found

    async def page(self, kind: str, shape: type[R], cursor: str, limit: int, where: str = "") -> tuple[list[R], str]:
        """The records whose ids come next, and the cursor of those after them, empty where there are none.

        `shape` reads the `id`. One more than `limit` is asked for, to know. No cursor of the org's own is kept, since
        those end with their session.
        """
        (last,) = place(cursor, _ID.pattern)
        conditions = [f"Id > '{last}'" if last else "Id != null", *filter(None, [where])]
        rows: list[Any] = await self.query(kind, f"{' AND '.join(conditions)} ORDER BY Id LIMIT {limit + 1}", shape)
        return rows[:limit], next_place(rows[limit - 1].id) if len(rows) > limit else ""

    def _row(self, kind: str, record_id: str, shape: type[wire.Row]) -> str:
        return f"{DATA}/sobjects/{kind}/{self.checked(record_id)}?{urlencode({'fields': shape.columns()})}"

    def _query(self, kind: str, where: str, shape: type[wire.Row], *, deleted: bool = False) -> str:
        query = f"SELECT {shape.columns()} FROM {kind} WHERE {where}"  # noqa: S608 - what is put in is checked or quoted
        return f"{DATA}/{'queryAll' if deleted else 'query'}?{urlencode({'q': query})}"

    def _part(self, told: wire.Part, returns: Any) -> Any:
        return read_part(told.http_status_code, bytes(told.body), returns, system=self._system, faults=fault_of)

    async def create(self, kind: str, fields: msgspec.Struct) -> str:
        """Make a record; its id."""
        return self._known(await self.send("POST", f"{DATA}/sobjects/{kind}", wire.Saved, fields=fields)).id

    async def update(
        self, kind: str, record_id: str, fields: msgspec.Struct, *, unmodified_since: datetime | None = None
    ) -> None:
        """Change the fields that are named; `VendorStale` when somebody changed the record after that instant."""
        headers = {}
        if unmodified_since is not None:
            headers["If-Unmodified-Since"] = format_datetime(unmodified_since.astimezone(UTC), usegmt=True)
        path = f"{DATA}/sobjects/{kind}/{self.checked(record_id)}"
        await self.send("PATCH", path, fields=fields, headers=headers)

    async def upsert(self, kind: str, field: str, key: str, fields: msgspec.Struct) -> wire.Saved:
        """Make the record that has this external id, or change it: the org itself looks, so there is never a second."""
        path = f"{DATA}/sobjects/{kind}/{field}/{quote(key, safe='')}"
        return self._known(await self.send("PATCH", path, wire.Saved, fields=fields))

    async def upsert_all(self, kind: str, field: str, records: list[Any]) -> list[wire.Saved]:
        """The same for up to 200 at once, all or none; each record carries its external id and its `attributes`."""
        path = f"{DATA}/composite/sobjects/{kind}/{field}"
        body = {"allOrNone": True, "records": records}
        saved: list[wire.Saved] = await self.send("PATCH", path, list[wire.Saved], fields=body)
        return self._all_saved(saved, len(records))

    async def update_all(self, records: list[Any]) -> None:
        """Change up to 200 records at once, all or none; each carries its `id` and its `attributes`."""
        body = {"allOrNone": True, "records": records}
        saved: list[wire.Saved] = await self.send("PATCH", f"{DATA}/composite/sobjects", list[wire.Saved], fields=body)
        self._all_saved(saved, len(records))

    async def delete_all(self, records: list[Any], ids: list[str]) -> None:
        """Change up to 200 records at once and delete these, all or none: a composite of two collections."""
        named = urlencode({"ids": ",".join(map(self.checked, ids)), "allOrNone": "true"}, safe=",")
        every: Any = {"allOrNone": True, "records": records}
        changed = {"method": "PATCH", "url": f"{DATA}/composite/sobjects", "referenceId": "changed", "body": every}
        deleted = {"method": "DELETE", "url": f"{DATA}/composite/sobjects?{named}", "referenceId": "deleted"}
        body = {"allOrNone": True, "compositeRequest": [changed, deleted]}
        answer = await self.send("POST", f"{DATA}/composite", wire.Composite, fields=body)
        told = {each.reference_id: each for each in answer.composite_response}
        if not {"changed", "deleted"} <= told.keys():
            raise Drifted("a composite was answered in part", system=self._system)
        expected = {"changed": len(records), "deleted": len(ids)}
        for name in sorted(expected, key=lambda name: undone(told[name])):  # what failed before what was undone by it
            self._all_saved(self._part(told[name], list[wire.Saved]), expected[name])

    async def delete(self, kind: str, record_id: str) -> None:
        """Move a record to the recycle bin; nothing happens when it is there already."""
        try:
            await self.send("DELETE", f"{DATA}/sobjects/{kind}/{self.checked(record_id)}")
        except NotFound:
            return

    async def whoami(self) -> Account:
        """Sign in and say as whom."""
        who: wire.UserInfo = await self.send("GET", "/services/oauth2/userinfo", wire.UserInfo)
        return Account(system=self._system, instance=who.organization_id, user=who.preferred_username)

    async def described(self, kind: str) -> Described:
        """An object's fields, and what its lists may hold."""
        told: wire.Describe = await self.send("GET", f"{DATA}/sobjects/{kind}/describe", wire.Describe)
        closed = {each.name: [value.value for value in each.picklist_values if value.active] for each in told.fields}
        return Described(fields=[each.name for each in told.fields], values=closed)

    def _all_saved(self, saved: list[wire.Saved], number: int) -> list[wire.Saved]:
        if refusal := unsaved(saved):
            refusal.system = self._system
            raise refusal
        if len(saved) != number:
            raise Drifted(f"{number} records were saved, and {len(saved)} were spoken of", system=self._system)
        return [self._known(each) for each in saved]

    def _known(self, saved: wire.Saved) -> wire.Saved:
        if not (saved.success and self.is_id(saved.id)):
            raise Drifted(f"a record was saved as {saved.id[:40]!r}, which is no id", system=self._system)
        return saved

    async def send(self, method: str, path: str, returns: Any = None, *, fields: Any = None, **more: Any) -> Any:
        """One call, its errors read as an org words them; `fields` is what it saves."""
        if fields is not None:
            headers = {"Content-Type": "application/json", **more.pop("headers", {})}
            more |= {"content": _ENCODER.encode(fields), "headers": headers}
        return await send(self._http, method, path, returns, system=self._system, faults=fault_of, **more)
