"""Somebody looking at the console without script."""

from typing import Any

import httpx

from tests.faces.fakes import FakeSessions, console
from tests.faces.firm import World

READ, ACT = {"desk:read"}, {"desk:read", "desk:act"}


class Visitor:
    """A browser without script."""

    def __init__(self, world: World, scopes: set[str] | None = ACT, environment: str = "Sandbox") -> None:
        app: Any = console(world, FakeSessions(scopes), environment)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self._http.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def post(self, path: str, **form: str) -> httpx.Response:
        return await self._http.post(path, data=form)
