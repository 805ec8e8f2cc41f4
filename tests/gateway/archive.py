"""An upstream that does with each call what a test tells it, without a network; and who asks for what it has."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import httpx
from prometheus_client import REGISTRY

from canonical.faults import OutcomeUnknown, VendorDown
from tests.gateway.notes import NOTES_FILE, World, token

NOTE, KEYED, ACCOUNT = "/notes/v2/notes/n1", "/notes/v2/notes/by-key/k", "/notes/v2/accounts/a1/notes"
THERE = NOTES_FILE.replace("defaults:\n", "defaults:\n  upstream: archive\n").replace(
    "  note: {scopes: [notes:read]}", "  note: {scopes: [notes:read], cache: 30s}"
)
_WRITERS = itertools.count()
Answer = int | Exception | tuple[int, dict[str, str]]


class Archive:
    """What is called in the archive's place: it counts what reaches it, and does with each call what it is told."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.then: list[Answer] = []
        """With the next calls; the last of them with all further ones."""
        self.gate: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        said = self.then.pop(0) if len(self.then) > 1 else self.then[0] if self.then else 200
        if not (isinstance(said, VendorDown) and said.facts["failed"] == "connection_refused"):
            self.reached.append(scope["method"])
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(said, Exception):
            raise said
        status, headers = said if isinstance(said, tuple) else (said, {})
        kind = "application/json" if status < 400 else "text/html"
        told = [(name.encode(), value.encode()) for name, value in ({"content-type": kind} | headers).items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": b'{"title": "t"}' if status < 400 else b"<h1>theirs</h1>"})


def refused() -> VendorDown:
    return VendorDown("cannot be reached", system="archive", failed="connection_refused")


def broke_off(method: str = "GET") -> VendorDown | OutcomeUnknown:
    kind = VendorDown if method == "GET" else OutcomeUnknown
    return kind("broke off the connection", system="archive", failed="connection_terminated")


Make = Callable[..., World]


async def read(world: World, path: str = NOTE, **headers: str) -> httpx.Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.ask("GET", path, token(account_id="a1", exp=world.now + 60, iat=world.now), headers=said)


async def write(world: World, **headers: str) -> httpx.Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    # Each by somebody else: how often one person may write is another question.
    bearer = token(exp=world.now + 60, iat=world.now, sub=f"writer-{next(_WRITERS)}")
    return await world.ask("PUT", KEYED, bearer, json={"title": "t"}, headers=said)


async def post(world: World) -> httpx.Response:
    return await world.ask("POST", "/notes/v2/hooks/h", content=b"x")


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"upstream": "archive", **labels}) or 0.0
