"""The same installation, first in one process and then in five: what a policy refuses between tiers is refused alike.

The policies are the shipped ones, but that deals may be read twenty times a day, and what was read is recorded. The
process tier reads a deal whenever a run is asked for (and each deal once by itself): at first it may, in the end not.
"""

import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from gateway.audit import query
from tests.processes import ROOT, Client, Command
from tests.split.apart import apart, going

pytestmark = pytest.mark.real

PRIYA = "priya@acme.example"
NOT_WON = "006Tg0000000001IAA"
A_DAY = 20
OF_THE_CALL = (
    "writer", "seq", "at", "request_id", "trace", "took_ms", "previous", "digest", "facts", "issuer"
)  # fmt: skip
"""What no two records share; between tiers in one process no token travels, hence no issuer."""


class Left(msgspec.Struct, frozen=True):
    """What a call leaves: its answer, and its records with their bodies by tier."""

    status: int
    said: dict[str, Any]
    records: dict[str, dict[str, Any]]


Both = tuple[Left, Left]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[Both, Both]:
    """The allowed and the denied call, in one process; and in five, which go on with its state."""
    folder = tmp_path_factory.mktemp("same")
    policies = shutil.copytree(ROOT / "policies", folder / "policies")
    rarely(policies / "apis" / "salesforce.yaml")
    settings = {"TIERGATE_POLICIES": str(policies)}
    with going(Command(folder, "run", "--no-scenario", **settings, TIERGATE_PORT="0")) as together:
        one = ask(Client(together.until(r"Console\s+(http://\S+)/desk").group(1), folder / "state"), "one")
    with apart(folder, **settings) as urls:
        five = ask(Client(urls["gateway"], folder / "state"), "five")
    return one, five


def rarely(file: Path) -> None:
    """Let deals be read so many times a day, and what was read be recorded."""
    text = file.read_text()
    limited = text.replace("limits:\n", f"limits:\n  deals: {{quota: {A_DAY}/day}}\n", 1)
    changed = limited.replace(
        "{scopes: [salesforce:read]}", "{scopes: [salesforce:read], limits: [deals], audit: bodies}", 1
    )
    assert text != limited != changed
    file.write_text(changed)


def ask(client: Client, where: str) -> Both:
    """The first call, and the first that is refused."""
    calls = [start(client, f"call-{number}-in-{where}") for number in range(A_DAY + 1)]
    time.sleep(0.5)  # the record is written behind the answer
    client.close()
    audit = client.state / "audit.sqlite"
    refused = next(call for call in calls if call.status_code == 429)
    allowed, denied = (
        Left(answer.status_code, said_in(answer), records(audit, answer.headers["x-request-id"]))
        for answer in (calls[0], refused)
    )
    return allowed, denied


def start(client: Client, request_id: str) -> httpx.Response:
    return client.ask(
        "POST",
        "/opportunity-to-project/v1/runs",
        client.acting("experience-tier", client.person(PRIYA, "console", "desk:read")),
        json={"opportunity_id": NOT_WON},
        headers={"X-Request-Id": request_id},
    )


def said_in(answer: httpx.Response) -> dict[str, Any]:
    """A problem document, but for its id, where its type has its page, and how long ago the limit was spent."""
    said: dict[str, Any] = answer.json()
    said["type"] = urlsplit(said["type"]).path
    del said["request_id"]
    said.get("facts", {}).pop("retry_after", None)
    return said


def records(audit: Path, request_id: str) -> dict[str, dict[str, Any]]:
    found = {}
    for kept in query(audit, request_id=request_id):
        told = msgspec.structs.asdict(kept.record) | {"request": kept.request, "answer": kept.answer}
        found[kept.record.layer] = {name: value for name, value in told.items() if name not in OF_THE_CALL}
    return found


def test_an_allowed_call_leaves_the_same(left: tuple[Both, Both]) -> None:
    (one, _), (five, _) = left
    assert one == five
    assert (one.status, one.said["reason"]) == (409, "conflict")  # the deal was read: it is not won
    assert one.records["system"]["status"] == 200
    assert NOT_WON in one.records["system"]["answer"]


def test_a_denied_call_leaves_the_same(left: tuple[Both, Both]) -> None:
    (_, one), (_, five) = left
    assert one == five
    assert (one.status, one.said["reason"], one.said["facts"]["limit"]) == (429, "limit_reached", "deals")
    assert one.records["system"]["policy"].startswith("policies/apis/salesforce.yaml:")
    assert one.records["process"]["acted_for"] == f"{PRIYA}@console"
    assert one.records["system"]["acted_for"] == f"{PRIYA}@console experience-tier@experience-tier"
    assert set(one.records) == {"system", "process"}
