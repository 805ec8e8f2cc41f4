"""No adapter leans on a habit of our sandboxes: every exchange on file, otherwise written, means the same.

The exchanges are composed from the vendors' documents. Each is played as it stands, then in one way of `variations` and
in all at once; among the real tests in every way. The seed is made of its name. What comes of it, record or fault, is
what came of it as it stands.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest

from canonical.faults import Fault
from foundation.sandbox import decode
from tests.ports.conversations import Conversation, Replaying, Reply, conversation, files
from tests.ports.variations import VARIATIONS, missing, varied
from tests.ports.world import SYSTEMS, World, demo_of, resolved

EXCHANGES: Final = [pytest.param(name, path, id=f"{name}-{path.stem}") for name in SYSTEMS for path in files(name)]
SORTS: Final = (*VARIATIONS, "all")
PAGED_BY_THE_VENDOR: Final = ("business_central", "dataverse", "kantata", "oracle_fusion", "salesforce", "sap_s4hana")

IN_BATCHES: Final = ("dataverse", "sap_s4hana")


class Undone(Exception):  # noqa: N818 - leaves a transaction, nothing more
    pass


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    """Each system's sandbox, made once: what a play does to it is undone."""
    made: dict[str, World] = {}
    yield made
    for world in made.values():
        world.box.store.close()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, list[Any]]:
    """Content -> the types it is decoded into, from now on."""
    seen: dict[bytes, list[Any]] = {}
    really = msgspec.json.decode

    def decoding(content: Any, **how: Any) -> Any:
        if "type" in how:
            seen.setdefault(content.encode() if isinstance(content, str) else bytes(content), []).append(how["type"])
        return really(content, **how)

    monkeypatch.setattr(msgspec.json, "decode", decoding)
    return seen


@pytest.mark.parametrize(("name", "path"), EXCHANGES)
async def test_the_same_answer_otherwise_written_means_the_same(
    name: str, path: Path, worlds: dict[str, World], decoded: dict[bytes, list[Any]]
) -> None:
    one = Random(f"{name}:{path.stem}").choice(list(VARIATIONS))
    await same(name, path, worlds, decoded, (one, "all"))


@pytest.mark.real
@pytest.mark.parametrize(("name", "path"), EXCHANGES)
async def test_the_same_answer_written_in_every_other_way_means_the_same(
    name: str, path: Path, worlds: dict[str, World], decoded: dict[bytes, list[Any]]
) -> None:
    await same(name, path, worlds, decoded, SORTS)


async def same(
    name: str, path: Path, worlds: dict[str, World], decoded: dict[bytes, list[Any]], sorts: tuple[str, ...]
) -> None:
    """One exchange as it stands, then in each of these ways."""
    exchange, told = on_file(name, path)
    if name not in worlds:
        worlds[name] = World(name)
    stands = await play(worlds[name], told)
    assert stands[0] == promised(exchange)
    kinds = dict(decoded)
    for sort in sorts:
        draw = Random(f"{name}:{path.stem}:{sort}")
        replies = [made for each in told.replies for made in varied(sort, each, kinds.get(each.content, []), draw)]
        if replies == told.replies:
            continue
        otherwise = await play(worlds[name], msgspec.structs.replace(told, replies=replies))
        assert judged(otherwise, sort) == judged(stands, sort), shown(sort, replies)


@pytest.mark.parametrize("sort", ["order", "unknown"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_variation_changes_what_is_on_file(name: str, sort: str) -> None:
    assert any(varied(sort, each, [], Random(1)) != [each] for each in every_reply(name))


@pytest.mark.parametrize("name", PAGED_BY_THE_VENDOR)
def test_where_the_vendor_chooses_the_page_there_are_more_of_them(name: str) -> None:
    assert any(len(varied("pages", each, [], Random(1))) > 1 for each in every_reply(name))


@pytest.mark.parametrize("name", IN_BATCHES)
def test_a_batch_is_framed_otherwise(name: str) -> None:
    framed = [varied("parts", each, [], Random(1)) for each in every_reply(name)]
    assert any(b"--batchresponse_" in each.content for (each,) in framed)


def test_what_may_be_missing_is_what_nobody_reads_and_what_says_its_default() -> None:
    class Line(msgspec.Struct):
        id: str
        note: str = ""
        links: list[str] = []

    class Answer(msgspec.Struct):
        lines: list[Line]
        by_id: dict[str, Line] = {}
        more: bool = False

    lines = b'[{"id":"1","note":"","links":[],"hue":"red"},{"id":"2","note":"kept"}]'
    said = b'{"lines":' + lines + b',"by_id":{"3":{"id":"3"}},"more":true}'
    (told,) = missing(Reply("GET", "/", 200, {}, said), [Answer], Random(1))
    assert told.content == b'{"lines":[{"id":"1"},{"id":"2","note":"kept"}],"by_id":{"3":{"id":"3"}},"more":true}'


def on_file(name: str, path: Path) -> tuple[dict[str, Any], Conversation]:
    """An exchange, and what is said in it. What is refused is refused again: a sign-in is tried twice."""
    exchange, told = decode(path.read_bytes()), conversation(name, path)
    if "faults" in exchange:
        told = msgspec.structs.replace(told, replies=[*told.replies, told.replies[-1]])
    return exchange, told


async def play(world: World, told: Conversation) -> tuple[str, Any]:
    """What comes of a conversation: a reason and what the fault says, or nothing and the record."""
    sign_in = resolved(world.suite.sign_in, demo_of(world.name).values)
    connection = msgspec.structs.replace(world.connection, sign_in=sign_in, options=told.options)
    adapter: Any = world.system.connect(connection, Replaying(told.replies, -1, b"", world.box.transport()))
    try:
        with world.box.store.transaction():
            try:
                found = await getattr(adapter, told.attribute)(**told.arguments)
            except Fault as fault:
                fields = sorted(each.pointer for each in fault.errors)
                raise Undone(fault.reason, (fields, fault.facts, fault.detail)) from fault
            raise Undone("", found)
    except Undone as undone:
        return undone.args
    finally:
        await adapter.close()


def promised(exchange: dict[str, Any]) -> str:
    """The reason an exchange says it faults with; empty where it gives something."""
    said = exchange.get("faults", "")
    return said if isinstance(said, str) else said["reason"]


def judged(outcome: tuple[str, Any], sort: str) -> tuple[str, Any]:
    """What must be the same. Another status stands in a fault's sentence as another number."""
    reason, said = outcome
    return (reason, said[:2]) if reason and sort in ("status", "all") else outcome


def every_reply(name: str) -> list[Reply]:
    return [reply for path in files(name) for reply in conversation(name, path).replies]


def shown(sort: str, replies: list[Reply]) -> str:
    return "\n".join([sort, *(f"{each.status} {each.path}\n{each.content.decode()}" for each in replies)])
