"""python-odata and Microsoft's own client, unmodified, against the served sandbox: they take it for Dataverse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.dataverse.sandbox import SANDBOX
from tests.isolated import asked
from tests.served import served
from tests.tunnel import tunnel


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(SANDBOX, tmp_path_factory.mktemp("dataverse")) as address:
        yield address


@pytest.mark.real
def test_python_odata_does_its_work_as_at_dataverse(organisation: Address) -> None:
    asked(Path(__file__).with_name("python_odata_client.py"), SANDBOX_URL=organisation.url)


@pytest.mark.real
def test_microsofts_own_client_does_its_work_as_at_dataverse(organisation: Address) -> None:
    client = Path(__file__).with_name("powerplatform_dataverse_client_client.py")
    with tunnel(organisation) as there:
        asked(client, SANDBOX_URL=organisation.url, **there)
