"""One process or five: a call between tiers leaves the same fault and the same record in both."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.audit import query
from tests.processes import Client, Command
from tests.split.apart import apart

pytestmark = pytest.mark.real

DEAL = "/salesforce/v1/opportunities/006Tg0000000001IAA"
FOR_PRIYA = "priya@acme.example@console"
NOT_COMPARED = {"writer", "seq", "at", "took_ms", "previous", "digest", "trace", "facts", "issuer"}
CASES = {
    "allowed": (DEAL, "process-tier", "", FOR_PRIYA),
    "not there": ("/netsuite/v1/customers/by-key/nobody", "process-tier", "", FOR_PRIYA),
    "from outside": (DEAL, "partner-demo", "", FOR_PRIYA),
    "from the wrong tier": (DEAL, "experience-tier", "", FOR_PRIYA),
    "without the scope": (DEAL, "process-tier", "netsuite:read", FOR_PRIYA),
    "for nobody": (DEAL, "process-tier", "", ""),
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Everything in one process, nothing played."""
    command = Command(tmp_path_factory.mktemp("one"), "run", "--no-scenario", TIERGATE_PORT="0")
    try:
        made = Client(command.until(r"Console\s+(http://\S+)/desk").group(1), command.out.parent / "state")
        yield made
        made.close()
    finally:
        command.stop()


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Every tier a process of its own, nothing played."""
    folder = tmp_path_factory.mktemp("five")
    with apart(folder) as urls:
        made = Client(urls["gateway"], folder / "state")
        yield made
        made.close()


def left(there: Client, request_id: str) -> list[dict[str, Any]]:
    """What a request left in the record, by tier and operation."""
    time.sleep(0.5)  # it is written behind the answer
    kept = [found.record for found in query(there.state / "audit.sqlite", request_id=request_id)]
    told = [{name: getattr(r, name) for name in r.__struct_fields__ if name not in NOT_COMPARED} for r in kept]
    return sorted(told, key=lambda record: (record["layer"], record["operation"]))


def said_in(answer: httpx.Response) -> dict[str, Any]:
    """A problem document, but for the gateway's address in its type."""
    said: dict[str, Any] = answer.json()
    return said | {"type": urlsplit(said["type"]).path}


@pytest.mark.parametrize("name", CASES)
def test_a_system_call_is_answered_and_recorded_alike(one: Client, five: Client, name: str) -> None:
    path, client, scope, acted_for = CASES[name]
    request_id = f"call-{name.replace(' ', '-')}"
    told = []
    for there in (one, five):
        acts = client == "process-tier" and acted_for
        bearer = there.acting(client, acted_for, scope) if acts else there.own_token(client, scope)
        headers = {"Authorization": f"Bearer {bearer}", "X-Request-Id": request_id}
        headers |= {"Tiergate-Acted-For": acted_for} if acted_for else {}
        answer = there.http.get(path, headers=headers)
        body = said_in(answer) if answer.status_code != 200 else answer.json()["name"]
        told.append((answer.status_code, body, left(there, request_id)))
    assert told[0] == told[1]
    assert len(told[0][2]) == 1


@pytest.mark.parametrize("deal", ["006Tg0000000001IAA", "006Tg0000000999IAA"])
def test_what_the_process_tier_asks_for_somebody_is_recorded_alike(one: Client, five: Client, deal: str) -> None:
    """The one deal is not won, the other does not exist: in one process the system is asked without HTTP."""
    told = []
    for there in (one, five):
        answer = there.ask(
            "POST",
            "/opportunity-to-project/v1/runs",
            there.token("partner-demo"),
            json={"opportunity_id": deal},
            headers={"X-Request-Id": f"start-{deal}"},
        )
        told.append((answer.status_code, said_in(answer), left(there, f"start-{deal}")))
    assert told[0] == told[1]
    assert [record["layer"] for record in told[0][2]] == ["process", "system"]
    assert told[0][2][1]["acted_for"] == "partner-demo@partner-demo"


def test_the_catalogue_is_the_same_and_the_gateway_knows_how_a_tier_apart_stands(one: Client, five: Client) -> None:
    told = []
    for there in (one, five):
        links = there.http.get("/.well-known/api-catalog").json()["linkset"][0]["item"]
        keys = [link["href"].removeprefix(f"{there.url}/").replace("/", "-") for link in links]
        stands = [there.http.get(f"/apis/{key}/status").json() for key in keys]
        assert all(status["serving"] for status in stands)
        told.append((keys, [status | {"successor": ""} for status in stands]))
    assert told[0] == told[1]
    assert len(told[0][0]) > 3
