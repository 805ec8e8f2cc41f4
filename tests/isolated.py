"""Programs of Python that will not live beside us: each in an environment of its own.

A package that is only there for a test can change what others do: Authlib takes another HTTP client where it finds one.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.cached import once
from tests.processes import ROOT


def python(name: str) -> Path:
    """The interpreter that sees what `lock/<name>.txt` says, by hash, and nothing else."""
    lock = ROOT / "lock" / f"{name}.txt"

    def make(place: Path) -> None:
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True, timeout=60)
        asked = ["pip", "sync", "--quiet", "--python", place / "bin" / "python", "--require-hashes", lock]
        subprocess.run([uv, *asked], check=True, timeout=180, capture_output=True)

    return once(name, lock, make) / "bin" / "python"


def asked(client: Path, **told: str) -> None:
    """Run `<name>_client.py`, tests of what a client does, by pytest in the client's environment; all must pass.

    `told` is set in its environment. Nothing of ours is there: neither our packages nor our `tests`.
    """
    name = client.stem.removesuffix("_client").replace("_", "-")
    alone = ["--noconftest", "-c", os.devnull, "-p", "no:cacheprovider", "--rootdir", str(client.parent)]
    environment = {**os.environ, **told, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
    command = [str(python(name)), "-m", "pytest", "-q", *alone, str(client)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout, done.stdout
