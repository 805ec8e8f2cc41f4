"""Process APIs: one folder a workflow, discovered; its machinery (engine, steps, journal, cases, pauses) beside it.

A workflow's folder serves the API's current version; an older one that is still kept is one more module in it,
`v1.py`, that says requests and answers in the current one's words and back. What is small is one module.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from foundation.api import Api

if TYPE_CHECKING:
    from process_apis.platform import Platform


class ProcessApi(msgspec.Struct, frozen=True, kw_only=True):
    """One process API: what a module here registers as `PROCESS_API`."""

    api: Api
    implement: Callable[["Platform"], Any]
    """The implementation of the API's ports, on the platform's database, engine and systems."""


def discover() -> dict[str, ProcessApi]:
    """Every module below here that registers a `PROCESS_API`, by the API's key (`{name}-v{major}`), in that order."""
    found = {}
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        registered: ProcessApi | None = getattr(importlib.import_module(module.name), "PROCESS_API", None)
        if registered is not None:
            found[registered.api.key] = registered
    return dict(sorted(found.items()))
