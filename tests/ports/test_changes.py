"""Reading on from a watermark loses nothing: not at equal stamps, not at a commit that shows up late."""

from datetime import timedelta

import pytest

from canonical.faults import Invalid
from canonical.ports.systems import Change, Changes
from tests.ports.kept import offering
from tests.ports.test_reading import deal
from tests.ports.world import World

MOST_PAGES = 60


async def read_on(world: World, since: str, limit: int) -> tuple[list[Change], str]:
    """Every change after a watermark, page by page, and the watermark of the next poll."""
    seen: list[Change] = []
    for _ in range(MOST_PAGES):
        page = await world.adapter.changes(since, limit=limit)
        seen += page.items
        assert page.next, "there is always a watermark to go on from"
        if page.next == since or len(page.items) < limit:
            return seen, page.next
        since = page.next
    raise AssertionError(f"{MOST_PAGES} pages, and still no end")


@offering(Changes)
async def test_pages_through_equal_stamps_lose_none_and_end(world: World) -> None:
    with world.clock.still():
        made = {deal(world) for _ in range(7)}
    seen, _ = await read_on(world, "", 3)
    assert made <= {change.native_id for change in seen}
    assert [change.changed_at for change in seen] == sorted(change.changed_at for change in seen)


@offering(Changes)
async def test_the_next_poll_finds_what_changed_since_and_little_else(world: World) -> None:
    old = deal(world)
    _, mark = await read_on(world, "", 200)
    world.clock.ahead += timedelta(minutes=20)
    new = deal(world)
    seen, mark = await read_on(world, mark, 200)
    assert new in {change.native_id for change in seen}
    world.clock.ahead += timedelta(minutes=20)
    newer = deal(world)
    seen, _ = await read_on(world, mark, 200)
    assert newer in {change.native_id for change in seen}
    assert old not in {change.native_id for change in seen}


@offering(Changes)
async def test_a_commit_that_took_five_minutes_is_not_missed(world: World) -> None:
    deal(world)
    _, mark = await read_on(world, "", 200)
    world.clock.ahead -= timedelta(minutes=5)
    late = deal(world)
    world.clock.ahead += timedelta(minutes=5)
    seen, _ = await read_on(world, mark, 200)
    assert late in {change.native_id for change in seen}


@offering(Changes)
async def test_a_change_carries_the_version_a_reader_then_sees(world: World) -> None:
    made = deal(world)
    seen, _ = await read_on(world, "", 200)
    change = next(each for each in seen if each.native_id == made)
    found = await world.adapter.opportunity(made)
    assert change.version == found.source.native_version
    assert change.won is True


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01T00:00:00Z~", "2026-01-01T00:00:00Z~x' OR Id != '", "~"])
@offering(Changes)
async def test_a_watermark_that_is_not_ours_is_refused(world: World, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        await world.adapter.changes(wrong)
    assert refused.value.errors[0].pointer == "query:since"
