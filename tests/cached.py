"""What foreign programs the tests need, installed once for each lock, outside of the source tree."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def once(name: str, lock: Path, make: Callable[[Path], None]) -> Path:
    """The folder of what `lock` says; `make` fills it where it is not there yet. `name` is what it is called by."""
    locked = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tiergate" / f"{name}-{locked}"
    if not cache.exists():
        making = cache.with_name(f"{cache.name}.{os.getpid()}")
        make(making)
        try:
            making.rename(cache)
        except OSError:  # somebody else was faster
            shutil.rmtree(making)
    return cache
