"""Recorded calls decided again: the same policies change nothing, others are told by client and line."""

from pathlib import Path
from typing import Any

from gateway.audit import Record, every
from gateway.authoring.replay import Replay, replay
from gateway.plan import load
from tests.gateway.notes import APIS, CABINET_FILE, DESK_FILE, FILES, NOTES_FILE, VALUES, World, token, workload

NOTE, KEYED = "/notes/v2/notes/n1", "/notes/v2/notes/by-key/k1"
ACCOUNT = "/notes/v2/accounts/a1/notes"


async def recorded(world: World) -> list[Record]:
    """A little of everything, as the record has it: each call a moment after the other."""

    async def ask(*asked: str, **more: Any) -> None:
        world.now += 0.001
        await world.ask(*asked, **more)

    for _ in range(4):
        await ask("PUT", KEYED, token(), json={"title": "a"})  # the fourth reaches the limit
    await ask("GET", NOTE, token("notes:read"))
    await ask("GET", NOTE, token(""))
    await ask("GET", NOTE)
    await ask("GET", NOTE, "not-a-token")
    await ask("GET", NOTE, token(client_id="stranger"))
    await ask("GET", ACCOUNT, token("portal:read", account_id="a1"))
    await ask("GET", ACCOUNT, token("portal:read", account_id="a2"))
    await ask("GET", "/nowhere", token())
    await ask("GET", "/cabinet/v1/notes/n1", workload(acted_for=("priya@console",)))
    await ask("GET", "/cabinet/v1/notes/n1", token())
    await ask("PUT", KEYED, token(sub="kim"), content=b" " * 2000, headers={"Content-Type": "application/json"})
    await world.trail.flush()
    return [kept.record for kept in every(world.trail.place)]


async def on(folder: Path, records: list[Record], **changed: str) -> Replay:
    for name, text in FILES.items():
        path = folder / "new" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.stem, text))
    return await replay(records, load(folder / "new", APIS, VALUES))


async def test_the_same_policies_decide_everything_as_they_did(world: World, tmp_path: Path) -> None:
    records = await recorded(world)
    found = await on(tmp_path, records)
    assert found.differently == []
    # Left out: a token that is none, an address of nothing, and a body that was too large to be read.
    assert (found.decided, found.left_out) == (len(records) - 3, 3)


async def test_who_would_be_refused_is_named_with_the_line(world: World, tmp_path: Path) -> None:
    records = await recorded(world)
    found = await on(tmp_path, records, notes=NOTES_FILE.replace("note: {scopes: [notes:read]}", "note: {scopes: [x]}"))
    line = NOTES_FILE[: NOTES_FILE.index("  note: {")].count("\n") + 1
    [one] = found.differently
    assert str(one) == (
        f"console: 1 call to notes-v2.note was let in and would be refused: missing_scope at new/apis/notes.yaml:{line}"
    )


async def test_who_would_be_let_in_is_named_too(world: World, tmp_path: Path) -> None:
    records = await recorded(world)
    found = await on(tmp_path, records, desk=DESK_FILE.replace("[console]", "[console, stranger]"))
    [one] = found.differently
    assert (one.client, one.operation, one.calls, one.was, one.would_be) == (
        "stranger", "notes-v2.note", 1, "not_in_product", "",
    )  # fmt: skip
    assert "was refused (not_in_product at policies/apis/notes.yaml:" in str(one)
    assert "and would be let in: listed at new/apis/notes.yaml:" in str(one)


async def test_another_limit_is_reached_by_the_call_that_reaches_it(world: World, tmp_path: Path) -> None:
    records = await recorded(world)
    found = await on(tmp_path, records, notes=NOTES_FILE.replace("rate: 3/min", "rate: 2/min"))
    [one] = found.differently
    assert (one.client, one.operation, one.calls, one.was, one.would_be) == (
        "console", "notes-v2.upsertNote", 1, "", "limit_reached",
    )  # fmt: skip
    more = await on(tmp_path, records, notes=NOTES_FILE.replace("rate: 3/min", "rate: 30/min"))
    assert [(each.was, each.would_be) for each in more.differently] == [("limit_reached", "")]


async def test_objects_bodies_and_tiers_are_decided_again_as_well(world: World, tmp_path: Path) -> None:
    records = await recorded(world)
    notes = NOTES_FILE.replace(", object: {account_id: account_id}", "").replace("body_max: 1KB", "body_max: 9B")
    found = await on(tmp_path, records, notes=notes)
    changed = {(each.operation, each.was, each.would_be) for each in found.differently}
    assert ("notes-v2.accountNotes", "not_found", "") in changed
    assert ("notes-v2.upsertNote", "", "body_too_large") in changed
    stricter = CABINET_FILE.replace("  note: {scopes: [cabinet:read]", "  note: {scopes: [x]")
    cabinet = await on(tmp_path, records, cabinet=stricter)
    assert [(each.client, each.would_be) for each in cabinet.differently] == [("process-tier", "missing_scope")]


async def test_an_operation_nobody_lists_any_more_and_one_that_is_public(world: World, tmp_path: Path) -> None:
    records = await recorded(world)
    nothing = CABINET_FILE.replace("  note: {scopes: [cabinet:read], limits: [drawer]}\n", "")
    gone = await on(tmp_path, records, cabinet=nothing)
    assert ("process-tier", "not_offered") in [(each.client, each.would_be) for each in gone.differently]
    public = NOTES_FILE.replace("note: {scopes: [notes:read]}", "note: {public: true}")
    found = (await on(tmp_path, records, notes=public)).differently
    said = "callers without a token: 1 call to notes-v2.note was refused (token_missing at "
    assert [each for each in found if str(each).startswith(said)]


async def test_a_version_that_was_retired_would_go_on_to_what_its_token_says(world: World, tmp_path: Path) -> None:
    world.now += 200 * 86_400  # past the sunset of v1
    await world.ask("GET", "/notes/v1/notes/n1", token(exp=world.now + 9))
    await world.trail.flush()
    records = [kept.record for kept in every(world.trail.place)]
    found = await on(tmp_path, records, notes=NOTES_FILE.replace("sunset_on: 2027-03-01", "sunset_on: 2029-03-01"))
    assert [(each.was, each.would_be) for each in found.differently] == [("version_retired", "its token would decide")]
    assert (await on(tmp_path, records)).differently == []
