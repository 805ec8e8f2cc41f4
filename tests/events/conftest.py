"""A firm whose events are told, and somebody they are told to."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.events import FROM_A_DEAL
from canonical.ports.events import Subscribe, Subscription
from foundation.context import Caller, fresh, use
from process_apis.events.api import Subscribing
from process_apis.events.telling import Teller
from process_apis.tables import DELIVERIES
from tests.process.conftest import boxes, empty, firm, known, over
from tests.process.world import World

__all__ = ["boxes", "empty", "firm", "known", "over"]
URL = "https://hooks.partner.example/tiergate"
OF_A_DEAL = [kind.type() for kind in FROM_A_DEAL]


class Receiver(httpx.AsyncBaseTransport):
    """Takes deliveries as a subscriber's server would, and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[httpx.Request] = []
        self.asked: list[httpx.Request] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.refuses: str = ""
        """A subject whose events it does not take."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.status >= 300 or (self.refuses and event(request)["subject"] == self.refuses):
            return httpx.Response(self.status if self.status >= 300 else 500, text="not today", headers=self.headers)
        self.taken.append(request)
        return httpx.Response(self.status)

    @property
    def types(self) -> list[str]:
        """What it took, in its order, without what is the same in all."""
        return [event(each)["type"].removeprefix("com.tiergate.").removesuffix(".v1") for each in self.taken]


def event(request: httpx.Request) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(request.content)
    return found


@contextmanager
def calling(client: str = "partner-demo") -> Iterator[None]:
    """As a program at the process tier's door."""
    with use(fresh(caller=Caller(subject=client, client=client, layer="partner"))):
        yield


class Telling:
    """The events API, its worker, and a subscriber."""

    def __init__(self, firm: World) -> None:
        firm.platform.webhook_key = b"k" * 32
        firm.platform.calls_anywhere = True
        self.firm, self.service, self.receiver = firm, Subscribing(firm.platform), Receiver()
        self.teller = Teller(firm.platform, self.receiver)

    async def subscribe(
        self, *types: str, client: str = "partner-demo", everything: bool = False, **more: Any
    ) -> Subscription:
        """To these, or to all that a deal's own run tells: that its customer turned up is told of the customer."""
        wanted = [] if everything else [*(types or OF_A_DEAL)]
        with calling(client):
            return await self.service.subscribe(Subscribe(url=URL, types=wanted, **more))

    async def tell(self) -> None:
        """Until nothing is due."""
        while await self.teller.tell_due():
            pass

    async def later(self, seconds: float) -> None:
        """Time passes for what waits."""
        back = timedelta(seconds=seconds)

        def move(connection: sa.Connection) -> None:
            for row in connection.execute(sa.select(DELIVERIES)).all():
                values = {"due_at": row.due_at - back, "held_until": row.held_until and row.held_until - back}
                mine = sa.update(DELIVERIES).where(DELIVERIES.c.number == row.number)
                connection.execute(mine.values(**values))

        await self.firm.platform.database.run(move)

    async def waits(self) -> list[float]:
        """Seconds until each waiting delivery is due, rounded."""

        def read(connection: sa.Connection) -> list[Any]:
            waiting = sa.select(DELIVERIES.c.due_at).where(DELIVERIES.c.state == "due").order_by(DELIVERIES.c.number)
            return list(connection.scalars(waiting))

        found = await self.firm.platform.database.run(read)
        return [round((each.replace(tzinfo=now().tzinfo) - now()).total_seconds()) for each in found]


@pytest.fixture
async def telling(firm: World) -> AsyncIterator[Telling]:
    made = Telling(firm)
    yield made
    await made.teller.stop()
