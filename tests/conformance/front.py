"""The gateway the table is asked of: `tiergate serve` in a process of its own, on the policies beside this file.

No vendor is needed: one system's address refuses connections, another takes them and never says a word.
"""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.conformance.issuers import AUDIENCE, Issuers
from tests.conformance.table import HERE
from tests.processes import Command

POLICIES: Final = HERE / "policies"
CAN: Final = frozenset({"deciding"})
"""What our own gateway can do: all of it."""


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask, and what can be asked there."""

    address: tuple[str, int]
    url: str
    """What it calls itself in what it says."""
    can: frozenset[str] = CAN

    @property
    def values(self) -> dict[str, str]:
        """What `${name}` in a demand stands for."""
        return {"url": self.url, "audience": AUDIENCE}


@contextmanager
def platform(folder: Path, issuers: Issuers) -> Iterator[Front]:
    """The whole platform, with its state in `folder`."""
    with closing(socket.socket()) as refusing, closing(socket.create_server(("127.0.0.1", 0))) as silent:
        refusing.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{refusing.getsockname()[1]}"
        port = _free_port()
        command = Command(
            folder,
            "serve",
            TIERGATE_PORT=str(port),
            TIERGATE_POLICIES=str(POLICIES),
            TIERGATE_POLL_SECONDS="86400",
            CONFORMANCE_ISSUERS=issuers.url,
            CONFORMANCE_NOBODY=nobody,
            CONFORMANCE_SILENT=f"http://127.0.0.1:{silent.getsockname()[1]}",
        )
        try:
            command.until("Serving all at")
            yield Front(address=("127.0.0.1", port), url=f"http://127.0.0.1:{port}")
            assert command.process.poll() is None, f"the process died:\n{command.log.read_text()[-3000:]}"
        finally:
            command.stop()


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
