"""Messages to the tools that call no operation: each is counted and recorded."""

from pathlib import Path

import pytest

from gateway.audit import query
from gateway.loader import PolicyError
from gateway.plan import load
from tests.gateway.notes import APIS, PLATFORM, VALUES, problem, token, write_policies
from tests.gateway.test_mcp import NOTE, TOOLS, Tooled


async def test_messages_that_call_no_operation_are_limited_and_recorded(tmp_path: Path) -> None:
    made = Tooled(tmp_path, mcp=", messages: 3/min")
    begin = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    first = await made.post(begin)
    assert first.headers["ratelimit-policy"] == '"mcp-messages";q=3;w=60'
    assert first.headers["ratelimit"].startswith('"mcp-messages";r=2;t=')
    await made.ask("tools/list")
    wrong = await made.post(b"{")
    assert (wrong.status_code, wrong.headers["ratelimit"][:18]) == (400, '"mcp-messages";r=0')
    assert "ratelimit" not in (await made.post({**begin, "method": "tools/call"})).headers
    assert (await made.call(NOTE, {"note_id": "n1"}))["isError"] is False, "a call is counted by its operation"
    refused = await made.post(begin)
    assert (refused.status_code, problem(refused)["reason"]) == (429, "limit_reached")
    assert problem(refused)["facts"]["limit"] == "mcp-messages"
    assert problem(refused)["facts"]["policy"] == "policies/platform.yaml:7"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"].startswith('"mcp-messages";r=0')
    assert (await made.post(begin, token(client_id="another"))).status_code == 200, "each client has its own"
    unknown = await made.post(begin, None)
    assert (unknown.status_code, "ratelimit" in unknown.headers) == (401, False)
    await made.world.trail.flush()
    kept = [each.record for each in query(made.world.trail.place)]
    assert sorted((record.operation, record.status, record.reason, record.client) for record in kept) == [
        ("initialize", 200, "", "another"),
        ("initialize", 200, "", "console"),
        ("initialize", 429, "limit_reached", "console"),
        ("message", 400, "malformed", "console"),
        ("message", 401, "token_missing", ""),
        ("note", 200, "", "console"),
        ("tools/call", 200, "malformed", "console"),
        ("tools/list", 200, "", "console"),
    ]
    assert {record.retention for record in kept if record.reason} == {"refusals"}
    assert {record.retention for record in kept if not record.reason} == {"standard"}
    await made.close()


async def test_what_a_caller_makes_up_is_no_word_of_the_record(tmp_path: Path) -> None:
    tooled = Tooled(tmp_path)
    for method in ("no/such", "notifications/initialized", "x" * 300):
        await tooled.ask(method)
    await tooled.call(NOTE, {"nothing": 1})
    await tooled.world.trail.flush()
    kept = [each.record for each in query(tooled.world.trail.place)]
    assert sorted((record.operation, record.reason) for record in kept) == [
        ("message", "malformed"),
        ("message", "malformed"),
        ("notification", "malformed"),
        ("tools/call", "invalid"),
    ]
    await tooled.close()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("messages: 100/day", r"messages is a rate by the hour or less"),
        ("messages: 100/week", r"'100/week' is not a rate"),
        ("origins: [chat.firm.example]", r"'chat\.firm\.example' is not an origin: write it like https://"),
    ],
)
def test_what_cannot_be_said_of_all_tools_is_refused_with_its_line(tmp_path: Path, said: str, why: str) -> None:
    folder = write_policies(tmp_path, notes=TOOLS, platform=PLATFORM + f"mcp: {{{said}}}\n")
    with pytest.raises(PolicyError, match=rf"platform\.yaml:\d+: .*{why}"):
        load(folder, APIS, VALUES)
