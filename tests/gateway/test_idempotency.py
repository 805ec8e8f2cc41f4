"""A write sent twice with one Idempotency-Key is done once, whoever of several processes it reaches."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from canonical.faults import VendorDown
from foundation.context import current
from foundation.database import METADATA, Database, engine_of
from gateway import idempotency
from gateway.governor import Governor
from gateway.idempotency import IdempotencyKeys
from gateway.loader import PolicyError
from tests.gateway.notes import KEY as SIGNED_WITH
from tests.gateway.notes import NOTES_FILE, Desk, KnownKeys, Note, World, plan_of, problem, token

ONCE = NOTES_FILE.replace(
    "    limits: [writes]\n", "    idempotency: {required: true, keep: 24h, after_crash: AFTER_CRASH}\n"
)
PLACE = "/notes/v2/notes/by-key/k1"
KEY = {"Idempotency-Key": '"order-1"'}
BODY = {"title": "first"}


class SlowDesk(Desk):
    """A desk that can be held up in the middle of a write."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def upsert_note(self, key: str, data: Note) -> Note:
        self.asked.append(("upsert_note", current()))
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if data.title == "down":
            raise VendorDown("cannot be reached", system="cabinet")
        return Note(title=f"{data.title} {len(self.asked)}")


class Writing(World):
    """The world with a database for its keys; `other` is what a second gateway process has of it."""

    desk: SlowDesk

    def __init__(self, folder: Path, after_crash: str = "refuse") -> None:
        super().__init__(folder, served=SlowDesk(), notes=ONCE.replace("AFTER_CRASH", after_crash))
        self.database = Database(engine_of(f"sqlite:///{folder / 'keys.sqlite'}"))
        METADATA.create_all(self.database.engine, tables=[idempotency.KEYS])
        self.governor.services.idempotency = self.keys = IdempotencyKeys(self.database, lambda: self.now)

    def other(self) -> IdempotencyKeys:
        return IdempotencyKeys(self.database, lambda: self.now)

    async def write(self, headers: Any = None, body: Any = None, **rest: Any) -> httpx.Response:
        bearer = rest.pop("bearer", None) or token()
        sent = httpx.Headers(KEY if headers is None else headers)
        sent["authorization"] = f"Bearer {bearer}"
        return await self.http.put(rest.pop("place", PLACE), headers=sent, json=body or BODY)

    async def close(self) -> None:
        await self.keys.close()
        await super().close()
        self.database.engine.dispose()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Writing]:
    made = Writing(tmp_path)
    yield made
    await made.close()


async def test_the_second_call_is_given_the_first_ones_answer(world: Writing) -> None:
    first, second = await world.write(), await world.write()
    assert first.status_code == second.status_code == 200
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "?1"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(world.desk.asked) == 1


async def test_without_the_key_nothing_is_done_where_it_is_required(world: Writing) -> None:
    refused = await world.write({})
    assert refused.status_code == 400
    assert problem(refused)["reason"] == "key_missing"
    assert problem(refused)["facts"]["policy"].startswith("policies/apis/notes.yaml:")
    assert world.desk.asked == []


@pytest.mark.parametrize("sent", ["order-1", '""', '"a" "b"', '"' + "x" * 256 + '"', '"ü"', "?1"])
async def test_what_is_no_quoted_string_is_refused(world: Writing, sent: str) -> None:
    refused = await world.write({b"Idempotency-Key": sent.encode("latin-1")})
    assert refused.status_code == 400
    assert "Idempotency-Key" in problem(refused)["detail"]
    assert world.desk.asked == []


async def test_the_same_key_with_another_request_is_refused(world: Writing) -> None:
    await world.write()
    for other in (
        await world.write(body={"title": "second"}),
        await world.write(place="/notes/v2/notes/by-key/k2"),
        await world.write(place=PLACE + "?x=1"),
    ):
        assert other.status_code == 422
        assert problem(other)["reason"] == "key_reused"
    assert len(world.desk.asked) == 1


async def test_a_key_belongs_to_its_caller(world: Writing) -> None:
    await world.write()
    someone = await world.write(bearer=token(sub="someone-else"))
    assert "idempotency-replayed" not in someone.headers
    assert len(world.desk.asked) == 2


async def test_while_the_first_runs_the_second_is_told_so(world: Writing) -> None:
    world.desk.gate = asyncio.Event()
    first = asyncio.create_task(world.write())
    await world.desk.arrived.wait()
    second = await world.write()
    assert second.status_code == 409
    assert problem(second)["reason"] == "key_running"
    assert second.headers["retry-after"] == "1"
    world.desk.gate.set()
    assert (await first).status_code == 200
    assert (await world.write()).content == (await first).content


