"""Between our reading and our writing somebody else edits a record: theirs is kept until we have read it."""

from contextlib import nullcontext
from typing import Any

import msgspec
import pytest

from canonical.faults import VendorStale
from tests.ports.kept import Kept, keeping
from tests.ports.test_faults import calls_of
from tests.ports.world import World


def changed(kept: Kept, sent: Any) -> Any:
    return msgspec.structs.replace(sent, **{kept.text: getattr(sent, kept.text) + " II"})


@keeping("text")
async def test_what_somebody_edits_meanwhile_is_stale_and_then_written(world: World, kept: Kept) -> None:
    """A system that cannot notice an edit says so with its reason, and then writes; nothing is made twice."""
    why = world.suite.unguarded.get(kept.port, "")
    touch = world.suite.touch.get(kept.kind)
    assert touch or why, (
        f"system_apis/{world.name}/suite.py says neither how to edit a {kept.kind.__name__} nor why not"
    )
    assert not why or why.endswith("."), "a reason is a sentence"
    if touch is None:
        return
    sent = await kept.make(world)
    await kept.put(world, sent)
    calls = await calls_of(world, lambda: kept.put(world, changed(kept, sent)))
    writing = next(number for number, call in enumerate(calls) if call.wrote)
    fresh = World(world.name)
    try:
        sent = await kept.make(fresh)
        native = (await kept.put(fresh, sent)).id
        begun = len(fresh.heard)

        def meanwhile(number: int) -> None:
            if number - begun == writing:
                touch(fresh.box, native)

        fresh.before_call = meanwhile
        with nullcontext() if why else pytest.raises(VendorStale):
            await kept.put(fresh, changed(kept, sent))
        await kept.put(fresh, changed(kept, sent))
        assert getattr(await kept.get(fresh, sent), kept.text) == getattr(changed(kept, sent), kept.text)
        assert fresh.box.store.duplicates() == []
    finally:
        await fresh.close()
