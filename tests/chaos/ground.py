"""Where a storm rages: sandboxes that outlive everything, and executors that are killed."""

import asyncio
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from foundation.sandbox import FaultRule
from foundation.sandbox.server import Address, addresses
from tests.chaos.executor import live
from tests.postgres import server as postgres
from tests.processes import ROOT, environment
from tiergate import embedded
from tiergate.server import probe

PROCESSES: Final = {"sqlite": 1, "postgres": 3}
"""How many executors share a database."""
AT_ONCE: Final = 24
"""Runs that all executors together work on at once: most of them wait for a vendor that wants to be left alone."""
SPARE: Final = 2
"""How many stand by: those who are killed are so in pairs, now and then, and to load one takes seconds."""
START_SECONDS: Final = 60.0
SETTINGS: Final = {"TIERGATE_LEASE_SECONDS": "2", "TIERGATE_LOG": "warning"}


_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([live.__module__])


class Executor:
    """One platform, and what it wrote."""

    def __init__(self, log: Path, **settings: str) -> None:
        self._log, self._ready = log, False
        self._told, there = _FORKS.Pipe()
        known = environment(log.parent / "state", **settings)
        self.process = _FORKS.Process(target=live, args=(there, log, known), daemon=True)
        self.process.start()
        there.close()

    async def ready(self) -> None:
        """Wait for its word; an `AssertionError` with its log where it does not come."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.exitcode is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self._log.name} did not start:\n{self._log.read_text()[-3000:]}")
            await asyncio.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether it has said so."""
        with suppress(EOFError):  # it has died before
            self._ready = self._ready or (self._told.poll() and self._told.recv() == "ready")
        return self._ready

    def stand_in(self, port: int) -> None:
        """Open its door there."""
        self._told.send(port)

    def end(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.join()
        self._told.close()


class Ground:
    """Everything that runs."""

    def __init__(self, folder: Path, database_url: str, executors: int) -> None:
        self.folder, self.state, self.database_url = folder, folder / "state", database_url
        self.ports = [probe("127.0.0.1", 0) for _ in range(executors)]
        self.url = f"http://127.0.0.1:{self.ports[0]}"
        self.executors: list[Executor] = []
        self._standing_by: list[Executor] = []
        self._made = 0
        self.where: dict[str, Address] = {}
        self._sandboxes: subprocess.Popen[bytes] | None = None

    async def start(self, deals: int) -> None:
        """Sandboxes, then the executors one after the other."""
        self.state.mkdir(parents=True)
        self._sandboxes = self._of_sandboxes(deals)
        embedded.credentials(self.state / embedded.FOLDER)  # once: several that begin at once would each make their own
        self._standing_by = [self._executor() for _ in self.ports]
        deadline = time.monotonic() + START_SECONDS
        while not (found := addresses(self.state / embedded.FOLDER)):
            assert time.monotonic() < deadline, (self.folder / "sandboxes.log").read_text()[-3000:]
            await asyncio.sleep(0.1)
        self.where = found
        for number in range(len(self.ports)):
            self.executors.append(self._next(number))
            await self.executors[number].ready()

    def kill(self, number: int) -> None:
        """One executor dies, and the one that stands by takes its place."""
        self.executors[number].end()
        self.executors[number] = self._next(number)

    def all_ready(self) -> bool:
        """Whether every executor has come up."""
        return all(each.is_ready() for each in self.executors)

    def tend(self) -> None:
        """Have one stand by, once nobody is just starting: to load it takes a processor for itself."""
        if len(self._standing_by) < SPARE and self.all_ready():
            self._standing_by.append(self._executor())

    def dead(self) -> list[str]:
        """Executors that ended without being killed; there must be none."""
        return [
            f"executor {number} ended by itself with {each.process.exitcode}"
            for number, each in enumerate(self.executors)
            if each.process.exitcode is not None
        ]

    def end(self) -> None:
        """Everything dies."""
        for each in [*self.executors, *self._standing_by]:
            each.end()
        if self._sandboxes is not None and self._sandboxes.stdin is not None:
            self._sandboxes.kill()
            self._sandboxes.wait()
            self._sandboxes.stdin.close()

    def _of_sandboxes(self, deals: int) -> subprocess.Popen[bytes]:
        """Every sandbox, in a process that ends with this one."""
        with (self.folder / "sandboxes.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.sandboxes", str(self.state), str(deals)],
                cwd=ROOT,
                env=environment(self.state),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def _next(self, number: int) -> Executor:
        """The one that stood by takes a place."""
        found = self._standing_by.pop(0) if self._standing_by else self._executor()
        found.stand_in(self.ports[number])
        return found

    def _executor(self) -> Executor:
        settings = {"TIERGATE_DATABASE_URL": self.database_url, "TIERGATE_PUBLIC_URL": self.url, **SETTINGS}
        settings["TIERGATE_RUNS_AT_ONCE"] = str(AT_ONCE // len(self.ports))
        self._made += 1
        return Executor(self.folder / f"executor-{self._made}.log", **settings)

    # ── the sandboxes ──────────────────────────────────────────────────────────────────────────────────────────────

    async def plan(self, faults: Mapping[str, Sequence[FaultRule]]) -> None:
        """Plan faults in the sandboxes."""
        async with httpx.AsyncClient(trust_env=False) as http:
            for system, rules in faults.items():
                for rule in rules:
                    url = f"{self.where[system].url}/_sandbox/faults"
                    (await http.post(url, content=msgspec.json.encode(rule))).raise_for_status()

    async def calm(self) -> int:
        """No faults any more; how often they struck."""
        struck = 0
        for system in self.where:
            struck += sum(state["used"] for state in await self.asked(system, "faults"))
            async with httpx.AsyncClient(trust_env=False) as http:
                (await http.delete(f"{self.where[system].url}/_sandbox/faults")).raise_for_status()
        return struck

    async def asked(self, system: str, what: str) -> Any:
        """What a sandbox's control API says."""
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            return (await http.get(f"{self.where[system].url}/_sandbox/{what}")).raise_for_status().json()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database of its own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'chaos.sqlite'}"
        return
    with postgres() as url:
        yield url


@asynccontextmanager
async def ground(kind: str, deals: int) -> AsyncIterator[Ground]:
    """Stood up for so many deals; torn down at the end. The logs stay where `CHAOS_KEEP` is set."""
    folder = Path(tempfile.mkdtemp(prefix="tiergate-chaos-"))
    with database(kind, folder) as url:
        made = Ground(folder, url, PROCESSES[kind])
        try:
            await made.start(deals)
            yield made
        finally:
            made.end()
    if not os.environ.get("CHAOS_KEEP"):
        shutil.rmtree(folder)
