"""What clients do without a browser: credentials, renewal, revocation, keys and the documents."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet
from litestar import Litestar

from tests.identity.world import AUDIENCE, HOST, ISSUER, SECRET, World


async def ask(world: World, **form: Any) -> httpx.Response:
    return await world.browser.post("/identity/token", data=form)


async def test_a_client_gets_a_token_of_its_own(world: World) -> None:
    async with world.oauth("robot", scope="runs:read") as robot:
        token = await robot.fetch_token()
    claims = (await world.verified(token["access_token"])).claims
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("robot", "robot", "runs:read")
    assert claims["aud"] == AUDIENCE
    assert not {"layer", "auth_time", "acr", "roles"} & set(claims)
    assert "refresh_token" not in token


async def test_without_a_scope_a_client_gets_all_its_own(world: World) -> None:
    async with world.oauth("robot") as robot:
        assert (await robot.fetch_token())["scope"] == "runs:start runs:read"


async def test_a_workloads_token_carries_its_layer(world: World) -> None:
    async with world.oauth("process-tier") as tier:
        token = await tier.fetch_token()
    assert (await world.verified(token["access_token"])).claims["layer"] == "process"


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post"])
async def test_a_wrong_secret_is_401(world: World, way: str) -> None:
    form = {"grant_type": "client_credentials"}
    if way == "client_secret_basic":
        answer = await world.browser.post("/identity/token", data=form, auth=("robot", "wrong"))
    else:
        answer = await ask(world, **form, client_id="robot", client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_client_with_a_secret_must_show_it(world: World) -> None:
    answer = await ask(world, grant_type="client_credentials", client_id="robot")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("credentials", [b"\xff\xfe:x", b"robot", b""])
async def test_unreadable_credentials_are_401_and_no_server_error(world: World, credentials: bytes) -> None:
    header = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    answer = await world.browser.post("/identity/token", data={"grant_type": "client_credentials"}, headers=header)
    assert answer.status_code == 401


async def test_an_unknown_scope_is_refused_not_dropped(world: World) -> None:
    form = {"grant_type": "client_credentials", "scope": "runs:read everything"}
    answer = await world.browser.post("/identity/token", data=form, auth=("robot", SECRET))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_client_may_use_only_its_own_grants(world: World) -> None:
    answer = await world.browser.post(
        "/identity/token", data={"grant_type": "client_credentials"}, auth=("console", SECRET)
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "password"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": 'ro"bot'}, "invalid_request"),
    ],
)
async def test_a_request_that_means_nothing_is_400(world: World, form: dict[str, Any], error: str) -> None:
    answer = await ask(world, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_token_answers_are_never_cached(world: World) -> None:
    answer = await ask(world, grant_type="client_credentials")
    assert answer.headers["cache-control"] == "no-store"


async def test_each_renewal_gives_the_next_refresh_token(world: World) -> None:
    first = await world.tokens()
    second = await world.refresh(first)
    third = await world.refresh(second)
    assert len({t["refresh_token"] for t in (first, second, third)}) == 3
    claims = (await world.verified(third["access_token"])).claims
    assert (claims["sub"], claims["scope"]) == ("priya@acme.example", "openid desk:read")


async def test_a_refresh_token_used_twice_ends_the_whole_sign_in(world: World) -> None:
    first = await world.tokens()
    second = await world.refresh(first)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.refresh(first)
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.refresh(second)
    assert world.identity.revocations.holds((await world.verified(second["access_token"])).claims)


async def test_of_many_renewals_at_once_one_is_given(world: World) -> None:
    token = await world.tokens()
    outcomes = await asyncio.gather(*[world.refresh(token) for _ in range(6)], return_exceptions=True)
    assert sum(isinstance(found, dict) for found in outcomes) == 1
    assert all("invalid_grant" in str(found) for found in outcomes if not isinstance(found, dict))


async def test_a_renewal_may_ask_for_less_but_not_for_more(world: World) -> None:
    token = await world.tokens(scope="openid desk:read desk:act")
    narrow = await world.refresh(token, scope="desk:read")
    assert narrow["scope"] == "desk:read"
    wide = await world.refresh(narrow)
    assert wide["scope"] == "openid desk:read desk:act"
    with pytest.raises(OAuthError, match="invalid_scope"):
        await world.refresh(wide, scope="portal:read")
    assert await world.refresh(wide)


async def test_a_refresh_token_does_not_last_for_ever(world: World) -> None:
    token = await world.tokens()
    world.clock.time += 12 * 3600 + 1
    with pytest.raises(OAuthError, match="invalid_grant"):
        await world.refresh(token)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_revoked_token_ends(world: World, kind: str) -> None:
    token = await world.tokens("phone")
    claims = (await world.verified(token["access_token"])).claims
    assert not world.identity.revocations.holds(claims)
    async with world.oauth("phone") as oauth:
        answer = await oauth.revoke_token(f"{ISSUER}/revoke", token=token[kind], token_type_hint=kind)
    assert answer.status_code == 200
    assert world.identity.revocations.holds(claims)


async def test_only_its_own_client_can_revoke_a_token(world: World) -> None:
    token = await world.tokens("phone")
    async with world.oauth("console") as other:
        answer = await other.revoke_token(f"{ISSUER}/revoke", token=token["access_token"])
    assert answer.status_code == 400
    assert not world.identity.revocations.holds((await world.verified(token["access_token"])).claims)


async def test_revoking_what_is_no_token_is_no_error(world: World) -> None:
    async with world.oauth("console") as oauth:
        assert (await oauth.revoke_token(f"{ISSUER}/revoke", token="nonsense")).status_code == 200


async def test_an_old_token_verifies_after_the_key_changed(world: World) -> None:
    before = await world.tokens()
    kid = world.identity.keys.rotate()
    after = await world.tokens()
    assert (await world.verified(before["access_token"])).header["kid"] != kid
    assert (await world.verified(after["access_token"])).header["kid"] == kid


async def test_a_key_retired_for_a_day_is_no_longer_published(world: World) -> None:
    await world.tokens()
    world.identity.keys.rotate()
    world.clock.time += 24 * 3600 + 1
    assert len((await world.browser.get("/identity/jwks")).json()["keys"]) == 1


async def test_no_private_part_of_a_key_is_published(world: World) -> None:
    for key in (await world.browser.get("/identity/jwks")).json()["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}


@pytest.mark.parametrize(
    "path",
    [
        "/identity/.well-known/openid-configuration",
        "/identity/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/identity",
    ],
)
async def test_the_metadata_is_valid_and_names_endpoints_that_exist(world: World, path: str) -> None:
    found = (await world.browser.get(path)).json()
    assert found["issuer"] == ISSUER
    AuthorizationServerMetadata(found).validate()
    OpenIDProviderMetadata(found).validate()
    app: Litestar = world.app
    served = {f"{HOST}{route.path}" for route in app.routes}
    named = {value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(named) == 5
    assert named <= served
    assert {"desk:read", "runs:start", "openid"} <= set(found["scopes_supported"])


async def test_the_keys_are_sealed_in_the_database(world: World) -> None:
    token = await world.tokens()
    with world.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT sealed FROM identity_keys").all()
    assert [row.sealed.count(".") for row in rows] == [4]  # JWE, not JSON
    keys = KeySet.import_key_set((await world.browser.get("/identity/jwks")).json())
    assert jwt.decode(token["access_token"], keys, algorithms=["RS256"]).claims["iss"] == ISSUER
