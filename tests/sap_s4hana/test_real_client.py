"""pyodata, unmodified, against the served sandbox: it reads our `$metadata` and believes it talks to SAP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.sap_s4hana.sandbox import SANDBOX
from tests.isolated import asked
from tests.served import served


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(SANDBOX, tmp_path_factory.mktemp("sap_s4hana")) as address:
        yield address


@pytest.mark.real
def test_pyodata_reads_writes_and_is_refused_as_at_sap(tenant: Address) -> None:
    asked(Path(__file__).with_name("pyodata_client.py"), SANDBOX_URL=tenant.url)
