"""A list is read to its end whatever happens meanwhile: each record that stays there is told exactly once."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from canonical.base import Envelope
from canonical.faults import Invalid, NotFound
from canonical.ports.lists import CustomerList
from tests.ports import objects
from tests.ports.kept import offering
from tests.ports.listed import LISTED, Listed, listing
from tests.ports.test_faults import FAULTS, IDS, calls_of, expected, struck
from tests.ports.world import World

MADE = 8


async def made(world: World, listed: Listed, number: int = MADE) -> list[str]:
    return [await listed.make(world, each) for each in range(1, number + 1)]


def ids(pages: list[Any]) -> list[str]:
    return [each.id for page in pages for each in page.items]


@listing()
async def test_three_pages_tell_each_record_once_and_end(world: World, listed: Listed) -> None:
    there = await made(world, listed)
    pages = await listed.rest(world)
    found = ids(pages)
    assert len(pages) >= 3
    assert len(set(found)) == len(found)
    assert set(there) <= set(found)
    assert all(0 < len(page.items) <= 3 for page in pages[:-1])
    assert sorted(ids(await listed.rest(world, limit=100))) == sorted(found), "pages of another size, the same list"


@listing("one")
async def test_what_a_list_tells_is_what_the_record_says(world: World, listed: Listed) -> None:
    (native,) = await made(world, listed, 1)
    told = next(each for page in await listed.rest(world, limit=100) for each in page.items if each.id == native)
    read = await getattr(world.adapter, listed.one)(native)
    heads = world.suite.heads.get(listed.kind, {})
    names = [name for name in told.__struct_fields__ if name not in ("version", "xrefs")]
    differing = {name for name in names if getattr(told, name) != getattr(read, name)}
    assert differing <= set(heads), {name: (getattr(told, name), getattr(read, name)) for name in differing}
    empty = {each.name: each.default for each in msgspec.structs.fields(type(told))}
    assert [name for name in heads if getattr(told, name) not in ([], empty[name])] == [], "it is told after all"
    assert [why for why in heads.values() if not why.endswith(".")] == [], "a reason is a sentence"
    assert told.xrefs == read.xrefs
    assert isinstance(told, Envelope)


@listing()
async def test_a_record_deleted_between_pages_hides_no_other(world: World, listed: Listed) -> None:
    remove = world.suite.remove.get(listed.kind)
    assert remove is not None, f"system_apis/{world.name}/suite.py does not say who deletes a {listed.kind.__name__}"
    if isinstance(remove, str):
        assert remove.endswith("."), "a reason is a sentence"
        return
    there = await made(world, listed)
    first = await listed.page(world)
    listed_of_ours = [each for each in ids([first]) if each in there]
    to_come = [each for each in there if each not in ids([first])]
    gone = [*(listed_of_ours or ids([first]))[-1:], to_come[len(to_come) // 2]]
    for each in gone:
        remove(world.box, each)
    assert first.next
    found = ids([first, *await listed.rest(world, first.next)])
    assert len(set(found)) == len(found)
    assert set(there) - set(gone) <= set(found)


@listing("changed")
async def test_a_record_changed_between_pages_is_told_once(world: World, listed: Listed) -> None:
    there = await made(world, listed)
    first = await listed.page(world)
    world.clock.ahead += timedelta(seconds=2)
    for number in (1, len(there)):
        await listed.make(world, number)  # the same key again: an update, where it is no new one
    found = ids([first, *await listed.rest(world, first.next)])
    assert len(set(found)) == len(found)
    assert set(there) <= set(found)


@pytest.mark.parametrize("wrong", ["x", "ü", "W10", "eyJhIjoxfQ", "WyInIE9SIDE9MSAtLSJd", "=" * 5000])
@listing()
async def test_a_cursor_that_is_not_ours_is_refused_before_anything_is_asked(
    world: World, listed: Listed, wrong: str
) -> None:
    before = len(world.heard)
    with pytest.raises(Invalid) as refused:
        await listed.page(world, wrong)
    assert refused.value.errors[0].pointer == "query:cursor"
    assert len(world.heard) == before


@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), FAULTS, ids=IDS)
@listing()
async def test_a_page_that_fails_is_named_and_asked_again_is_the_same_page(
    world: World, listed: Listed, fault: str, to_a_read: Any, to_a_write: Any
) -> None:
    await made(world, listed, 4)
    first = await listed.page(world)
    second: list[Any] = []

    async def ask() -> None:
        second.append(await listed.page(world, first.next))

    for number, call in enumerate(await calls_of(world, ask)):
        await struck(world, ask, fault, number, expected(fault, to_a_read, to_a_write, call))
    await ask()
    assert ids(second[:1]) == ids(second[-1:])


@offering(CustomerList)
async def test_a_customer_is_closed_and_opened_again_and_nothing_is_lost(world: World) -> None:
    native = await listed_customer(world)
    before = await world.adapter.customer(native)
    for change, state in ((objects.CLOSED, "closed"), (objects.CLOSED, "closed"), (objects.REOPENED, "active")):
        assert (await world.adapter.set_customer_lifecycle(native, change)).id == native
        found = await world.adapter.customer(native)
        assert found.lifecycle == state
        assert (found.legal_name, found.addresses) == (before.legal_name, before.addresses)
        listed = (await world.adapter.customers(limit=100)).items
        assert next(each for each in listed if each.id == native).lifecycle == state
    assert found.credit == before.credit
    with pytest.raises((NotFound, Invalid)):
        await world.adapter.set_customer_lifecycle("999999999", objects.CLOSED)


async def listed_customer(world: World) -> str:
    listed = next(each for each in LISTED if each.all == "customers")
    return await listed.make(world, 1)