async def test_what_the_contract_refuses_leaves_the_key_free(world: Writing) -> None:
    assert (await world.write(body={"title": 7})).status_code == 422
    assert (await world.write()).status_code == 200


async def test_what_may_be_sent_again_leaves_the_key_free(world: Writing) -> None:
    down = await world.write(body={"title": "down"})
    assert (down.status_code, problem(down)["reason"]) == (503, "vendor_down")
    again = await world.write(body={"title": "down"})
    assert "idempotency-replayed" not in again.headers
    assert len(world.desk.asked) == 2


async def test_who_may_not_call_claims_no_key(world: Writing) -> None:
    assert (await world.write(bearer=token("notes:read"))).status_code == 403
    assert (await world.write()).status_code == 200


async def test_when_its_time_is_over_a_key_is_new_again(world: Writing) -> None:
    await world.write()
    world.now += 86_399
    fresh = token(exp=world.now + 60, iat=world.now - 1)
    assert (await world.write(bearer=fresh)).headers["idempotency-replayed"] == "?1"
    world.now += 2
    assert await world.keys.sweep() == 1
    assert "idempotency-replayed" not in (await world.write(bearer=fresh)).headers
    assert len(world.desk.asked) == 2


async def _died(world: Writing) -> None:
    """The first call's process claimed the key and was never heard of again."""
    call = asyncio.create_task(world.write())
    world.desk.gate = asyncio.Event()
    await world.desk.arrived.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    world.desk.gate = None


async def test_after_a_crash_a_key_waits_for_somebody_to_look(world: Writing) -> None:
    await _died(world)
    assert problem(await world.write())["reason"] == "key_running"
    world.now += idempotency.LEASE + 1
    refused = await world.write()
    assert (refused.status_code, problem(refused)["reason"]) == (409, "key_interrupted")
    assert len(world.desk.asked) == 1


async def test_after_a_crash_the_call_is_made_again_where_policy_says_it_may(tmp_path: Path) -> None:
    world = Writing(tmp_path, after_crash="rerun")
    await _died(world)
    world.now += idempotency.LEASE + 1
    again = await world.write()
    assert again.status_code == 200
    assert (await world.write()).content == again.content
    assert len(world.desk.asked) == 2
    await world.close()


async def test_of_many_processes_one_makes_the_call(world: Writing) -> None:
    claim = idempotency.Claim(id=idempotency.id_of("k"), fingerprint="f", keep=60, again=True)
    stores = [world.other() for _ in range(20)]

    async def claimed(store: IdempotencyKeys) -> bool:
        try:
            return await store.claim(claim) is None
        except idempotency.KeyRunning:
            return False

    assert sum(await asyncio.gather(*map(claimed, stores))) == 1
    # And of many that find it left behind.
    for store in stores:
        await store.close()
    world.now += idempotency.LEASE + 1
    assert sum(await asyncio.gather(*map(claimed, stores))) == 1
    for store in stores:
        await store.close()


async def test_a_call_that_takes_long_keeps_its_lease(world: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_RENEW", 0.01)
    world.desk.gate = asyncio.Event()
    first = asyncio.create_task(world.write())
    for _ in range(4):
        world.now += idempotency.LEASE * 0.9
        await asyncio.sleep(0.1)
        assert problem(await world.write(bearer=token(exp=world.now + 60)))["reason"] == "key_running"
    world.desk.gate.set()
    assert (await first).status_code == 200


async def test_in_front_of_a_tier_apart_the_key_is_that_tiers_business(world: Writing) -> None:
    front = Governor(world.plan, keys=KnownKeys(SIGNED_WITH), clock=lambda: world.now)
    governed = front.plan.operations["notes-v2.upsertNote"]
    assert governed.repliers
    assert front.services.idempotency is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("  note: {scopes: [notes:read], idempotency: {}}", "note: only reads, or is a page"),
        ("  hook: {public: true, idempotency: {}}", "hook: is public; a key belongs to a caller"),
        ("  upsertNote: {scopes: [notes:write], idempotency: {keep: 0s}}", "'0s' is no time at all"),
        ("  upsertNote: {scopes: [notes:write], idempotency: {require: true}}", "did you mean 'required'?"),
    ],
)
def test_where_a_key_makes_no_sense_the_policy_is_refused(tmp_path: Path, said: str, why: str) -> None:
    name = said.split(":", maxsplit=1)[0]
    mended = re.sub(rf"^{name}:.*\n(?:    .*\n)*", f"{said}\n", NOTES_FILE, flags=re.MULTILINE)
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, notes=mended)
    assert any(why in line and line.startswith("policies/apis/notes.yaml:") for line in refused.value.problems)
