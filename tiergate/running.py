"""The whole on embedded defaults: the sandboxes' process, the platform in this one, ready to be used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from foundation.sandbox.firm import deals
from tiergate.embedded import Sandboxes
from tiergate.server import Serving, probe
from tiergate.settings import Settings

if TYPE_CHECKING:
    from process_apis.platform import Pace
    from tiergate.assembly import Served


@asynccontextmanager
async def running(settings: Settings, pace: "Pace | None" = None) -> AsyncIterator[tuple["Served", Sandboxes]]:
    """Start both processes; stop them at the end. Raises `WrongSetting`, `PolicyError` or `CannotServe`."""
    settings = msgspec.structs.replace(settings, port=probe(settings.host, settings.port))
    sandboxes = Sandboxes(settings)
    try:
        await sandboxes.begin()
        from tiergate.assembly import everything  # loading it takes as long as the sandboxes take to start

        await sandboxes.ready()
        values = await sandboxes.introduce(settings.address)
        served = everything(msgspec.structs.replace(settings, values=with_demo(settings) | values), pace)
        serving = None
        try:
            await served.start()
            serving = Serving(served.app, settings.host, settings.port, settings.slow_seconds)
            await serving.start()
            yield served, sandboxes
        finally:
            if serving is not None:
                await serving.stop()
            await served.stop()
    finally:
        sandboxes.stop()


def with_demo(settings: Settings) -> dict[str, str]:
    """The environment, and whose portal the demonstration's client sees: the first deal's customer."""
    first = deals(date.today())[0]  # noqa: DTZ011 - whichever day, the account is the same
    return {"TIERGATE_PORTAL_ACCOUNT": first.account.key, **settings.values}
