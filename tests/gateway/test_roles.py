"""Who may do what by the part they play: by their subject, their groups or their token's roles, of believed issuers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from foundation.context import Caller, fresh, use
from gateway.interior import bind
from gateway.loader import PolicyError
from gateway.plan import load
from gateway.refusals import RoleMissing
from tests.gateway.notes import (
    APIS,
    ISSUER,
    NOTES_2,
    NOTES_FILE,
    VALUES,
    Note,
    Notes,
    World,
    problem,
    token,
    write_policies,
)

KEYED = "/notes/v2/notes/by-key/k1"
CAST = NOTES_FILE.replace("    audit: bodies\n", "    audit: bodies\n    roles: [editor]\n").replace(
    "object: {account_id: account_id}}", "roles: {steward_of: accounts, entity: account_id}}"
)


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=CAST)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"sub": "priya"}, 200),
        ({"sub": "dana", "roles": ["editor"]}, 200),
        ({"sub": "dana", "groups": ["staff", "press"]}, 200),
        ({"sub": "dana"}, 403),
        ({"sub": "dana", "groups": "press"}, 403),
        ({"sub": "dana", "groups": [["press"]]}, 403),
        ({"sub": "dana", "roles": ["german_accounts"]}, 403),
        ({"sub": "Priya"}, 403),
    ],
)
async def test_one_of_the_roles_is_enough_and_the_role_and_its_line_are_named(
    cast: World, said: dict[str, Any], status: int
) -> None:
    answer = await cast.ask("PUT", KEYED, token(**said), json={"title": "a"})
    assert answer.status_code == status, answer.text
    if status == 403:
        assert problem(answer)["reason"] == "role_missing"
        assert problem(answer)["facts"] == {"role": "editor", "policy": "policies/apis/notes.yaml:19"}
        assert cast.desk.asked == []


async def test_of_several_roles_each_is_named_to_whom_has_none(tmp_path: Path) -> None:
    made = World(tmp_path, notes=CAST.replace("roles: [editor]", "roles: [editor, german_accounts]"))
    answer = await made.ask("PUT", KEYED, token(sub="nobody"), json={"title": "a"})
    assert problem(answer)["detail"] == "This is for the role editor or german_accounts."
    await made.close()


@pytest.mark.parametrize("said", [{"sub": "priya"}, {"roles": ["editor"]}, {"groups": ["press"]}])
async def test_an_issuer_that_is_not_believed_makes_nobody_anything(cast: World, said: dict[str, Any]) -> None:
    bearer = token(iss="https://b2b.firm.example", **said)
    answer = await cast.ask("PUT", KEYED, bearer, json={"title": "a"})
    assert (answer.status_code, problem(answer)["reason"]) == (403, "role_missing")


@pytest.mark.parametrize(
    ("who", "entity", "status"),
    [
        ({"sub": "dana"}, "ACME-DE", 200),
        ({"sub": "dana"}, "ACME-US", 403),
        ({"sub": "dana"}, "all", 403),
        ({"sub": "dana"}, "acme-de", 403),
        ({"groups": ["board"]}, "ACME-DE", 200),
        ({"groups": ["board"]}, "ACME-US", 200),
        ({"sub": "nobody"}, "ACME-DE", 403),
    ],
)
async def test_a_steward_answers_for_their_own_legal_entity(
    cast: World, who: dict[str, Any], entity: str, status: int
) -> None:
    answer = await cast.ask("GET", f"/notes/v2/accounts/{entity}/notes", token(**who))
    assert answer.status_code == status, answer.text
    if status == 403:
        assert problem(answer)["facts"]["role"] == f"steward of accounts of {entity}"


async def test_through_a_tier_the_role_is_the_persons(cast: World) -> None:
    tier = Caller(
        subject="experience-tier",
        client="experience-tier",
        layer="experience",
        scopes=frozenset({"notes:read", "notes:write"}),
    )
    for sub, allowed in (("priya", True), ("dana", False)):
        person = Caller(subject=sub, client="console", issuer=ISSUER, claims={"sub": sub, "iss": ISSUER})
        notes = bind(Notes, cast.desk, cast.governor, NOTES_2, lambda person=person: person.acting(tier))
        with use(fresh(caller=person)):
            if allowed:
                await notes.upsert_note("k1", Note(title="a"))
            else:
                with pytest.raises(RoleMissing):
                    await notes.upsert_note("k1", Note(title="a"))


async def test_a_role_taken_from_somebody_is_gone_at_once(cast: World, tmp_path: Path) -> None:
    assert (await cast.ask("PUT", KEYED, token(sub="priya"), json={"title": "a"})).status_code == 200
    roles = tmp_path / "policies" / "roles.yaml"
    roles.write_text(roles.read_text().replace("[priya]", "[]"))
    cast.governor.swap(load(tmp_path / "policies", APIS, VALUES))
    assert (await cast.ask("PUT", KEYED, token(sub="priya"), json={"title": "a"})).status_code == 403


def test_roles_without_a_file_of_roles_are_refused(tmp_path: Path) -> None:
    folder = write_policies(tmp_path, notes=CAST)
    (folder / "roles.yaml").unlink()
    with pytest.raises(PolicyError, match=r"notes\.yaml:19: upsertNote: there is no roles\.yaml"):
        load(folder, APIS, VALUES)


def test_a_folder_without_roles_needs_no_file_of_them(tmp_path: Path) -> None:
    folder = write_policies(tmp_path)
    (folder / "roles.yaml").unlink()
    load(folder, APIS, VALUES)
