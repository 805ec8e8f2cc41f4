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
import pytest

from canonical.faults import Fault
from foundation.context import Caller
from foundation.counting import Counters
from gateway.call import Call, Http
from gateway.governor import Governor
from gateway.loader import PolicyError
from gateway.noun import nouns
from gateway.plan import Plan, load
from tests.gateway.notes import APIS, FILES, ISSUER, KEY, NOW, PROCESS_TIER, VALUES, KnownKeys, write_policies

RICH = {
    **FILES,
    "platform.yaml": FILES["platform.yaml"]
    + """\
upstreams:
  archive:
    url: "https://archive.firm.example/api"
    timeout: {connect: 1s, total: 8s}
    retry: {attempts: 2, when: [connect, 502, 503, 504], methods: safe, budget: 10%}
    breaker: {open: 50% of 20 calls in 10s, retry_after: 15s}
    capacity: {concurrent: 800, wait: 5ms}
    when_down: {reads: stale 10m, writes: reject}
    send: {Authorization: "Bearer ${ARCHIVE_KEY}"}
  process-tier: {timeout: {total: 30s}, capacity: {concurrent: 900}}
""",
    "apis/notes.yaml": """\
api: notes
layer: process
owner: notes@firm.example
versions:
  v1: {state: deprecated, deprecated_on: 2026-09-01, sunset_on: 2027-03-01, successor: v2}
  v2: {}
choose: {by: header, when_missing: v2}
cors: {origins: ["https://portal.firm.example"]}
access: {issuers: [embedded, partners], audience: "${TIERGATE_AUDIENCE}"}
limits:
  writes: {rate: 3/min, per: user}
  hooks: 2/min
  desks: {concurrent: 4, per: upstream, wait: 5ms}
  days: {quota: 9/day}
on_store_failure: local
defaults:
  body_max: 1KB
operations:
  note:
    scopes: [notes:read]
    addresses: [203.0.113.0/24]
    roles: [editor]
    claims: {acr: [silver, gold]}
    limits: [days, desks]
    cache: 30s
    rules: {named: {check: "parameters.note_id.startsWith('n')", message: A note has a name.}}
    tool: {title: Read a note, description: One note}
  upsertNote:
    scopes: [notes:read, notes:write]
    limits: [writes]
    audit: bodies
    cost: 2
    idempotency: {keep: 24h, after_crash: rerun}
  accountNotes: {scopes: {any: [notes:read, portal:read]}, object: {account_id: account_id}}
  hook: {public: true, limits: [hooks], upstream: archive}
""",
    "apis/items.yaml": """\
api: items
layer: process
owner: warehouse@firm.example
upstream: archive
versions: {v1: {spec: specs/items.yaml}}
access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}
on_store_failure: local
defaults: {validate: {request: off, response: off}}
operations:
  listItems: {scopes: [notes:read]}
  addItem: {scopes: [notes:read, notes:write], audit: bodies}
""",
    "specs/items.yaml": """\
openapi: 3.1.0
info: {title: Items, version: 1.0.0}
paths:
  /items:
    get:
      operationId: listItems
      parameters: [{name: kind, in: query, schema: {type: string}}]
      responses: {"200": {description: Items}}
    post:
      operationId: addItem
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}
      responses: {"201": {description: It is there}}
components:
  schemas:
    Item: {type: object, required: [name], properties: {name: {type: string}}}
""",
    "products/desk.yaml": FILES["products/desk.yaml"] + "  items@v1: [listItems, addItem]\n",
    "environments/staging.yaml": """\
issuers:
  partners: {issuer: "https://b2b.staging.example", jwks: "https://b2b.staging.example/keys"}
plans:
  desk: {per-client: {rate: 900/min, burst: 9}}
""",
}
"""The files of the small world, with every noun in them."""
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
        CONSOLE, scopes=frozenset({"notes:read"}), claims={"account_id": "A", "acr": "gold"}
    ),
    "a reader who is no editor": msgspec.structs.replace(
        CONSOLE, subject="kim", scopes=frozenset({"notes:read"}), claims={"account_id": "A", "acr": "gold"}
    ),
    "an editor who signed in too simply": msgspec.structs.replace(
        CONSOLE, scopes=frozenset({"notes:read"}), claims={"account_id": "A", "acr": "bronze"}
    ),
    "a client nobody knows": msgspec.structs.replace(
        CONSOLE, client="stranger", scopes=frozenset({"notes:read", "notes:write", "cabinet:read", "cabinet:write"})
    ),
    "a process tier for nobody": msgspec.structs.replace(PROCESS_TIER, acted_for=()),
    "an experience tier": msgspec.structs.replace(PROCESS_TIER, layer="experience"),
}
DECIDES = ("scopes", "object", "roles", "claims")
"""Nouns of which a well-formed other value may be meant, for who holds one of the scopes."""
HOLD_A_SCOPE = ("the console that may read", "a reader who is no editor", "an editor who signed in too simply")
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


