"""What changed of a list: none is lost at equal stamps or to a commit that shows up late, and deletions are told."""

from datetime import timedelta
from typing import Any

import pytest

from canonical.faults import Invalid
from canonical.ports.lists import RecordChange
from tests.ports.listed import MOST_PAGES, Listed, listing
from tests.ports.world import World


async def read_on(world: World, listed: Listed, since: str, limit: int) -> tuple[list[RecordChange], str]:
    """Every change after a watermark, page by page, and the watermark of the next poll."""
    seen: list[RecordChange] = []
    for _ in range(MOST_PAGES):
        page: Any = await getattr(world.adapter, listed.changed)(since, limit=limit)
        seen += page.items
        assert page.next, "there is always a watermark to go on from"
        if page.next == since or len(page.items) < limit:
            return seen, page.next
        since = page.next
    raise AssertionError(f"{MOST_PAGES} pages, and still no end")


def natives(seen: list[RecordChange]) -> set[str]:
    return {change.native_id for change in seen}


@listing("changed")
async def test_pages_through_equal_stamps_lose_none_and_end(world: World, listed: Listed) -> None:
    with world.clock.still():
        made = {await listed.make(world, number) for number in range(1, 8)}
    seen, _ = await read_on(world, listed, "", 3)
    assert made <= natives(seen)
    assert [change.changed_at for change in seen] == sorted(change.changed_at for change in seen)


@listing("changed")
async def test_the_next_poll_finds_what_changed_since_and_little_else(world: World, listed: Listed) -> None:
    old = await listed.make(world, 1)
    _, mark = await read_on(world, listed, "", 100)
    for number in (2, 3):
        world.clock.ahead += timedelta(minutes=20)
        new = await listed.make(world, number)
        seen, mark = await read_on(world, listed, mark, 100)
        assert new in natives(seen)
    if listed.kind not in world.suite.by_day:
        assert old not in natives(seen)


@listing("changed")
async def test_a_commit_that_took_five_minutes_is_not_missed(world: World, listed: Listed) -> None:
    await listed.make(world, 1)
    _, mark = await read_on(world, listed, "", 100)
    world.clock.ahead -= timedelta(minutes=5)
    late = await listed.make(world, 2)
    world.clock.ahead += timedelta(minutes=5)
    seen, _ = await read_on(world, listed, mark, 100)
    assert late in natives(seen)


@listing("changed", "one")
async def test_a_change_carries_the_version_a_reader_then_sees(world: World, listed: Listed) -> None:
    native = await listed.make(world, 1)
    seen, _ = await read_on(world, listed, "", 100)
    change = next(each for each in seen if each.native_id == native)
    found = await getattr(world.adapter, listed.one)(native)
    assert (change.version, change.gone) == (found.source.native_version, False)


@listing("changed")
async def test_a_deletion_is_told_or_said_to_be_invisible(world: World, listed: Listed) -> None:
    remove, blind = world.suite.remove.get(listed.kind), world.suite.no_tombstones.get(listed.kind, "")
    if isinstance(remove, str) or remove is None:
        return
    native = await listed.make(world, 1)
    _, mark = await read_on(world, listed, "", 100)
    world.clock.ahead += timedelta(minutes=20)
    remove(world.box, native)
    seen, _ = await read_on(world, listed, mark, 100)
    told = [change.gone for change in seen if change.native_id == native]
    assert told == ([] if blind else [True])
    assert not blind or blind.endswith("."), "a reason is a sentence"


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01T00:00:00Z~", "2026-01-01T00:00:00Z~x' OR Id != '", "~"])
@listing("changed")
async def test_a_watermark_that_is_not_ours_is_refused(world: World, listed: Listed, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        await getattr(world.adapter, listed.changed)(wrong)
    assert refused.value.errors[0].pointer == "query:since"
