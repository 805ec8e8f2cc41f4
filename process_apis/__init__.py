"""Process APIs: one module a workflow, discovered; its machinery (engine, steps, cases, cross-references) beside it."""

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
    """Every module here that registers a `PROCESS_API`, by API name, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        registered: ProcessApi | None = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "PROCESS_API", None
        )
        if registered is not None:
            found[registered.api.name] = registered
    return found
