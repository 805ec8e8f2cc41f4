"""A client that knows nothing but our address finds out where tokens are had (RFC 9728)."""

import re
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from canonical.faults import Fault
from foundation.api import fault_handler
from gateway.asgi import Gateway
from gateway.resource_metadata import metadata
from tests.gateway.notes import AUDIENCE, ISSUER, NOTES_FILE, PLATFORM, World, plan_of, problem, token

SITE = "https://api.firm.example"
NOTE = "/notes/v2/notes/n1"


def http(world: World) -> httpx.AsyncClient:
    handlers: Any = {Fault: fault_handler, Exception: fault_handler}
    front = Litestar(metadata(lambda: world.governor.plan, SITE), exception_handlers=handlers, openapi_config=None)
    tiers = {"experience": world.app, "process": world.app, "system": world.app}
    return world.client(Gateway(world.governor, tiers, front=front, open_paths=("/.well-known",), site=SITE))


async def test_a_refused_client_is_led_to_the_issuers_and_scopes_of_the_api(world: World) -> None:
    async with http(world) as client:
        refused = await client.get(NOTE)
        found = re.search('resource_metadata="([^"]+)"', refused.headers["www-authenticate"])
        assert found is not None
        assert found[1] == f"{SITE}/.well-known/oauth-protected-resource/notes/v2"
        said = await client.get(found[1].removeprefix(SITE))
    assert (said.status_code, said.headers["content-type"]) == (200, "application/json")
    assert said.json() == {
        "resource": f"{SITE}/notes/v2",
        "authorization_servers": [ISSUER, "https://b2b.firm.example"],
        "scopes_supported": ["notes:read", "notes:write", "portal:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Notes",
        "audience": [AUDIENCE],
    }


async def test_every_challenge_names_it_also_for_a_missing_scope_and_where_nothing_is_offered(world: World) -> None:
    async with http(world) as client:
        scope = await world.ask("PUT", "/notes/v2/notes/by-key/k1", token("notes:read"), http=client, json={})
        query = await world.ask("GET", f"{NOTE}?access_token=x", http=client)
    one = f'resource_metadata="{SITE}/.well-known/oauth-protected-resource/notes/v2"'
    assert scope.headers["www-authenticate"] == (
        f'Bearer realm="tiergate", error="insufficient_scope", scope="notes:write", {one}'
    )
    assert query.headers["www-authenticate"].endswith(f'"{SITE}/.well-known/oauth-protected-resource"')


async def test_without_a_path_it_speaks_for_all_that_is_offered_and_never_for_the_system_tier(world: World) -> None:
    async with http(world) as client:
        whole = (await client.get("/.well-known/oauth-protected-resource")).json()
        inner = await client.get("/.well-known/oauth-protected-resource/cabinet/v1")
        nothing = await client.get("/.well-known/oauth-protected-resource/notes/v9")
    assert (whole["resource"], whole["resource_name"]) == (SITE, "Tiergate")
    assert "cabinet:read" not in whole["scopes_supported"]
    for answer in (inner, nothing):
        assert (answer.status_code, problem(answer)["reason"]) == (404, "not_found")


async def test_it_follows_the_policies_in_force(world: World, tmp_path: Path) -> None:
    bound = NOTES_FILE.replace("issuers: [embedded, partners],", "issuers: [partners], bound_by: [dpop],")
    world.governor.swap(plan_of(tmp_path / "next", notes=bound, platform=PLATFORM + "dpop: {alg: [ES256]}\n"))
    async with http(world) as client:
        said = (await client.get("/.well-known/oauth-protected-resource/notes/v2")).json()
        refused = await client.get(NOTE)
    assert said["authorization_servers"] == ["https://b2b.firm.example"]
    assert said["dpop_signing_alg_values_supported"] == ["ES256"]
    assert said["dpop_bound_access_tokens_required"] is True
    assert refused.headers["www-authenticate"].startswith('DPoP realm="tiergate", algs="ES256", resource_metadata=')
