"""The official MCP client, as it comes, against the running platform: over HTTP in both ways, and over stdio."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from mcp import Client as McpClient
from mcp import StdioServerParameters, stdio_client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client

from gateway.audit import query
from gateway.audit.entry import Facts
from tests.processes import ROOT, Client, environment

WAYS = ("legacy", "2026-07-28", "auto")


@asynccontextmanager
async def over_http(platform: Client, client: str, mode: str, scope: str = "") -> AsyncIterator[McpClient]:
    bearer = {"Authorization": f"Bearer {platform.own_token(client, scope)}"}
    http = httpx2.AsyncClient(headers=bearer, timeout=30, trust_env=False)
    transport = streamable_http_client(f"{platform.url}/mcp", http_client=http)
    async with http, McpClient(transport, mode=mode) as made:
        yield made


def problem(result: Any) -> dict[str, Any]:
    assert result.is_error is True
    return dict(msgspec.json.decode(result.content[0].text))


@pytest.mark.parametrize("mode", WAYS)
async def test_the_official_client_lists_and_calls_tools(platform: Client, mode: str) -> None:
    async with over_http(platform, "scenario", mode) as client:
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"service-desk-v1_cases", "opportunity-to-project-v2_run"} <= set(listed)
        assert "opportunity-to-project-v1_run" not in listed
        cases = await client.call_tool("service-desk-v1_cases", {"state": "open", "limit": 2})
        assert cases.is_error is False
        assert len(cases.structured_content["items"]) == 2  # and the client has held it to the schema it was told
        case_id = cases.structured_content["items"][0]["id"]
        case = await client.call_tool("service-desk-v1_case", {"case_id": case_id})
        assert case.structured_content["case"]["id"] == case_id
        health = await client.call_tool("service-desk-v1_connections")
        assert health.structured_content["result"]
        missing = problem(await client.call_tool("service-desk-v1_case", {"case_id": "CASE-0"}))
        assert (missing["status"], missing["reason"]) == (404, "not_found")
        wrong = problem(await client.call_tool("service-desk-v1_cases", {"state": "sideways", "limit": 9999}))
        assert {error["pointer"] for error in wrong["errors"]} == {"query:state", "query:limit"}


async def test_a_client_is_shown_what_its_product_and_scopes_let_it_call(platform: Client) -> None:
    async with over_http(platform, "partner-demo", "auto") as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert listed == {f"opportunity-to-project-v2_{name}" for name in ("run", "runs", "startRun")}
        refused = problem(await client.call_tool("service-desk-v1_cases"))
        assert (refused["status"], refused["reason"]) == (403, "not_in_product")
    async with over_http(platform, "scenario", "auto", "desk:read") as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert "service-desk-v1_retryCase" not in listed
        assert "service-desk-v1_cases" in listed


async def test_the_record_names_the_tool(platform: Client) -> None:
    async with over_http(platform, "scenario", "auto") as client:
        run = (await client.call_tool("opportunity-to-project-v2_runs", {"limit": 1})).structured_content
        key = run["items"][0]["id"]
        await client.call_tool("opportunity-to-project-v2_run", {"run_id": key})
    kept = query(platform.state / "audit.sqlite", client="scenario", operation="run", key=key)
    assert "opportunity-to-project-v2_run" in {Facts.of(each.record).tool for each in kept}


class Kept:
    """What the client's own OAuth keeps, in memory."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


async def test_a_client_without_a_token_finds_its_way_by_what_it_is_refused_with(platform: Client) -> None:
    """The challenge names the metadata, the metadata the issuer, the issuer gives a token for the tools' address."""
    kept = Kept()
    auth = ClientCredentialsOAuthProvider(
        server_url=f"{platform.url}/mcp",
        storage=kept,
        client_id="scenario",
        client_secret=platform.demo.clients["scenario"],
        issuer=f"{platform.url}/identity",
    )
    http = httpx2.AsyncClient(auth=auth, timeout=30, trust_env=False)
    async with http, McpClient(streamable_http_client(f"{platform.url}/mcp", http_client=http)) as client:
        assert (await client.call_tool("service-desk-v1_connections")).is_error is False
    assert kept.tokens.access_token


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_program_that_starts_its_servers_itself_has_the_same_tools(
    platform: Client, mode: str, tmp_path: Path
) -> None:
    who = {"TIERGATE_MCP_CLIENT": "scenario", "TIERGATE_MCP_SECRET": platform.demo.clients["scenario"]}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tiergate", "mcp", "serve", "--url", platform.url],
        env=environment(tmp_path, **who),
        cwd=ROOT,
    )
    async with McpClient(stdio_client(server), mode=mode) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert "service-desk-v1_cases" in listed
        assert (await client.call_tool("service-desk-v1_connections")).is_error is False
        assert problem(await client.call_tool("service-desk-v1_case", {"case_id": "CASE-0"}))["status"] == 404
