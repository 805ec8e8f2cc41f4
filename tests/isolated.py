"""Programs of Python that will not live beside us: each in an environment of its own.

A package that is only there for a test can change what others do: Authlib takes another HTTP client where it finds one.
"""

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
        subprocess.run([uv, *asked], check=True, timeout=180)

    return once(name, lock, make) / "bin" / "python"
