"""The adapter: incidents, found by our correlation key before anything is written."""

import re
from typing import Any, Final

import httpx
import msgspec

from canonical.faults import (
    Drifted,
    Fault,
    FieldError,
    Invalid,
    NotFound,
    OutcomeUnknown,
    VendorBusy,
    VendorDown,
    VendorDuplicate,
    VendorForbade,
    VendorRefused,
    VendorSignIn,
)
from canonical.objects import Ticket
from canonical.ports import Written
from canonical.ports.systems import Account, Connection, Tickets
from foundation.checking import Described
from foundation.vendor_http import retry_after, send
from system_apis.servicenow import mapping, wire
from system_apis.servicenow.mapping import SYSTEM

_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_ME: Final = "sys_id=javascript:gs.getUserID()"
_RIGHT: Final = re.compile(r"\bACL\b|Insufficient rights|do not have permission")
_TWICE: Final = re.compile(r"unique key violation|duplicate (entry|key)", re.IGNORECASE)


class ServiceNow:
    """One ServiceNow instance. `http` carries the base address, the sign-in and the timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def ticket_by_key(self, key: str) -> Ticket:
        found = await self._find(key)
        if found is None:
            raise NotFound(f"no incident has the correlation id {key}", system=SYSTEM)
        return mapping.ticket(found)

    async def upsert_ticket(self, key: str, data: Ticket) -> Written:
        found = await self._find(key)
        if found is None:
            made = await self._write("POST", wire.INCIDENTS, mapping.opened(key, data))
            if made.correlation_id != key:
                # Kept from us or thrown away: the next look-up would miss it and open another one.
                raise Drifted(f"incident {made.number} was opened but does not carry its key", system=SYSTEM)
            return Written(id=made.sys_id, created=True, version=made.sys_mod_count)
        changes = mapping.changed(found, data)
        if changes is not None:
            found = await self._write("PATCH", f"{wire.INCIDENTS}/{found.sys_id}", changes)
        return Written(id=found.sys_id, created=False, version=found.sys_mod_count)

    async def whoami(self) -> Account:
        params = {"sysparm_query": _ME, "sysparm_limit": "2", **wire.fields(wire.User)}
        users: wire.Users = await self._send("GET", wire.USERS, wire.Users, params=params)
        if len(users.result) != 1:
            raise Drifted("the query for our own user was not honoured", system=SYSTEM)
        return Account(system=SYSTEM, instance=self._http.base_url.host, user=users.result[0].user_name)

    async def described(self, kind: str) -> Described | None:
        """The columns of a row there is: what is hidden from us does not come."""
        params = {"sysparm_limit": "1", "sysparm_exclude_reference_link": "true"}
        answer: wire.Rows = await self._send("GET", f"{wire.TABLES}/{kind}", wire.Rows, params=params)
        return Described(fields=list(answer.result[0])) if answer.result else None

    async def sample(self, kind: str) -> bool:
        """Read one incident as it is read otherwise."""
        params = {"sysparm_limit": "1", **wire.fields(wire.Incident)}
        answer: wire.Incidents = await self._send("GET", f"{wire.TABLES}/{kind}", wire.Incidents, params=params)
        return bool([mapping.ticket(row) for row in answer.result])

    async def _find(self, key: str) -> wire.Incident | None:
        """The oldest incident under a key. The answer is checked: a dropped query answers the whole table."""
        if not _KEY.fullmatch(key):
            wrong = FieldError(pointer="path:key", detail="a key is 1 to 100 letters, digits, '-', '_', '.' or ':'")
            raise Invalid("this cannot be a key", errors=[wrong])
        query = f"correlation_id={key}^ORDERBYsys_created_on^ORDERBYsys_id"
        params = {"sysparm_query": query, "sysparm_limit": "2", **wire.fields(wire.Incident)}
        answer: wire.Incidents = await self._send("GET", wire.INCIDENTS, wire.Incidents, params=params)
        if answer.error is not None:
            raise VendorDown(f"the answer broke off: {answer.error}", system=SYSTEM)
        if any(row.correlation_id != key for row in answer.result):
            raise Drifted("the query by correlation id was not honoured", system=SYSTEM)
        return answer.result[0] if answer.result else None

    async def _write(self, method: str, path: str, changes: wire.IncidentChanges) -> wire.Incident:
        params = wire.fields(wire.Incident)
        answer: wire.OneIncident = await self._send(method, path, wire.OneIncident, params=params, json=changes)
        if answer.result is None:
            raise OutcomeUnknown(f"the answer to a write broke off: {answer.error}", system=SYSTEM)
        return answer.result

    async def _send(self, method: str, path: str, returns: Any, **more: Any) -> Any:
        return await send(self._http, method, path, returns, system=SYSTEM, faults=_fault, **more)


def _fault(response: httpx.Response) -> Fault | None:
    """A business rule, a missing field and a missing right all come as 403: only the words tell them apart."""
    said = str(msgspec.json.decode(response.content, type=wire.Refusal).error)
    match response.status_code:
        case 401:
            return VendorSignIn(said)
        case 403 if _RIGHT.search(said):
            return VendorForbade(said)
        case 403 if _TWICE.search(said):
            return VendorDuplicate(said)
        case 400 | 403:
            return VendorRefused(said)
        case 404:
            return NotFound(said)
        case 429:
            return VendorBusy(said, retry_after=retry_after(response))
        case 500:
            return VendorDown(said)
    return None


_tickets: type[Tickets] = ServiceNow  # the type checker holds us to the ports
_connection: type[Connection] = ServiceNow
