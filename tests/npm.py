"""Programs from npm, as a folder's lock says."""

import shutil
import subprocess
from pathlib import Path

from tests.cached import once


def installed(folder: Path, name: str) -> Path:
    """Where the packages of `folder`'s lock are; `name` is what the place is called by."""

    def make(place: Path) -> None:
        place.mkdir(parents=True)
        for each in ("package.json", "package-lock.json"):
            shutil.copy(folder / each, place)
        asked = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(asked, cwd=place, check=True, timeout=240, capture_output=True)

    return once(name, folder / "package-lock.json", make)
