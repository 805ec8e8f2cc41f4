"""Token exchange (RFC 8693): a tier acts for whoever called it, at the tier below, for as long as that was granted."""

import hashlib
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from foundation.acting import chain_of, claims_of
from gateway.identity.exchange import ACCESS_TOKEN, ASSERTION, GRANT
from tests.identity.world import AUDIENCE, ISSUER, SECRET, World

PRIYA = "priya@acme.example"


async def exchange(world: World, client: str, token: str, kind: str = ACCESS_TOKEN, **more: str) -> httpx.Response:
    form = {"grant_type": GRANT, "subject_token": token, "subject_token_type": kind} | more
    return await world.browser.post("/identity/token", data=form, auth=(client, SECRET))


async def exchanged(world: World, client: str, token: str, kind: str = ACCESS_TOKEN) -> str:
    answer = await exchange(world, client, token, kind)
    assert answer.status_code == 200, answer.text
    assert answer.json()["issued_token_type"] == ACCESS_TOKEN
    return str(answer.json()["access_token"])


def word(world: World, key: str = SECRET, client: str = "process-tier", **changed: Any) -> str:
    """The process tier's own word about a run."""
    said = claims_of(["priya@acme.example@console"], client) | {"iss": client, "aud": ISSUER, "iat": world.clock()}
    signed = OctKey.import_key(hashlib.sha256(key.encode()).hexdigest())
    return jwt.encode({"alg": "HS256"}, said | changed, signed, algorithms=["HS256"])


async def test_each_tier_adds_itself_and_the_person_stays(world: World) -> None:
    shown = (await world.tokens())["access_token"]
    person = (await world.verified(shown)).claims
    above = await exchanged(world, "experience-tier", shown)
    claims = (await world.verified(above)).claims
    assert (claims["sub"], claims["azp"], claims["client_id"]) == (PRIYA, "console", "experience-tier")
    assert (claims["layer"], claims["scope"], claims["aud"]) == ("experience", "process:call", f"{AUDIENCE}/process")
    assert {name: claims[name] for name in ("roles", "acr", "amr", "auth_time", "sid")} == {
        name: person[name] for name in ("roles", "acr", "amr", "auth_time", "sid")
    }
    below = (await world.verified(await exchanged(world, "process-tier", above))).claims
    assert chain_of(below) == ((f"{PRIYA}@console", "experience-tier@experience-tier"), "process-tier")
    assert (below["aud"], below["roles"]) == (f"{AUDIENCE}/system", ["service_desk"])


async def test_it_ends_with_what_it_was_got_for_or_after_five_minutes(world: World) -> None:
    shown = (await world.tokens())["access_token"]
    ends = (await world.verified(shown)).claims["exp"]
    assert (await world.verified(await exchanged(world, "experience-tier", shown))).claims["exp"] == world.clock() + 300
    world.clock.time = ends - 10
    late = (await world.verified(await exchanged(world, "experience-tier", shown))).claims["exp"]
    assert late == ends + 60
    world.clock.time = ends + 61
    assert (await exchange(world, "experience-tier", shown)).json()["error"] == "invalid_request"


async def test_a_sign_in_that_was_ended_is_acted_for_no_more(world: World) -> None:
    tokens = await world.tokens()
    async with world.oauth() as oauth:
        await oauth.revoke_token(f"{ISSUER}/revoke", token=tokens["refresh_token"])
    assert (await exchange(world, "experience-tier", tokens["access_token"])).status_code == 400


async def test_a_run_goes_on_by_the_process_tiers_own_word(world: World) -> None:
    claims = (await world.verified(await exchanged(world, "process-tier", word(world), ASSERTION))).claims
    assert chain_of(claims) == ((f"{PRIYA}@console",), "process-tier")
    assert {"roles", "auth_time", "acr"}.isdisjoint(claims)
    assert claims["exp"] == world.clock() + 300


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "another secret"},
        {"aud": "https://elsewhere.example"},
        {"iss": "experience-tier"},
        {"iat": 1_800_000_000},
        {"act": {"sub": "experience-tier", "client_id": "experience-tier"}},
        {"act": None},
        {"azp": ""},
    ],
)
async def test_a_word_that_is_forged_or_old_is_not_taken(world: World, changed: dict[str, Any]) -> None:
    answer = await exchange(world, "process-tier", word(world, **changed), ASSERTION)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_who_may_not_act_is_refused(world: World) -> None:
    tokens = await world.tokens()
    shown = tokens["access_token"]
    above = await exchanged(world, "experience-tier", shown)
    refused = {
        "the experience tier's own word": await exchange(
            world, "experience-tier", word(world, client="experience-tier"), ASSERTION
        ),
        "an id token": await exchange(world, "experience-tier", tokens["id_token"]),
        "not a token": await exchange(world, "experience-tier", "a.b.c"),
        "upwards": await exchange(world, "experience-tier", await exchanged(world, "process-tier", above)),
        "its own": await exchange(world, "experience-tier", above),
        "below the system tier": await exchange(world, "system-tier", shown),
        "a program": await exchange(world, "robot", shown),
        "another actor": await exchange(world, "experience-tier", shown, actor_token=shown),
        "another tier's API": await exchange(world, "experience-tier", shown, resource=f"{AUDIENCE}/system"),
        "more than it has": await exchange(world, "experience-tier", shown, scope="system:call"),
        "another secret": await world.browser.post(
            "/identity/token",
            data={"grant_type": GRANT, "subject_token": shown, "subject_token_type": ACCESS_TOKEN},
            auth=("experience-tier", "wrong"),
        ),
    }
    assert {why: answer.status_code for why, answer in refused.items() if answer.status_code not in (400, 401)} == {}
    assert refused["a program"].json()["error"] == "unauthorized_client"
    assert refused["another tier's API"].json()["error"] == "invalid_target"


async def test_the_issuer_says_that_it_exchanges(world: World) -> None:
    metadata = (await world.browser.get("/identity/.well-known/openid-configuration")).json()
    assert GRANT in metadata["grant_types_supported"]
