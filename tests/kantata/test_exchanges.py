"""Every exchange on file: the adapter against it, and the sandbox beside it."""

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.kantata import SYSTEM_API
from system_apis.kantata.adapter import Kantata
from tests.exchange import Exchange, compare, exchanges, play


@pytest.mark.parametrize("exchange", exchanges("kantata"))
async def test_the_adapter_makes_of_it_what_the_file_says(exchange: Exchange) -> None:
    await play(exchange, Kantata, SYSTEM_API.ports)


@pytest.mark.parametrize("exchange", exchanges("kantata", "sandbox"))
async def test_the_sandbox_answers_alike(exchange: Exchange, box: Box, http: httpx.AsyncClient) -> None:
    await compare(exchange, box, http)
