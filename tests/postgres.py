"""A PostgreSQL server of a test's own."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


@contextmanager
def server() -> Iterator[str]:
    """Its address. It will not run as root, so that root lends it to nobody."""
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
    running = subprocess.Popen(serve, cwd=folder, **whose, **quiet)  # type: ignore[call-overload]  # keywords by name
    url = f"postgresql+psycopg://tiergate@127.0.0.1:{port}/postgres"
    try:
        _wait(url)
        yield url
    finally:
        running.terminate()
        running.wait()
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
