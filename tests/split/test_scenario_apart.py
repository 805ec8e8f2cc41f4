"""The tiers apart: the same scenario, the same pages, and every tier's own part in a call."""

import html
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from gateway.audit import query, verify
from gateway.drift.tables import READERS
from tests.processes import ROOT, Client, environment
from tests.split.apart import TIERS, apart

pytestmark = pytest.mark.real

PERSON = "priya@acme.example"
SCENARIO_SECONDS = 170


class Deployment(msgspec.Struct, frozen=True):
    """Five processes, after the scenario."""

    client: Client
    urls: dict[str, str]
    report: dict[str, Any]

    def get(self, path: str, token: str, **headers: str) -> Any:
        """The body of a good answer, asked of the gateway."""
        answer = self.client.ask("GET", path, token, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("split")
    with apart(folder) as urls:
        played = subprocess.run(
            [sys.executable, "-m", "tiergate", "scenario", "--json", "--against", urls["gateway"]],
            cwd=ROOT,
            env=environment(folder / "state"),
            capture_output=True,
            text=True,
            check=False,
            timeout=SCENARIO_SECONDS,
        )
        assert played.returncode == 0, played.stderr + played.stdout
        client = Client(urls["gateway"], folder / "state")
        yield Deployment(client, urls, msgspec.json.decode(played.stdout))
        client.close()


def test_the_scenario_ends_as_in_one_process(split: Deployment) -> None:
    outcomes = [deal["outcome"] for deal in split.report["deals"]]
    assert outcomes == ["project active"] * 8 + ["refused"] * 3 + ["parked"]
    assert [deal["key"] for deal in split.report["deals"] if deal["verified"]] == [f"D0{n}" for n in range(1, 9)]
    assert (len(split.report["cases"]), split.report["duplicates"]) == (4, [])


def test_each_tier_records_its_own_part_of_a_call(split: Deployment) -> None:
    """A case asks the process tier, which asks three systems: one request, recorded by three processes."""
    token = split.client.token("scenario")
    case = split.get("/service-desk/v1/cases", token)["items"][0]["id"]
    split.get(f"/service-desk/v1/cases/{case}", token, **{"X-Request-Id": "request-through-all"})
    time.sleep(0.5)  # the record is written behind the answer
    kept = [found.record for found in query(split.client.state / "audit.sqlite", request_id="request-through-all")]
    assert {(record.layer, record.writer.partition("-")[0]) for record in kept} == {(tier, tier) for tier in TIERS}
    assert {record.acted_for.partition("@")[0] for record in kept if record.layer == "system"} == {"scenario"}


def test_the_one_record_of_all_processes_is_whole(split: Deployment) -> None:
    assert verify(split.client.state / "audit.sqlite") == []


@pytest.mark.parametrize("name", ["gateway", *TIERS])
def test_every_process_says_how_it_is(split: Deployment, name: str) -> None:
    url = split.urls[name]
    assert httpx.get(f"{url}/health").json() == {"status": "ok"}
    assert httpx.get(f"{url}/ready").json() == {"status": "ready", "serves": name, "policies": "as in the folder"}
    assert "tiergate_calls" in httpx.get(f"{url}/metrics").text


def test_a_client_sees_their_own_project(split: Deployment) -> None:
    projects = split.get("/client-portal/v1/projects", split.client.person())
    assert len(projects) == 1
    assert "Warehouse control tower" in str(projects)


def test_a_person_signs_in_and_sees_the_console(split: Deployment) -> None:
    """The console's process asks the issuer in the gateway's process for the token."""
    with httpx.Client(base_url=split.urls["gateway"], follow_redirects=True, trust_env=False) as browser:
        page = browser.get("/desk")
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
        form = {name: html.unescape(value) for name, value in hidden}
        form |= {"login": PERSON, "password": split.client.demo.people[PERSON]}
        desk = browser.post("/identity/login", data=form)
        assert desk.url.path == "/desk"
        assert "Plant quality suite" in desk.text


def test_the_parked_deal_goes_on_from_the_desk(split: Deployment) -> None:
    token = split.client.token("scenario")
    (parked,) = (case["id"] for case in split.report["cases"] if "Plant quality suite" in case["deal"])
    again = split.client.ask("POST", f"/service-desk/v1/cases/{parked}/retry", token)
    assert again.status_code < 300, again.text
    deadline = time.monotonic() + 60
    while (case := split.get(f"/service-desk/v1/cases/{parked}", token)["case"])["state"] == "open":
        assert time.monotonic() < deadline, case
        time.sleep(0.5)


def test_what_the_systems_answered_was_looked_at_and_none_of_it_differed(split: Deployment) -> None:
    engine = sa.create_engine(f"sqlite:///{split.client.state / 'tiergate.sqlite'}")
    deadline, read = time.monotonic() + 20, set[tuple[str, str]]()
    while len(read) < 10 and time.monotonic() < deadline:  # it is written down every five seconds
        time.sleep(0.5)
        with engine.connect() as connection:
            rows = list(connection.execute(sa.select(READERS)))
            read = {(row.api, row.client) for row in rows} | {(row.operation, row.client) for row in rows}
    engine.dispose()
    assert {("salesforce-v1", "process-tier"), ("netsuite-v1", "process-tier")} <= read
    assert ("kantata-v1", "process-tier") in read
    told = subprocess.run(
        [sys.executable, "-m", "tiergate", "openapi", "drift"],
        cwd=ROOT,
        env=environment(split.client.state),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.stdout.startswith("No answer differed"), told.stdout + told.stderr
