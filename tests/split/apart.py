"""The tiers as five processes, told of each other by nothing but the environment."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from foundation.sandbox.server import ADDRESSES
from tests.processes import START_SECONDS, Command

TIERS = ("system", "process", "experience")


def free_urls(*names: str) -> dict[str, str]:
    """An address for each, on different ports that nobody listens on."""
    with ExitStack() as held:
        bound = [held.enter_context(socket.socket()) for _ in names]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return {name: f"http://127.0.0.1:{each.getsockname()[1]}" for name, each in zip(names, bound, strict=True)}


@contextmanager
def apart(folder: Path, **settings: str) -> Iterator[dict[str, str]]:
    """Sandboxes, gateway and the three tiers on `folder`'s state; where each of the four answers.

    They start in the order in which one needs another, and stop in reverse.
    """
    urls = free_urls("gateway", *TIERS)
    settings |= {f"TIERGATE_{tier.upper()}_URL": urls[tier] for tier in TIERS}
    settings |= {"TIERGATE_PUBLIC_URL": urls["gateway"]}
    with ExitStack() as started:
        started.enter_context(sandboxes(folder))
        for name, url in urls.items():
            port = url.rpartition(":")[2]
            command = started.enter_context(going(Command(folder, "serve", name, **settings, TIERGATE_PORT=port)))
            command.until(f"Serving {name} at {url}")
        yield urls


@contextmanager
def going(command: Command) -> Iterator[Command]:
    """A command for a block; at its end Ctrl-C, on which it must go in peace."""
    try:
        yield command
    finally:
        try:
            assert command.stop() == 0, command.log.read_text()[-3000:]
        except subprocess.TimeoutExpired:
            command.process.kill()
            raise


@contextmanager
def sandboxes(folder: Path) -> Iterator[None]:
    """The vendors' stand-ins; they say by a file when they answer."""
    ready = folder / "state" / "sandboxes" / ADDRESSES
    ready.unlink(missing_ok=True)
    with going(Command(folder, "serve", "sandboxes")) as command:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            assert command.process.poll() is None, command.log.read_text()[-3000:]
            assert time.monotonic() < deadline, "the sandboxes take too long"
            time.sleep(0.05)
        yield
