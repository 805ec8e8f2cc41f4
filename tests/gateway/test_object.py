"""Whose a thing is: bound to a claim by the tier's own look-up; another's is not there, and a doubt is a no."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from canonical.faults import NotFound
from foundation.context import Caller
from gateway.interior import bind
from gateway.lookups import KEPT_SECONDS, Lookups
from gateway.refusals import LookupFailed
from tests.gateway.notes import ISSUER, NOTES_2, NOTES_FILE, NOW, Desk, Notes, World, problem, token

OWNED = NOTES_FILE.replace(
    "note: {scopes: [notes:read]}",
    "note: {scopes: [notes:read], object: {note_id: {lookup: owner_of_note, claim: account_id}}}",
)


@pytest.fixture
async def owned(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, notes=OWNED)
    yield made
    await made.close()


def asked(world: World) -> list[str]:
    return [name for name, _ in world.desk.asked]


async def test_ones_own_is_shown(owned: World) -> None:
    answer = await owned.ask("GET", "/notes/v2/notes/a1-x", token(account_id="a1"))
    assert (answer.status_code, asked(owned)) == (200, ["owner_of_note", "note"])


async def test_anothers_and_none_are_the_same_answer_after_the_same_question(owned: World) -> None:
    told = []
    for note_id in ("a2-x", "missing"):
        answer = await owned.ask("GET", f"/notes/v2/notes/{note_id}", token(account_id="a1"))
        said = problem(answer)
        told.append((answer.status_code, said["reason"], said["detail"], said["facts"], sorted(answer.headers)))
    assert told[0] == told[1]
    assert told[0][:2] == (404, "not_found")
    assert asked(owned) == ["owner_of_note", "owner_of_note"]


@pytest.mark.parametrize("claim", [None, "", True, ["a1"], {"a1": 1}])
async def test_a_claim_that_names_nobody_owns_nothing(owned: World, claim: object) -> None:
    answer = await owned.ask("GET", "/notes/v2/notes/a1-x", token(account_id=claim))
    assert answer.status_code == 404
    assert asked(owned) == ["owner_of_note"]


@pytest.mark.parametrize("note_id", ["down", "bug"])
async def test_a_look_up_that_fails_lets_nobody_through(owned: World, note_id: str) -> None:
    answer = await owned.ask("GET", f"/notes/v2/notes/{note_id}", token(account_id=note_id))
    assert (answer.status_code, problem(answer)["reason"]) == (503, "lookup_failed")
    assert "inner text" not in answer.text
    assert "cabinet" not in answer.text
    assert asked(owned) == ["owner_of_note"]


async def test_an_answer_is_kept_shortly_and_for_one_caller_only(owned: World) -> None:
    for sub in ("nina", "nina", "paul"):
        await owned.ask("GET", "/notes/v2/notes/a1-x", token(sub=sub, account_id="a1"))
    assert asked(owned).count("owner_of_note") == 2
    owned.now += KEPT_SECONDS + 1
    await owned.ask("GET", "/notes/v2/notes/a1-x", token(sub="nina", account_id="a1"))
    assert asked(owned).count("owner_of_note") == 3


async def test_a_failure_is_not_kept(owned: World) -> None:
    for _ in range(2):
        await owned.ask("GET", "/notes/v2/notes/down", token(account_id="a1"))
    assert asked(owned).count("owner_of_note") == 2


async def test_it_is_asked_on_behalf_of_the_caller(owned: World) -> None:
    await owned.ask("GET", "/notes/v2/notes/a1-x", token(account_id="a1"))
    caller = owned.desk.asked[0][1].caller
    assert caller is not None
    assert (caller.subject, caller.client) == ("priya", "console")


async def test_through_a_tier_in_this_process_it_is_the_persons_claim(owned: World) -> None:
    tier = Caller(
        subject="experience-tier", client="experience-tier", layer="experience", scopes=frozenset({"notes:read"})
    )
    person = Caller(subject="nina", client="portal", issuer=ISSUER, claims={"account_id": "a1"})
    notes = bind(Notes, owned.desk, owned.governor, NOTES_2, lambda: person.acting(tier))
    assert (await notes.note("a1-x")).title == "a1-x"
    with pytest.raises(NotFound):
        await notes.note("a2-x")
    with pytest.raises(LookupFailed):
        await notes.note("down")


async def test_a_look_up_nobody_registered_is_a_no() -> None:
    with pytest.raises(LookupFailed):
        await Lookups(lambda: NOW).owner(NOTES_2, "owner_of_note", Caller(subject="a", client="b"), "a1-x")
    with pytest.raises(AttributeError):
        Lookups(lambda: NOW).serve(NOTES_2, object())
    lookups = Lookups(lambda: NOW)
    lookups.serve(NOTES_2, Desk())
    assert await lookups.owner(NOTES_2, "owner_of_note", Caller(subject="a", client="b"), "a1-x") == "a1"
