"""New policies while calls are under way: no call fails, and files that cannot be used change nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from prometheus_client import REGISTRY

from canonical.faults import Fault
from foundation.api import fault_handler, routes
from gateway.asgi import Gateway
from gateway.plan import load
from gateway.reload import Reloading, fingerprint
from tests.gateway.notes import APIS, NOTES, NOTES_FILE, VALUES, World, token
from tiergate.server import Serving, probe, until_told_to_stop

NOTE = "/notes/v1/notes/n1"


@asynccontextmanager
async def watching(world: World, tmp_path: Path) -> AsyncIterator[Reloading]:
    folder = tmp_path / "policies"
    made = Reloading(world.governor, folder, partial(load, folder, APIS, VALUES), said=fingerprint(folder))
    made.start()
    await asyncio.sleep(0.2)  # until the watch stands
    try:
        yield made
    finally:
        await made.stop()


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


def sunset(day: int) -> str:
    """The policy with another end of v1, which every answer tells."""
    return NOTES_FILE.replace("sunset_on: 2027-03-01", f"sunset_on: {2027 + day // 28}-05-{day % 28 + 1:02}")


@pytest.mark.parametrize("changes", [20, pytest.param(200, marks=pytest.mark.real)])
async def test_policies_change_under_load_and_not_one_call_fails(world: World, tmp_path: Path, changes: int) -> None:
    platform = tmp_path / "policies/platform.yaml"
    platform.write_text(platform.read_text().replace("1000/min", "1000000/min"))
    port = probe("127.0.0.1", 0)
    serving = Serving(world.gateway, "127.0.0.1", port)
    statuses: set[int] = set()
    sunsets: list[str] = []
    over = asyncio.Event()

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            while not over.is_set():
                answer = await http.get(NOTE, headers={"Authorization": f"Bearer {token()}"})
                statuses.add(answer.status_code)
                sunsets.append(answer.headers["sunset"])

    await serving.start()
    async with watching(world, tmp_path) as policies:
        await policies.look()
        callers = [asyncio.create_task(ask()) for _ in range(4)]
        for change in range(changes):
            before = world.governor.plan
            if change % 10 == 9:  # somebody's mistake, in between
                (tmp_path / "policies/apis/notes.yaml").write_text(sunset(change).replace("layer: pro", "layer: "))
                await until(lambda: policies.last.outcome == "refused")
                assert world.governor.plan is before
                assert ":2: layer is one of " in policies.last.problems[0]
            (tmp_path / "policies/apis/notes.yaml").write_text(sunset(change))
            await until(lambda before=before: world.governor.plan is not before)  # type: ignore[misc]  # bound now
        over.set()
        await asyncio.gather(*callers)
    await serving.stop()
    assert statuses == {200}
    assert len(sunsets) > changes
    assert len(set(sunsets)) > changes / 2


async def test_a_broken_file_changes_nothing_and_says_why(world: World, tmp_path: Path) -> None:
    file = tmp_path / "policies/apis/notes.yaml"
    before, count = world.governor.plan, _reloads("refused")
    async with watching(world, tmp_path) as policies:
        file.write_text(NOTES_FILE.replace("scopes: [notes:read]}", "scpoes: [notes:read]}", 1))
        await until(lambda: policies.last.outcome == "refused")
        assert world.governor.plan is before
        assert (await world.ask("GET", NOTE, token())).status_code == 200
        assert "apis/notes.yaml:14: " in policies.last.problems[0]
        assert "did you mean 'scopes'" in policies.last.problems[0]
        assert policies.last.says.startswith("the last good ones: the folder has ")
        assert _reloads("refused") == count + 1
        file.write_text(sunset(3))
        await until(lambda: policies.last.outcome == "in force")
        assert world.governor.plan is not before


async def test_what_changed_between_the_reading_and_the_watch_is_not_missed(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    before, read = world.governor.plan, fingerprint(folder)
    (folder / "apis/notes.yaml").write_text(sunset(7))
    policies = Reloading(world.governor, folder, partial(load, folder, APIS, VALUES), said=read)
    policies.start()
    (folder / "apis/cabinet.yaml").write_text((folder / "apis/cabinet.yaml").read_text() + "# later\n")
    await until(lambda: world.governor.plan is not before)
    assert "08 May 2027" in (await world.ask("GET", NOTE, token())).headers["sunset"]
    await policies.stop()


async def test_a_file_written_again_as_it_was_is_not_read_again(world: World, tmp_path: Path) -> None:
    reads = 0

    def counted() -> object:
        nonlocal reads
        reads += 1
        return load(tmp_path / "policies", APIS, VALUES)

    folder = tmp_path / "policies"
    policies = Reloading(world.governor, folder, counted, said=fingerprint(folder))  # type: ignore[arg-type]  # as good
    file = tmp_path / "policies/apis/notes.yaml"
    file.write_text(NOTES_FILE)
    assert (await policies.look()).outcome == "unchanged"
    assert reads == 0


async def test_a_call_under_way_ends_on_the_plan_it_began_on(world: World, tmp_path: Path) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()
    note = world.desk.note

    async def slow(note_id: str) -> object:
        arrived.set()
        await go_on.wait()
        return await note(note_id)

    world.desk.note = slow  # type: ignore[method-assign,assignment]  # the one operation that waits
    started = World.client(world, _gateway(world, tmp_path))
    waiting = asyncio.create_task(world.ask("GET", NOTE, token(), http=started))
    await arrived.wait()
    folder = tmp_path / "policies"
    policies = Reloading(world.governor, folder, partial(load, folder, APIS, VALUES), said=fingerprint(folder))
    (tmp_path / "policies/apis/notes.yaml").write_text(NOTES_FILE.replace("  note: {scopes: [notes:read]}\n", ""))
    (tmp_path / "policies/products/desk.yaml").unlink()
    assert (await policies.look()).outcome == "in force"
    assert (await world.ask("GET", NOTE, token())).status_code == 404
    go_on.set()
    assert (await waiting).status_code == 200
    await started.aclose()


async def test_sighup_reads_the_folder_again() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1

    serving = asyncio.create_task(until_told_to_stop(look))
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: looks == 1)
    assert not serving.done()
    os.kill(os.getpid(), signal.SIGTERM)
    await serving


def _reloads(outcome: str) -> float:
    return REGISTRY.get_sample_value("tiergate_policy_reloads_total", {"outcome": outcome}) or 0.0


def _gateway(world: World, tmp_path: Path) -> object:
    """The same governor in front of an app that has the slow operation."""
    app = Litestar(routes(NOTES, world.desk), exception_handlers={Fault: fault_handler}, openapi_config=None)
    return Gateway(world.governor, {"process": app})
