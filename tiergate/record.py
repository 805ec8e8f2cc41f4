"""Where this installation keeps its record of calls, and the sweep that keeps it no longer than it may be kept."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog

from gateway.audit import Place, Span, sweep
from gateway.audit.retention import Swept
from tiergate.settings import Settings, WrongSetting

FILE: Final = "audit.sqlite"
_EVERY: Final = 3600.0
"""Seconds between two sweeps."""
log = structlog.get_logger("tiergate.audit")


def place_of(settings: Settings, anchors: str | None = None) -> Place:
    """PostgreSQL where TIERGATE_DATABASE_URL names one; else a file of its own in the state folder.

    `anchors` is the second place as platform.yaml says it; a file in the state folder where it says nothing.
    """
    state = settings.state
    on_postgres = settings.database_url.startswith("postgresql")
    return Place(
        store=settings.database_url if on_postgres else str(state / FILE),
        anchors=state / (anchors or ("audit.anchors" if on_postgres else f"{FILE}.anchors")),
        keys=state / "audit.key",
    )


def found(settings: Settings, given: Path | None, anchors: str | None = None) -> Place:
    """The record a command is about: a file that was named, else the installation's. `WrongSetting` for none."""
    place = Place.beside(given) if given is not None else place_of(settings, anchors)
    if not place.exists() and not place.anchors.exists():
        raise WrongSetting(f"There is no record at {place.name}; name it with --file.")
    return place


class Sweeping:
    """Sweeps the record at the start and every hour, by what the policies in force say."""

    def __init__(self, place: Place, classes: Callable[[], Mapping[str, Span]]) -> None:
        self._place = place
        self._classes = classes
        self._task: asyncio.Task[None] | None = None
        self._under_way: asyncio.Future[Swept] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End; a sweep under way ends first."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *([self._under_way] if self._under_way else []), return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                self._under_way = asyncio.ensure_future(asyncio.to_thread(sweep, self._place, self._classes()))
                swept = await asyncio.shield(self._under_way)
            except Exception:
                log.exception("the record could not be swept")
            else:
                if swept.records or swept.bodies:
                    log.info("swept", records=swept.records, bodies=swept.bodies, names=swept.names)
            await asyncio.sleep(_EVERY)
