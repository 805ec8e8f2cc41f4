"""One platform for all tests of this folder: `tiergate run` as a newcomer starts it, after its scenario."""

import logging
from collections.abc import Iterator

import pytest

from tests.processes import Client, Command


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`tiergate run`, with the most talkative log there is."""
    made = Command(tmp_path_factory.mktemp("platform"), "run", TIERGATE_PORT="0", TIERGATE_LOG="debug")
    try:
        made.until("Ctrl-C stops", 150)
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def platform(command: Command) -> Iterator[Client]:
    """A client of it."""
    url = command.until(r"Console\s+(http://\S+)/desk").group(1)
    made = Client(url, command.out.parent / "state")
    yield made
    made.close()


@pytest.fixture
def quiet() -> Iterator[None]:
    """For commands called in this process: what they do to logging is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
