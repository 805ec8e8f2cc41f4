"""python-odata, unmodified, against the served sandbox: it reads our metadata and takes it for Business Central."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.business_central.sandbox import SANDBOX
from tests.isolated import asked
from tests.served import served


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(SANDBOX, tmp_path_factory.mktemp("business_central")) as address:
        yield address


@pytest.mark.real
def test_python_odata_does_its_work_as_at_business_central(environment: Address) -> None:
    asked(Path(__file__).with_name("python_odata_client.py"), SANDBOX_URL=environment.url)
