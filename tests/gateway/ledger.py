"""A small ledger of invoices behind the gateway, for the business rules asked of it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import httpx
import msgspec
from litestar import Litestar

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Fault
from canonical.money import Money
from canonical.ports import Written, operation
from foundation.api import Api, fault_handler, routes
from foundation.context import Caller
from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from gateway.interior import bind
from gateway.plan import Plan, load
from tests.gateway.notes import ISSUER, KEY, NOW, PLATFORM, VALUES, KnownKeys, token


class Line(Value, frozen=True, kw_only=True):
    ref: Annotated[str, PUBLIC]
    amount: Money
    hours: Annotated[Decimal | None, PUBLIC] = None


class Invoice(Value, frozen=True, kw_only=True):
    number: Annotated[str, PUBLIC]
    currency: Annotated[str, PUBLIC]
    total: Money | None = None
    lines: list[Line] = []
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    copies: Annotated[int, PUBLIC] = 1
    note: Annotated[str | int, PUBLIC] = ""
    labels: Annotated[dict[str, str], PUBLIC] = {}


class Ledger(Protocol):
    """Invoices."""

    @operation("PUT", "/invoices/{key}")
    async def put_invoice(self, key: str, data: Invoice, copies: int = 1) -> Written:
        """Write one."""

    @operation("GET", "/invoices/{key}")
    async def invoice(self, key: str) -> Written:
        """Read one."""


class Books:
    async def put_invoice(self, key: str, data: Invoice, copies: int = 1) -> Written:
        return Written(id=key)

    async def invoice(self, key: str) -> Written:
        return Written(id=key)


LEDGER: Final = Api(name="ledger", layer="process", title="Ledger", ports=(Ledger,))
ADDED_UP: Final = "!has(body.total) || same(body.total, sum(body.lines.map(l, l.amount), body.currency))"
FILE: Final = """\
api: ledger
layer: process
owner: ledger@firm.example
versions: {v1: {}}
access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}
on_store_failure: local
defaults: {body_max: 1MB}
operations:
  putInvoice:
    scopes: [ledger:write]
    rules:
      RULES
"""
PRODUCT: Final = """\
product: desk
plan: desk
clients: [console]
includes:
  ledger@v1: [putInvoice]
"""
ALL_OF_THEM: Final = {
    "added-up": ADDED_UP,
    "numbered": "body.number.startsWith('R-')",
    "ends-in-time": "le(body.start, body.end)",
    "few-copies": "parameters.copies <= 3",
    "keyed": "parameters.key.matches('^[a-z]+$')",
}
GOOD: Final[dict[str, Any]] = {
    "number": "R-1",
    "currency": "EUR",
    "total": {"amount": "0.3", "currency": "EUR"},
    "lines": [
        {"ref": "a", "amount": {"amount": "0.1", "currency": "EUR"}},
        {"ref": "b", "amount": {"amount": "0.20", "currency": "EUR"}},
    ],
    "start": "2026-01-01",
    "end": "2026-02-01",
}


def plan_of(folder: Path, **said: str | dict[str, str]) -> Plan:
    """The ledger's policy with these rules; names are written with `_` for `-`."""
    lines = []
    for name, rule in said.items():
        whole = {"message": f"Mind {name}.", **(rule if isinstance(rule, dict) else {"check": rule})}
        lines.append(f"{name.replace('_', '-')}: {msgspec.json.encode(whole).decode()}")
    text = FILE.replace("RULES", "\n      ".join(lines))
    for name, content in {"platform.yaml": PLATFORM, "apis/ledger.yaml": text, "products/desk.yaml": PRODUCT}.items():
        (folder / "policies" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "policies" / name).write_text(content, encoding="utf-8")
    return load(folder / "policies", (LEDGER,), VALUES)


class World:
    def __init__(self, folder: Path, **said: str | dict[str, str]) -> None:
        self.folder = folder
        self.trail = Trail(folder / "audit.db", Masker(b"key"))
        self.governor = Governor(plan_of(folder, **said), trail=self.trail, keys=KnownKeys(KEY), clock=lambda: NOW)
        faults: Any = {Fault: fault_handler, Exception: fault_handler}
        tier: Any = Litestar(routes(LEDGER, Books()), exception_handlers=faults, openapi_config=None)
        gateway: Any = Gateway(self.governor, {"process": tier})
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw")

    async def put(self, body: Any, key: str = "k", query: str = "", **claims: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token('ledger:write', **claims)}"}
        return await self.http.put(f"/ledger/v1/invoices/{key}{query}", json=body, headers=headers)

    async def direct(self, body: dict[str, Any], **more: Any) -> Written:
        caller = Caller(
            subject="t", client="console", issuer=ISSUER, scopes=frozenset({"ledger:write"}), layer="external"
        )
        port = bind(Ledger, Books(), self.governor, LEDGER, lambda: caller)
        return await port.put_invoice("k", msgspec.convert(body, Invoice), **more)

    async def close(self) -> None:
        await self.http.aclose()
        self.trail.close()
