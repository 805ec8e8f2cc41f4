"""Programs from npm, installed once for each lock, outside of the source tree."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path


def installed(folder: Path, name: str) -> Path:
    """Where the packages of `folder`'s lock are; `name` is what the place is called by."""
    locked = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tiergate" / f"{name}-{locked}"
    if not cache.exists():
        making = cache.with_name(f"{cache.name}.{os.getpid()}")
        making.mkdir(parents=True)
        for each in ("package.json", "package-lock.json"):
            shutil.copy(folder / each, making)
        asked = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(asked, cwd=making, check=True, timeout=240)
        try:
            making.rename(cache)
        except OSError:  # somebody else was faster
            shutil.rmtree(making)
    return cache
