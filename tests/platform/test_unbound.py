"""A platform that no system is bound to: who would ask one is told so, as the contracts say."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import system_apis
from canonical.faults import NotBound
from canonical.ports import operations
from tests.platform.contracts import ALL, Published
from tests.platform.known import token_for
from tests.processes import ROOT, Client, Command
from tiergate.unbound import Unbound

ASKING = [operation for operation in ALL if 501 in operation.statuses]


async def test_every_operation_of_a_system_nobody_is_bound_to_says_so() -> None:
    for name, system in system_apis.discover().items():
        unbound = Unbound(system)
        for port in system.ports:
            for operation in operations(port):
                with pytest.raises(NotBound, match=f"bind {name} to one"):
                    await getattr(unbound, operation.attribute)()


def test_a_contract_says_it_of_each_operation_that_asks_a_system() -> None:
    said = {operation.key for operation in ASKING}
    assert {"opportunity-to-project.startRun", "opportunity-to-project@v2.startRun"} <= said
    assert {operation.key for operation in ALL if operation.api in system_apis.discover()} == {
        key for key in said if key.split(".")[0] in system_apis.discover()
    }
    others = {key for key in said if key.split(".")[0] not in system_apis.discover()}
    assert {key.split(".")[0] for key in others} == {
        "opportunity-to-project", "opportunity-to-project@v2", "engagements", "client-portal", "project-setup",
        "quote-to-order", "contract-sync",
    }  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("unbound")
    policies = Path(shutil.copytree(ROOT / "policies", folder / "policies"))
    (policies / "bindings.yaml").write_text("{}\n")
    command = Command(folder, "serve", TIERGATE_POLICIES=str(policies), TIERGATE_PORT="0")
    try:
        url = command.until(r"Serving all at (http://\S+)").group(1)
        made = Client(url, folder / "state")
        yield made
        made.close()
    finally:
        command.stop()


@pytest.mark.real
def test_a_platform_without_systems_says_so_at_each_of_them(alone: Client) -> None:
    """Asked is what needs nothing that is known of a deal: every reading of a system, and the start of a run."""
    asked = [one for one in ASKING if one.id == "startRun" or _reads(one)]
    assert len(asked) > 50
    wrong = {one.key: status for one in asked if (status := _status(alone, one)) != 501}
    assert wrong == {}


def _reads(operation: Published) -> bool:
    return operation.method == "GET" and operation.layer == "system"


def _status(platform: Client, operation: Published) -> int:
    bodies: dict[str, Any] = {
        "opportunity-to-project": {"opportunity_id": "006A"},
        "quote-to-order": {"quote": {"id": "0Q0A"}},
        "contract-sync": {"contract": {"id": "800A"}},
    }
    body = bodies.get(operation.api, {"opportunity": {"id": "006A"}})
    more: dict[str, Any] = {"json": body} if operation.id == "startRun" else {}
    demanded = [each["name"] for each in operation.document["parameters"] if each["in"] == "query" and each["required"]]
    days = {"first": "2027-01-01", "last": "2027-12-31"}
    more |= {"params": {each: days.get(each, "") for each in demanded}}  # an empty `since` is from the beginning
    return platform.ask(operation.method, operation.at(), token_for(platform, operation), **more).status_code
