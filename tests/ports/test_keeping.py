"""Whatever a port keeps is made once, read back as it was written, changed, and not there before."""

from typing import Any

import msgspec
import pytest

from canonical.base import Envelope
from canonical.faults import Invalid, NotFound
from canonical.money import Money
from canonical.objects import Project
from canonical.ports import systems as ports
from canonical.ports.systems import Message, StageChange
from tests.ports.kept import KEPT, Kept, keeping, offering
from tests.ports.world import World

SCRIPTS = {
    "latin": "Ærø Łódź Straße",
    "greek": "Ζεύς Ναυτιλία",
    "japanese": "東京物流株式会社",
    "arabic": "شركة الميناء",
    "devanagari": "सोना फूड्स",
}
AMOUNTS = {"JPY": "98000001", "USD": "48200.55", "KWD": "1234.567"}
ENVELOPE = set(Envelope.__struct_fields__)


def differing(world: World, sent: Any, found: Any) -> dict[str, tuple[Any, Any]]:
    """The fields of its own that did not come back as they were sent."""
    names = [name for name in sent.__struct_fields__ if name not in ENVELOPE or name == "legal_entity_id"]
    both = {name: (getattr(sent, name), getattr(found, name)) for name in names}
    return {name: pair for name, pair in both.items() if not alike(*pair)}


def alike(one: Any, other: Any) -> bool:
    """Equal; what was left empty may have been filled; lists whose members have a `ref` in any order."""
    if one in ("", None) or one == []:
        return True
    if isinstance(one, list) and one and hasattr(one[0], "ref"):
        return sorted(one, key=lambda each: str(each.ref)) == sorted(other, key=lambda each: str(each.ref))
    return bool(one == other)


@keeping()
async def test_what_was_written_is_read_back(world: World, kept: Kept) -> None:
    if kept.kind is Message:
        assert (await kept.put(world, await kept.make(world))).id
        return
    sent = await kept.make(world)
    written = await kept.put(world, sent)
    found = await kept.get(world, sent)
    assert (found.id, found.xrefs[0].system, found.xrefs[0].alt_key) == (written.id, world.name, kept.key)
    declared = world.suite.loses.get(kept.kind, {})
    assert set(differing(world, sent, found)) == set(declared), differing(world, sent, found)
    assert all(declared.values()), "each field a system loses has its reason"


@keeping()
async def test_written_twice_is_there_once(world: World, kept: Kept) -> None:
    sent = await kept.make(world)
    first = await kept.put(world, sent)
    made, contents = world.creates(), world.box.store.contents(world.box.sandbox.volatile)
    second = await kept.put(world, sent)
    assert second.id == first.id
    assert (first.created, second.created) in {(True, False), (None, None)}
    assert world.creates() == made
    assert world.box.store.duplicates() == []
    assert world.box.store.contents(world.box.sandbox.volatile) == contents


@keeping("text")
async def test_a_change_is_kept_and_makes_no_second_one(world: World, kept: Kept) -> None:
    sent = await kept.make(world)
    await kept.put(world, sent)
    made = world.creates()
    changed = msgspec.structs.replace(sent, **{kept.text: getattr(sent, kept.text) + " II"})
    await kept.put(world, changed)
    assert getattr(await kept.get(world, changed), kept.text) == getattr(changed, kept.text)
    assert world.creates() - made in ((0, 1) if kept.kind in world.suite.remade else (0,))
    assert world.box.store.duplicates() == []


@keeping()
async def test_two_keys_are_two_records(world: World, kept: Kept) -> None:
    if kept.kind in (Message, Project):
        return  # a message has its key inside, a project its code: the next test
    sent = await kept.make(world)
    first = await kept.put(world, sent)
    other = world.fit(sent, **({"correlation": "CASE-78"} if hasattr(sent, "correlation") else {}))
    assert (await kept.put(world, other, kept.key.replace("77", "78"))).id != first.id


@pytest.mark.parametrize("script", SCRIPTS)
@keeping("text")
async def test_a_name_survives_in_every_script(world: World, kept: Kept, script: str) -> None:
    sent = world.fit(await kept.make(world), **{kept.text: SCRIPTS[script]})
    await kept.put(world, sent)
    assert getattr(await kept.get(world, sent), kept.text) == SCRIPTS[script]
    assert await kept.put(world, sent)
    assert world.box.store.duplicates() == []


@pytest.mark.parametrize("currency", AMOUNTS)
@keeping("money")
async def test_an_amount_survives_whatever_its_decimals(world: World, kept: Kept, currency: str) -> None:
    amount = Money.of(AMOUNTS[currency], currency)
    fields: dict[str, Any] = {kept.money: amount, "currency": currency}
    if kept.kind is Project:
        fields["milestones"] = []
    sent = world.fit(await kept.make(world), **fields)
    if currency in world.suite.currencies:
        with pytest.raises(Invalid):
            await kept.put(world, sent)
        return
    await kept.put(world, sent)
    found = getattr(await kept.get(world, sent), kept.money)
    assert found.same(amount), found


@keeping("by_key")
async def test_an_unknown_key_is_not_found(world: World, kept: Kept) -> None:
    for key in ("salesforce:006Tg0000009999IAA", "CASE-9999", "nobody"):
        with pytest.raises(NotFound):
            await getattr(world.adapter, kept.by_key)(key)


@pytest.mark.parametrize("wrong", ["999999999", "no such id", "../../x", "' OR 1=1 --", "ü" * 60])
@keeping("by_id")
async def test_an_unknown_id_is_not_found_and_reaches_nothing_else(world: World, kept: Kept, wrong: str) -> None:
    with pytest.raises((NotFound, Invalid)):
        await getattr(world.adapter, kept.by_id)(wrong)


@pytest.mark.parametrize("stage", ["active", "on_hold", "closed", "cancelled", "planned"])
@offering(ports.Projects)
async def test_a_project_goes_to_every_stage_and_stays_there(world: World, stage: Any) -> None:
    kept = next(each for each in KEPT if each.kind is Project)
    sent = await kept.make(world)
    written = await kept.put(world, sent)
    for _ in range(2):
        await world.adapter.set_project_stage(written.id, StageChange(stage=stage))
        assert (await kept.get(world, sent)).stage == stage
    with pytest.raises((NotFound, Invalid)):
        await world.adapter.set_project_stage("999999999", StageChange(stage=stage))
