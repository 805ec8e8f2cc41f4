"""Texts longer than a system keeps them: a name is cut between letters, a code never."""

from typing import Any

import msgspec
import pytest

from canonical.faults import Invalid
from tests.ports.kept import Kept, keeping
from tests.ports.world import World

MARKED = "कि"
"""One letter of two characters: consonant and vowel sign."""


async def kept_of(world: World, kept: Kept, field: str, text: str) -> str:
    sent = msgspec.structs.replace(await kept.make(world), **{field: text})
    first = await kept.put(world, sent)
    before = world.box.store.contents(world.box.sandbox.volatile)
    again = await kept.put(world, sent)
    assert again.id == first.id
    assert world.box.store.contents(world.box.sandbox.volatile) == before, "what is cut is cut alike each time"
    found: Any = await kept.get(world, sent)
    return str(getattr(found, field))


@keeping()
async def test_a_name_too_long_is_cut_and_stays_the_same_record(world: World, kept: Kept) -> None:
    for field, length in world.suite.cuts.get(kept.kind, {}).items():
        whole = ("Lange Namen sind ehrlich gemeint. " * length)[:length].rstrip().ljust(length, "x")
        assert await kept_of(world, kept, field, whole) == whole
        cut = await kept_of(world, kept, field, whole + "y")
        assert len(cut) <= length
        assert whole.startswith(cut.removesuffix("…"))
        assert world.box.store.duplicates() == []


@keeping()
async def test_a_letter_is_not_parted_from_its_marks(world: World, kept: Kept) -> None:
    for field, length in world.suite.cuts.get(kept.kind, {}).items():
        for shift in (0, 1):
            text = "x" * shift + MARKED * length
            cut = (await kept_of(world, kept, field, text)).removesuffix("…")
            assert text.startswith(cut)
            assert not cut.removeprefix("x").endswith(MARKED[0]), "a consonant lost its vowel"


@keeping()
async def test_a_code_too_long_is_refused_at_its_field_before_anything_is_written(world: World, kept: Kept) -> None:
    for field, length in world.suite.refuses.get(kept.kind, {}).items():
        sent = await kept.make(world)
        before = len(world.box.store.writes())
        with pytest.raises(Invalid) as refused:
            await kept.put(world, msgspec.structs.replace(sent, **{field: "K" * (length + 1)}))
        assert [error.pointer for error in refused.value.errors] == [f"/{field}"]
        assert len(world.box.store.writes()) == before
        await kept.put(world, msgspec.structs.replace(sent, **{field: "K" * length}))
