"""One side of the bench, in a process of its own: `python -m bench.durable.playing SIDE FOLDER RUNS DATABASE`.

`record` and `ours` play deals through the whole platform, `profile` does so under cProfile, `slow` one at a time with
vendors that take their time, `bare` replays what `record` wrote. What was measured is printed as one line of JSON.
"""

import asyncio
import cProfile
import logging
import os
import pickle
import pstats
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import sqlalchemy as sa
import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

import system_apis
from bench.durable import recording
from bench.durable.native_ids import NativeIds
from bench.durable.recording import Call, Done, Play, Recorder, UnderWay
from bench.governed.profile import shares
from canonical.dates import now
from canonical.ports.processes import StartOpportunityToProject
from canonical.ports.systems import Connection as SignedIn
from foundation.context import current, use
from foundation.database import engine_of, migrate
from foundation.sandbox import FaultRule
from foundation.sandbox.firm import deals, twin
from foundation.sandbox.server import addresses
from process_apis.engine import QUEUE, UNDER_WAY, launched
from process_apis.events.polling import CONTRACT
from process_apis.operating import Operating
from process_apis.opportunity_to_project.workflow import WORKFLOW
from process_apis.platform import Pace, on_own_account
from process_apis.tables import INBOX, RUNS, WATERMARKS
from tests.chaos.plan import REFUSED
from tests.crm import TOKENS, opportunity, sign_in_form
from tests.processes import ROOT, environment
from tiergate import configuration, embedded, settings
from tiergate.assembly import Served, everything
from tiergate.running import with_demo

AT_ONCE: Final = 8
POLL: Final = 0.5
PATIENCE: Final = 240.0
DELAY: Final = 0.15
SYSTEMS: Final = ("salesforce", "netsuite", "kantata")
PORT: Final = 8080
"""Nobody listens there: only the issuer's name has it in it."""


def good(runs: int) -> list[int]:
    """The numbers of so many deals that no guard stops."""
    found: list[int] = []
    number = 0
    while len(found) < runs:
        number += 1
        if twin(number) not in REFUSED:
            found.append(number)
    return found


