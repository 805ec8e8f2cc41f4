"""Programs of Python that will not live beside us: each in an environment of its own, once for each lock.

A package that is only there for a test can change what others do: Authlib takes another HTTP client where it finds one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT


def python(name: str) -> Path:
    """The interpreter that sees what `lock/<name>.txt` says, by hash, and nothing else."""
    lock = ROOT / "lock" / f"{name}.txt"
    locked = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tiergate" / f"{name}-{locked}"
    if not cache.exists():
        making = cache.with_name(f"{cache.name}.{os.getpid()}")
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, making], check=True, timeout=60)
        asked = ["pip", "sync", "--quiet", "--python", making / "bin" / "python", "--require-hashes", lock]
        subprocess.run([uv, *asked], check=True, timeout=180)
        try:
            making.rename(cache)
        except OSError:  # somebody else was faster
            shutil.rmtree(making)
    return cache / "bin" / "python"
