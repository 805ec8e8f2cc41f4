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
IDS: Final = [row[0] for row in FAULTS]
LOSING: Final = [row for row in FAULTS if row[0] in ("throttled", "timeout_after_commit", "truncated_body")]


def expected(fault: str, to_a_read: type[Fault], to_a_write: type[Fault], call: Heard) -> type[Fault] | None:
    """What must come of a call that is struck; None where nothing is lost by it."""
    if fault == "truncated_body" and (call.empty or call.status >= 400):
        return None  # nothing was cut off, or what is: a refusal's status says enough
    if call.signs_in and to_a_read is VendorTimeout:
        return VendorDown  # nothing was asked yet
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


@pytest.mark.real
@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), FAULTS, ids=IDS)
@keeping()
async def test_whichever_call_of_a_write_fails_it_is_named_and_repeated_is_there_once(
    name: str, kept: Kept, fault: str, to_a_read: type[Fault], to_a_write: type[Fault]
) -> None:
    for number, call in enumerate(await calls_of_a_write(name, kept)):
        await fails_and_settles(name, kept, fault, number, expected(fault, to_a_read, to_a_write, call))


@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), LOSING, ids=[row[0] for row in LOSING])
@keeping()
async def test_the_last_call_that_writes_fails_and_repeated_is_there_once(
    name: str, kept: Kept, fault: str, to_a_read: type[Fault], to_a_write: type[Fault]
) -> None:
    calls = await calls_of_a_write(name, kept)
    number = max(place for place, call in enumerate(calls) if call.wrote)
    await fails_and_settles(name, kept, fault, number, expected(fault, to_a_read, to_a_write, calls[number]))


_REHEARSED: dict[tuple[str, type], list[Heard]] = {}
"""By system and port: two ports may keep one kind."""


async def calls_of_a_write(name: str, kept: Kept) -> list[Heard]:
    """What making one asks of the vendor; the same each time, so it is played once."""
    if (name, kept.port) not in _REHEARSED:
        world = World(name)
        sent = await kept.make(world)
        _REHEARSED[name, kept.port] = await calls_of(world, lambda: kept.put(world, sent))
        await world.close()
    return _REHEARSED[name, kept.port]


async def fails_and_settles(name: str, kept: Kept, fault: str, number: int, wanted: type[Fault] | None) -> None:
    world = World(name)
    sent = await kept.make(world)
    await struck(world, lambda: kept.put(world, sent), fault, number, wanted)
    await settle(world, kept, sent)
    await world.close()


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


@pytest.mark.parametrize(("fault", "to_a_read", "to_a_write"), FAULTS, ids=IDS)
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
    assert (await world.adapter.whoami()).user


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
