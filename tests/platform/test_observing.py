"""One request id and one trace through every tier, into runs and to the vendors; and no secret in any log."""

import json
import re
import shutil
import sqlite3
import time
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foundation.sandbox.firm import deals
from gateway.audit import Place, Record, query
from tests.audit.conftest import Ground
from tests.processes import ROOT, Client, Command
from tiergate.__main__ import main
from tiergate.embedded import credentials

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
DEAL = "006Tg0000000005IAA"


def logged(command: Command) -> list[dict[str, Any]]:
    """Every line of the platform's log; each is one JSON object."""
    return [json.loads(line) for line in command.log.read_text().splitlines() if line.startswith("{")]


def test_one_request_id_and_one_trace_go_from_the_edge_to_the_vendor(platform: Client, command: Command) -> None:
    request_id = "asked-by-the-desk-1"
    headers = {"X-Request-Id": request_id, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    cases = platform.ask("GET", "/service-desk/v1/cases", platform.token("scenario")).json()["items"]
    path = f"/service-desk/v1/cases/{cases[0]['id']}"
    answer = platform.ask("GET", path, platform.token("scenario"), headers=headers)
    assert answer.headers["x-request-id"] == request_id
    time.sleep(0.3)  # the record is written behind the answer
    kept = [found.record for found in query(platform.state / "audit.sqlite", request_id=request_id)]
    assert {record.layer for record in kept} == {"experience", "process", "system"}
    assert {record.trace for record in kept} == {TRACE}
    below = [record for record in kept if record.layer == "system"]
    assert all(record.acted_for.startswith("scenario@scenario") for record in below)
    calls = [
        line for line in logged(command) if line.get("event") == "vendor call" and line["request_id"] == request_id
    ]
    assert {line["trace_id"] for line in calls} == {TRACE}
    assert {line["system"] for line in calls} >= {"salesforce", "netsuite"}


def test_a_run_carries_the_trace_of_whoever_started_it_to_every_vendor(platform: Client) -> None:
    """The sandboxes log the trace of each write: all of one deal's are of one trace."""
    traces: dict[str, set[str]] = {}
    for name in ("netsuite", "kantata"):
        writes = platform.http.get(f"{platform.sandboxes[name].url}/_sandbox/writes").json()
        assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", write["request_id"]) for write in writes)
        for write in writes:
            traces.setdefault(write["request_id"].split("-")[1], set()).add(name)
    run = f"o2p:salesforce:{DEAL}:1"
    with sqlite3.connect(platform.state / "tiergate.sqlite") as store:
        (parent,) = store.execute("SELECT traceparent FROM runs WHERE id = ?", (run,)).fetchone()
    assert traces[parent.split("-")[1]] == {"netsuite", "kantata"}


def test_no_log_holds_a_secret_a_tax_number_or_a_person(platform: Client, command: Command) -> None:
    text = command.log.read_text() + (platform.state / "sandboxes" / "log.txt").read_text()
    assert "vendor call" in text
    secrets = [*platform.demo.clients.values(), *platform.demo.people.values()]
    for made in credentials(platform.state / "sandboxes").values():
        secrets += [made.notification_secret, *(v for k, v in made.values.items() if re.search("KEY|SECRET|TOKEN", k))]
    for client in ("process-tier", "scenario"):
        secrets.append(platform.token(client))
    for deal in deals(date(2026, 12, 1)):  # who they are does not hang on the day
        account = deal.account
        secrets += [account.tax.number] if account.tax else []
        secrets += [person.email for person in account.contacts]
    found = [secret[:6] for secret in secrets if secret and secret in text]
    assert found == []
    assert "Bearer ey" not in text
    assert re.findall(r"[\w.]+@(?!acme\.example)[\w-]+\.example", text) == []


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_the_platform_says_how_it_is_without_a_token(platform: Client, path: str) -> None:
    answer = platform.ask("GET", path)
    assert answer.status_code == 200
    if path == "/metrics":
        assert "tiergate_calls" in answer.text


def _tampered(record: Record) -> Record:
    is_it = (record.retention, record.seq) == ("standard", 7)
    return msgspec.structs.replace(record, subject="nobody") if is_it else record


def test_a_changed_and_a_removed_record_are_named(
    platform: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet: None
) -> None:
    copy = tmp_path / "audit.sqlite"
    with sqlite3.connect(platform.state / "audit.sqlite") as there, sqlite3.connect(copy) as here:
        there.backup(here)
    for beside in ("audit.sqlite.anchors", "audit.pub"):
        shutil.copy(platform.state / beside, tmp_path)
    assert main(["audit", "verify", "--file", str(copy)]) == 0
    assert "is whole" in capsys.readouterr().out
    ground = Ground(Place.beside(copy))
    writer = next(sheet.writer for sheet in ground.sheets() if sheet.retention == "standard")
    ground.rewrite(lambda records: [_tampered(each) for each in records if (each.writer, each.seq) != (writer, 12)])
    assert main(["audit", "verify", "--file", str(copy)]) == 1
    said = capsys.readouterr().out
    assert f"record 7 of {writer}: was changed" in said
    assert f"record 12 of {writer}: is missing" in said


def test_the_published_contracts_are_those_of_the_code(capsys: pytest.CaptureFixture[str], quiet: None) -> None:
    assert main(["openapi", "--check"]) == 0, capsys.readouterr().out


def test_the_folder_of_this_checkout_was_not_written_to(platform: Client) -> None:
    assert platform.state.is_dir()
    assert not platform.state.is_relative_to(ROOT)


def test_a_problems_type_is_the_address_of_its_page(platform: Client) -> None:
    refused = platform.ask("GET", "/operations/v1/overview").json()
    assert refused["type"] == f"{platform.url}/problems/token_missing"
    page = platform.http.get(refused["type"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "No access token was sent" in page.text
