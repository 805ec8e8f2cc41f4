"""Four gateway processes on one Redis, and callers that ask them all at once."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
from pyreqwest.client import Client, ClientBuilder

from tests.gateway.notes import KEY, token, write_policies
from tests.processes import ROOT, environment
from tests.redis_server import RedisServer

PROCESSES = 4


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    reason: str
    took: float
    """Seconds, as the caller saw it."""


class Fleet:
    """Started at once; asked in turn."""

    def __init__(self, folder: Path, redis: RedisServer, **changed: str) -> None:
        write_policies(folder, **changed)
        (folder / "key.json").write_bytes(msgspec.json.encode(KEY.as_dict(private=True)))
        command = [sys.executable, "-m", "tests.counting.gateway_process", str(folder), redis.url]
        with (folder / "gateways.log").open("wb") as log:
            self._processes = [
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment(folder),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
                for _ in range(PROCESSES)
            ]
        self.ports = [int(process.stdout.readline()) for process in self._processes if process.stdout is not None]
        builder = ClientBuilder().no_proxy().follow_redirects(False).read_timeout(timedelta(seconds=30))
        self.http: Client = builder.max_connections(256).build()

    async def ask(self, caller: int, path: str, bearer: str) -> Answer:
        """One call of one of the callers, to the process whose turn it is."""
        began = time.perf_counter()
        url = f"http://127.0.0.1:{self.ports[caller % PROCESSES]}{path}"
        said = {"authorization": f"Bearer {bearer}"}
        answer = await self.http.get(url).headers(said).build().send()
        body = bytes(await answer.bytes())
        problem: Any = msgspec.json.decode(body) if body else {}
        took = time.perf_counter() - began
        return Answer(answer.status, dict(answer.headers.items()), problem.get("reason", ""), took)

    def kill_one(self) -> None:
        self._processes[0].kill()
        self._processes[0].wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.http.close()
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            process.wait(20)
            if process.stdout is not None:
                process.stdout.close()


def bearer(who: str) -> str:
    """A person's token of the embedded issuer, good from now on."""
    return token(sub=who, iat=time.time() - 1, exp=time.time() + 600)
