"""json-server (npm), which knows nothing of us, behind the platform: docs/howto/an-api-that-is-not-ours.md is run."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from gateway.audit import query
from gateway.mcp import PATH as MCP
from tests.npm import installed
from tests.processes import ROOT, Client, Command, environment

pytestmark = pytest.mark.real("node", "npm")

HERE = Path(__file__).parent / "json_server"
HOWTO = ROOT / "docs" / "howto" / "an-api-that-is-not-ours.md"
STOCK = {
    "items": [
        {"id": 1, "name": "bolt", "count": 3, "holder": "kim@firm.example"},
        {"id": 2, "name": "nut", "count": 0, "holder": None},
        {"id": 3, "name": "washer", "count": "many"},
    ]
}
KEY = "the-warehouses-key"


def followed(policies: Path) -> None:
    """Write what the how-to shows into a folder of policies: a new file, or more of one that is there."""
    for name, text in re.findall(r"```yaml\n# policies/(\S+)\n(.*?)```", HOWTO.read_text(), re.DOTALL):
        path = policies / name
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if path.exists() else ""
        has = {line.strip() for line in before.splitlines() if re.match(r"\w+:\s*$", line)}
        more = [line for line in text.splitlines(keepends=True) if line.strip() not in has or line.startswith(" ")]
        path.write_text(before + "".join(more))


class Owner:
    """The owner's server, and what came to its door."""

    def __init__(self, folder: Path) -> None:
        self.came_file, self.stock = folder / "came.jsonl", folder / "db.json"
        self.stock.write_text(json.dumps(STOCK))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        program = installed(HERE, "json-server") / "node_modules" / "json-server" / "lib" / "cli" / "bin.js"
        command = ["node", str(program), str(self.stock), "--host", "127.0.0.1", "--port", str(self.port), "--quiet"]
        self.process = subprocess.Popen(
            [*command, "--middlewares", str(HERE / "key.js")],
            env=environment(folder) | {"KEY": KEY, "CAME": str(self.came_file)},
            stdout=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                assert httpx.get(f"{self.url}/items", trust_env=False).status_code == 401
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        self.came_file.write_text("")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def came(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.came_file.read_text().splitlines()]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Firm(NamedTuple):
    """The platform, the owner, and the settings both were started with."""

    platform: Client
    owner: Owner
    folder: Path
    settings: dict[str, str]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    folder = tmp_path_factory.mktemp("foreign")
    policies = Path(shutil.copytree(ROOT / "policies", folder / "policies"))
    followed(policies)
    owner = Owner(folder)
    settings = {
        "TIERGATE_POLICIES": str(policies),
        "TIERGATE_CONTRACTS": str(folder / "contracts"),
        "WAREHOUSE_URL": owner.url,
        "WAREHOUSE_KEY": KEY,
    }
    command = Command(folder, "run", "--no-scenario", **settings, TIERGATE_PORT="0")
    try:
        command.until("Ctrl-C stops", 120)
        url = command.until(r"Console\s+(http://\S+)/desk").group(1)
        platform = Client(url, folder / "state")
        yield Firm(platform, owner, folder, settings)
        platform.close()
    finally:
        command.stop()
        owner.stop()


def tiergate(firm: Firm, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tiergate", *arguments],
        cwd=ROOT,
        env=environment(firm.folder / "state", **firm.settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def ask(firm: Firm, method: str, path: str, scope: str = "stock:read stock:write", **rest: Any) -> httpx.Response:
    return firm.platform.ask(method, path, firm.platform.own_token("scenario", scope), **rest)


def test_it_is_governed(firm: Firm) -> None:
    assert firm.platform.ask("GET", "/inventory/v2/items/1").status_code == 401
    refused = ask(firm, "GET", "/inventory/v2/items/1", "desk:read")
    assert (refused.status_code, refused.json()["reason"], refused.json()["facts"]["scope"]) == (
        403,
        "missing_scope",
        "stock:read",
    )
    partner = firm.platform.ask("GET", "/inventory/v2/items/1", firm.platform.own_token("partner-demo"))
    assert (partner.status_code, partner.json()["reason"]) == (403, "not_in_product")
    assert ask(firm, "DELETE", "/inventory/v2/items/1").status_code == 405
    assert firm.owner.came == []
    answer = ask(firm, "GET", "/inventory/v2/items/1")
    assert (answer.status_code, answer.json()) == (200, STOCK["items"][0])
    assert answer.headers["ratelimit-policy"]


def test_the_owner_is_signed_in_to_and_never_sees_a_callers_token(firm: Firm) -> None:
    ask(firm, "GET", "/inventory/v2/items/2", headers={"Cookie": "a=b", "X-Api-Key": "forged"})
    headers = firm.owner.came[-1]["headers"]
    assert headers["x-api-key"] == KEY
    assert not {"authorization", "cookie"} & set(headers)


def test_a_request_that_is_not_as_the_contract_says_never_reaches_it(firm: Firm) -> None:
    before = len(firm.owner.came)
    wrong = ask(firm, "POST", "/inventory/v2/items", json={"name": "", "count": -1, "colour": "red"})
    assert wrong.status_code == 422
    assert {error["pointer"] for error in wrong.json()["errors"]} >= {"/name", "/count"}
    assert ask(firm, "GET", "/inventory/v2/items?_limit=1000").status_code == 422
    assert ask(firm, "GET", "/inventory/v2/items/first").status_code == 422
    assert (
        ask(firm, "POST", "/inventory/v2/items", content=b"<a/>", headers={"Content-Type": "text/xml"}).status_code
        == 415
    )
    assert len(firm.owner.came) == before


def test_a_request_that_breaks_a_rule_never_reaches_it_and_a_rule_is_checked_against_its_contract(firm: Firm) -> None:
    before = len(firm.owner.came)
    broken = ask(firm, "POST", "/inventory/v2/items", json={"name": "bolt", "count": 1001})
    assert (broken.status_code, broken.json()["reason"]) == (422, "rule_broken")
    assert [(error["rule"], error["pointer"]) for error in broken.json()["errors"]] == [("has-a-place", "/count")]
    assert len(firm.owner.came) == before
    policy = firm.folder / "policies" / "apis" / "inventory.yaml"
    text = policy.read_text()
    try:
        policy.write_text(text.replace("body.count", "body.cuont"))
        wrong = tiergate(firm, "policy", "check")
        said = re.search(r"```text\n(.*?)\n```", HOWTO.read_text(), re.DOTALL)
        assert said is not None
        assert (wrong.returncode, said[1] in wrong.stderr) == (2, True), wrong.stderr
    finally:
        policy.write_text(text)


def test_an_answer_that_is_not_as_the_contract_says_is_not_passed_on(firm: Firm) -> None:
    broken = ask(firm, "GET", "/inventory/v2/items/3")
    assert (broken.status_code, broken.json()["reason"]) == (502, "contract_broken")
    assert "many" not in broken.text
    missing = ask(firm, "GET", "/inventory/v2/items/99")
    assert (missing.status_code, missing.json()) == (404, {})


def test_a_write_is_done_limited_and_recorded_without_what_nobody_may_read(firm: Firm) -> None:
    sent = {"name": "gasket", "count": 7, "holder": "lee@firm.example"}
    answers = [ask(firm, "POST", "/inventory/v2/items", json=sent) for _ in range(6)]
    statuses = [answer.status_code for answer in answers]
    done = statuses.count(201)
    assert done >= 1
    assert statuses == [201] * done + [429] * (6 - done)  # what was refused for what it held was counted too
    assert answers[-1].json()["facts"]["limit"] == "adding"
    assert len([item for item in json.loads(firm.owner.stock.read_text())["items"] if item["name"] == "gasket"]) == done
    time.sleep(1)
    kept = query(firm.platform.state / "audit.sqlite", client="scenario", operation="addItem")
    one = next(each for each in kept if each.record.status == 201)
    assert (one.record.api, one.record.version) == ("inventory", "v2")
    asked = json.loads(one.request or "")
    assert (asked["name"], asked["count"]) == ("gasket", 7)
    assert asked["holder"].startswith("#")
    assert {each.record.status for each in kept} >= {201, 429}


def test_it_is_in_the_catalogue_with_its_page_and_its_contract(firm: Firm) -> None:
    linkset = firm.platform.ask("GET", "/.well-known/api-catalog").json()["linkset"]
    contexts = {context["anchor"]: context for context in linkset}
    found = contexts[f"{firm.platform.url}/inventory/v1"]
    assert found["successor-version"][0]["href"] == f"{firm.platform.url}/inventory/v2"
    page = firm.platform.ask("GET", "/apis/inventory-v2").text
    assert "Put an item into stock" in page
    contract = firm.platform.ask("GET", "/apis/inventory-v2/openapi.json").json()
    assert contract["openapi"] == "3.1.0"
    assert contract["paths"]["/inventory/v2/items"]["post"]["security"] == [{"bearer": ["stock:write"]}]
    assert firm.platform.ask("GET", "/apis/inventory-v2/status").json()["serving"] is True


def test_its_old_version_says_that_it_ends(firm: Firm) -> None:
    answer = ask(firm, "GET", "/inventory/v1/items/1")
    assert answer.status_code == 200
    assert answer.headers["deprecation"] == "@1788220800"
    assert answer.headers["sunset"] == "Thu, 31 Dec 2099 00:00:00 GMT"
    assert '</inventory/v2/items/1>; rel="successor-version"' in answer.headers["link"]
    assert "deprecation" not in ask(firm, "GET", "/inventory/v2/items/1").headers


def test_a_model_may_call_what_its_policy_makes_a_tool(firm: Firm) -> None:
    said = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    said |= {"params": {"name": "inventory-v2_listItems", "arguments": {"name": "bolt"}}}
    result = ask(firm, "POST", MCP, json=said).json()["result"]
    assert result["structuredContent"] == {"result": [STOCK["items"][0]]}


def test_its_contract_is_published_and_a_breaking_change_is_refused(firm: Firm) -> None:
    assert tiergate(firm, "policy", "check").returncode == 0
    spec = firm.folder / "policies" / "specs" / "inventory.yaml"
    lint = tiergate(firm, "openapi", "lint", str(spec))
    assert (lint.returncode, "no findings" in lint.stdout) == (0, True), lint.stdout
    published = tiergate(firm, "openapi")
    assert (published.returncode, "wrote contracts/inventory-v2.json" in published.stdout) == (0, True)
    before = spec.read_text()
    try:
        spec.write_text(before.replace("required: [name, count]", "required: [name, count, holder]", 1))
        refused = tiergate(firm, "openapi")
        assert refused.returncode == 1
        assert "contracts/inventory-v2.json is not published: callers would break." in refused.stdout
        assert "addItem" in refused.stdout
        spec.write_text(before.replace("      operationId: item\n", ""))
        wrong = tiergate(firm, "policy", "check")
        assert wrong.returncode == 2
        assert "/paths/~1items~1{item_id}/get: has no operationId: policies bind to it" in wrong.stderr
    finally:
        spec.write_text(before)
