"""Every exchange on file: the adapter against it, and the sandbox beside it."""

import httpx
import pytest

from canonical.ports import operations, why_not
from foundation.sandbox import Box
from system_apis.tryton import SYSTEM_API
from system_apis.tryton.adapter import Tryton
from tests.exchange import Exchange, compare, exchanges, play


@pytest.mark.parametrize("exchange", exchanges("tryton"))
async def test_the_adapter_makes_of_it_what_the_file_says(exchange: Exchange) -> None:
    await play(exchange, Tryton, SYSTEM_API.ports)


@pytest.mark.parametrize("exchange", exchanges("tryton", "sandbox"))
async def test_the_sandbox_answers_alike(exchange: Exchange, box: Box, http: httpx.AsyncClient) -> None:
    await compare(exchange, box, http)


def test_every_operation_has_an_exchange() -> None:
    asked = {name for case in exchanges("tryton") for name in case.values[0]["asked"]}
    offered = {
        each.attribute
        for port in SYSTEM_API.ports
        for each in operations(port)
        if not why_not(SYSTEM_API.adapter, each)
    }
    assert asked == offered
