"""What a process says of itself where no policy governs (/health, /ready, /metrics), and the way to its issuer."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import httpx
from litestar import Litestar, Response, get
from litestar.handlers import BaseRouteHandler
from litestar.router import Router
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from canonical.faults import Fault
from foundation.api import fault_handler
from gateway.identity.app import Identity


def app_of(handlers: Sequence[BaseRouteHandler | Router]) -> Litestar:
    """An app of these handlers whose every failure is a problem document."""
    return Litestar(
        list(handlers),
        exception_handlers={Fault: fault_handler, Exception: fault_handler},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )


def health() -> BaseRouteHandler:
    """`/health`: the process runs."""

    @get("/health", sync_to_thread=False)
    def answer() -> dict[str, str]:
        return {"status": "ok"}

    return answer


def metrics() -> BaseRouteHandler:
    """`/metrics`: what it counted, for Prometheus."""

    @get("/metrics", sync_to_thread=False)
    def scrape() -> Response[bytes]:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return scrape


def ready(database_answers: Callable[[], Awaitable[bool]], says: Callable[[], dict[str, str]]) -> BaseRouteHandler:
    """`/ready`: it can do its work; 503 while its database cannot be reached."""

    @get("/ready")
    async def answer() -> Response[dict[str, str]]:
        if not await database_answers():
            return Response({"status": "database not reachable"}, status_code=503)
        return Response({"status": "ready", **says()})

    return answer


def inside(identity: Identity, address: str) -> httpx.AsyncClient:
    """A client that finds the issuer in this process at its address, and every other one on the network."""
    url = httpx.URL(address)
    return httpx.AsyncClient(mounts={f"{url.scheme}://{url.netloc.decode()}": transport(identity)}, timeout=5.0)


def transport(identity: Identity) -> httpx.ASGITransport:
    """The way to the issuer in this process."""
    return httpx.ASGITransport(cast(Any, app_of([identity.router()])))
