"""A vendor's replies, mutated: each gives a record as the contract has it, or a named fault. Never anything else.

A key is taken away, a value becomes null, another type, a fraction, a word nobody knows, too much or nothing. Neither a
KeyError nor a float nor a None may come through into what our own words promise.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec
import pytest

from canonical.faults import Broken, Fault
from canonical.ports import operations, why_not
from tests.ports.conversations import Conversation, Replaying, conversation, files, filled, on_file, recorded
from tests.ports.kept import every_system
from tests.ports.world import World, demo_of, resolved

MANY: Final = 2000
FEW: Final = 120
SECONDS: Final = 5.0
CUT: Final = 0.1
"""How often a batch is cut instead."""
SWAPS: Final[tuple[Any, ...]] = (
    None,
    "",
    "zzz",
    0,
    -1,
    10**30,
    0.1,
    1e308,
    True,
    [],
    {},
    [None],
    {"id": None},
    "2026-02-30",
    "NaN",
    "\u0000",
    "9" * 40,
)


@pytest.mark.real
@every_system()
async def test_two_thousand_mutated_replies_give_a_record_or_a_named_fault(name: str) -> None:
    await survive(name, MANY)


@every_system()
async def test_every_operation_has_its_replies_among_them(name: str) -> None:
    world = await filled(name)
    asked = {conversation(name, path).attribute for path in files(name)}
    asked |= {told.attribute for told in await recorded(world)}
    offered = {
        each.attribute
        for port in world.system.ports
        for each in operations(port)
        if not each.local and not why_not(world.adapter, each)
    }
    await world.close()
    assert offered - asked == set()


@every_system()
async def test_some_mutated_replies_give_a_record_or_a_named_fault(name: str) -> None:
    await survive(name, FEW)


async def survive(name: str, number: int) -> None:
    """The same mutations every time: a seed is a number."""
    world = await filled(name)
    said = [*on_file(name), *(each for each in await recorded(world) if each.replies)]
    wrong, records = [], 0
    for seed in range(number):
        draw = Random(f"{name}:{seed}")
        told = said[seed % len(said) if number >= len(said) else seed * len(said) // number]
        place = draw.randrange(len(told.replies))
        content, what = mutated(told.replies[place].content, draw)
        outcome = await play(world, told, place, content)
        records += outcome == ""
        if outcome not in ("", "fault"):
            wrong.append(f"{seed}: {told.source}, reply {place}, {what}: {outcome}")
    await world.close()
    assert wrong == []
    assert 0.05 < records / number < 0.98, f"{records} of {number} gave a record: mutations that matter are missing"


async def play(world: World, told: Conversation, place: int, content: bytes) -> str:
    """Empty for a record as promised, `fault` for a named fault, else what went wrong."""
    sign_in = resolved(world.suite.sign_in, demo_of(world.name).values)
    connection = msgspec.structs.replace(world.connection, sign_in=sign_in, options=told.options)
    transport = Replaying(told.replies, place, content, world.box.transport())
    adapter: Any = world.system.connect(connection, transport)
    try:
        async with asyncio.timeout(SECONDS):
            found = await getattr(adapter, told.attribute)(**told.arguments)
    except Broken as broken:
        return f"{broken!r} is no named fault of a vendor"
    except Fault as fault:
        return "fault" if type(fault) in Fault.kinds.values() else f"{fault!r} has no name"
    except (Exception, TimeoutError) as leaked:  # noqa: BLE001 - whatever comes through is what is looked for
        return f"{type(leaked).__name__}: {leaked}"
    finally:
        await adapter.close()
    return promised(found, told.returns)


def promised(found: Any, returns: Any) -> str:
    """What of an answer is not as its type says; empty when all is."""
    floats = [each for each in every_value(found) if isinstance(each, float)]
    if floats:
        return f"floats {floats} in {found!r}"
    plain = msgspec.to_builtins(found, builtin_types=(Decimal, date, datetime))
    try:
        msgspec.convert(plain, returns, strict=True)
    except msgspec.ValidationError as wrong:
        return f"{wrong}: {found!r}"
    return ""


def every_value(value: Any) -> Iterator[Any]:
    """Everything inside."""
    if isinstance(value, msgspec.Struct):
        value = [getattr(value, name) for name in value.__struct_fields__]
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for each in value:
            yield from every_value(each)
    else:
        yield value


def mutated(content: bytes, draw: Random) -> tuple[bytes, str]:
    """One reply with one thing in it changed, and which."""
    if content.startswith(b"--"):
        return _one_part(content, draw)
    body = json.loads(content)
    places = list(_places(body, ()))
    path = draw.choice(places)
    *way, last = path
    holder = body
    for step in way:
        holder = holder[step]
    shown = "/".join(map(str, path))
    match draw.randrange(4):
        case 0:
            del holder[last]
            return json.dumps(body).encode(), f"/{shown} taken away"
        case 1 if isinstance(holder, list):
            holder.append(holder[last])
            return json.dumps(body).encode(), f"/{shown} said twice"
        case 2 if isinstance(holder[last], str):
            holder[last] += draw.choice(("x", "é" * 200, " "))
            return json.dumps(body).encode(), f"/{shown} longer"
        case _:
            holder[last] = draw.choice(SWAPS)
            return json.dumps(body).encode(), f"/{shown} is {holder[last]!r:.40}"


def _one_part(content: bytes, draw: Random) -> tuple[bytes, str]:
    """A batch with one thing in one of its parts changed; or cut short."""
    bodies = [line for line in content.split(b"\r\n") if line.startswith(b"{") and len(line) > len("{}")]
    if not bodies or draw.random() < CUT:
        length = draw.randrange(len(content))
        return content[:length], f"cut after {length} bytes"
    body = draw.choice(bodies)
    other, what = mutated(body, draw)
    return content.replace(body, other, 1), what


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from _places(each, (*path, key))
