"""Every call of every operation meets every fault: each has its name, and afterwards all is as if nothing had been."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from canonical.faults import Fault, NotFound, OutcomeUnknown, VendorBusy, VendorDown, VendorSignIn, VendorTimeout
from canonical.ports.systems import Message
from tests.ports.kept import Kept, every_system, keeping
from tests.ports.world import Heard, World

Ask = Callable[[], Awaitable[Any]]
FAULTS: Final[tuple[tuple[str, type[Fault], type[Fault]], ...]] = (
    # what happens, what it is to a read, what it is to a write
    ("throttled", VendorBusy, VendorBusy),
    ("server_error", VendorDown, VendorDown),
    ("html_error", VendorDown, VendorDown),
    ("timeout_before_commit", VendorTimeout, OutcomeUnknown),
    ("timeout_after_commit", VendorTimeout, OutcomeUnknown),
    ("truncated_body", VendorDown, OutcomeUnknown),
)


def expected(fault: str, to_a_read: type[Fault], to_a_write: type[Fault], call: Heard) -> type[Fault] | None:
    """What must come of a call that is struck; None where nothing is lost by it."""
    if fault == "truncated_body" and (call.empty or call.status >= 400):
        return None  # nothing was cut off, or what is: a refusal's status says enough
    return to_a_write if call.wrote else to_a_read


async def calls_of(world: World, ask: Ask) -> list[Heard]:
    """What an operation asks of the vendor, sign-in included, when all goes well."""
    before = len(world.heard)
    await ask()
    return world.heard[before:]


async def struck(world: World, ask: Ask, fault: str, number: int, wanted: type[Fault] | None, **more: Any) -> None:
    world.box.faults.clear()
    world.strike(fault, number, **more)
    if wanted is None:
        await ask()
    else:
        with pytest.raises(Fault) as failure:
            await ask()
        assert type(failure.value) is wanted, f"call {number}: {failure.value!r}"
        assert failure.value.system == world.name
    world.box.faults.clear()


@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), FAULTS, ids=[row[0] for row in FAULTS])
@keeping()
async def test_a_write_that_fails_is_named_and_repeated_is_there_once(
    name: str, kept: Kept, fault: str, to_a_read: type[Fault], to_a_write: type[Fault]
) -> None:
    """Each of its calls in turn, in a world of its own."""
    calls, number = [Heard("", "", False, 0, b"", {})], 0
    while number < len(calls):
        world = World(name)
        try:
            sent = await kept.make(world)
            if number == 0:
                calls = await calls_of(world, lambda w=world, s=sent: kept.put(w, s))  # type: ignore[misc]  # bound now
                await world.close()
                world = World(name)
                sent = await kept.make(world)
            wanted = expected(fault, to_a_read, to_a_write, calls[number])
            await struck(world, lambda w=world, s=sent: kept.put(w, s), fault, number, wanted)  # type: ignore[misc]  # likewise
            await settle(world, kept, sent)
        finally:
            await world.close()
        number += 1


async def settle(world: World, kept: Kept, sent: Any) -> None:
    """Look up by key, write again: one of everything, whatever was lost."""
    if kept.by_key:
        try:
            found = (await kept.get(world, sent)).id
        except NotFound:
            found = ""
        again = await kept.put(world, sent)
        assert found in ("", again.id), "the look-up and the repeated write found two records"
    else:
        await kept.put(world, sent)
    assert world.box.store.duplicates() == []


@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), FAULTS, ids=[row[0] for row in FAULTS])
@keeping()
async def test_a_read_that_fails_is_named_and_repeated_is_an_answer(
    world: World, kept: Kept, fault: str, to_a_read: type[Fault], to_a_write: type[Fault]
) -> None:
    if kept.kind is Message:
        return
    sent = await kept.make(world)
    await kept.put(world, sent)
    for number, call in enumerate(await calls_of(world, lambda: kept.get(world, sent))):
        wanted = expected(fault, to_a_read, to_a_write, call)
        await struck(world, lambda: kept.get(world, sent), fault, number, wanted)
    assert await kept.get(world, sent)


@pytest.mark.parametrize("said", ["7", ""])
@every_system()
async def test_how_long_to_wait_is_what_the_vendor_says(world: World, said: str) -> None:
    await world.adapter.whoami()
    world.strike("throttled", 0, headers={"Retry-After": said})
    with pytest.raises(VendorBusy) as busy:
        await world.adapter.whoami()
    assert busy.value.retry
    assert busy.value.retry_after == (float(said) if said else None)


@every_system()
async def test_a_slow_answer_is_an_answer(world: World) -> None:
    world.strike("slow", 0, delay=0.01, times=0)
    assert (await world.adapter.whoami()).system.lower() == world.name


@every_system()
async def test_an_expired_token_is_renewed_once_unnoticed(world: World) -> None:
    await world.adapter.whoami()
    world.strike("expired_token", 0)
    if world.suite.signs_in_once:
        with pytest.raises(VendorSignIn):
            await world.adapter.whoami()
        return
    assert await world.adapter.whoami()


@keeping()
async def test_an_expired_token_in_the_middle_of_a_write_writes_once(world: World, kept: Kept) -> None:
    if world.suite.signs_in_once:
        return
    sent = await kept.make(world)
    calls = await calls_of(world, lambda: kept.put(world, sent))
    again = World(world.name)
    sent = await kept.make(again)
    again.strike("expired_token", next(number for number, call in enumerate(calls) if call.wrote))
    await kept.put(again, sent)
    assert again.box.store.duplicates() == []
    await again.close()


@every_system()
async def test_a_sign_in_that_is_refused_again_and_again_is_a_refused_sign_in(world: World) -> None:
    world.strike("expired_token", 0, times=0)
    with pytest.raises(VendorSignIn) as refused:
        await world.adapter.whoami()
    assert refused.value.system == world.name
    assert len(world.heard) <= 5, "it is not tried for ever"
