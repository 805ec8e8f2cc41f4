"""Where the catalogue, the contracts, the pages and the statuses are served: to anybody, without a token.

Each has an ETag and may be kept for a minute: what is offered changes with a policy or a date.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final, Literal

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from canonical.faults import Fault, NotFound
from foundation.context import Layer, current
from gateway.answers import answer_of
from gateway.plan import Plan
from gateway.publishing import linkset
from gateway.publishing.api_page import api_page
from gateway.publishing.offers import Offer, Offers, offers_of
from gateway.refusals import MethodNotAllowed

OPEN_PATHS: Final = (linkset.PATH, linkset.PAGES)
_READ: Final = (HttpMethod.GET, HttpMethod.HEAD)
_NOT_POSSIBLE: Final = tuple(HttpMethod(name) for name in "POST PUT PATCH DELETE OPTIONS TRACE".split())
_CONTRACT: Final = linkset.PAGES + "/{key:str}/openapi.json"
_PAGE: Final = linkset.PAGES + "/{key:str}"
_STATUS: Final = linkset.PAGES + "/{key:str}/status"
_OPENAPI: Final = f"{linkset.OPENAPI}; version=3.1"
Asked = Request[Any, Any, Any]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How one API version stands."""

    api: str
    version: str
    state: Literal["active", "deprecated"]
    serving: bool
    """Whether the tier behind it can do its work now, and an upstream behind it can be reached."""
    deprecated_on: date | None = None
    sunset_on: date | None = None
    """From this day on, at midnight UTC, it answers 410."""
    successor: str = ""
    """Address of the version to move to."""
    guide: str = ""


class Publication:
    """What this gateway publishes of the plan in force.

    `clock` gives Unix seconds, `serves` whether a tier can do its work now, `reaches` whether somebody answers at an
    upstream's address; `site` is the address callers know us by.
    """

    def __init__(
        self,
        plan: Callable[[], Plan],
        *,
        site: str,
        clock: Callable[[], float],
        serves: Callable[[Layer], Awaitable[bool]],
        reaches: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._plan, self._offers = plan, offers_of(plan)
        self._site, self._clock, self._serves, self._reaches = site, clock, serves, reaches

    def handlers(self) -> list[HTTPRouteHandler]:
        """The four routes, and the refusal of any other method there."""

        @route(linkset.PATH, http_method=_READ, status_code=200, sync_to_thread=False)
        def catalogue(request: Asked) -> Response[bytes]:
            document = linkset.linkset(self._now()[1], self._site)
            return self._answer(request, msgspec.json.encode(document), linkset.MEDIA_TYPE)

        @route(_PAGE, http_method=_READ, status_code=200, sync_to_thread=False)
        def page(request: Asked, key: FromPath[str]) -> Response[bytes]:
            offer, offers = self._find(key)
            return self._answer(request, api_page(offer, offers, self._site).encode(), "text/html")

        @route(_CONTRACT, http_method=_READ, status_code=200)
        async def contract(request: Asked, key: FromPath[str]) -> Response[bytes]:
            offer, _ = self._find(key)
            return self._answer(request, self._now()[0].contract(offer.api), _OPENAPI)

        @route(_STATUS, http_method=_READ, status_code=200)
        async def status(request: Asked, key: FromPath[str]) -> Response[bytes]:
            found = await self._status(*self._find(key))
            return self._answer(request, msgspec.json.encode(found), "application/json", keep="no-cache")

        @route(
            [linkset.PATH, _PAGE, _CONTRACT, _STATUS], http_method=_NOT_POSSIBLE, status_code=405, sync_to_thread=False
        )
        def only_read(request: Asked) -> Response[bytes]:
            fault = MethodNotAllowed(f"{request.method} is not possible here; GET and HEAD are.", allow="GET, HEAD")
            return self._refuse(request, fault)

        return [only_read, catalogue, page, contract, status]

    def _now(self) -> tuple[Offers, dict[str, Offer]]:
        offers = self._offers()
        return offers, offers.at(self._clock())

    def _find(self, key: str) -> tuple[Offer, dict[str, Offer]]:
        _, offers = self._now()
        if key not in offers:
            raise NotFound(f"No API version {key!r} is offered; {linkset.PATH} lists those that are.")
        return offers[key], offers

    async def _status(self, offer: Offer, offers: dict[str, Offer]) -> Status:
        successor = offer.successor(offers)
        return Status(
            api=offer.api.name,
            version=f"v{offer.api.major}",
            state="deprecated" if offer.state == "deprecated" else "active",
            serving=await self._stands(offer),
            deprecated_on=offer.version.deprecated_on,
            sunset_on=offer.version.sunset_on,
            successor=linkset.address(successor, self._site) if successor is not None else "",
            guide=offer.version.guide,
        )

    async def _stands(self, offer: Offer) -> bool:
        upstreams = self._plan().platform["upstreams"] or {}
        behind = {governed.upstream for governed in offer.operations}
        here = "" not in behind or await self._serves(offer.api.layer)
        return here and all([await self._reaches(upstreams[name].url) for name in behind if name])

    def _refuse(self, request: Asked, fault: Fault) -> Response[bytes]:
        status, headers, body = answer_of(
            fault, request_id=current().request_id, instance=request.url.path, site=self._site
        )
        fields = {name.decode(): value.decode("latin-1") for name, value in headers}
        return Response(body, status_code=status, media_type=fields.pop("content-type"), headers=fields)

    def _answer(
        self, request: Asked, body: bytes, media_type: str, keep: str = "public, max-age=60"
    ) -> Response[bytes]:
        """The document, or 304 to whoever has it already (RFC 9110 section 13.1.2)."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        link = f'<{self._site}{linkset.PATH}>; rel="api-catalog"'
        headers = {"ETag": etag, "Cache-Control": keep, "Link": link}
        if _has(request.headers.get("if-none-match", ""), etag):
            return Response(b"", status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)


def _has(given: str, etag: str) -> bool:
    """Weak comparison: `W/` says nothing against it (RFC 9110 section 8.8.3.2)."""
    return given.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in given.split(","))
