"""Fifty callers with one key, four gateway processes, one of them killed in the middle: one effect, one answer."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest
from watchfiles import awatch

from tests.gateway.notes import KEY, NOTES_FILE, PLATFORM, token, write_policies

CALLERS, PROCESSES = 50, 4
ONCE = NOTES_FILE.replace("    limits: [writes]\n", "    idempotency: {keep: 1h, after_crash: rerun}\n")
PLENTY = PLATFORM.replace("1000/min", "100k/min")


class Fleet:
    """The processes, and where they listen."""

    def __init__(self, folder: Path, when: str) -> None:
        self.folder = folder
        write_policies(folder, notes=ONCE, platform=PLENTY)
        (folder / "key.json").write_bytes(msgspec.json.encode(KEY.as_dict(private=True)))
        with closing(sqlite3.connect(folder / "effects.sqlite")) as store:
            store.executescript("CREATE TABLE effects (key TEXT PRIMARY KEY); CREATE TABLE attempts (key TEXT);")
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.once.writing_process", str(folder), when],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        self.ports = [int(process.stdout.readline()) for process in self.processes if process.stdout]

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.folder / "effects.sqlite")) as store:
            return int(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()


@pytest.fixture(params=["before", "after"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path, request.param)
    yield made
    made.stop()


@pytest.mark.real
async def test_one_key_has_one_effect_and_one_answer_whoever_dies(fleet: Fleet) -> None:
    bearer = token(exp=time.time() + 600, iat=time.time() - 1)
    headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": '"order-1"'}
    told: set[str] = set()

    async def call(http: httpx.AsyncClient, number: int) -> bytes:
        async with asyncio.timeout(60):
            while True:
                port = fleet.ports[number % PROCESSES]
                try:
                    answer = await http.put(
                        f"http://127.0.0.1:{port}/notes/v2/notes/by-key/k1", json={"title": "t"}, headers=headers
                    )
                except httpx.TransportError:  # it was killed; the next one is asked, as a load balancer does
                    number += 1
                    continue
                if answer.status_code == 200:
                    return answer.content
                told.add(answer.json()["reason"])
                await asyncio.sleep(0.2)

    async def killed() -> None:
        busy = fleet.folder / "busy"
        async for _ in awatch(fleet.folder, step=20, rust_timeout=30_000):
            if busy.exists() and busy.read_text():
                break
        os.kill(int(busy.read_text()), signal.SIGKILL)

    limits = httpx.Limits(max_connections=CALLERS)
    async with httpx.AsyncClient(timeout=20, limits=limits, trust_env=False) as http:
        answers, _ = await asyncio.gather(asyncio.gather(*(call(http, number) for number in range(CALLERS))), killed())
    assert len(set(answers)) == 1
    assert told == {"key_running"}
    assert (fleet.count("effects"), fleet.count("attempts")) == (1, 2)