@asynccontextmanager
async def sandboxes(folder: Path, runs: int) -> AsyncIterator[dict[str, str]]:
    """The vendors in a process of their own, with these deals won, and nobody told of it; what the settings need."""
    state = folder / "state"
    numbers = good(runs)
    command = [sys.executable, "-m", "tests.chaos.sandboxes", str(state), str(numbers[-1])]
    serving = subprocess.Popen(  # noqa: ASYNC220 - returns at once
        command, cwd=ROOT, env=environment(state), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        await recording.until(lambda: bool(addresses(state / embedded.FOLDER)), 60)
        values = await embedded.introduce(state, f"http://127.0.0.1:{PORT}")
        where = addresses(state / embedded.FOLDER)["salesforce"].url
        async with httpx.AsyncClient() as http:
            (await http.put(f"{where}/_sandbox/options/notifications", content=b"null")).raise_for_status()
        yield values
    finally:
        assert serving.stdin
        serving.stdin.close()
        await asyncio.to_thread(serving.wait, 30)


async def won(folder: Path, runs: int) -> list[str]:
    """Somebody closes the deals; their ids."""
    state = folder / "state"
    known = deals(now().date(), good(runs)[-1])
    found = [known[number - 1].id for number in good(runs)]
    async with httpx.AsyncClient(base_url=addresses(state / embedded.FOLDER)["salesforce"].url) as http:
        token = (await http.post(TOKENS, data=sign_in_form(state))).json()["access_token"]
        for deal in found:
            signed = {"Authorization": f"Bearer {token}"}
            (await http.patch(opportunity(deal), json={"StageName": "Closed Won"}, headers=signed)).raise_for_status()
    return found


@asynccontextmanager
async def platform(folder: Path, values: Mapping[str, str], database: str) -> AsyncIterator[Served]:
    """The whole platform; it looks for no deals by itself."""
    given = environment(folder / "state", TIERGATE_DATABASE_URL=database, TIERGATE_LOG="warning")
    known = settings.read(given | {"TIERGATE_PORT": str(PORT)})
    known = msgspec.structs.replace(known, values=with_demo(known) | dict(values))
    served = everything(known, Pace(poll=3600.0, desk=3600.0))
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


async def ours(side: str, folder: Path, runs: int, database: str) -> dict[str, Any]:
    """Deals through our engine."""
    async with sandboxes(folder, runs) as values, platform(folder, values, database) as served:
        assert served.platform is not None
        asking = msgspec.structs.replace(current(), caller=on_own_account("bench"))
        with use(asking):
            for name in SYSTEMS:
                await served.platform.systems.ask(name, SignedIn).whoami()
        operating, engine = Operating(served.platform, WORKFLOW), served.database.engine
        await recording.until(lambda: looked(engine), 30)  # when there is nothing of the bench yet
        wanted = await won(folder, runs)
        with engine.connect() as connection:
            assert not connection.scalar(sa.select(sa.func.count()).select_from(RUNS))

        async def start(deal: str) -> None:
            with use(msgspec.structs.replace(asking, run=deal)):
                await operating.start_run(StartOpportunityToProject(opportunity_id=deal))

        if side == "slow":
            return await slowly(folder, engine, wanted, start)
        recorder = Recorder({at.url: name for name, at in addresses(folder / "state" / embedded.FOLDER).items()})
        profiler = cProfile.Profile()
        with recorder.installed(engine) if side == "record" else nullcontext():
            if side == "profile":
                profiler.enable()
            measured = await timed(engine, wanted, start)
            profiler.disable()
        with engine.connect() as connection:
            measured["verified"] = connection.scalar(sa.select(sa.func.count()).where(RUNS.c.verified.is_(True)))
            stored = recording.checkpoints(connection)
        if side == "record":
            plays = recorder.plays(stored)
            (folder.parent / "plays").write_bytes(pickle.dumps(plays))
            measured |= described(plays)
        if side == "profile":
            stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # it is there
            measured["profile"] = {name: round(part, 4) for name, part in shares(stats)[:24]}
            measured["functions"] = dearest(stats)
        return measured


def described(plays: list[Play]) -> dict[str, Any]:
    """What a run is made of, on average."""
    done = [[*play.before, *(each for step in play.steps.values() for each in step)] for play in plays]
    calls = sum(isinstance(each, Call) for run in done for each in run)
    return {
        "calls_a_run": round(calls / len(plays), 1),
        "writing_transactions_a_run": round((sum(map(len, done)) - calls) / len(plays), 1),
        "checkpoints_a_run": round(sum(len(play.checkpoints) for play in plays) / len(plays), 1),
        "checkpoint_bytes_a_run": round(sum(sum(play.checkpoints.values()) for play in plays) / len(plays)),
    }


def dearest(stats: Mapping[Any, Any]) -> list[str]:
    """The functions that spend most time themselves, and of ours those that spend most in all."""
    own = sorted(stats.items(), key=lambda item: -item[1][2])[:25]
    mine = [item for item in stats.items() if str(ROOT) in item[0][0] and "/.venv/" not in item[0][0]]
    total = sorted(mine, key=lambda item: -item[1][3])[:40]
    return [
        f"{file.removeprefix(f'{ROOT}/').rpartition('site-packages/')[2]}:{name} x{calls} own {t:.3f} all {in_all:.3f}"
        for (file, _, name), (_, calls, t, in_all, _) in own + total
    ]


async def timed(engine: sa.Engine, wanted: list[Any], start: Callable[[Any], Awaitable[None]]) -> dict[str, Any]:
    """Start them all, some at once, and wait until every run is over."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(each: Any) -> None:
        async with gate:
            await start(each)

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(one(each) for each in wanted))
    await recording.until(lambda: ended(engine) >= len(wanted), PATIENCE)
    took, spent = time.monotonic() - began, time.process_time() - cpu
    return {"runs_a_second": len(wanted) / took, "cpu_ms_a_run": spent * 1000 / len(wanted)}


def ended(engine: sa.Engine) -> int:
    """How many runs the engine calls over."""
    table = "dbos.workflow_status" if engine.dialect.name == "postgresql" else "workflow_status"
    asked = sa.text(f"SELECT count(*) FROM {table} WHERE status NOT IN :open AND workflow_uuid LIKE 'o2p:%'")  # noqa: S608 - a name of the engine's own
    with engine.connect() as connection:
        return int(connection.scalar(asked.bindparams(sa.bindparam("open", UNDER_WAY, expanding=True))) or 0)


def looked(engine: sa.Engine) -> bool:
    """Whether the systems were asked once for what changed, contracts last, and all of that was worked on."""
    asked = sa.select(WATERMARKS.c.system).where(WATERMARKS.c.system == f"{SYSTEMS[0]}:{CONTRACT}")
    left = sa.select(sa.func.count()).select_from(INBOX).where(INBOX.c.done_at.is_(None))
    with engine.connect() as connection:
        return connection.scalar(asked) is not None and not connection.scalar(left)


async def slowly(
    folder: Path, engine: sa.Engine, wanted: list[str], start: Callable[[str], Awaitable[None]]
) -> dict[str, Any]:
    """One run after the other, every call delayed: how long each was, and how long a call was under way."""
    where = addresses(folder / "state" / embedded.FOLDER)
    rule = msgspec.json.encode(FaultRule(fault="slow", times=0, delay=DELAY))
    async with httpx.AsyncClient(trust_env=False) as http:
        for name in SYSTEMS:
            (await http.post(f"{where[name].url}/_sandbox/faults", content=rule)).raise_for_status()
    rows = []
    for number, deal in enumerate(wanted):
        watch = UnderWay()
        with watch.installed():
            began = time.monotonic()
            await start(deal)
            await recording.until(lambda least=number + 1: ended(engine) >= least, PATIENCE)  # type: ignore[misc]  # a default is seen by no caller
            took = time.monotonic() - began
        rows.append([took, recording.covered(watch.spans), len(watch.spans)])
    return {"rows": rows}


# ── bare DBOS ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Bare:
    """What the replaying workflow stands on."""

    plays: Mapping[str, Play]
    clients: Mapping[str, httpx.AsyncClient]
    engine: sa.Engine
    ids: Mapping[str, NativeIds]
    alike = 0
    unlike = 0
    refused: Final[list[str]] = []
    """Transactions the database would not have again."""


async def again(run: str, done: Done) -> None:
    """A recorded call or transaction."""
    if isinstance(done, Call):
        ids = Bare.ids[run]
        answer = await Bare.clients[done.system].request(
            done.method, ids.path(done.path), headers=done.headers, content=ids.body(done.body) or None
        )
        ids.learn(done.answer, answer.content)
        ids.learn_place(done.location, answer.headers.get("location", ""))
        alike = answer.status_code // 100 == done.status // 100
        Bare.alike, Bare.unlike = Bare.alike + alike, Bare.unlike + (not alike)
        return
    await asyncio.to_thread(_written, done.statements)


def _written(statements: list[tuple[str, Any, bool]]) -> None:
    """No foreign key is checked: what one run stands on, another may write later this time."""
    try:
        with Bare.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for statement, parameters, _ in statements:
                connection.exec_driver_sql(statement, parameters)
    except sa.exc.IntegrityError as refused:
        Bare.refused.append(str(refused)[:200])


async def _body(run: str, number: int) -> str:
    play = Bare.plays[run]
    for done in play.steps[number]:
        await again(run, done)
    return "x" * (play.checkpoints[number] - 2)  # as text between quotes


@DBOS.workflow(name="bare.v1", max_recovery_attempts=1000)
async def bare_run(run: str) -> str:
    """One recorded run: its steps, nothing else."""
    for number in sorted(Bare.plays[run].checkpoints):
        await DBOS.run_step_async({"name": f"step-{number}"}, _body, run, number)
    return "succeeded"


async def bare(folder: Path, runs: int, database: str) -> dict[str, Any]:
    """What was recorded, by DBOS and httpx and nothing of ours."""
    plays: list[Play] = pickle.loads((folder.parent / "plays").read_bytes())  # noqa: S301 - our own recording
    async with sandboxes(folder, runs) as values:
        engine = engine_of(database)
        await asyncio.to_thread(migrate, engine)
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                connection.exec_driver_sql("ALTER DATABASE postgres SET session_replication_role = replica")
            engine.dispose()
        await won(folder, runs)
        Bare.plays, Bare.engine = {play.run: play for play in plays}, engine
        Bare.ids = {play.run: NativeIds() for play in plays}
        Bare.clients = {name: await signed_in(folder, name, values) for name in SYSTEMS}
        await launched(engine, "bare", POLL)

        async def start(play: Play) -> None:
            for done in play.before:
                await again(play.run, done)
            with SetWorkflowID(play.run), SetEnqueueOptions(queue_partition_key=play.run):
                await DBOS.enqueue_workflow_async(QUEUE, bare_run, play.run)

        measured = await timed(engine, plays, start)
        engine.dispose()
    total = Bare.alike + Bare.unlike
    return measured | {
        "alike": round(Bare.alike / max(1, total), 4),
        "transactions_refused": len(Bare.refused),
        "refused": Bare.refused[:1],
    }


async def signed_in(folder: Path, name: str, values: Mapping[str, str]) -> httpx.AsyncClient:
    """A plain client with the token the system gives us, as many connections as ours may have."""
    known = settings.read(environment(folder / "state"))
    found = configuration.connections(known.policies, [name], with_demo(known) | dict(values))[name]
    seen: list[str] = []

    def noted(request: httpx.Request, _a: httpx.Response, _b: float, _e: float) -> None:
        seen.append(request.headers.get("authorization", ""))

    adapter: Any = configuration.adapter(system_apis.discover()[name], found)
    with recording.sending(noted):
        await adapter.whoami()
    await adapter.close()
    return httpx.AsyncClient(
        base_url=found.url,
        headers={"Authorization": seen[-1]},
        timeout=found.timeout,
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
    )


def main(side: str, folder: Path, runs: int, database: str) -> None:
    """Measure, and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    folder.mkdir(parents=True)
    working = bare(folder, runs, database) if side == "bare" else ours(side, folder, runs, database)
    measured = asyncio.run(working)
    shutil.rmtree(folder, ignore_errors=True)
    print(msgspec.json.encode(measured).decode(), flush=True)
    os._exit(0)  # whatever thread still waits for something has nothing to say


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
