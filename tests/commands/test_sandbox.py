"""`tiergate sandbox` serves one vendor alone, seeded and broken as its files say."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from canonical.dates import now
from foundation.sandbox import Box
from foundation.sandbox.seeding import Entry, WrongSeed, enter
from system_apis import discover
from tests.commands.conftest import Tiergate
from tests.processes import ROOT
from tests.seeded import box_of
from tiergate.alone import made, read_plan, read_seed

SEED = """\
clock: 2026-11-28T09:00:00Z
still: true
records:
  workspaces:
    - {as: dock, title: "DE-27-0077 · Dock planning", creator_role: maven, currency: KWD, price: 1234.567}
  stories:
    - {workspace_id: $dock, title: Plan, story_type: task}
"""
PLAN = """\
- {fault: timeout_after_commit, method: POST, path: /posts, delay: 0.05}
- {fault: throttled, path: /users/me, times: 2, headers: {Retry-After: "7"}}
"""


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """The command in a process of its own, and what it said first."""
    command = [sys.executable, "-m", "tiergate", "sandbox", *map(str, arguments), "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process
    finally:
        process.kill()
        process.communicate()


def test_a_developer_gets_a_vendor_seeded_and_broken_as_planned(tmp_path: Path) -> None:
    (tmp_path / "firm.yaml").write_text(SEED)
    (tmp_path / "plan.yaml").write_text(PLAN)
    files = ("--seed", tmp_path / "firm.yaml", "--faults", tmp_path / "plan.yaml", "--port", 0)
    with serving("kantata", *files) as (ready, process):
        headers = {"Authorization": f"Bearer {ready['values']['KANTATA_TOKEN']}"}
        with httpx.Client(base_url=ready["url"], headers=headers, trust_env=False) as http:
            refused = [http.get("/api/v1/users/me") for _ in range(3)]
            assert [each.status_code for each in refused] == [429, 429, 200]
            assert refused[0].headers["Retry-After"] == "7"
            found = http.get("/api/v1/workspaces", params={"search": "DE-27-0077"}).json()["workspaces"]
            (dock,) = found.values()
            assert (dock["currency"], dock["price_in_cents"]) == ("KWD", 1234567)
            assert dock["created_at"].startswith("2026-11-28T09:00:00")
            (story,) = http.get("/api/v1/stories", params={"workspace_id": dock["id"]}).json()["stories"].values()
            assert story["title"] == "Plan"
            with pytest.raises(httpx.TransportError):
                http.post("/api/v1/posts", json={"post": {"workspace_id": dock["id"], "message": "Hello"}})
            assert http.get("/_sandbox/counts").json() == {"posts": {"create": 1}}
            assert any(path.endswith("/api/v1/{plural}/{id}") for path in ready["paths"])
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=10)
    assert said == "Created: 1 posts. Created twice: nothing.\n"


def test_two_of_the_same_seed_have_the_same_ids(tmp_path: Path) -> None:
    (tmp_path / "firm.yaml").write_text(SEED)
    system, seed = discover()["kantata"], read_seed(tmp_path / "firm.yaml")
    one, other = (Box(made(system, seed, [])[0], clock=seed.time()) for _ in range(2))
    assert one.store.contents() == other.store.contents()
    before = one.store.contents()
    one.store.delete("stories", one.store.all("stories")[-1]["id"])
    one.reset()
    assert one.store.contents() == before


@pytest.mark.parametrize(
    ("system", "kind", "fields"),
    [
        ("salesforce", "Account", "Name: Harbor, CurrencyIsoCode: USD"),
        ("netsuite", "customer", 'companyName: Harbor, subsidiary: {id: "1"}, currency: {id: "1"}, isPerson: false'),
        ("kantata", "workspaces", "title: Harbor, creator_role: maven"),
        ("servicenow", "incident", "short_description: Harbor"),
        ("business_central", "customers", "displayName: Harbor"),
        ("certinia", "pse__Proj__c", "Name: Harbor, CurrencyIsoCode: USD"),
        ("dataverse", "account", "name: Harbor"),
        ("oracle_fusion", "accounts", "OrganizationName: Harbor, Type: ZCA_CUSTOMER, SourceSystem: TIERGATE"),
        ("sap_s4hana", "A_BusinessPartner", 'BusinessPartnerCategory: "2", OrganizationBPName1: Harbor'),
        ("tryton", "party.party", "name: Harbor"),
    ],
)
def test_an_empty_sandbox_holds_what_the_file_says(tmp_path: Path, system: str, kind: str, fields: str) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(f"records:\n  {kind}:\n    - {{{fields}}}\n")
    box = Box(made(discover()[system], read_seed(path), [])[0])
    assert "Harbor" in str(box.store.all(kind)[-1])


@pytest.mark.parametrize("system", sorted(discover()))
def test_what_a_vendor_does_not_take_is_a_sentence_whatever_kind_it_is_of(system: str) -> None:
    box = box_of(system, now)
    said: list[tuple[str, str]] = []
    for kind in sorted(box.sandbox.kinds):
        for fields in ({}, {"nonsense": 1, "Id": {"a": []}}, {"name": 7, "Name": 7, "title": 7, "displayName": 7}):
            try:
                enter(box, [Entry(where="seed.yaml:3", kind=kind, fields=dict(fields))])
            except WrongSeed as wrong:
                said.append((kind, str(wrong)))
    box.store.close()
    sentence = f"seed.yaml:3: {box.sandbox.title} would not take this"
    assert [each for each in said if not each[1].startswith(f"{sentence} {each[0]}: ")] == []
    assert said or system == "servicenow", "an instance drops what it does not know, and asks for nothing"


WRONG = {
    "records: [": "seed.yaml:2: this is not YAML",
    "record: {}": "seed.yaml:1: no key is called 'record': did you mean 'records'?",
    "\nclock: tomorrow": "seed.yaml:2: clock is 'tomorrow'; it is an instant such as 2026-11-28T09:00:00Z",
    "records:\n  story:\n    - {title: x}": "seed.yaml:3: no kind of record is called 'story': did you mean 'stories'?",
    "records:\n  stories:\n    - {title: x, workspace_id: $dock}": (
        "seed.yaml:3: no record before this one is called 'dock'"
    ),
    "records:\n  workspaces:\n    - {title: x, creator_role: boss}": (
        "seed.yaml:3: Kantata would not take this workspaces:"
    ),
    "options: {colour: blue}": "no option is called 'colour'",
    "records:\n  stories: [plan]": "seed.yaml:2: stories is a list of records",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_seed_file_that_cannot_be_is_named_by_its_line(tiergate: Tiergate, tmp_path: Path, text: str) -> None:
    (tmp_path / "seed.yaml").write_text(text)
    said = tiergate("sandbox", "kantata", "--seed", tmp_path / "seed.yaml")
    assert (said.code, said.out) == (2, "")
    assert WRONG[text] in said.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- {fault: throttle}", "plan.yaml:1: no fault is called 'throttle': did you mean 'throttled'?"),
        ("- {fault: slow}\n- {fault: slow, path: '('}", "plan.yaml:2: '(' is not a regular expression"),
        ("- {fault: slow, tims: 2}", "plan.yaml:1: Object contains unknown field `tims`"),
        ("fault: slow", "plan.yaml:1: a fault plan is a list of rules"),
    ],
)
def test_a_fault_plan_that_cannot_be_is_named_by_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(WrongSeed) as wrong:
        read_plan(tmp_path / "plan.yaml")
    assert sentence in str(wrong.value)


def test_a_file_that_is_not_there_a_port_that_is_taken_and_a_stranger_are_one_sentence(tiergate: Tiergate) -> None:
    assert "nowhere.yaml cannot be read" in tiergate("sandbox", "kantata", "--seed", "nowhere.yaml").err
    assert "did you mean 'kantata'?" in tiergate("sandbox", "kantatta").err
    with serving("kantata") as (ready, _):
        port = ready["url"].rpartition(":")[2]
        said = tiergate("sandbox", "kantata", "--port", port)
    assert (said.code, said.out) == (2, "")
    assert f"port {port}, meant for the kantata sandbox, is in use" in said.err


def test_a_stand_in_does_not_start_in_production(tiergate: Tiergate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERGATE_ENVIRONMENT", "production")
    assert tiergate("sandbox", "kantata").code == 2
