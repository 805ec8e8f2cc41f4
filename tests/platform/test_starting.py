"""What cannot be, stops the start: one plain sentence that names it, and exit code 2."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from foundation.sandbox.server import Address, addresses, held
from tests.processes import ROOT, Client, Command, environment
from tiergate import demonstration
from tiergate.__main__ import main
from tiergate.server import until_told_to_stop

Run = Callable[..., str]
TIERS = {f"TIERGATE_{tier}_URL": "http://127.0.0.1:1" for tier in ("SYSTEM", "PROCESS", "EXPERIENCE")}
CONNECTED = {
    "SALESFORCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "key",
    "SALESFORCE_USERNAME": "integration@acme.example",
    "SALESFORCE_NOTIFICATION_SECRET": "whsec_aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=",
    "SALESFORCE_MESSAGE_KEY": "key",
    "SALESFORCE_ORGANIZATION": "00D5g000004Ab1cEAC",
    "NETSUITE_URL": "https://1.suitetalk.api.netsuite.com",
    "NETSUITE_CLIENT_ID": "id",
    "NETSUITE_CERTIFICATE_ID": "certificate",
    "KANTATA_URL": "https://api.mavenlink.com",
    "KANTATA_TOKEN": "token",
    "SERVICENOW_URL": "https://acme.service-now.com",
    "SERVICENOW_CLIENT_ID": "id",
    "SERVICENOW_CLIENT_SECRET": "secret",
}
"""Everything the connections refer to but the keys."""


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: None) -> Run:
    """Give a command with these settings; what it says as it refuses."""

    def run(*arguments: str, **settings: str) -> str:
        for name, value in ({"TIERGATE_STATE": str(tmp_path / "state")} | settings).items():
            monkeypatch.setenv(name, value)
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said
        return said.strip()

    return run


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TIERGATE_ENVIRONMENT", "prod", "is 'prod'; it must be sandbox, staging or production."),
        ("TIERGATE_LOG", "loud", "is 'loud'; it must be one of debug, info, warning, error."),
        ("TIERGATE_PORT", "eighty", "is 'eighty'; it must be a number from 0 to 65535."),
        ("TIERGATE_PORT", "70000", "is '70000'; it must be a number from 0 to 65535."),
        ("TIERGATE_POLICIES", "/no/such/folder", "is /no/such/folder, which is not a folder."),
        ("TIERGATE_PUBLIC_URL", "acme.example", "must be an address that begins with http:// or https://."),
        ("TIERGATE_SYSTEM_URL", "host:1", "must be an address that begins with http:// or https://."),
        ("TIERGATE_LEASE_SECONDS", "0", "is '0'; it must be a number from 1 to 3600."),
        ("TIERGATE_RUNS_AT_ONCE", "many", "is 'many'; it must be a number from 1 to 200."),
        ("TIERGATE_POLL_SECONDS", "often", "is 'often'; it must be a number from 0.1 to 86400."),
        ("TIERGATE_DATABASE_URL", "my database", "must be an address such as sqlite:///FILE"),
        ("TIERGATE_REDIS_URL", "localhost:6379", "must be an address such as redis://HOST:6379/0"),
        ("TIERGATE_EVENT_STREAMS_URL", "localhost", "must be an address such as redis://HOST:6379/0"),
    ],
)
def test_a_wrong_setting_is_named(refused: Run, name: str, value: str, sentence: str) -> None:
    said = refused("serve", **{name: value})
    assert said.startswith(f"tiergate: {name} ")
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_database_that_cannot_be_used_is_named(refused: Run) -> None:
    said = refused("serve", "gateway", TIERGATE_PORT="0", TIERGATE_DATABASE_URL="sqlite:////no/such/folder/db", **TIERS)
    assert said == "tiergate: TIERGATE_DATABASE_URL: the database cannot be used: unable to open database file."


def test_a_connection_without_its_address_is_named_by_file_and_line(refused: Run) -> None:
    said = refused("serve", "system", TIERGATE_PUBLIC_URL="http://127.0.0.1:1", TIERGATE_PORT=str(free_port()))
    assert "policies/connections.yaml:" in said
    assert "SALESFORCE_URL" in said


def test_a_tier_apart_wants_to_know_its_gateway(refused: Run) -> None:
    assert "TIERGATE_PUBLIC_URL is missing" in refused("serve", "system", TIERGATE_PORT=str(free_port()))


@pytest.fixture(scope="module")
def key() -> str:
    return RSAKey.generate_key(2048).as_pem(private=True).decode()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SALESFORCE_PRIVATE_KEY", "garbage", "salesforce cannot be connected: sign_in.private_key is not an RSA key"),
        ("NETSUITE_PRIVATE_KEY", "garbage", "netsuite cannot be connected: sign_in.private_key is not a PEM key"),
        ("SALESFORCE_NOTIFICATION_SECRET", "x", "salesforce cannot be connected: notifications: a secret is base64"),
        ("KANTATA_URL", "api.mavenlink.com", "kantata.url must be an address that begins with http:// or https://"),
    ],
)
def test_a_connection_that_cannot_be_is_named_by_file_and_line(
    refused: Run, key: str, name: str, value: str, sentence: str
) -> None:
    given = CONNECTED | {"SALESFORCE_PRIVATE_KEY": key, "NETSUITE_PRIVATE_KEY": key} | {name: value}
    said = refused("serve", "system", TIERGATE_PUBLIC_URL="http://127.0.0.1:1", TIERGATE_PORT=str(free_port()), **given)
    (line,) = said.splitlines()[1:]
    assert line.strip().startswith("policies/connections.yaml:")
    assert sentence in line


def test_a_value_whose_file_is_not_there_is_told_as_that(refused: Run, key: str) -> None:
    given = CONNECTED | {"SALESFORCE_PRIVATE_KEY": key, "NETSUITE_PRIVATE_KEY_FILE": "/no/such.pem"}
    said = refused("serve", "system", TIERGATE_PUBLIC_URL="http://127.0.0.1:1", TIERGATE_PORT=str(free_port()), **given)
    assert "NETSUITE_PRIVATE_KEY_FILE is /no/such.pem, which is no file that can be read" in said


def test_a_timeout_that_is_none_is_named_by_file_and_line(refused: Run, tmp_path: Path, key: str) -> None:
    policies = shutil.copytree(ROOT / "policies", tmp_path / "policies")
    file = policies / "connections.yaml"
    lines = file.read_text().replace("total: 5s", "total: soon").splitlines()
    file.write_text("\n".join(lines) + "\n")
    given = CONNECTED | {"SALESFORCE_PRIVATE_KEY": key, "NETSUITE_PRIVATE_KEY": key, "TIERGATE_POLICIES": str(policies)}
    said = refused("serve", "system", TIERGATE_PUBLIC_URL="http://127.0.0.1:1", TIERGATE_PORT=str(free_port()), **given)
    at = next(number for number, line in enumerate(lines, 1) if "soon" in line)
    assert f"policies/connections.yaml:{at}: timeout.total: 'soon' is not a span of time" in said


@pytest.mark.parametrize(
    ("what", "missing"),
    [
        ("process", "TIERGATE_SYSTEM_URL is missing"),
        ("experience", "TIERGATE_PROCESS_URL is missing"),
        ("gateway", "TIERGATE_EXPERIENCE_URL and TIERGATE_PROCESS_URL and TIERGATE_SYSTEM_URL are missing"),
    ],
)
def test_a_tier_apart_wants_to_know_whom_it_asks(refused: Run, what: str, missing: str) -> None:
    said = refused("serve", what, TIERGATE_PUBLIC_URL="http://127.0.0.1:1", TIERGATE_PORT=str(free_port()))
    assert missing in said


@pytest.mark.parametrize(("what", "workload"), [("process", "process-tier"), ("experience", "experience-tier")])
def test_a_tier_apart_wants_a_secret_to_sign_in_with(
    refused: Run, monkeypatch: pytest.MonkeyPatch, what: str, workload: str
) -> None:
    monkeypatch.setattr(demonstration, "GATEWAY_SECONDS", 0.2)
    said = refused("serve", what, TIERGATE_PUBLIC_URL="http://127.0.0.1:1", TIERGATE_PORT=str(free_port()), **TIERS)
    assert said.startswith("tiergate: TIERGATE_CLIENT_SECRET is missing")
    assert f"as {workload}" in said


def test_ctrl_c_while_it_starts_ends_it_without_a_word_of_python(tmp_path: Path) -> None:
    started = Command(tmp_path, "run", "--no-scenario", TIERGATE_PORT="0")
    started.until("Starting Tiergate")
    assert started.stop() == 130
    assert started.log.read_text().strip() == "tiergate: stopped before it was done."


async def test_a_ctrl_c_that_was_lost_while_it_started_is_heard_before_it_waits_for_the_next() -> None:
    async def starting() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await until_told_to_stop(asyncio.Event().wait)

    task = asyncio.create_task(starting())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("colour: red\n", "the file has no key 'colour'"),
        ("layer: system\n", "'layer' stands here a second time; the first is on line 3"),
        ("  whoamy: {scopes: [netsuite:read]}\n", "netsuite has no operation 'whoamy' (did you mean 'whoami'?)"),
    ],
)
def test_a_mistake_in_a_policy_is_named_by_file_and_line(
    refused: Run, tmp_path: Path, mistake: str, sentence: str
) -> None:
    policies = shutil.copytree(ROOT / "policies", tmp_path / "policies")
    file = policies / "apis" / "netsuite.yaml"
    text = file.read_text().rstrip("\n") + "\n" + mistake
    file.write_text(text)
    said = refused("policy", "check", TIERGATE_POLICIES=str(policies))
    assert f"policies/apis/netsuite.yaml:{len(text.splitlines())}: " in said
    assert sentence in said


@pytest.mark.parametrize("what", ["run", "scenario"])
def test_production_refuses_sandboxes(refused: Run, what: str) -> None:
    said = refused(what, TIERGATE_ENVIRONMENT="production", TIERGATE_PORT="0")
    assert said == "tiergate: TIERGATE_ENVIRONMENT is production: sandboxes and the embedded issuer do not start there."


def test_production_refuses_the_embedded_issuer(refused: Run) -> None:
    said = refused("serve", "gateway", TIERGATE_ENVIRONMENT="production", TIERGATE_PORT="0", **TIERS)
    assert "the embedded issuer does not start" in said
    assert "policies/platform.yaml" in said


def test_a_second_one_on_the_same_port_refuses(platform: Client, tmp_path: Path) -> None:
    """As two `make run` would meet: the server itself would share the port without a word."""
    port = platform.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "tiergate", "run"],
        cwd=ROOT,
        env=environment(tmp_path, TIERGATE_PORT=port),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    expected = f"Port {port} of 127.0.0.1 is in use, perhaps by another Tiergate: stop that, or set TIERGATE_PORT."
    assert done.stderr.strip() == f"tiergate: {expected}"
    assert platform.ask("GET", "/health").status_code == 200


def test_a_second_one_on_the_same_state_folder_refuses(platform: Client) -> None:
    """On another port: its sandboxes would send each webhook a second time, and to itself."""
    before = platform.sandboxes
    done = subprocess.run(
        [sys.executable, "-m", "tiergate", "run"],
        cwd=ROOT,
        env=environment(platform.state, TIERGATE_PORT="0"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"tiergate: Sandboxes run on {platform.state / 'sandboxes'} already" in done.stderr
    assert "set TIERGATE_STATE" in done.stderr
    assert platform.sandboxes == before


@pytest.mark.real
def test_sandboxes_do_not_outlive_a_platform_that_is_killed(tmp_path: Path) -> None:
    """The next run finds their state, and nobody who works on it still."""
    killed = Command(tmp_path, "run", "--no-scenario", TIERGATE_PORT="0")
    killed.until("Ctrl-C stops")
    orphan = int(addresses_of(tmp_path)["netsuite"].url.rpartition(":")[2])
    killed.process.kill()
    killed.process.wait()
    again = Command(tmp_path, "run", "--no-scenario", TIERGATE_PORT="0")
    try:
        again.until("Ctrl-C stops")
        with socket.socket() as asking:
            assert asking.connect_ex(("127.0.0.1", orphan)) != 0
        url = addresses_of(tmp_path)["netsuite"].url
        assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
    finally:
        assert again.stop() == 0


def test_the_sandboxes_process_does_not_load_the_platform(tmp_path: Path) -> None:
    """It would hold half as much memory again, and be ready a second later."""
    heavy = ("dbos", "alembic", "tiergate.assembly", "process_apis.engine", "gateway.governor")
    look = f"""
import sys
from tiergate.__main__ import main
code = main(["serve", "sandboxes"])
print(code, [m for m in {heavy} if m in sys.modules])
"""
    state = tmp_path / "state"
    with held(state / "sandboxes"):
        done = subprocess.run(
            [sys.executable, "-c", look], cwd=ROOT, env=environment(state), capture_output=True, text=True, check=False
        )
    assert done.stdout.strip() == "2 []"
    assert "Sandboxes run on" in done.stderr


def addresses_of(folder: Path) -> dict[str, Address]:
    return addresses(folder / "state" / "sandboxes")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
