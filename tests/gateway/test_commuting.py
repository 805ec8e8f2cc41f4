"""Two nouns of one stage may be asked in either order: whatever is called, nothing of what comes of it differs."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import query
from gateway.noun import Noun, nouns
from gateway.stages import STAGES
from tests.gateway.notes import NOTES_FILE, NOW, World, token, workload

PAIRS = [(a.name, b.name) for a, b in combinations(nouns(), 2) if a.stage == b.stage]
FULL = (
    NOTES_FILE.replace("note: {scopes: [notes:read]}", "note: {scopes: [notes:read], limits: [writes]}")
    .replace(
        "    audit: bodies\n",
        "    audit: bodies\n    roles: [editor]\n    claims: {amr: mfa, max_age: 5m}\n    cost: 2\n",
    )
    .replace("rate: 3/min", "rate: 5/min")
)
"""Every stage has something to say, and some calls are refused for two reasons at once."""
KEYED = "/notes/v2/notes/by-key/k1"
GOOD: dict[str, Any] = {"amr": ["mfa"], "auth_time": NOW, "account_id": "a1"}
BEARERS: dict[str, str] = {
    "nobody": "",
    "garbage": "a.b.c",
    "good": token(**GOOD),
    "weak": token(account_id="a2"),
    "without a scope or a role": token("portal:read", sub="dana", account_id="a1"),
    "without a role or a claim": token(sub="dana", account_id="a1"),
    "another issuer": token(iss="https://b2b.firm.example", **GOOD),
    "another audience": token(aud="https://elsewhere.example"),
    "a stranger": token(client_id="stranger"),
    "a tier": workload(acted_for=("priya@console",)),
    "a tier alone": workload("experience", "notes:read"),
}
CALLS = [
    ("GET", "/notes/v2/notes/n1", {}),
    ("GET", "/notes/v1/notes/n1", {}),
    ("GET", "/notes/v1/notes/missing", {}),
    ("GET", "/notes/v2/accounts/a1/notes", {}),
    ("PUT", KEYED, {"json": {"title": "a"}}),
    ("PUT", KEYED, {"json": {"title": 1}}),
    ("PUT", KEYED, {"content": b" " * 2000, "headers": {"Content-Type": "application/json"}}),
    ("POST", "/notes/v2/hooks/shop", {"content": b"abc"}),
    ("GET", "/cabinet/v1/notes/n1", {}),
    ("GET", "/face/v1/notes/n1", {}),
]


def made(folder: Path) -> World:
    folder.mkdir()
    return World(folder, notes=FULL)


async def everything(folder: Path) -> list[Any]:
    """What comes of each call by each caller, after one another: answers, what the tier saw, and the record."""
    world = made(folder)
    told: list[Any] = []
    for day in (0, 200):  # the second time the first version is retired, and what was signed in long ago is old
        world.now = NOW + day * 86_400
        for bearer in BEARERS.values():
            for method, path, rest in CALLS:
                headers = {"X-Request-Id": "a-request-1", **rest.get("headers", {})}
                answer = await world.ask(method, path, bearer, **(rest | {"headers": headers}))
                told.append((answer.status_code, sorted(answer.headers.items()), answer.content))
    told += [(name, context.caller) for name, context in world.desk.asked]
    await world.trail.flush()
    told += [(kept.record.operation, kept.record.status, kept.record.policy) for kept in query(world.trail.place)]
    await world.close()
    return told


def ordered(names: Sequence[str]) -> Callable[[], tuple[Noun, ...]]:
    """All nouns, with these ones last and in this order."""
    last = [noun for name in names for noun in nouns() if noun.name == name]
    return lambda: (*(noun for noun in nouns() if noun.name not in names), *last)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(pair))
async def test_two_nouns_of_one_stage_commute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str]
) -> None:
    monkeypatch.setattr("gateway.plan.nouns", ordered(pair))
    one = await everything(tmp_path / "one")
    monkeypatch.setattr("gateway.plan.nouns", ordered(pair[::-1]))
    other = await everything(tmp_path / "other")
    assert one == other


async def test_these_calls_notice_an_order_that_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would pass whatever two nouns did to each other."""
    as_it_is = await everything(tmp_path / "one")
    assert {200, 401, 403, 404, 410, 413, 429} <= {told[0] for told in as_it_is}
    for first, second in (("scopes", "roles"), ("roles", "claims"), ("scopes", "limits")):
        stage = {noun.name: noun.stage for noun in nouns()}
        swapped = {stage[first]: stage[second], stage[second]: stage[first]}
        monkeypatch.setattr("gateway.plan.STAGES", tuple(swapped.get(each, each) for each in STAGES))
        otherwise = await everything(tmp_path / f"{first}-{second}")
        assert otherwise != as_it_is, (first, second)


def test_there_are_such_pairs() -> None:
    assert ("access", "public") in PAIRS