@pytest.mark.parametrize("count", [600, pytest.param(5000, marks=pytest.mark.real)])
def test_a_mutated_policy_is_refused_by_its_place_or_opens_nothing(tmp_path: Path, count: int) -> None:
    folder, dice = write_policies(tmp_path), Random(count)
    for name, text in RICH.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    before = load(folder, APIS, VALUES, "staging")
    # `public`, `products` and `tool` have no rule of their own to be seen by; `on_store_failure` speaks through limits.
    assert {rule.noun for governed in before.operations.values() for rule in governed.rules} >= {
        noun.name for noun in nouns() if not noun.name.startswith(("public", "on_store", "cost", "audit", "tool"))
    }
    good = set(asyncio.run(_admitted(before)))
    assert ("notes-v1.note", "the console that may read") in good
    assert ("notes-v1.hook", "nobody") in good
    assert ("items-v1.listItems", "the console that may read") in good
    refused = 0
    for number in range(count):
        name, mutate = dice.choice(list(RICH)), dice.choice(MUTATIONS)
        mutated = mutate(RICH[name], dice)
        (folder / name).write_text(mutated, encoding="utf-8")
        plan, problems = _loaded(folder)
        if plan is None:
            refused += 1
            assert problems
            assert [each for each in problems if not re.match(r"policies/[a-z/]+\.yaml:\d+: .{8,}", each)] == []
        else:
            opened = {pair for pair in set(asyncio.run(_admitted(plan))) - good if not _said_so(plan, before, pair)}
            assert not opened, f"number {number}: {mutate.__name__} of {name} opened {opened}:\n{mutated}"
        (folder / name).write_text(RICH[name], encoding="utf-8")
    assert count / 3 < refused < count


def _loaded(folder: Path) -> tuple[Plan | None, list[str]]:
    try:
        return load(folder, APIS, VALUES, "staging"), []
    except PolicyError as wrong:
        return None, wrong.problems


def _said_so(plan: Plan, before: Plan, pair: tuple[str, str]) -> bool:
    """Whether the operation says something else of who may call it, for somebody who holds one of its scopes."""
    key, probe = pair
    return probe in HOLD_A_SCOPE and key in before.operations and _words(plan, key) != _words(before, key)


def _words(plan: Plan, key: str) -> list[object]:
    """What its deciding rules hold, but for where they stand."""
    return [
        (rule.noun, {name: held for name, held in vars(rule).items() if name != "where"})
        for rule in plan.operations[key].rules
        if rule.noun in DECIDES
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
                governed=governed,
                services=governor.services,
                request_id="r",
                traceparent="",
                arguments=dict(ARGUMENTS),
                caller=caller,
                http=http,
            )
            try:
                waiting = governor.admit(call)
                if waiting is not None:
                    await waiting
            except Fault:
                continue
            yield key, name
