"""Protected-resource metadata (RFC 9728): what a client that was refused reads to find out where tokens are had.

`/.well-known/oauth-protected-resource/notes/v1` speaks for the API at `/notes/v1`, and without a path for all that is
offered here; with the path of the tools (`/mcp`), for those. Each challenge names it (`resource_metadata`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from canonical.faults import NotFound
from gateway.challenges import ANYBODY, METADATA, asks_of
from gateway.mcp import PATH
from gateway.plan import Governed, Plan

_CACHED: Final = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}


class ProtectedResource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9728 section 2."""

    resource: str
    authorization_servers: list[str] = []
    scopes_supported: list[str] = []
    bearer_methods_supported: list[str]
    dpop_signing_alg_values_supported: list[str] = []
    dpop_bound_access_tokens_required: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    resource_name: str = ""
    audience: list[str] = []
    """Ours: what a token's `aud` must contain, which the RFC leaves to client and issuer."""


def metadata(plan: Callable[[], Plan], site: str) -> Sequence[BaseRouteHandler]:
    """The handlers, always of the plan in force; `site` is the address callers know us by."""

    @get(METADATA, sync_to_thread=False)
    def of_all() -> Response[bytes]:
        """Everything that takes tokens here, as one resource."""
        return _answer(_described(_guarded(plan()), plan(), site, ""))

    @get(f"{METADATA}/{{resource:path}}", sync_to_thread=False)
    def of_one(resource: FromPath[str]) -> Response[bytes]:
        """One API, or all that is a tool."""
        prefix = f"/{resource.strip('/')}"
        governed = [each for each in _guarded(plan()) if (each.tool if prefix == PATH else each.api.prefix == prefix)]
        if not governed:
            raise NotFound("No API here takes tokens under this path.")
        return _answer(_described(governed, plan(), site, prefix))

    return of_all, of_one


def _guarded(plan: Plan) -> list[Governed]:
    """What somebody from outside may call with a token."""
    return [
        governed for governed in plan.operations.values() if governed.layer != "system" and asks_of(governed) != ANYBODY
    ]


def _described(governed: Sequence[Governed], plan: Plan, site: str, prefix: str) -> ProtectedResource:
    asked = [asks_of(each) for each in governed]
    issuers = [plan.issuers[name] for name in dict.fromkeys(name for asks in asked for name in asks.issuers)]
    return ProtectedResource(
        resource=site + prefix,
        authorization_servers=[issuer.issuer for issuer in issuers],
        scopes_supported=_each(s for each in governed for rule in each.rules for s in rule.scopes),
        bearer_methods_supported=["header"],
        dpop_signing_alg_values_supported=_each(a for asks in asked if asks.dpop for a in asks.proof_algorithms),
        dpop_bound_access_tokens_required=bool(asked) and not any(asks.bearer for asks in asked),
        tls_client_certificate_bound_access_tokens=plan.platform["client_certificates"] is not None,
        resource_name="Tiergate's tools" if prefix == PATH else governed[0].api.title if prefix else "Tiergate",
        audience=_each(each.audience for each in governed),
    )


def _each(said: Iterable[str]) -> list[str]:
    return sorted(set(said))


def _answer(said: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(said), media_type="application/json", headers=_CACHED)
