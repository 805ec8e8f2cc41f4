"""The official MCP client in an environment of its own: what to do is read from stdin, what came of it goes to stdout.

One JSON object each way. `way` is `bearer` (`url`, `token`), `oauth` (`url`, `issuer`, `client`, `secret`) or `stdio`
(`command`, `arguments`, `environment`, `folder`); `calls` are tools with their arguments, called in their order.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client


class Kept:
    """What the client's own OAuth keeps, in memory."""

    tokens: Any = None
    client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


@asynccontextmanager
async def connected(asked: dict[str, Any]) -> AsyncIterator[Client]:
    mode = asked["mode"]
    if asked["way"] == "stdio":
        server = StdioServerParameters(
            command=asked["command"], args=asked["arguments"], env=asked["environment"], cwd=asked["folder"]
        )
        async with Client(stdio_client(server), mode=mode) as client:
            yield client
        return
    auth = None
    headers = {"Authorization": f"Bearer {asked['token']}"} if "token" in asked else {}
    if asked["way"] == "oauth":
        auth = ClientCredentialsOAuthProvider(
            server_url=asked["url"],
            storage=Kept(),
            client_id=asked["client"],
            client_secret=asked["secret"],
            issuer=asked["issuer"],
        )
    http = httpx2.AsyncClient(headers=headers, auth=auth, timeout=30, trust_env=False)
    async with http, Client(streamable_http_client(asked["url"], http_client=http), mode=mode) as client:
        yield client


async def done(asked: dict[str, Any]) -> dict[str, Any]:
    async with connected(asked) as client:
        tools = sorted(tool.name for tool in (await client.list_tools()).tools)
        results = []
        for name, arguments in asked["calls"]:
            result = await client.call_tool(name, arguments)
            text = next((part.text for part in result.content if part.type == "text"), "")
            results.append({"error": bool(result.is_error), "structured": result.structured_content, "text": text})
        return {"protocol": client.protocol_version, "tools": tools, "results": results}


json.dump(asyncio.run(done(json.load(sys.stdin))), sys.stdout)
