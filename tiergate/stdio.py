"""MCP over standard input and output, passed on to a gateway: a line in is a message to `/mcp`, its answer a line out.

Whoever calls is one identity, that of the configuration; what it may is the gateway's to say, call by call.
"""

import asyncio
import base64
import sys
import time
from typing import Any, Final

import httpx
import msgspec

from tiergate.workload import Metadata, Token

_INTERNAL: Final = -32603
_PARSE: Final = -32700
_LINE: Final = 1024 * 1024
_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
_EARLY: Final = 30.0
"""Seconds before its end a token is no longer used."""


class Identity:
    """Who calls: a token, or a program that gets its own at the issuer (RFC 6749 section 4.4)."""

    def __init__(self, *, token: str = "", client: str = "", secret: str = "", issuer: str = "") -> None:
        self._given, self._token, self._ends = token, "", 0.0
        self._client, self._secret, self._issuer = client, secret, issuer.rstrip("/")
        self._lock = asyncio.Lock()

    async def token(self, http: httpx.AsyncClient, *, again: bool = False) -> str:
        """One that is good for a while; `again` where the last one was refused. Raises `httpx.HTTPError`."""
        if self._given:
            return self._given
        async with self._lock:
            if again or self._ends - _EARLY < time.monotonic():
                found = await http.get(f"{self._issuer}/.well-known/openid-configuration")
                where = msgspec.json.decode(found.raise_for_status().content, type=Metadata).token_endpoint
                form = {"grant_type": "client_credentials"}
                answer = (await http.post(where, data=form, auth=(self._client, self._secret))).raise_for_status()
                said = msgspec.json.decode(answer.content, type=Token)
                self._token, self._ends = said.access_token, time.monotonic() + said.expires_in
            return self._token


class Forwarding:
    """One client on standard input and output, one gateway."""

    def __init__(self, url: str, identity: Identity) -> None:
        self._url = f"{url}/mcp"
        self._identity = identity
        self._version = ""
        """What the handshake agreed on."""
        self._asked: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until standard input ends; what was asked by then is still answered."""
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            reader = asyncio.StreamReader(limit=_LINE)
            loop = asyncio.get_running_loop()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
            while line := await reader.readline():
                if line.strip():
                    self._begin(self._one(http, line.strip()))
            await asyncio.gather(*self._asked)

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _one(self, http: httpx.AsyncClient, line: bytes) -> None:
        try:
            said = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            _print({"jsonrpc": "2.0", "id": None, "error": {"code": _PARSE, "message": "The line is not JSON."}})
            return
        said = said if isinstance(said, dict) else {}
        try:
            answer = await self._send(http, line, said)
        except (httpx.HTTPError, msgspec.MsgspecError) as failed:
            answer = self._failed(
                said, f"The gateway or its issuer cannot be asked: {str(failed) or type(failed).__name__}"
            )
        if answer is not None:
            _print(answer)

    async def _send(self, http: httpx.AsyncClient, line: bytes, said: dict[str, Any]) -> dict[str, Any] | None:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **self._mirrored(said)}
        found = await self._post(http, line, headers)
        if found.status_code == httpx.codes.UNAUTHORIZED:
            found = await self._post(http, line, headers, again=True)
        if not found.content:
            return None
        if found.headers.get("content-type", "") != "application/json":
            problem = msgspec.json.decode(found.content, type=dict[str, Any])
            return self._failed(said, f"{problem.get('title', '')}: {problem.get('detail', '')}", problem)
        answer = msgspec.json.decode(found.content, type=dict[str, Any])
        if said.get("method") == "initialize" and "result" in answer:
            self._version = str(answer["result"]["protocolVersion"])
        return answer

    async def _post(
        self, http: httpx.AsyncClient, line: bytes, headers: dict[str, str], *, again: bool = False
    ) -> httpx.Response:
        bearer = await self._identity.token(http, again=again)
        return await http.post(self._url, content=line, headers=headers | {"Authorization": f"Bearer {bearer}"})

    def _mirrored(self, said: dict[str, Any]) -> dict[str, str]:
        """What HTTP says in headers, of a message that had none."""
        params = said.get("params")
        params = params if isinstance(params, dict) else {}
        meta = params.get("_meta")
        if not isinstance(meta, dict) or _VERSION not in meta:
            return {"MCP-Protocol-Version": self._version} if self._version else {}
        found = {"MCP-Protocol-Version": str(meta[_VERSION]), "Mcp-Method": str(said.get("method", ""))}
        if "name" in params:
            found["Mcp-Name"] = str(params["name"])
        return {name: _as_header(value) for name, value in found.items()}

    def _failed(
        self, said: dict[str, Any], message: str, problem: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        if said.get("id") is None:
            print(f"tiergate: {message}", file=sys.stderr)
            return None
        data = {"data": problem} if problem is not None else {}
        return {"jsonrpc": "2.0", "id": said["id"], "error": {"code": _INTERNAL, "message": message, **data}}


def _as_header(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def _print(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()
