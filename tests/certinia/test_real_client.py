"""simple-salesforce, unmodified, finds an org with the package at `acme.my.salesforce.com`, and believes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.certinia.sandbox import SANDBOX
from tests.isolated import asked
from tests.served import served
from tests.tunnel import tunnel


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with served(SANDBOX, tmp_path_factory.mktemp("certinia")) as address:
        yield address


@pytest.mark.real
def test_simple_salesforce_enters_time_as_at_an_org_with_the_package(org: Address) -> None:
    with tunnel(org) as there:
        asked(Path(__file__).with_name("simple_salesforce_client.py"), SANDBOX_URL=org.url, **there)
