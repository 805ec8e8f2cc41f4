"""Thousands of mangled policy folders: each is refused with a place and a sentence, or opens nothing that was closed.

One thing no reader can tell from a mistake: a well-formed other value of the very key that decides (`scopes: [a]` where
`[a, b]` stood). That is an author's right, and `tiergate policy diff` says that it opens something.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import msgspec

from canonical.faults import Fault
from foundation.context import Caller
from foundation.counting import Counters
from gateway.call import Call, Http
from gateway.governor import Governor
from gateway.loader import PolicyError
from gateway.nouns.object import ObjectRule
from gateway.nouns.scopes import AllScopes, AnyScope
from gateway.plan import Plan, load
from tests.gateway.notes import APIS, FILES, ISSUER, KEY, NOW, PROCESS_TIER, VALUES, KnownKeys, write_policies

COUNT = 5000
Mutation = Callable[[str, Random], str]
SCRAPS = (
    *"{}[]:,#%\t\x00\n\ufeff\u2028é ",
    *(": ", "null", "~", "- ", "&a ", "*a", "!!int ", "'", '"', "|\n", "9" * 30, "${", "${HOME}", "---\n", "  "),
    *("true", "<<: ", "0x1F"),
)
CONSOLE = Caller(subject="priya", client="console", issuer=ISSUER, scopes=frozenset(), layer="external")
PROBES: dict[str, Caller | None] = {
    "nobody": None,
    "the console without a scope": CONSOLE,
    "the console with a scope of another API": msgspec.structs.replace(CONSOLE, scopes=frozenset({"other:write"})),
    "the console that may read": msgspec.structs.replace(
        CONSOLE, scopes=frozenset({"notes:read"}), claims={"account_id": "A"}
    ),
    "a client nobody knows": msgspec.structs.replace(
        CONSOLE, client="stranger", scopes=frozenset({"notes:read", "notes:write", "cabinet:read", "cabinet:write"})
    ),
    "a process tier for nobody": msgspec.structs.replace(PROCESS_TIER, acted_for=()),
    "an experience tier": msgspec.structs.replace(PROCESS_TIER, layer="experience"),
}
ARGUMENTS = {"note_id": "n1", "key": "k1", "account_id": "B", "name": "h1"}


def put_in(text: str, dice: Random) -> str:
    at = dice.randrange(len(text))
    return text[:at] + dice.choice(SCRAPS) + text[at:]


def cut_out(text: str, dice: Random) -> str:
    at = dice.randrange(len(text))
    return text[:at] + text[at + dice.choice((1, 1, 2, 3, 9, 40)) :]


def cut_off(text: str, dice: Random) -> str:
    return text[: dice.randrange(len(text))]


def turn_round(text: str, dice: Random) -> str:
    at = dice.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def lose_a_line(text: str, dice: Random) -> str:
    lines = text.splitlines(keepends=True)
    del lines[dice.randrange(len(lines))]
    return "".join(lines)


def repeat_a_line(text: str, dice: Random) -> str:
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    lines.insert(dice.randrange(len(lines)), lines[at])
    return "".join(lines)


def swap_lines(text: str, dice: Random) -> str:
    lines = text.splitlines(keepends=True)
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def indent_otherwise(text: str, dice: Random) -> str:
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    lines[at] = dice.choice((" " + lines[at], "  " + lines[at], lines[at].lstrip(), lines[at][1:], "\t" + lines[at]))
    return "".join(lines)


def lose_a_key(text: str, dice: Random) -> str:
    """`{a: x, b: y}` without one of them: what a person deletes in the wrong place."""
    found = list(re.finditer(r"(?<=[{,])\s*[\w-]+: (\[[^\]]*\]|\{[^}]*\}|[^,{}\[\]]+),?", text))
    if not found:
        return text
    one = dice.choice(found)
    return text[: one.start()] + text[one.end() :]


def another_value(text: str, dice: Random) -> str:
    found = list(re.finditer(r"(?<=: )(\[[^\]]*\]|\{[^}]*\}|[^,{}\[\]\n]+)", text))
    one = dice.choice(found)
    said = dice.choice(
        ("[]", "{}", "null", "''", "0", "-1", "[null]", "{any: []}", "yes", "1e9", "[[a]]", "{a: {b: c}}")
    )
    return text[: one.start()] + said + text[one.end() :]


MUTATIONS: tuple[Mutation, ...] = (
    put_in, cut_out, cut_off, turn_round, lose_a_line, repeat_a_line, swap_lines, indent_otherwise, lose_a_key,
    another_value,
)  # fmt: skip


def test_a_mutated_policy_is_refused_by_its_place_or_opens_nothing(tmp_path: Path) -> None:
    folder, dice = write_policies(tmp_path), Random(2)
    before = load(folder, APIS, VALUES)
    good = set(asyncio.run(_admitted(before)))
    assert ("notes-v1.note", "the console that may read") in good
    assert ("notes-v1.hook", "nobody") in good
    refused = 0
    for number in range(COUNT):
        name, mutate = dice.choice(list(FILES)), dice.choice(MUTATIONS)
        mutated = mutate(FILES[name], dice)
        (folder / name).write_text(mutated, encoding="utf-8")
        plan, problems = _loaded(folder)
        if plan is None:
            refused += 1
            assert problems
            assert [each for each in problems if not re.match(r"policies/[a-z/]+\.yaml:\d+: .{8,}", each)] == []
        else:
            opened = {pair for pair in set(asyncio.run(_admitted(plan))) - good if not _said_so(plan, before, pair)}
            assert not opened, f"number {number}: {mutate.__name__} of {name} opened {opened}:\n{mutated}"
        (folder / name).write_text(FILES[name], encoding="utf-8")
    assert COUNT / 3 < refused < COUNT


def _loaded(folder: Path) -> tuple[Plan | None, list[str]]:
    try:
        return load(folder, APIS, VALUES), []
    except PolicyError as wrong:
        return None, wrong.problems


def _said_so(plan: Plan, before: Plan, pair: tuple[str, str]) -> bool:
    """Whether the operation says other scopes, or another object, for somebody who holds one of its scopes."""
    key, probe = pair
    return (
        probe == "the console that may read" and key in before.operations and _words(plan, key) != _words(before, key)
    )


def _words(plan: Plan, key: str) -> list[object]:
    rules = plan.operations[key].rules
    return [
        (type(rule), getattr(rule, "scopes", ()))
        for rule in rules
        if isinstance(rule, AllScopes | AnyScope | ObjectRule)
    ]


async def _admitted(plan: Plan) -> list[tuple[str, str]]:
    """Every operation with each probe that is let in."""
    governor = Governor(plan, keys=KnownKeys(KEY), clock=lambda: NOW)
    return [pair async for pair in _probe(governor, plan)]


async def _probe(governor: Governor, plan: Plan) -> AsyncIterator[tuple[str, str]]:
    for key, governed in plan.operations.items():
        for name, caller in PROBES.items():
            governor.services.counters = Counters()  # how often is another question
            http = Http(headers={}) if caller is None else None
            call = Call(
                governed,
                governor.services,
                request_id="r",
                traceparent="",
                arguments=dict(ARGUMENTS),
                caller=caller,
                http=http,
            )
            try:
                await governor.admit(call)
            except Fault:
                continue
            yield key, name
