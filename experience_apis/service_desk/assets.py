"""The console's static files: named by the hash of their content, so that a browser may keep them for a year.

Our style, script and typeface, and htmx out of the package that carries it; nothing comes from another host.
"""

import gzip
import hashlib
import importlib.util
from pathlib import Path
from typing import Final

import msgspec

PATH: Final = "/desk/static"
_OURS: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class Asset(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    name: str
    """With the hash in it."""
    media_type: str
    content: bytes
    zipped: bytes
    """Empty where zipping gains nothing."""


class Assets:
    """All files, by plain name for the pages and by hashed name for the browser."""

    def __init__(self) -> None:
        font = _asset("inter.woff2", (_OURS / "inter.woff2").read_bytes())
        style = (_OURS / "tiergate.css").read_bytes().replace(b"inter.woff2", font.name.encode())
        plain = {
            "inter.woff2": font,
            "tiergate.css": _asset("tiergate.css", style),
            "desk.js": _asset("desk.js", (_OURS / "desk.js").read_bytes()),
            "icon.svg": _asset("icon.svg", (_OURS / "icon.svg").read_bytes()),
            "htmx.js": _asset("htmx.js", _htmx()),
        }
        self.by_name = {asset.name: asset for asset in plain.values()}
        self._addresses = {name: f"{PATH}/{asset.name}" for name, asset in plain.items()}

    def address(self, name: str) -> str:
        """Where a page finds `tiergate.css`."""
        return self._addresses[name]


def _asset(name: str, content: bytes) -> Asset:
    stem, suffix = Path(name).stem, Path(name).suffix
    zipped = b"" if suffix == ".woff2" else gzip.compress(content, mtime=0)
    return Asset(f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{suffix}", _TYPES[suffix], content, zipped)


def _htmx() -> bytes:
    """htmx 4 as the package `django-htmx` carries it; nothing of that package is ever imported."""
    package = importlib.util.find_spec("django_htmx")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the console needs htmx, which comes with the package django-htmx: run `make setup`")
    return (Path(package.submodule_search_locations[0]) / "static/django_htmx/htmx-4.min.js").read_bytes()
