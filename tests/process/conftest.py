"""A world a test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.sandbox import Box
from foundation.sandbox.firm import ENTITIES
from process_apis.bindings import Bindings
from system_apis import Demo
from tests.process.world import BINDINGS, World, boxes_of, credentials, world

SAP: Bindings = {"erp": {entity.code: "sap_s4hana" for entity in ENTITIES}}


@pytest.fixture(scope="session")
def known() -> dict[str, Demo]:
    return credentials()


@pytest.fixture
def boxes(known: dict[str, Demo]) -> dict[str, Box]:
    return boxes_of(known)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory, known: dict[str, Demo]) -> Path:
    """A database with every table and no row: making those takes longer than copying them."""
    path = tmp_path_factory.mktemp("empty") / "tiergate.sqlite"

    async def make() -> None:
        async with world(f"sqlite:///{path}", known, boxes_of(known)):
            pass

    asyncio.run(make())
    return path


@pytest.fixture
async def firm(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path) -> AsyncIterator[World]:
    path = tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    async with world(f"sqlite:///{path}", known, boxes) as made:
        yield made


@pytest.fixture
async def sap_firm(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path) -> AsyncIterator[World]:
    """The same with SAP S/4HANA as the ERP of every legal entity."""
    path = tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    async with world(f"sqlite:///{path}", known, boxes, bindings=BINDINGS | SAP) as made:
        yield made
