"""A ServiceNow instance to test against."""

from collections.abc import AsyncIterator

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.servicenow.adapter import ServiceNow
from system_apis.servicenow.sandbox import SANDBOX


@pytest.fixture
def box() -> Box:
    return Box(SANDBOX)


@pytest.fixture
async def http(box: Box) -> AsyncIterator[httpx.AsyncClient]:
    signed_in = httpx.BasicAuth("tiergate.integration", "sandbox")
    async with httpx.AsyncClient(transport=box.transport(), base_url="http://desk", auth=signed_in) as client:
        yield client


@pytest.fixture
def desk(http: httpx.AsyncClient) -> ServiceNow:
    return ServiceNow(http)
