"""The port suite's world with a real server where the sandbox is: what it asks of a store is asked over the wire."""

from base64 import b64encode
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import httpx

from canonical.dates import now
from foundation.connections import Connection
from foundation.sandbox import firm
from system_apis.tryton import SYSTEM_API, connect, memo
from system_apis.tryton.mapping import KEY, PROJECT
from system_apis.tryton.orders_mapping import ORDER
from system_apis.tryton.people_mapping import KEY as PERSON
from tests.ports.world import Clock, World, suite_of
from tests.tryton.real_server import RPC

SALE: Final = "sale.sale"
INVOICE: Final = "account.invoice"
HOURS: Final = "timesheet.line"
WORK: Final = "project.work"
PARTY: Final = "party.party"
_OURS: Final[dict[str, tuple[list[Any], list[str]]]] = {
    # Model -> which records are ours, and what of them is looked at.
    SALE: (
        [["comment", "like", "%tiergate.%"]],
        ["description", "comment", "state", "lines.description", "lines.note"],
    ),
    WORK: ([["comment", "like", "%tiergate.%"]], ["name", "comment", "status.name", "party"]),
    HOURS: ([["description", "like", "%tiergate%: %"]], ["description", "date", "duration"]),
    INVOICE: ([["comment", "like", "%tiergate.%"], ["state", "=", "draft"]], ["description", "comment", "state"]),
    PARTY: (
        ["OR", *[["identifiers.code", "like", f"{word}%"] for word in (KEY, PERSON)]],
        ["name", "active", "identifiers.code", "addresses.city", "contact_mechanisms.value", "relations.to"],
    ),
}
BILLED: Final = "crm:billed"
"""Our key of a customer and project with an invoice that is posted: they stay, as what is posted does."""
BY_US: Final = "crm:billed-by-us"
"""Likewise, of one whose invoice is ours."""
ORDERED: Final = "crm:ordered"
"""Likewise, of one whose order is at work."""
_STAYS: Final = frozenset(
    [
        *(text + key for key in (BILLED, BY_US, ORDERED) for text in (f"{PROJECT} ", f"{ORDER} ", KEY, "")),
        *(KEY + account.key for account in firm.ACCOUNTS if account.credit_hold),
    ]
)


class Server:
    """A session of its own beside the adapter's, and one that blocks: a test looks while nothing else happens."""

    def __init__(self, connection: Connection) -> None:
        self._http = httpx.Client(base_url=connection.url, timeout=30, trust_env=False)
        said = connection.sign_in
        id, token, _ = self._said("common.db.login", [said["user"], {"password": said["password"]}])
        session = b64encode(f"{said['user']}:{id}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"

    def ask(self, method: str, *params: Any, **context: Any) -> Any:
        """Call a method of a model; an error fails the test."""
        return self._said(f"model.{method}", [*params, {"language": "en", **context}])

    def ours(self) -> dict[str, list[dict[str, Any]]]:
        """Every record of ours, by model."""
        found = {}
        for model, (which, fields) in _OURS.items():
            rows = self.ask(f"{model}.search_read", which, 0, None, [["id", "ASC"]], fields)
            found[model] = [row for row in rows if not _STAYS & set(_keys(row))]
        return found

    def forget(self) -> None:
        """Delete what is ours, but for what stays."""
        ours = self.ours()
        for sale in ours[SALE]:
            if sale["state"] != "cancelled":
                self.ask(f"{SALE}.cancel", [sale["id"]])
        for model in (SALE, HOURS, INVOICE):
            self._delete(model, ours)
        if works := [each["id"] for each in ours[WORK]]:
            self.ask(f"{WORK}.write", works, {"timesheet_available": False})
        self._delete(WORK, ours)
        self._delete(PARTY, ours)

    def close(self) -> None:
        self._http.close()

    def _delete(self, model: str, ours: dict[str, list[dict[str, Any]]]) -> None:
        if ids := [each["id"] for each in ours[model]]:
            self.ask(f"{model}.delete", ids)

    def _said(self, method: str, params: list[Any]) -> Any:
        told = self._http.post(RPC, json={"id": 1, "method": method, "params": params}).json()
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]


class Store:
    """What the suite asks of a sandbox's store."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def contents(self, volatile: Collection[str] = ()) -> dict[str, list[dict[str, Any]]]:
        return self._server.ours()

    def duplicates(self) -> list[str]:
        """Our keys that two records of one kind have."""
        keys = Counter(
            (model, key) for model, rows in self._server.ours().items() for row in rows for key in _keys(row)
        )
        return [f"{model} {key}" for (model, key), number in keys.items() if number > 1]


class RealBox:
    """The sandbox's place. Whatever address an adapter calls, `transport` calls the server's."""

    def __init__(self, server: Server, address: str) -> None:
        self.store = Store(server)
        self._address = httpx.URL(address)
        assert SYSTEM_API.sandbox is not None
        self.sandbox = SYSTEM_API.sandbox()

    def now(self) -> datetime:
        return now()

    def transport(self) -> httpx.AsyncBaseTransport:
        return _Redirected(self._address)


class _Redirected(httpx.AsyncHTTPTransport):
    def __init__(self, address: httpx.URL) -> None:
        super().__init__()
        self._address = address

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme=self._address.scheme, netloc=self._address.netloc)
        return await super().handle_async_request(request)


class RealWorld(World):
    """A real server, with nothing of ours in it but the customer the firm began with."""

    def __init__(self, connection: Connection, server: Server) -> None:
        self.name = "tryton"
        self.system = SYSTEM_API
        self.suite = suite_of("tryton")
        self.clock = Clock()
        self.heard = []
        self.connection = connection
        self.box: Any = RealBox(server, connection.url)
        self.adapter = connect(connection)
        server.forget()

    async def close(self) -> None:
        await self.adapter.close()

    def creates(self) -> int:
        return sum(len(rows) for rows in self.box.store.contents().values())


def _keys(row: dict[str, Any]) -> list[str]:
    words = memo.read(row.get("comment"))
    ours = [f"{word} {text}" for word, text in words.items() if word.endswith("-key")]
    ours += [key for key in [memo.untagged(row.get("description"))[1]] if key]
    return ours + [each["code"] for each in row.get("identifiers.", []) if each["code"].startswith((KEY, PERSON))]
