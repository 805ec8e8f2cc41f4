"""The official MCP client, as it comes, against the running platform: over HTTP in both ways, and over stdio."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.audit import query
from gateway.audit.entry import Facts
from tests.isolated import python
from tests.processes import ROOT, Client, environment

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).with_name("mcp_client.py")
WAYS = ("legacy", "2026-07-28", "auto")
Calls = list[tuple[str, dict[str, Any]]]


def said(mode: str, calls: Calls, **asked: Any) -> dict[str, Any]:
    """What the client saw: the protocol agreed on, the tools it was shown, what each call gave."""
    told = json.dumps({"mode": mode, "calls": calls, **asked})
    done = subprocess.run(
        [python("mcp"), SCRIPT], input=told, capture_output=True, text=True, check=False, timeout=90, cwd=SCRIPT.parent
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def over_http(platform: Client, client: str, mode: str, calls: Calls, scope: str = "") -> dict[str, Any]:
    token = platform.own_token(client, scope)
    return said(mode, calls, way="bearer", url=f"{platform.url}/mcp", token=token)


def problem(result: dict[str, Any]) -> dict[str, Any]:
    assert result["error"] is True
    return dict(msgspec.json.decode(result["text"]))


@pytest.mark.parametrize("mode", WAYS)
def test_the_official_client_lists_and_calls_tools(platform: Client, mode: str) -> None:
    (first,) = over_http(platform, "scenario", mode, [("service-desk-v1_cases", {"limit": 1})])["results"]
    case_id = first["structured"]["items"][0]["id"]  # and the client has held it to the schema it was told
    seen = over_http(
        platform,
        "scenario",
        mode,
        [
            ("service-desk-v1_case", {"case_id": case_id}),
            ("service-desk-v1_connections", {}),
            ("service-desk-v1_case", {"case_id": "CASE-0"}),
            ("service-desk-v1_cases", {"state": "sideways", "limit": 9999}),
        ],
    )
    assert seen["protocol"] == ("2025-11-25" if mode == "legacy" else "2026-07-28")
    assert {"service-desk-v1_cases", "opportunity-to-project-v2_run"} <= set(seen["tools"])
    assert "opportunity-to-project-v1_run" not in seen["tools"]
    case, health, missing, wrong = seen["results"]
    assert case["structured"]["case"]["id"] == case_id
    assert health["structured"]["result"]
    assert (problem(missing)["status"], problem(missing)["reason"]) == (404, "not_found")
    assert {error["pointer"] for error in problem(wrong)["errors"]} == {"query:state", "query:limit"}


def test_a_client_is_shown_what_its_product_and_scopes_let_it_call(platform: Client) -> None:
    partner = over_http(platform, "partner-demo", "auto", [("service-desk-v1_cases", {})])
    runs = ("opportunity-to-project-v2", "quote-to-order-v1", "contract-sync-v1")
    assert set(partner["tools"]) == {f"{api}_{name}" for api in runs for name in ("run", "runs", "startRun")}
    refused = problem(partner["results"][0])
    assert (refused["status"], refused["reason"]) == (403, "not_in_product")
    reader = over_http(platform, "scenario", "auto", [], "desk:read")["tools"]
    assert "service-desk-v1_retryCase" not in reader
    assert "service-desk-v1_cases" in reader


def test_the_record_names_the_tool(platform: Client) -> None:
    (runs,) = over_http(platform, "scenario", "auto", [("opportunity-to-project-v2_runs", {"limit": 1})])["results"]
    key = runs["structured"]["items"][0]["id"]
    over_http(platform, "scenario", "auto", [("opportunity-to-project-v2_run", {"run_id": key})])

    def tools() -> set[str]:
        kept = query(platform.state / "audit.sqlite", client="scenario", operation="run", key=key)
        return {Facts.of(each.record).tool for each in kept}

    deadline = time.monotonic() + 10  # a record that nobody waits for is written a moment after its answer
    while "opportunity-to-project-v2_run" not in tools():
        assert time.monotonic() < deadline, tools()
        time.sleep(0.1)


def test_a_client_without_a_token_finds_its_way_by_what_it_is_refused_with(platform: Client) -> None:
    """The challenge names the metadata, the metadata the issuer, the issuer gives a token for the tools' address."""
    seen = said(
        "auto",
        [("service-desk-v1_connections", {})],
        way="oauth",
        url=f"{platform.url}/mcp",
        issuer=f"{platform.url}/identity",
        client="scenario",
        secret=platform.demo.clients["scenario"],
    )
    assert seen["results"][0]["error"] is False


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_program_that_starts_its_servers_itself_has_the_same_tools(
    platform: Client, mode: str, tmp_path: Path
) -> None:
    who = {"TIERGATE_MCP_CLIENT": "scenario", "TIERGATE_MCP_SECRET": platform.demo.clients["scenario"]}
    seen = said(
        mode,
        [("service-desk-v1_connections", {}), ("service-desk-v1_case", {"case_id": "CASE-0"})],
        way="stdio",
        command=sys.executable,
        arguments=["-m", "tiergate", "mcp", "serve", "--url", platform.url],
        environment=environment(tmp_path, **who),
        folder=str(ROOT),
    )
    assert "service-desk-v1_cases" in seen["tools"]
    assert seen["results"][0]["error"] is False
    assert problem(seen["results"][1])["status"] == 404
