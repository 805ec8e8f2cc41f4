"""The netsuite package, unmodified: it builds the account's own address, finds the sandbox there and believes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.netsuite.sandbox import SANDBOX
from tests.isolated import asked
from tests.served import served
from tests.tunnel import tunnel


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(SANDBOX, tmp_path_factory.mktemp("netsuite")) as address:
        yield address


@pytest.mark.real
def test_the_netsuite_package_does_its_work_as_at_netsuite(account: Address) -> None:
    with tunnel(account) as there:
        asked(Path(__file__).with_name("netsuite_client.py"), SANDBOX_URL=account.url, **there)
