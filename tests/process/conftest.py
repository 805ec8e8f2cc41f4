"""A world a test."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from foundation.sandbox import Box
from foundation.sandbox.firm import ENTITIES
from process_apis.bindings import Bindings
from system_apis import Demo
from tests.process.world import BINDINGS, Over, World, boxes_of, credentials, world


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
def over(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path) -> Over:
    """A firm over these systems, by binding alone; a role nobody is named for has whom it has everywhere here."""

    def made(crm: str = "", erp: str = "", psa: str = "") -> AbstractAsyncContextManager[World]:
        path = shutil.copy(empty, tmp_path / "tiergate.sqlite")
        named: Bindings = {role: name for role, name in (("crm", crm), ("psa", psa)) if name}
        books: Bindings = {"erp": {entity.code: erp for entity in ENTITIES}} if erp else {}
        bindings = BINDINGS | named | books
        return world(f"sqlite:///{path}", known, boxes, bindings=bindings)

    return made


@pytest.fixture
async def firm(request: pytest.FixtureRequest, over: Over, boxes: dict[str, Box]) -> AsyncIterator[World]:
    """The firm over what plays each role everywhere, or over the systems a test names for CRM, ERP and PSA."""
    named: tuple[str, ...] = getattr(request, "param", ())
    async with over(*named) as made:
        yield made
        if named:
            others = set(boxes) - {*named, "servicenow"}
            assert (made.writes(*others), made.twins()) == ([], [])


@pytest.fixture
async def sap_firm(over: Over) -> AsyncIterator[World]:
    """The same with SAP S/4HANA as the ERP of every legal entity."""
    async with over(erp="sap_s4hana") as made:
        yield made
