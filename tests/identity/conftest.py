"""An issuer of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, create_engine, insert

from gateway.identity import tables
from gateway.identity.app import Identity
from gateway.identity.sealing import digest
from gateway.identity.settings import IdentitySettings
from tests.identity.world import AUDIENCE, BACK, CLIENTS, HOST, ISSUER, PASSWORD_HASH, PEOPLE, SECRET, Clock, World


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'identity.db'}")
    tables.METADATA.create_all(engine)
    with engine.begin() as connection:
        for name, given in CLIENTS.items():
            row = {"name": name, "secret_digest": digest(SECRET), "first_party": True, "layer": "external"} | given
            connection.execute(
                insert(tables.clients).values(id=name, redirect_uris=[BACK], sign_out_uris=[f"{HOST}/desk"], **row)
            )
        for login, given in PEOPLE.items():
            row = {"account_id": "", "active": True, "password_hash": PASSWORD_HASH} | given
            connection.execute(insert(tables.users).values(login=login, **row))
    yield engine
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> IdentitySettings:
    return IdentitySettings(issuer=ISSUER, audience=AUDIENCE, state_dir=tmp_path / "state")


@pytest.fixture
async def world(settings: IdentitySettings, engine: Engine, clock: Clock) -> AsyncIterator[World]:
    world = World(Identity(settings, engine, clock), engine, clock)
    yield world
    await world.browser.aclose()


@pytest.fixture
async def strict_world(settings: IdentitySettings, engine: Engine, clock: Clock) -> AsyncIterator[World]:
    """An issuer with low limits."""
    low = msgspec.structs.replace(settings, token_rate="2/minute", login_rate="5/minute", account_rate="2/5minutes")
    world = World(Identity(low, engine, clock), engine, clock)
    yield world
    await world.browser.aclose()
