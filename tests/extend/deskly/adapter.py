"""The adapter: `PUT /issues/<ref>` is the vendor's own upsert by our key."""

from typing import Any
from urllib.parse import quote

import httpx

from canonical.objects import Ticket
from canonical.ports import Written
from canonical.ports.systems import Account, Connection, Tickets
from foundation.checking import Described
from foundation.vendor_http import send
from tests.extend.deskly import mapping, wire
from tests.extend.deskly.mapping import SYSTEM


class Deskly:
    """One desk."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connection's client."""
        await self._http.aclose()

    async def ticket_by_key(self, key: str) -> Ticket:
        return mapping.ticket(await self._send("GET", f"/v2/issues/{quote(key, safe='')}", wire.Issue))

    async def upsert_ticket(self, key: str, data: Ticket) -> Written:
        path = f"/v2/issues/{quote(key, safe='')}"
        kept: wire.Issue = await self._send("PUT", path, wire.Issue, json=mapping.issue(data))
        return Written(id=str(kept.id), version=str(kept.revision))

    async def whoami(self) -> Account:
        me: wire.Me = await self._send("GET", "/v2/me", wire.Me)
        return Account(system=SYSTEM, instance=me.desk, user=me.login)

    async def described(self, kind: str) -> Described:
        """The desk's own list of an object's fields."""
        fields: list[str] = await self._send("GET", f"/v2/schema/{kind}", list[str])
        return Described(fields=fields)

    async def sample(self, _: str) -> bool:
        """Read one issue."""
        found: list[wire.Issue] = await self._send("GET", "/v2/issues", list[wire.Issue], params={"limit": "1"})
        return bool([mapping.ticket(each) for each in found])

    async def _send(self, method: str, path: str, returns: Any, **more: Any) -> Any:
        return await send(self._http, method, path, returns, system=SYSTEM, **more)


_: tuple[type[Tickets], type[Connection]] = (Deskly, Deskly)  # the type checker holds us to the ports
