"""Sandboxes over the network, each on its own port."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from foundation.sandbox.kit import Sandbox
from foundation.sandbox.server import Address, CannotServe, addresses, serve
from tests.sandbox.desk import DESK

SECURE = msgspec.structs.replace(DESK, name="secure", tls=True)
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def serving(state: Path, *sandboxes: Sandbox, **options: dict[str, int]) -> AsyncIterator[dict[str, Address]]:
    ready, stop = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(serve(sandboxes, state, ready=ready, stop=stop, **options))
    started = asyncio.create_task(ready.wait())
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    if task.done():
        task.result()
    yield addresses(state)
    stop.set()
    await task


async def test_two_sandboxes_one_process_two_stores(tmp_path: Path) -> None:
    async with serving(tmp_path, DESK, SECURE) as where, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(f"{where['desk'].url}/tickets", json={"title": "t"})).status_code == 201
        assert len((await http.get(f"{where['desk'].url}/_sandbox/writes")).json()) == 1
        assert (await http.get(f"{where['secure'].url}/_sandbox/writes")).json() == []
        assert (await http.get(f"{where['secure'].url}/health")).json()["sandbox"] == "secure"


async def test_the_tls_port_serves_the_same_store_to_who_trusts_its_ca(tmp_path: Path) -> None:
    async with serving(tmp_path, SECURE) as where:
        trust = ssl.create_default_context(cafile=where["secure"].ca)
        async with httpx.AsyncClient(verify=trust, trust_env=False) as http:
            await http.post(f"{where['secure'].tls_url}/tickets", json={"title": "t"})
            assert len((await http.get(f"{where['secure'].url}/_sandbox/writes")).json()) == 1
        async with httpx.AsyncClient(trust_env=False) as stranger:
            with pytest.raises(httpx.ConnectError):
                await stranger.get(f"{where['secure'].tls_url}/health")
    assert (tmp_path / "tls.pem").stat().st_mode & 0o077 == 0


async def test_the_certificate_is_made_once(tmp_path: Path) -> None:
    async with serving(tmp_path, SECURE):
        first = (tmp_path / "ca.pem").read_bytes()
    async with serving(tmp_path, SECURE):
        assert (tmp_path / "ca.pem").read_bytes() == first


async def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=f"port {port}, meant for the desk sandbox, is in use"):
            async with serving(tmp_path, DESK, ports={"desk": port}):
                pass
    assert addresses(tmp_path) == {}


async def test_production_settings_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERGATE_ENVIRONMENT", "production")
    with pytest.raises(CannotServe, match="TIERGATE_ENVIRONMENT"):
        async with serving(tmp_path, DESK):
            pass


async def test_a_lost_answer_is_a_real_timeout_or_a_broken_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, DESK) as where, httpx.AsyncClient(timeout=0.4, trust_env=False) as http:
        url = where["desk"].url
        await http.post(f"{url}/_sandbox/faults", json={"fault": "timeout_after_commit", "method": "POST"})
        with pytest.raises(httpx.ReadTimeout):
            await http.post(f"{url}/tickets", json={"title": "waited for"})
        await http.post(f"{url}/_sandbox/faults", json={"fault": "timeout_after_commit", "delay": 0.1})
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post(f"{url}/tickets", json={"title": "broken off"})
        facts = [write["fact"] for write in (await http.get(f"{url}/_sandbox/writes")).json()]
    assert facts == ["waited for", "broken off"]


async def test_a_webhook_leaves_by_itself(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        arrived.set()

    receiver = await asyncio.start_server(take, "127.0.0.1", 0)
    port = receiver.sockets[0].getsockname()[1]
    async with serving(tmp_path, DESK) as where, httpx.AsyncClient(trust_env=False) as http, receiver:
        target = {"url": f"http://127.0.0.1:{port}/hook", "secret": "s"}
        await http.put(f"{where['desk'].url}/_sandbox/options/webhook", json=target)
        await http.post(f"{where['desk'].url}/tickets", json={"title": "t"})
        async with asyncio.timeout(5):
            await arrived.wait()


def test_what_was_answered_survives_kill_9_and_sigterm_ends_cleanly(tmp_path: Path) -> None:
    first = _started(tmp_path)
    made = httpx.post(f"{_url(tmp_path, first)}/tickets", json={"title": "t"}, trust_env=False).json()
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    (tmp_path / "addresses.json").unlink()
    second = _started(tmp_path)
    found = httpx.get(f"{_url(tmp_path, second)}/tickets/{made['id']}", trust_env=False)
    assert found.json()["title"] == "t"
    second.send_signal(signal.SIGTERM)
    assert second.wait(10) == 0


def _started(state: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "tests.sandbox.serve_desk", str(state)], cwd=ROOT, env=environment)


def _url(state: Path, process: "subprocess.Popen[bytes]") -> str:
    ends = time.monotonic() + 15
    while time.monotonic() < ends and process.poll() is None:
        if found := addresses(state):
            return found["desk"].url
        time.sleep(0.02)
    raise AssertionError("the sandbox did not start")
