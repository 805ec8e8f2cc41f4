"""pyodata, unmodified, against the served sandbox: it reads our `$metadata` and believes it talks to SAP.

In an environment of its own: it installs a package `tests` that hides ours.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.sandbox.server import Address
from system_apis.sap_s4hana.sandbox import SANDBOX
from tests.isolated import python
from tests.served import served

ASKED = Path(__file__).with_name("pyodata_client.py")


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The sandbox in a thread of its own, since the client blocks."""
    with served(SANDBOX, tmp_path_factory.mktemp("sap_s4hana")) as address:
        yield address


@pytest.mark.real
def test_pyodata_reads_writes_and_is_refused_as_at_sap(tenant: Address) -> None:
    alone = [
        "-m",
        "pytest",
        "-q",
        "--noconftest",
        "-c",
        os.devnull,
        "-p",
        "no:cacheprovider",
        "--rootdir",
        ASKED.parent,
    ]
    told = {**os.environ, "SANDBOX_URL": tenant.url, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python("pyodata"), *alone, ASKED], env=told, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout
