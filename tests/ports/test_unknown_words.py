"""A word that somebody added to a list of theirs: which field of which object holds it is said, and what to change."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from canonical.faults import Drifted
from canonical.objects import Contract, Opportunity
from foundation.explaining import Explained
from foundation.sandbox import Strange
from tests.ports import objects
from tests.ports.kept import KEPT, every_system
from tests.ports.test_checking import look
from tests.ports.test_reading import deal, plant
from tests.ports.world import World

Read = Callable[[Any], Awaitable[Any]]
"""Asks an adapter for the record."""
PLANTED: Final[dict[type, Callable[[World], str]]] = {
    Opportunity: deal,
    Contract: lambda world: plant(world, objects.contract(account_id=plant(world, objects.customer()))),
}
"""What a CRM holds and nobody writes by a port."""


async def held(world: World) -> tuple[Strange, Read, str]:
    """A record with a word we have none for: how it is read, and by which operation."""
    strange = world.suite.strange
    assert strange is not None, f"system_apis/{world.name}/suite.py does not say how a record gets such a word"
    kept = next((each for each in KEPT if each.kind is strange.kind and each.port in world.system.ports), None)
    if kept is None:
        asked, attribute = PLANTED[strange.kind](world), strange.kind.__name__.lower()
    else:
        await kept.put(world, await kept.make(world))
        asked, attribute = kept.key, kept.by_key
    strange.put(world.box)
    return strange, lambda adapter: getattr(adapter, attribute)(asked), attribute


@every_system()
async def test_a_fault_says_which_field_holds_a_word_we_do_not_know(world: World) -> None:
    strange, read, attribute = await held(world)
    with pytest.raises(Drifted) as plain:
        await read(world.adapter)
    adapter = Explained(world.name, world.system.title, world.adapter, world.system.checks, [attribute])
    with pytest.raises(Drifted) as said:
        await read(adapter)
    assert said.value.facts["field"] == strange.field
    assert strange.word in said.value.detail
    assert said.value.detail.startswith(f"{plain.value.detail}. Correct the value at {world.system.title}, or map it")
    assert said.value.detail.endswith(f"system_apis/{world.name}.")


@every_system()
async def test_a_check_names_the_field_that_holds_it(world: World) -> None:
    strange, _, _ = await held(world)
    finding = next(each for each in (await look(world)).findings if f"{each.object}.{each.field}" == strange.field)
    assert strange.word in finding.says
    assert finding.mend == f"Correct the value at {world.system.title}, or map it in system_apis/{world.name}."
