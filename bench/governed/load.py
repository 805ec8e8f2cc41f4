"""Load on one contender, what it costs its processes, and whether it is them that answer."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.governed import world

TICKS: Final = os.sysconf("SC_CLK_TCK")
CONNECTIONS: Final = 16
KEYS: Final = 200
"""Different engagements that are asked for."""
CALLERS: Final = 10
"""Different tokens they are asked with."""
_PATIENCE: Final = 30.0
_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of load saw."""

    per_second: float
    cpu_us: float
    """Of all its processes, for one request."""
    parts: dict[str, float]
    """The same, by process."""
    p50_ms: float
    p99_ms: float


class Missing(Exception):  # noqa: N818 - it says what there is not
    """Something this machine does not have."""


class Contender:
    """One way to serve the call: its processes, and the port that is asked."""

    def __init__(self, name: str, port: int, processes: dict[str, int], *, answers: int, governed: bool = True) -> None:
        """`processes`: ids by what they are; the first one listens. `answers`: whose id stands in the answer."""
        self.name = name
        self.port = port
        self.processes = processes
        self.governed = governed
        self._answers = answers
        self.url = f"http://127.0.0.1:{port}"

    def check(self, tokens: Sequence[str], short: str) -> None:
        """That it is who it should be, and does what it should. `short` is a token without the scope."""
        listener = next(iter(self.processes.values()))
        holders = _holders(self.port)
        if holders != {listener}:
            raise SystemExit(f"{self.name}: port {self.port} is held by {holders}, not by {listener} alone")
        with httpx.Client(base_url=self.url, trust_env=False, timeout=10) as http:
            for n, token in enumerate(tokens):
                path = world.PATH.replace("2041", str(2000 + n))
                answer = http.get(path, headers={"Authorization": f"Bearer {token}"})
                if answer.status_code != 200 or answer.json()["pid"] != self._answers:
                    raise SystemExit(f"{self.name}: not answered as it should be: {answer.status_code} {answer.text}")
            if not self.governed:
                return
            said = {name for name, _ in world.lifecycle_headers()}
            if not said <= {name.lower() for name, _ in answer.headers.raw}:
                raise SystemExit(f"{self.name}: the headers of a deprecated version are missing: {answer.headers}")
            refused = [
                http.get(world.PATH).status_code,
                http.get(world.PATH, headers={"Authorization": f"Bearer {tokens[0][:-8]}AAAAAAAA"}).status_code,
                http.get(world.PATH, headers={"Authorization": f"Bearer {short}"}).status_code,
            ]
            if refused != [401, 401, 403]:
                raise SystemExit(f"{self.name}: without a token, with a forged one, without the scope: {refused}")

    def ticks(self) -> dict[str, float]:
        """Seconds of CPU each of its processes has used, its children's among it."""
        return {name: sum(map(cpu_seconds, family(pid))) for name, pid in self.processes.items()}

    def run(self, script: Path, seconds: int) -> Run:
        """Ask it for so long, over connections that stay open, each asking again when it is answered."""
        before = self.ticks()
        command = ["taskset", "-c", str(LOADER_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
        said = subprocess.run(
            [*command, "--timeout", "10s", "-s", str(script), self.url], capture_output=True, text=True, check=True
        ).stdout
        after = self.ticks()
        if bad := re.search(r"(Non-2xx.*|Socket errors.*)", said):
            raise SystemExit(f"{self.name}: {bad[1]}")
        count = int(_found(r"(\d+) requests in", said))
        parts = {name: (after[name] - before[name]) / count * 1e6 for name in before}
        return Run(
            per_second=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
            cpu_us=sum(parts.values()),
            parts=parts,
            p50_ms=_milliseconds(_found(r"(?m)^\s+50%\s+(\S+)$", said)),
            p99_ms=_milliseconds(_found(r"(?m)^\s+99%\s+(\S+)$", said)),
        )


SERVER_CORE: Final = 0
LOADER_CORE: Final = (os.cpu_count() or 1) - 1


class Processes:
    """What was started, on the servers' core, and is ended at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: Sequence[str | Path], port: int) -> int:
        """Start one and wait until it listens; its process id."""
        out = self._folder / f"{name}.out"
        with out.open("wb") as said:
            process = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), *command],
                cwd=world.ROOT,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(world.ROOT)},
            )
        self._started.append(process)
        deadline = time.monotonic() + _PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(
                    f"{name} does not listen:\n{out.read_text(encoding='utf-8', errors='replace')[-3000:]}"
                )
            time.sleep(0.05)
        return process.pid

    def ours(self, name: str, what: str, port: int, *more: str) -> int:
        """One of bench/governed/serve.py."""
        command = [sys.executable, "-m", "bench.governed.serve", what, str(self._folder), str(port), *more]
        return self.start(name, command, port)

    def stop(self) -> None:
        """End them, the last first."""
        for process in reversed(self._started):
            process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def script(folder: Path, tokens: Sequence[str]) -> Path:
    """What wrk sends: the requests are put together before, and taken in turn."""
    path = folder / "load.lua"
    listed = ",\n".join(f'"{token}"' for token in tokens)
    target = world.PATH.replace("2041", '" .. (2000 + n) .. "')
    path.write_text(
        f"local tokens = {{\n{listed}\n}}\nlocal requests, at = {{}}, 0\n"
        "function init(args)\n"
        f"  for n = 1, {KEYS} do\n"
        '    local headers = {["Accept"] = "application/json"}\n'
        '    headers["Authorization"] = "Bearer " .. tokens[n % #tokens + 1]\n'
        f'    requests[n] = wrk.format("GET", "{target}", headers)\n'
        "  end\nend\n"
        "function request()\n  at = at % #requests + 1\n  return requests[at]\nend\n",
        encoding="utf-8",
    )
    return path


def needed() -> None:
    """Raises `Missing` without what makes the load."""
    for program in ("wrk", "taskset"):
        if shutil.which(program) is None:
            raise Missing(f"no {program} on this machine (Debian's package {program})")


def family(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    for one in found:
        for file in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, file.read_text(encoding="ascii").split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _holders(port: int) -> set[int]:
    """Who listens on a port, as the kernel says."""
    sockets = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
            sockets.add(f"socket:[{fields[9]}]")
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) in sockets:
                found.add(int(link.parts[2]))
        except OSError:
            continue  # it has ended, or closed it
    return found


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise SystemExit(f"wrk said nothing of {pattern!r}:\n{said}")
    return match[1]


def _milliseconds(said: str) -> float:
    unit = said.lstrip("0123456789.")
    return float(said.removesuffix(unit)) * _UNITS[unit]
