"""Operations as tools of the Model Context Protocol: message by message, as a client sends them."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest
from litestar import Litestar

from foundation.database import METADATA, Database, engine_of
from gateway.asgi import Gateway
from gateway.audit import query
from gateway.audit.entry import Facts
from gateway.idempotency import IdempotencyKeys
from gateway.mcp.server import McpServer
from gateway.resource_metadata import metadata
from tests.gateway.notes import NOTES_FILE, PLATFORM, World, over, problem, token

SITE = "http://gw"
CHAT = "https://chat.firm.example"
TOOLS = (
    NOTES_FILE.replace("note: {scopes: [notes:read]}", "note: {scopes: [notes:read], tool: {title: Read a note}}")
    .replace(
        "    audit: bodies\n",
        "    audit: bodies\n    idempotency: {required: true}\n"
        "    tool: {title: Write a note, description: Writes the note of a key.}\n",
    )
    .replace("{account_id: account_id}}", "{account_id: account_id}, tool: {title: Notes of an account}}")
)
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
NOTE, UPSERT, OF_ACCOUNT = "notes-v2_note", "notes-v2_upsertNote", "notes-v2_accountNotes"


class Tooled:
    """The world with its tools, and a client that knows nothing but JSON-RPC."""

    def __init__(self, folder: Path, notes: str = TOOLS, platform: str = PLATFORM, mcp: str = "") -> None:
        self.world = World(folder, notes=notes, platform=platform + f'mcp: {{origins: ["{CHAT}"]{mcp}}}\n')
        governor = self.world.governor
        self.database = Database(engine_of(f"sqlite:///{folder / 'keys.sqlite'}"))
        METADATA.create_all(self.database.engine)
        governor.services.idempotency = self.keys = IdempotencyKeys(self.database, lambda: self.world.now)
        tiers = {"experience": self.world.app, "process": self.world.app, "system": self.world.app}
        front = Litestar([*metadata(lambda: governor.plan, SITE)], openapi_config=None)
        served = McpServer(governor, Gateway(governor, tiers, site=SITE), site=SITE, otherwise=front)
        opened = ("/mcp", "/.well-known")
        self.http = self.world.client(Gateway(governor, tiers, front=served, open_paths=opened, site=SITE))

    async def close(self) -> None:
        await self.http.aclose()
        await self.keys.close()
        self.database.engine.dispose()
        await self.world.close()

    async def post(self, said: Any, bearer: str | None = "", **headers: str) -> httpx.Response:
        body = said if isinstance(said, bytes) else msgspec.json.encode(said)
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"} | headers
        headers |= {"Authorization": f"Bearer {token() if bearer == '' else bearer}"} if bearer is not None else {}
        return await self.http.post("/mcp", content=body, headers=headers)

    async def ask(self, method: str, params: dict[str, Any] | None = None, bearer: str = "") -> dict[str, Any]:
        answer = await self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": params or {}}, bearer)
        assert answer.headers["content-type"] == "application/json"
        said: dict[str, Any] = answer.json()
        assert (said["jsonrpc"], said["id"]) == ("2.0", 7)
        return said

    async def call(self, tool: str, arguments: dict[str, Any], bearer: str = "") -> dict[str, Any]:
        said = await self.ask("tools/call", {"name": tool, "arguments": arguments}, bearer)
        return dict(said["result"])

    async def listed(self, bearer: str = "") -> dict[str, dict[str, Any]]:
        return {tool["name"]: tool for tool in (await self.ask("tools/list", bearer=bearer))["result"]["tools"]}


@pytest.fixture
async def tooled(tmp_path: Path) -> AsyncIterator[Tooled]:
    made = Tooled(tmp_path)
    yield made
    await made.close()


def refusal(result: dict[str, Any]) -> dict[str, Any]:
    assert result["isError"] is True
    return dict(msgspec.json.decode(result["content"][0]["text"]))


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2024-11-05", "2025-11-25"), ("x", "2025-11-25")],
)
async def test_a_handshake_ends_with_a_version_both_speak(tooled: Tooled, asked: str, spoken: str) -> None:
    said = await tooled.ask("initialize", {"protocolVersion": asked, "capabilities": {}, "clientInfo": {}})
    assert said["result"]["protocolVersion"] == spoken
    assert said["result"]["capabilities"] == {"tools": {}}
    done = await tooled.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (done.status_code, done.content) == (202, b"")
    assert (await tooled.ask("ping"))["result"] == {}


async def test_only_what_the_caller_may_call_is_shown(tooled: Tooled) -> None:
    assert set(await tooled.listed()) == {NOTE, UPSERT, OF_ACCOUNT}
    assert set(await tooled.listed(token("notes:read"))) == {NOTE, OF_ACCOUNT}
    assert set(await tooled.listed(token("portal:read"))) == {OF_ACCOUNT}
    assert set(await tooled.listed(token("other"))) == set()
    stranger = token(client_id="nobody-in-particular")
    assert set(await tooled.listed(stranger)) == set()


async def test_a_version_whose_callers_are_told_to_move_is_not_shown_but_works(tooled: Tooled) -> None:
    assert "notes-v1_note" not in await tooled.listed()
    assert (await tooled.call("notes-v1_note", {"note_id": "n1"}))["isError"] is False


async def test_a_tool_says_its_arguments_and_its_answer_as_the_contract_does(tooled: Tooled) -> None:
    listed = await tooled.listed()
    written = listed[UPSERT]
    assert (written["title"], written["description"]) == ("Write a note", "Writes the note of a key.")
    assert listed[NOTE]["description"] == "One note."
    assert set(written["inputSchema"]["properties"]) == {"key", "body", "Idempotency-Key"}
    assert set(written["inputSchema"]["required"]) == {"key", "body", "Idempotency-Key"}
    takes = jsonschema_rs.validator_for(written["inputSchema"])
    good = {"key": "k", "body": {"title": "t"}, "Idempotency-Key": "one"}
    assert takes.is_valid(good)
    assert not takes.is_valid(good | {"body": {"author": "t"}})
    assert not takes.is_valid(good | {"more": 1})
    assert "x-data-class" not in str(listed)
    assert written["annotations"]["readOnlyHint"] is False
    assert listed[NOTE]["annotations"]["readOnlyHint"] is True


async def test_a_call_answers_what_the_operation_answers(tooled: Tooled) -> None:
    listed = await tooled.listed()
    result = await tooled.call(NOTE, {"note_id": "a b/ü"})
    assert refusal(result)["reason"] == "malformed"  # an id with a slash is refused as over HTTP
    result = await tooled.call(NOTE, {"note_id": "a b ü"})
    assert result["structuredContent"]["title"] == "a b ü"
    assert msgspec.json.decode(result["content"][0]["text"]) == result["structuredContent"]
    assert jsonschema_rs.is_valid(listed[NOTE]["outputSchema"], result["structuredContent"])
    many = await tooled.call(OF_ACCOUNT, {"account_id": "A1"}, token(account_id="A1"))
    assert [note["title"] for note in many["structuredContent"]["result"]] == ["A1"]
    assert jsonschema_rs.is_valid(listed[OF_ACCOUNT]["outputSchema"], many["structuredContent"])


async def test_a_call_is_refused_as_it_would_be_over_http(tooled: Tooled) -> None:
    refused = refusal(await tooled.call(NOTE, {"note_id": "n1"}, token("notes:write")))
    assert (refused["status"], refused["reason"], refused["facts"]["scope"]) == (403, "missing_scope", "notes:read")
    other = refusal(await tooled.call(OF_ACCOUNT, {"account_id": "A2"}, token(account_id="A1")))
    assert (other["status"], other["reason"]) == (404, "not_found")
    missing = refusal(await tooled.call(NOTE, {"note_id": "missing"}))
    assert missing["detail"] == "There is no note 'missing'."
    assert refusal(await tooled.call(NOTE, {"note_id": "bug"}))["reason"] == "broken"
    assert tooled.world.desk.asked[-1][0] == "note"


async def test_what_no_request_could_carry_is_said_for_every_argument(tooled: Tooled) -> None:
    refused = refusal(await tooled.call(NOTE, {"note_ID": "n1", "more": 1}))
    assert refused["reason"] == "invalid"
    assert {error["pointer"] for error in refused["errors"]} == {"/note_ID", "/more", "/note_id"}
    assert "note_id" in next(error["detail"] for error in refused["errors"] if error["pointer"] == "/note_ID")
    for given in ({"deep": 1}, ["n1"], "", "n\n1", None):
        assert refusal(await tooled.call(NOTE, {"note_id": given}))["reason"] == "invalid"
    assert tooled.world.desk.asked == []


async def test_a_body_is_checked_by_the_operation_itself(tooled: Tooled) -> None:
    arguments = {"key": "k", "body": {"title": 1, "more": 2}, "Idempotency-Key": "one"}
    refused = refusal(await tooled.call(UPSERT, arguments))
    assert refused["status"] == 422
    assert {error.get("pointer") for error in refused["errors"]} >= {"/title"}
    without = refusal(await tooled.call(UPSERT, {"key": "k", "body": {"title": "t"}}))
    assert without["reason"] == "key_missing"


async def test_a_model_that_repeats_itself_writes_once(tooled: Tooled) -> None:
    arguments = {"key": "k", "body": {"title": "t"}, "Idempotency-Key": 'the "first"'}
    first, second = [await tooled.call(UPSERT, arguments) for _ in range(2)]
    assert first == second
    assert first["structuredContent"]["title"] == "t"
    assert [name for name, _ in tooled.world.desk.asked] == ["upsert_note"]


async def test_limits_count_a_tool_and_a_request_alike(tooled: Tooled) -> None:
    over_http = {"Idempotency-Key": '"a"', "Authorization": f"Bearer {token()}"}
    for number in range(2):
        await tooled.http.put("/notes/v2/notes/by-key/k", json={"title": "t"}, headers=over_http | {"X": str(number)})
    arguments = {"key": "k", "body": {"title": "t"}, "Idempotency-Key": "b"}
    await tooled.call(UPSERT, arguments)
    refused = refusal(await tooled.call(UPSERT, arguments))
    assert (refused["status"], refused["facts"]["limit"]) == (429, "writes")
    assert float(refused["facts"]["retry_after"]) > 0


async def test_the_record_names_the_tool(tooled: Tooled) -> None:
    await tooled.call(NOTE, {"note_id": "n1"})
    await tooled.call(NOTE, {"note_id": "n2"}, token("notes:write"))
    await tooled.ask("tools/call", {"name": "notes-v2_noSuchTool"})
    await tooled.world.ask("GET", "/notes/v2/notes/n3", token())
    await tooled.world.trail.flush()
    kept = [each.record for each in query(tooled.world.trail.place)]
    found = {record.key or record.operation: record for record in kept}
    assert Facts.of(found["n1"]).tool == NOTE
    assert (found["n2"].status, Facts.of(found["n2"]).tool) == (403, NOTE)
    assert (found["tools/call"].status, found["tools/call"].reason) == (404, "not_offered")
    assert Facts.of(found["n3"]).tool == ""


async def test_nobody_can_say_that_a_request_was_a_tool(tooled: Tooled) -> None:
    headers = {"Tiergate-Tool": "forged"}
    await tooled.world.ask("GET", "/notes/v2/notes/n1", token(), headers=headers)
    assert tooled.world.desk.asked[0][1].tool == ""
    behind = Gateway(tooled.world.governor, {"process": tooled.world.app}, behind=True)
    async with tooled.world.client(behind) as http:
        await tooled.world.ask("GET", "/notes/v2/notes/n2", token(), http, headers=headers)
    assert tooled.world.desk.asked[1][1].tool == "forged"


async def test_without_a_good_token_the_client_is_told_where_one_is_had(tooled: Tooled) -> None:
    for bearer, error in ((None, None), ("nonsense", "invalid_token"), (token(exp=1), "invalid_token")):
        refused = await tooled.post({"jsonrpc": "2.0", "id": 1, "method": "initialize"}, bearer)
        assert refused.status_code == 401
        challenge = refused.headers["www-authenticate"]
        assert f'resource_metadata="{SITE}/.well-known/oauth-protected-resource/mcp"' in challenge
        assert (f'error="{error}"' in challenge) == bool(error)
        assert problem(refused)["reason"] in ("token_missing", "token_refused")
    told = (await tooled.http.get("/.well-known/oauth-protected-resource/mcp")).json()
    assert told["resource"] == f"{SITE}/mcp"
    assert set(told["scopes_supported"]) == {"notes:read", "notes:write", "portal:read"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}', -32700),
        (b"[" * 5000, -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', -32600),
        (b'{"id": 1, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32602),
    ],
)
async def test_what_is_no_message_is_answered_with_its_code(tooled: Tooled, body: bytes, code: int) -> None:
    answer = await tooled.post(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_what_cannot_be_done_is_answered_with_its_code(tooled: Tooled) -> None:
    assert (await tooled.ask("resources/list"))["error"]["code"] == -32601
    assert (await tooled.ask("tools/call", {"name": 1}))["error"]["code"] == -32602
    assert (await tooled.ask("tools/call", {"name": NOTE, "arguments": ["n1"]}))["error"]["code"] == -32602
    assert (await tooled.ask("tools/call", {"name": "no-such"}))["error"]["code"] == -32602
    assert (await tooled.ask("tools/list", {"cursor": 1}))["error"]["code"] == -32602
    assert (await tooled.ask("server/discover"))["error"]["code"] == -32601
    answered = await tooled.post({"jsonrpc": "2.0", "id": 1, "result": {}})
    assert answered.status_code == 202


async def test_the_list_goes_on_after_what_a_cursor_names(tooled: Tooled) -> None:
    page = (await tooled.ask("tools/list", {"cursor": NOTE}))["result"]
    assert [tool["name"] for tool in page["tools"]] == [UPSERT]
    assert "nextCursor" not in page


async def test_http_itself_is_held_to_the_transport(tooled: Tooled) -> None:
    for method in ("GET", "DELETE"):
        refused = await tooled.http.request(method, "/mcp")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert (await tooled.post(b"x", **{"Content-Type": "text/plain"})).status_code == 415
    assert (await tooled.post(b"x", **{"Content-Encoding": "gzip"})).status_code == 415
    assert (await tooled.post(b" " * (64 * 1024 + 1))).status_code == 413
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    wrong = await tooled.post(message, **{"MCP-Protocol-Version": "2031-01-01"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32022)
    assert "2025-11-25" in wrong.json()["error"]["data"]["supported"]
    two = [("Authorization", f"Bearer {token()}")] * 2 + [("Content-Type", "application/json")]
    assert problem(await tooled.http.post("/mcp", json=message, headers=two))["reason"] == "token_misplaced"


async def test_a_page_of_another_site_is_refused(tooled: Tooled) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    refused = await tooled.post(message, Origin="https://evil.example")
    assert (refused.status_code, problem(refused)["reason"]) == (403, "origin_refused")
    assert "access-control-allow-origin" not in refused.headers
    assert (await tooled.post(message, Origin=SITE)).status_code == 200
    listed = await tooled.post(message, Origin=CHAT)
    assert (listed.status_code, listed.headers["access-control-allow-origin"]) == (200, CHAT)
    before = await tooled.http.options("/mcp", headers={"Origin": CHAT, "Access-Control-Request-Method": "POST"})
    assert before.status_code == 204
    assert "mcp-protocol-version" in before.headers["access-control-allow-headers"]
    unknown = await tooled.http.options("/mcp", headers={"Origin": "https://evil.example"})
    assert unknown.status_code == 403


async def stateless(
    tooled: Tooled, method: str, params: dict[str, Any], meta: Any = META, **headers: str
) -> httpx.Response:
    sent = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method} | headers
    said = {"jsonrpc": "2.0", "id": "s", "method": method, "params": {**params, "_meta": meta}}
    return await tooled.post(said, **sent)


async def test_the_stateless_revision_is_spoken_at_the_same_address(tooled: Tooled) -> None:
    found = (await stateless(tooled, "server/discover", {})).json()["result"]
    assert found["supportedVersions"] == ["2025-06-18", "2025-11-25", "2026-07-28"]
    assert (found["resultType"], found["capabilities"]) == ("complete", {"tools": {}})
    listed = (await stateless(tooled, "tools/list", {})).json()["result"]
    assert (listed["resultType"], listed["cacheScope"]) == ("complete", "private")
    asked = {"name": NOTE, "arguments": {"note_id": "n1"}}
    called = await stateless(tooled, "tools/call", asked, **{"Mcp-Name": NOTE})
    assert called.json()["result"]["structuredContent"]["title"] == "n1"
    encoded = f"=?base64?{base64.b64encode(NOTE.encode()).decode()}?="
    assert (await stateless(tooled, "tools/call", asked, **{"Mcp-Name": encoded})).status_code == 200


@pytest.mark.parametrize(
    ("method", "meta", "headers", "status", "code"),
    [
        ("tools/list", META, {"Mcp-Method": "tools/call"}, 400, -32020),
        ("tools/list", META, {"MCP-Protocol-Version": "2025-11-25"}, 400, -32020),
        ("tools/call", META, {"Mcp-Name": "another"}, 400, -32020),
        ("tools/call", META, {"Mcp-Name": "=?base64?!!!?="}, 400, -32020),
        ("tools/call", META, {}, 400, -32020),
        ("tools/list", {}, {}, 400, -32602),
        ("tools/list", None, {}, 400, -32602),
        ("tools/list", META | {"io.modelcontextprotocol/protocolVersion": 1}, {}, 400, -32602),
        ("ping", META, {}, 404, -32601),
        ("initialize", META, {}, 404, -32601),
    ],
)
async def test_a_stateless_request_that_disagrees_with_itself_is_refused(
    tooled: Tooled, method: str, meta: Any, headers: dict[str, str], status: int, code: int
) -> None:
    params = {"name": NOTE, "arguments": {"note_id": "n1"}} if method == "tools/call" else {}
    refused = await stateless(tooled, method, params, meta, **headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert refused.json()["id"] == "s"
    assert tooled.world.desk.asked == []


async def test_whence_a_call_comes_is_judged_as_over_http(tmp_path: Path) -> None:
    notes = TOOLS.replace("tool: {title: Read a note}}", 'tool: {title: Read a note}, addresses: ["192.0.2.0/24"]}')
    platform = PLATFORM + "proxies: {peers: [127.0.0.0/8]}\n"
    made = Tooled(tmp_path, notes=notes, platform=platform)
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    message["params"] = {"name": NOTE, "arguments": {"note_id": "n1"}}
    said = {
        address: (await made.post(message, Forwarded=f"for={address}")).json()
        for address in ("192.0.2.7", "203.0.113.9")
    }
    assert said["192.0.2.7"]["result"]["isError"] is False
    assert refusal(said["203.0.113.9"]["result"])["reason"] == "address_refused"
    await made.close()


async def test_without_any_tool_there_is_no_such_address(world: World) -> None:
    front = Litestar([], openapi_config=None)
    served = McpServer(world.governor, over(world.governor, world.app), site=SITE, otherwise=front)
    gateway = Gateway(world.governor, {"process": world.app}, front=served, open_paths=("/mcp",), site=SITE)
    async with world.client(gateway) as http:
        assert (await http.post("/mcp", json={})).status_code == 404
    async with world.client(over(world.governor, world.app)) as http:
        assert (await http.post("/mcp", json={})).status_code == 404
