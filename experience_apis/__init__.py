"""Experience APIs: one folder a face, discovered. A face asks process ports and shapes views; it holds no rules."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from litestar import Request, Response
from litestar.handlers import BaseRouteHandler

from foundation.api import Api
from foundation.context import Caller

P = TypeVar("P")


class Processes(Protocol):
    """The process tier as a face sees it, in this process or apart."""

    def of(self, port: type[P]) -> P:
        """The API of a process port; every call passes its policies, on behalf of the current caller."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The person behind a browser session."""

    caller: Caller
    name: str
    csrf: str
    """The token every form of this session must carry as `csrf`."""


class Sessions(Protocol):
    """Browser sessions: sign-in through the platform's issuer, kept in a cookie."""

    async def signed_in(self, request: Request[Any, Any, Any]) -> SignedIn | None:
        """Who this browser's session belongs to, its token refreshed when due; None when nobody is signed in."""

    async def sign_in(self, request: Request[Any, Any, Any], back_to: str) -> Response[Any]:
        """A redirect to the issuer that ends at `back_to` (a path of ours)."""

    def handlers(self) -> Sequence[BaseRouteHandler]:
        """The callback and sign-out routes."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition hands to a face."""

    processes: Processes
    sessions: Sessions
    govern: Callable[[Api, Any], Any]
    """An implementation of an API with every method passing that API's own policies for the current caller: what a
    page uses, so that a page can do no more than its person's token."""
    environment: str
    """`Sandbox`, `Staging`, `Production` ...: shown on every page."""


class ExperienceApi(msgspec.Struct, frozen=True, kw_only=True):
    """One face: what a folder here registers as `EXPERIENCE_API`."""

    api: Api
    implement: Callable[[Surroundings], Any]
    """The implementation of the API's ports."""
    pages: Callable[[Surroundings, Any], list[BaseRouteHandler]] | None = None
    """Server-rendered pages, given the governed implementation."""


def discover() -> dict[str, ExperienceApi]:
    """Every face, by API name, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            face: ExperienceApi = importlib.import_module(f"{__name__}.{module.name}").EXPERIENCE_API
            found[face.api.name] = face
    return found
