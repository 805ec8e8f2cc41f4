"""What runs did is recorded as they did it, and the numbers of the engine's bench are what they are said to be."""

from pathlib import Path

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from bench import engine
from bench.durable import recording
from bench.durable.native_ids import NativeIds
from bench.durable.recording import Call, Recorder, Write
from foundation.context import current, use
from foundation.database import Database, engine_of


async def test_calls_and_writing_transactions_are_recorded_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(engine_of(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    database.now(lambda c: c.execute(sa.text("CREATE TABLE t (a INTEGER)")))
    recorder = Recorder({"http://erp.example": "erp"})

    async def answered(_transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, request=request)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answered)
    with recorder.installed(database.engine), use(msgspec.structs.replace(current(), run="deal")):
        async with httpx.AsyncClient() as http:
            await http.post("http://erp.example/token", json={})  # not signed: it is signing in
            signed = {"Authorization": "Bearer x", "If-Match": "7"}
            await http.post("http://erp.example/job?x=1", content=b"{}", headers=signed)
        await database.run(lambda c: c.execute(sa.text("INSERT INTO t VALUES (:a)"), {"a": 3}))
        await database.run(lambda c: c.scalar(sa.text("SELECT count(*) FROM t")))
    database.engine.dispose()
    play = recorder.plays({"o2p:crm:deal:1": {1: 12}})[0]
    call, write = play.before
    assert isinstance(call, Call)
    assert (call.system, call.method, call.path, call.body, call.status) == ("erp", "POST", "/job?x=1", b"{}", 201)
    assert ("if-match", "7") in call.headers
    assert "authorization" not in dict(call.headers)
    assert isinstance(write, Write)
    assert [(said, tuple(given)) for said, given, _ in write.statements] == [("INSERT INTO t VALUES (?)", (3,))]
    assert (play.steps, play.checkpoints) == ({1: []}, {1: 12})


def test_what_is_replayed_speaks_of_records_by_the_ids_they_have_now() -> None:
    ids = NativeIds()
    ids.learn_place("/services/rest/record/v1/job/350", "/services/rest/record/v1/job/97")
    ids.learn(
        b'{"count": 1, "workspaces": {"410": {"id": "410", "creator_id": 7}}}',
        b'{"count": 1, "workspaces": {"502": {"id": "502", "creator_id": 8}}}',
    )
    ids.learn(b"<html>", b"{}")
    assert ids.path("/record/v1/job/350?expand=410&limit=35") == "/record/v1/job/97?expand=502&limit=35"
    said = b'{"job":{"id":"350"},"amount":350,"creator_id":7,"q":"SELECT x WHERE id = 350","title":"Job 350"}'
    now = b'{"job":{"id":"97"},"amount":350,"creator_id":8,"q":"SELECT x WHERE id = 97","title":"Job 350"}'
    assert ids.body(said) == now
    assert ids.body(b"workspace=410") == b"workspace=502"


def test_time_under_way_counts_once_what_overlaps() -> None:
    assert recording.covered([(0.0, 1.0), (0.5, 2.0), (3.0, 4.0), (3.2, 3.4)]) == 3.0
    assert recording.covered([]) == 0.0


def test_the_ratios_are_of_medians_and_what_is_short_is_named() -> None:
    def side(*runs: float) -> list[dict[str, float]]:
        return [{"runs_a_second": each, "cpu_ms_a_run": 100 / each} for each in runs]

    found = {"ours": side(1, 2, 90), "bare": side(4, 4, 4), "bare again": side(4, 4, 4), "recorded": {}, "profiled": {}}
    rows = [[3.0, 2.0, 10], [3.6, 3.0, 12], [9.0, 3.0, 20]]
    said = engine.result_of({"sqlite": found}, rows, engine.QUICK)
    assert said["ratios"]["runs_vs_bare_dbos"] == {"sqlite": 0.5}
    assert said["ratios"]["cpu_vs_bare_dbos"] == {"sqlite": 2.0}
    assert said["ratios"]["slow_run_vs_calls_under_way"] == 1.5
    assert said["ratios"]["slow_run_vs_calls_times_delay"] == 2.0
    assert said["short"] == ["runs_vs_bare_dbos sqlite", "slow_run_vs_calls_under_way"]
