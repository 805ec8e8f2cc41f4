"""What a token must say of its person and of their sign-in, and what they are told when it does not (RFC 9470)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gateway.asgi import Gateway
from gateway.refusals import InsufficientUserAuthentication
from tests.gateway.notes import NOTES_FILE, NOW, Desk, Note, World, problem, token

NOTE = "/notes/v2/notes/n1"
KEYED = "/notes/v2/notes/by-key/k1"
GOOD = {"amr": ["pwd", "mfa"], "acr": "gold", "auth_time": NOW - 300}
CLAIMED = NOTES_FILE.replace(
    "note: {scopes: [notes:read]}", "note: {scopes: [notes:read], claims: {region: [emea, apac], staff: true}}"
).replace("    audit: bodies\n", "    audit: bodies\n    claims: {amr: mfa, acr: [silver, gold], max_age: 5m}\n")


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=CLAIMED)
    yield made
    await made.close()


async def test_a_sign_in_as_it_is_asked_for_passes(asking: World) -> None:
    answer = await asking.ask("PUT", KEYED, token(**GOOD), json={"title": "a"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"amr": ["pwd"]}, "This asks for a sign-in with amr mfa."),
        ({"amr": "mfa pwd"}, "This asks for a sign-in with amr mfa."),
        ({"amr": None}, "This asks for a sign-in with amr mfa."),
        ({"acr": "bronze"}, "This asks for a sign-in with acr gold, silver."),
        ({"auth_time": NOW - 301}, "This asks for a sign-in not older than 300 seconds."),
        ({"auth_time": None}, "This asks for a sign-in not older than 300 seconds."),
        ({"auth_time": "now"}, "This asks for a sign-in not older than 300 seconds."),
        ({"auth_time": True}, "This asks for a sign-in not older than 300 seconds."),
    ],
)
async def test_a_weaker_or_older_sign_in_is_told_what_is_wanted(
    asking: World, said: dict[str, Any], words: str
) -> None:
    answer = await asking.ask("PUT", KEYED, token(**(GOOD | said)), json={"title": "a"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="tiergate", error="insufficient_user_authentication", '
        f'error_description="{words}", acr_values="gold silver", max_age="300"'
    )
    assert problem(answer)["reason"] == "insufficient_user_authentication"
    assert problem(answer)["facts"]["policy"] == "policies/apis/notes.yaml:19"
    assert asking.desk.asked == []


class Particular(Desk):
    """Behind it is an API that asks for more of a sign-in; this one only passes on what it was told."""

    wanted: ClassVar[dict[str, str]] = {"acr_values": "gold", "max_age": "60"}

    async def note(self, note_id: str) -> Note:
        raise InsufficientUserAuthentication("This asks for a newer sign-in.", **self.wanted)


@pytest.mark.parametrize("straight", [True, False])
async def test_a_sign_in_asked_for_behind_an_api_is_asked_for_by_the_api_that_was_called(
    tmp_path: Path, straight: bool
) -> None:
    world, site = World(tmp_path, served=Particular()), "https://api.firm.example"
    direct = world.gateway._direct if straight else {}
    gateway = Gateway(world.governor, {"process": world.app}, site=site, direct=direct)
    async with world.client(gateway) as http:
        answer = await world.ask("GET", NOTE, token(), http)
    assert (answer.status_code, problem(answer)["facts"]["max_age"]) == (401, "60")
    assert answer.headers.get_list("www-authenticate") == [
        (
            'Bearer realm="tiergate", error="insufficient_user_authentication", acr_values="gold", max_age="60", '
            f'resource_metadata="{site}/.well-known/oauth-protected-resource/notes/v2"'
        )
    ]
    await world.close()


async def test_what_another_process_wants_cannot_end_the_challenge(tmp_path: Path) -> None:
    class Bent(Particular):
        wanted: ClassVar[dict[str, str]] = {"max_age": '60", error="x\r\nSet-Cookie: a=b'}

    world = World(tmp_path, served=Bent())
    answer = await world.ask("GET", NOTE, token())
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="tiergate", error="insufficient_user_authentication", max_age="60, error=xSet-Cookie: a=b"'
    )
    assert "set-cookie" not in answer.headers
    await world.close()


async def test_a_sign_in_grows_too_old_while_its_token_is_still_good(asking: World) -> None:
    bearer = token(**(GOOD | {"auth_time": NOW - 299}))
    assert (await asking.ask("PUT", KEYED, bearer, json={"title": "a"})).status_code == 200
    asking.now += 2
    assert (await asking.ask("PUT", KEYED, bearer, json={"title": "a"})).status_code == 401


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"region": "emea", "staff": True}, 200),
        ({"region": ["amer", "apac"], "staff": True}, 200),
        ({"region": "amer", "staff": True}, 403),
        ({"region": [["emea"]], "staff": True}, 403),
        ({"region": {"emea": 1}, "staff": True}, 403),
        ({"region": "emea", "staff": 1}, 403),
        ({"region": "emea", "staff": "true"}, 403),
        ({"region": "emea"}, 403),
    ],
)
async def test_another_claim_is_as_asked_or_refused_by_its_name(
    asking: World, said: dict[str, Any], status: int
) -> None:
    answer = await asking.ask("GET", NOTE, token(**said))
    assert answer.status_code == status, answer.text
    if status == 403:
        told = problem(answer)
        assert told["reason"] == "claim_missing"
        assert told["facts"]["claim"] in ("region", "staff")
        assert "emea" not in answer.text
        assert "amer" not in answer.text
        assert "error=" not in answer.headers.get("www-authenticate", "")


async def test_a_refused_sign_in_spends_no_limit(asking: World) -> None:
    for _ in range(4):
        assert (
            await asking.ask("PUT", KEYED, token(**(GOOD | {"acr": "tin"})), json={"title": "a"})
        ).status_code == 401
    assert (await asking.ask("PUT", KEYED, token(**GOOD), json={"title": "a"})).status_code == 200
