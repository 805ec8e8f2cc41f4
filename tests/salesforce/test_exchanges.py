"""Every exchange on file: the adapter against it, and the sandbox beside it."""

from pathlib import Path

import httpx
import pytest

import system_apis.salesforce
from canonical.ports import operations
from foundation.sandbox import Box
from system_apis.salesforce import SYSTEM_API
from system_apis.salesforce.adapter import Salesforce
from tests.exchange import Exchange, compare, exchanges, play

FOLDER = Path(system_apis.salesforce.__file__).parent
NO_CALL = {"read_notification", "read_message"}
"""Reads what came in; asks nothing."""


@pytest.mark.parametrize("exchange", exchanges("salesforce"))
async def test_the_adapter_makes_of_it_what_the_file_says(exchange: Exchange) -> None:
    await play(exchange, Salesforce, SYSTEM_API.ports)


@pytest.mark.parametrize("exchange", exchanges("salesforce", "sandbox"))
async def test_the_sandbox_answers_alike(exchange: Exchange, box: Box, http: httpx.AsyncClient) -> None:
    await compare(exchange, box, http)


def test_every_operation_has_an_exchange() -> None:
    asked = {name for case in exchanges("salesforce") for name in case.values[0]["asked"]}
    offered = {each.attribute for port in SYSTEM_API.ports for each in operations(port)}
    assert asked | NO_CALL == offered


def test_every_exchange_proves_a_quirk() -> None:
    quirks = (FOLDER / "QUIRKS.md").read_text()
    assert [path.stem for path in (FOLDER / "exchanges").glob("*.json") if f"`{path.stem}`" not in quirks] == []
