"""Who we are there, and what becomes of credentials that are not good."""

import pytest

from canonical.faults import VendorSignIn
from tests.ports.kept import every_system
from tests.ports.world import World, demo_of, resolved


def named(text: str) -> str:
    """A name without what folders cannot have in theirs: `SAP S/4HANA` is `sap_s4hana`."""
    return "".join(filter(str.isalnum, text.lower()))


@every_system()
async def test_a_system_says_as_whom_we_are_signed_in(world: World) -> None:
    found = await world.adapter.whoami()
    assert named(found.system) == named(world.name)
    assert found.user
    assert found.instance


@every_system()
async def test_the_credentials_of_somebody_else_are_refused_and_not_told(name: str) -> None:
    world = World(name, demo_of(name, 1).values)
    with pytest.raises(VendorSignIn) as refused:
        await world.adapter.whoami()
    assert refused.value.system == name
    said = f"{refused.value} {refused.value.facts} {refused.value.errors}"
    assert [value for value in demo_of(name, 1).values.values() if len(value) > 12 and value in said] == []
    await world.close()


@every_system()
def test_a_setting_of_the_sign_in_that_is_missing_is_named(world: World) -> None:
    for lacking in world.suite.sign_in:
        kept = {key: text for key, text in world.suite.sign_in.items() if key != lacking}
        connection = type(world.connection)(
            name=world.name, url=world.suite.url, sign_in=resolved(kept, demo_of(world.name).values)
        )
        with pytest.raises(ValueError, match=rf"sign_in\.{lacking}\b"):
            world.system.connect(connection)
