"""The same tier on PostgreSQL, where several processes may share the work."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from foundation.sandbox import Box
from system_apis import Demo
from tests.process.world import world

pytestmark = pytest.mark.real("initdb", "postgres")


@pytest.fixture
def postgres() -> Iterator[str]:
    """A server of this test's own. It will not run as root, so that root lends it to nobody."""
    folder = Path(tempfile.mkdtemp(prefix="tiergate-pg-"))
    whose = {"user": "nobody"} if os.geteuid() == 0 else {}
    if whose:
        shutil.chown(folder, "nobody")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, quiet = folder / "data", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    initdb = ["initdb", "--pgdata", data, "--username", "tiergate", "--auth", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, cwd=folder, **whose, **quiet)  # type: ignore[call-overload]  # keywords by name
    serve = ["postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"]
    server = subprocess.Popen(serve, cwd=folder, **whose, **quiet)  # type: ignore[call-overload]  # keywords by name
    url = f"postgresql+psycopg://tiergate@127.0.0.1:{port}/postgres"
    try:
        _wait(url)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _wait(url: str) -> None:
    engine, deadline = sa.create_engine(url), time.monotonic() + 20
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            engine.dispose()
            return


async def test_what_holds_on_sqlite_holds_on_postgres(
    postgres: str, known: dict[str, Demo], boxes: dict[str, Box]
) -> None:
    """Made and verified; refused; parked and run again; cancelled and undone; traced."""
    async with world(postgres, known, boxes) as firm:
        made = await firm.played("D01")
        assert (made.run.status, made.run.verified) == ("succeeded", True)
        again = await firm.start("D01")
        assert again.id == made.run.id
        refused = await firm.played("D09")
        assert [error.rule for error in refused.run.errors] == ["tax_profile", "currency"]

        firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=2 * firm.platform.pace.attempts)
        parked = await firm.played("D12")
        cancelled = await firm.played("D02")
        assert [parked.run.status, cancelled.run.status] == ["failed", "failed"]
        await firm.workflow.retry_run(parked.run.id)
        assert (await firm.finished(parked.run.id)).run.verified is True
        await firm.workflow.cancel_run(cancelled.run.id)
        assert (await firm.finished(cancelled.run.id)).run.status == "cancelled"

        assert (await firm.operations.trace(made.run.customer)).runs[0].run.id == made.run.id
        assert (await firm.operations.overview()).open_cases == 1
        assert firm.duplicates() == []
