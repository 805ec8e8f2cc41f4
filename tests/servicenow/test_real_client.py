"""pysnow, unmodified, against the served sandbox: it believes it talks to an instance of ServiceNow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.servicenow.sandbox import SANDBOX
from tests.isolated import asked
from tests.served import served


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(SANDBOX, tmp_path_factory.mktemp("servicenow")) as address:
        yield address


@pytest.mark.real
def test_pysnow_does_its_work_as_at_servicenow(instance: Address) -> None:
    asked(Path(__file__).with_name("pysnow_client.py"), SANDBOX_URL=instance.url)
