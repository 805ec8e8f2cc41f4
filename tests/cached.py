"""What foreign programs the tests need, installed once for each lock, outside of the source tree."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def once(name: str, lock: Path, make: Callable[[Path], None]) -> Path:
    """The folder of what `lock` says; `make` fills it where it is not there yet. `name` is what it is called by.

    Where the program that installs fails, as without a registry, the test is not run and says why; in CI it fails.
    """
    locked = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tiergate" / f"{name}-{locked}"
    if not cache.exists():
        making = cache.with_name(f"{cache.name}.{os.getpid()}")
        try:
            make(making)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
            shutil.rmtree(making, ignore_errors=True)
            if os.environ.get("CI"):
                raise
            pytest.skip(f"not run: {name} cannot be installed: {_last_words(failed)}")
        try:
            making.rename(cache)
        except OSError:  # somebody else was faster
            shutil.rmtree(making)
    return cache


def _last_words(failed: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    said = failed.stderr.decode(errors="replace") if isinstance(failed.stderr, bytes) else failed.stderr or ""
    return said.strip().splitlines()[-1] if said.strip() else str(failed)
