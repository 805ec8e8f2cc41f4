"""One gateway over a small API, its clock in the test's hand."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.upstreams import Upstreams
from tests.gateway.archive import THERE, Archive, Make
from tests.gateway.notes import PLATFORM, World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.close()


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
async def behind(tmp_path: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """A world whose archive is said of in one line; second tries come at once."""
    made: list[World] = []
    monkeypatch.setattr(random, "uniform", lambda least, most: least)

    def make(said: str, notes: str = THERE) -> World:
        platform = PLATFORM + f'upstreams:\n  archive: {{url: "http://archive.example", {said}}}\n'
        world = World(tmp_path / str(len(made)), platform=platform, notes=notes)
        upstreams = world.governor.services.upstreams = Upstreams(lambda: world.now, lambda running: archive)
        upstreams.configure(world.plan.platform["upstreams"])
        made.append(world)
        return world

    yield make
    for world in made:
        await world.close()
