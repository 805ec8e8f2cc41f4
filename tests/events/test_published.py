"""What is told is published: as webhooks of the contract, and as AsyncAPI, from the same types."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from canonical.events import (
    FROM_A_BOOKING,
    FROM_A_DEAL,
    FROM_A_DOCUMENT,
    TYPES,
    AccountUpdated,
    ContactMerged,
)
from gateway.publishing.contract import compare
from process_apis.events import outbox
from tests import npm
from tests.events.conftest import Telling, event
from tests.processes import ROOT

CONTRACT: dict[str, Any] = json.loads((ROOT / "openapi" / "events-v1.json").read_text())
ASYNCAPI: dict[str, Any] = json.loads((ROOT / "openapi" / "asyncapi" / "events-v1.json").read_text())


def schema_of(kind: str) -> dict[str, Any]:
    content = CONTRACT["webhooks"][kind]["post"]["requestBody"]["content"]
    return {**content["application/cloudevents+json"]["schema"], "components": CONTRACT["components"]}


def examples_of(kind: str) -> dict[str, Any]:
    """What an event of this type could say, by its own examples."""
    named = CONTRACT["components"]["schemas"][TYPES[kind].__name__]["properties"]
    return {name: field["examples"][0] for name, field in named.items()}


async def test_every_event_that_is_told_is_as_its_contract_says(telling: Telling) -> None:
    await telling.subscribe(everything=True)
    for code in ("D01", "D09"):
        await telling.firm.played(code)
    telling.firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=0)
    await telling.firm.played("D03")
    await telling.tell()
    seen = {event(each)["type"] for each in telling.receiver.taken}
    of_runs = {
        event(each)["type"] for each in telling.receiver.taken if event(each)["correlationid"].startswith("o2p:")
    }
    assert of_runs == {kind.type() for kind in FROM_A_DEAL}, "as its contract says a deal's run tells"
    for kind in sorted(TYPES.keys() - seen):  # what another workflow tells, told as its contract's examples have it
        said = TYPES[kind](**examples_of(kind))
        await telling.firm.platform.database.run(
            lambda c, e=said: outbox.emit_apart(c, "another", e, "another", "ACME-DE")  # type: ignore[misc]  # as set here
        )
    await telling.tell()
    told = [event(each) for each in telling.receiver.taken]
    assert {each["type"] for each in told} == set(TYPES), "one of each"
    for each in told:
        jsonschema_rs.validator_for(schema_of(each["type"])).validate(each)


def test_a_field_more_breaks_nobody_and_a_field_less_does() -> None:
    old, grown, shrunk = (json.loads(json.dumps(CONTRACT)) for _ in range(3))
    grown["components"]["schemas"]["ProjectActivated"]["properties"]["psa_id"] = {"type": "string"}
    del shrunk["components"]["schemas"]["ProjectActivated"]["properties"]["project_code"]
    shrunk["components"]["schemas"]["ProjectActivated"]["required"] = []
    del shrunk["webhooks"]["com.tiergate.project.requested.v1"]
    assert [change for change in compare(old, grown) if change.breaking] == []
    broken = {change.operation for change in compare(old, shrunk) if change.breaking}
    assert broken == {"onProjectActivated", "onProjectRequested"}


def test_both_documents_tell_of_the_same() -> None:
    assert set(ASYNCAPI["components"]["messages"]) == set(CONTRACT["webhooks"]) == set(TYPES)
    shared = {name: CONTRACT["components"]["schemas"][name] for name in ASYNCAPI["components"]["schemas"]}
    assert ASYNCAPI["components"]["schemas"] == shared


def test_each_event_says_whose_it_is_how_much_hangs_on_it_and_how_long_it_is_kept() -> None:
    """As the policies of whoever tells it say; another owner there is another document, which the check notices."""
    said = {each.stem: yaml.safe_load(each.read_text()) for each in (ROOT / "policies" / "apis").glob("*.yaml")}
    by = dict.fromkeys(FROM_A_DEAL, "opportunity-to-project")
    by |= dict.fromkeys(FROM_A_DOCUMENT, "contract-sync") | dict.fromkeys(FROM_A_BOOKING, "staffing")
    by |= {AccountUpdated: "account-sync", ContactMerged: "events"}
    messages = ASYNCAPI["components"]["messages"]
    for kind, api in by.items():
        message = messages[kind.type()]
        assert (message["x-owner"], message["x-tier"]) == (said[api]["owner"], said[api]["criticality"]), kind
    owners = {each["owner"] for each in said.values()}
    assert {each["x-owner"] for each in messages.values()} <= owners
    assert {each["x-tier"] for each in messages.values()} <= {"T0", "T1", "T2", "T3"}
    channel = ASYNCAPI["channels"]["subscription"]
    assert channel["x-owner"] == said["events"]["owner"]
    assert (channel["x-retention"]["attempts"], channel["x-retention"]["hours"]) == (10, 76)


@pytest.mark.real("node", "npm")
def test_it_is_asyncapi_by_the_specifications_own_schema() -> None:
    specs = npm.installed(Path(__file__).parent, "asyncapi") / "node_modules" / "@asyncapi" / "specs" / "schemas"
    schema = json.loads((specs / "3.0.0-without-$id.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    assert [str(error.message) for error in validator.iter_errors(ASYNCAPI)] == []
    spoilt = json.loads(json.dumps(ASYNCAPI))
    spoilt["operations"]["tell"]["action"] = "shout"
    assert not validator.is_valid(spoilt)
