"""The gateway the table is asked of: `tiergate serve` in a process of its own, on the policies beside this file.

No vendor is needed: one system's address refuses connections, another takes them and never says a word.
"""

import hashlib
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from tests.conformance.issuers import AUDIENCE, INTROSPECTION_SECRET, Issuers
from tests.conformance.table import HERE
from tests.envoy.server import free_port
from tests.envoy.server import running as envoy
from tests.processes import ROOT, Command, environment

AWAY: Final = dict.fromkeys(
    ("CONFORMANCE_NOBODY", "CONFORMANCE_SILENT", "CONFORMANCE_RESETTING", "CONFORMANCE_GARBLING"), "http://127.0.0.1:9"
)
"""Where the upstreams are for those who only read the policies."""
API_KEYS: Final = ("an-api-key-of-the-table-0123456789abcdef", "its-successor-of-the-table-0123456789abcd")


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the platform is set up."""

    can: frozenset[str] = frozenset()
    """What only this one can be asked; rows say it as `needs`."""
    more: str = ""
    """What platform.yaml says besides."""
    settings: dict[str, str] = {}


SETUPS: Final = {
    "plain": Setup(),
    "strict": Setup(
        can=frozenset({"nonces", "counters away"}),
        more='dpop: {nonce_key: "${CONFORMANCE_NONCE_KEY}"}\n',
        settings={"TIERGATE_REDIS_URL": "redis://127.0.0.1:9", "CONFORMANCE_NONCE_KEY": "n" * 32},
    ),
}
"""Asked in this order: a row that needs nothing is asked of the first."""


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask, and what can be asked there."""

    address: tuple[str, int]
    can: frozenset[str] = frozenset()
    """What it can be asked besides what every front can."""

    @property
    def url(self) -> str:
        """What it calls itself in what it says."""
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def values(self) -> dict[str, str]:
        """What `${name}` in a demand stands for."""
        return {"url": self.url, "audience": AUDIENCE}


@contextmanager
def fronts(folder: Path, issuers: Issuers, *, behind: bool = False) -> Iterator[list[Front]]:
    """The whole platform, once for each way it must be set up, with their state in `folder`; or `behind` an Envoy."""
    with ExitStack() as started:
        values = started.enter_context(_world(issuers))
        running: list[tuple[Front, Command]] = []
        envoys: list[tuple[Path, int]] = []
        started.callback(_stop, running)
        for name, setup in SETUPS.items():
            front = Front(address=("127.0.0.1", free_port()), can=setup.can)
            policies = _policies(folder / name / "policies", setup.more)
            port = free_port() if behind else front.address[1]
            own = {**values, "TIERGATE_PORT": str(port), "TIERGATE_POLICIES": str(policies), **setup.settings}
            own |= {"TIERGATE_PUBLIC_URL": front.url} if behind else {}
            running.append((front, Command(folder / name, "serve", **own)))
            if behind:
                envoys.append((_exported(folder / name, front, issuers, own), front.address[1]))
        for _, command in running:
            command.until("Serving all at")
        for configuration, port in envoys:
            started.enter_context(envoy(configuration, port))
        yield [front for front, _ in running]
        for _, command in running:
            assert command.process.poll() is None, f"the process died:\n{command.log.read_text()[-3000:]}"


@contextmanager
def behind_envoy(folder: Path, issuers: Issuers) -> Iterator[list[Front]]:
    """The same, each behind an Envoy that its policies were exported to."""
    with fronts(folder, issuers, behind=True) as running:
        yield running


def _exported(folder: Path, front: Front, issuers: Issuers, settings: dict[str, str]) -> Path:
    """The configuration of an Envoy that stands where callers ask."""
    to, listen = folder / "envoy.yaml", f"{front.address[0]}:{front.address[1]}"
    keys = [f"--jwks={name}={issuers.url}/{name}/keys" for name in ("silent", "opaque")]  # they do not say where
    said = [sys.executable, "-m", "tiergate", "export", "envoy", f"--out={to}", f"--listen={listen}", *keys]
    state = environment(folder / "state", **settings)
    subprocess.run(said, cwd=ROOT, env=state, check=True, capture_output=True, timeout=180)
    return to


@contextmanager
def _world(issuers: Issuers) -> Iterator[dict[str, str]]:
    """What the platform is told of: the issuers, and systems that are away or silent."""
    with ExitStack() as started:
        refusing = started.enter_context(closing(socket.socket()))
        refusing.bind(("127.0.0.1", 0))
        silent = started.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        yield {
            "TIERGATE_POLL_SECONDS": "86400",
            "CONFORMANCE_ISSUERS": issuers.url,
            "CONFORMANCE_INTROSPECTION": INTROSPECTION_SECRET,
            "CONFORMANCE_KEYS": " ".join(f"sha256:{hashlib.sha256(key.encode()).hexdigest()}" for key in API_KEYS),
            "CONFORMANCE_NOBODY": f"http://127.0.0.1:{refusing.getsockname()[1]}",
            "CONFORMANCE_SILENT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "CONFORMANCE_RESETTING": started.enter_context(_answering(b"")),
            "CONFORMANCE_GARBLING": started.enter_context(_answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        }


@contextmanager
def _answering(said: bytes) -> Iterator[str]:
    """Somebody who hears each request, says this, and ends the connection; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(said)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def _stop(running: list[tuple[Front, Command]]) -> None:
    """All at once: each takes its time to let go of its work."""
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda pair: pair[1].stop(), running))


def _policies(folder: Path, more: str) -> Path:
    shutil.copytree(HERE / "policies", folder)
    platform = folder / "platform.yaml"
    platform.write_text(platform.read_text() + more)
    return folder
