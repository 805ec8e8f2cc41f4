"""People are changed field by field, and only those fields, in whatever system keeps them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from canonical.faults import Invalid, NotFound, VendorStale
from canonical.objects import Contact
from canonical.ports.people import CustomerPeople, People, PersonUpdate
from tests.ports import objects
from tests.ports.kept import offering
from tests.ports.listed import LISTED
from tests.ports.world import World

FIELDS = {
    "given": "Jorun",
    "family": "Ånestad",
    "email": "jorun@anestad.example",
    "phone": "+47 55 10 20",
    "title": "CFO",
}


async def somebody(world: World) -> str:
    make = next(each.make for each in LISTED if each.kind is Contact and each.port in world.system.ports)
    return await make(world, 1)


def update(fields: str, seen: str = "", **said: Any) -> PersonUpdate:
    return PersonUpdate(fields=fields.split(), person=objects.contact("", **said), seen=seen)


async def read(world: World, person_id: str) -> Contact:
    found: Contact = await world.adapter.person(person_id)
    return found


@offering(People, "update_person")
async def test_what_is_named_is_as_it_was_written_and_all_else_as_it_was(world: World) -> None:
    native = await somebody(world)
    before = await read(world, native)
    await world.adapter.update_person(native, update("phone", phone="+47 1", family="is not asked for"))
    after = await read(world, native)
    assert msgspec.structs.replace(after, source=before.source) == msgspec.structs.replace(before, phone="+47 1")
    await world.adapter.update_person(native, update(" ".join(FIELDS), **FIELDS))
    after = await read(world, native)
    assert {name: getattr(after, name) for name in FIELDS} == FIELDS
    assert after.account_id == before.account_id


@offering(People, "update_person")
async def test_emptied_it_reads_empty(world: World) -> None:
    native = await somebody(world)
    await world.adapter.update_person(native, update("email phone title", email="", phone="", title=""))
    after = await read(world, native)
    assert (after.email, after.phone, after.title) == ("", "", "")


@offering(People, "update_person")
async def test_one_that_changed_since_it_was_seen_is_not_written(world: World) -> None:
    native = await somebody(world)
    seen = (await read(world, native)).source
    assert seen
    world.clock.ahead += timedelta(minutes=5)
    await world.adapter.update_person(native, update("phone", seen.native_version, phone="1"))
    with pytest.raises(VendorStale):
        await world.adapter.update_person(native, update("phone", seen.native_version, phone="2"))
    assert (await read(world, native)).phone == "1"


@offering(People, "update_person")
async def test_a_version_that_no_header_could_carry_is_none_of_its(world: World) -> None:
    native = await somebody(world)
    writes = len(world.box.store.writes())
    with pytest.raises((VendorStale, Invalid)):  # not known there, or no version at all where those are moments
        await world.adapter.update_person(native, update("phone", "fassung 七", phone="2"))
    assert len(world.box.store.writes()) == writes


@offering(People, "update_person")
async def test_what_it_does_not_keep_is_said_by_its_place(world: World) -> None:
    native = await somebody(world)
    writes = len(world.box.store.writes())
    with pytest.raises(Invalid) as refused:
        await world.adapter.update_person(native, update("phone roles language"))
    assert [each.pointer for each in refused.value.errors] == ["/fields/1", "/fields/2"]
    assert len(world.box.store.writes()) == writes


@offering(People, "update_person")
async def test_a_number_longer_than_it_holds_is_refused_by_its_place_and_else_kept_whole(world: World) -> None:
    native = await somebody(world)
    writes, long = len(world.box.store.writes()), update("phone", phone="5" * 60)
    if CustomerPeople in world.system.ports and "phone" not in world.suite.refuses.get(Contact, {}):
        await world.adapter.update_person(native, long)
        assert (await read(world, native)).phone == "5" * 60
        return
    with pytest.raises(Invalid) as refused:
        await world.adapter.update_person(native, long)
    assert [each.pointer for each in refused.value.errors] == ["/person/phone"]
    assert len(world.box.store.writes()) == writes


@offering(People, "update_person")
async def test_a_name_is_cut_where_the_system_keeps_no_more(world: World) -> None:
    native = await somebody(world)
    await world.adapter.update_person(native, update("given family", given="ä" * 200, family="b" * 200))
    after = await read(world, native)
    assert set(after.given) == {"ä"}
    assert set(after.family) == {"b"}


@offering(People, "update_person")
async def test_nobody_is_made_by_a_change_of_somebody_who_is_not_there(world: World) -> None:
    native = await somebody(world)
    at, other = (14, "z") if len(native) == 18 else (-1, "0" if native[-1] != "0" else "1")
    gone = "999999" if native.isdigit() else f"{native[:at]}{other}{native[at:][1:]}"
    with pytest.raises(NotFound):
        await world.adapter.update_person(gone, update("phone"))
    with pytest.raises(NotFound):
        await world.adapter.person(gone)
