"""Every exchange on file: the adapter against it, and the sandbox beside it."""

import httpx
import pytest

from canonical.ports import operations
from foundation.sandbox import Box
from system_apis.certinia import SYSTEM_API
from system_apis.certinia.adapter import Certinia
from tests.exchange import Exchange, compare, exchanges, play


@pytest.mark.parametrize("exchange", exchanges("certinia"))
async def test_the_adapter_makes_of_it_what_the_file_says(exchange: Exchange) -> None:
    await play(exchange, Certinia, SYSTEM_API.ports)


@pytest.mark.parametrize("exchange", exchanges("certinia", "sandbox"))
async def test_the_sandbox_answers_alike(exchange: Exchange, box: Box, http: httpx.AsyncClient) -> None:
    await compare(exchange, box, http)


def test_every_operation_has_an_exchange() -> None:
    asked = {next(iter(parameter.values[0]["asked"])) for parameter in exchanges("certinia")}
    assert {each.attribute for port in SYSTEM_API.ports for each in operations(port)} == asked
