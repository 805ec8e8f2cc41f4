"""Load is shed by criticality, T3 first, by what the process itself measures; and not for one long moment."""

import asyncio
import time
from pathlib import Path

import pytest

from foundation.context import CRITICALITIES
from gateway.load import Load, Mark, Shedding
from gateway.words import Duration
from tests.gateway.notes import CABINET_FILE, NOTES_FILE, PLATFORM, PROCESS_TIER, World, problem, token, workload

MARKS = Shedding(
    T3=Mark(lag=Duration(0.1), in_flight=10),
    T2=Mark(lag=Duration(0.4)),
    T1=Mark(lag=Duration(1.0)),
    calm=Duration(2.0),
)
NOTES = NOTES_FILE.replace("owner: notes", "criticality: T1\nowner: notes").replace(
    "  note: {scopes: [notes:read]}", "  note: {scopes: [notes:read], criticality: T3}"
)
LOW = "shedding: {T3: {in_flight: 2}, calm: 500ms, retry_after: 7s}\n"
NOTE, KEYED = "/notes/v2/notes/n1", "/notes/v2/notes/by-key/k1"


class Measured:
    """A load whose samples and clock are the test's."""

    def __init__(self, shedding: Shedding = MARKS) -> None:
        self.now = 0.0
        self.load = Load(lambda: self.now)
        self.load.watch(shedding)

    def late(self, lag: float, seconds: float = 1.0) -> str:
        """So late for so long; which classes are refused then."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.load.sample(lag)
        return " ".join(each for each in CRITICALITIES if self.load.refuses(each))


def test_the_less_critical_wait_first_and_t0_never() -> None:
    measured = Measured()
    assert [measured.late(lag) for lag in (0.05, 0.2, 0.5, 2.0, 60.0)] == ["", "T3", "T2 T3", "T1 T2 T3", "T1 T2 T3"]


def test_one_long_moment_is_not_overload() -> None:
    measured = Measured()
    measured.late(0.0)
    assert [measured.late(lag, 0.1) for lag in (3.0, 0.0, 3.0, 0.0, 3.0)] == [""] * 5


def test_a_class_is_admitted_again_only_after_a_calm_time_well_below_its_mark() -> None:
    measured = Measured()
    assert measured.late(0.2) == "T3"
    assert measured.late(0.08, 10.0) == "T3"  # below the mark, but not well below
    assert measured.late(0.05, 1.5) == "T3"
    assert measured.late(0.05, 1.0) == ""
    assert measured.late(0.08, 10.0) == ""  # between the two nothing changes


def test_calls_in_flight_count_as_well() -> None:
    measured = Measured()
    measured.load.in_flight = 11
    assert measured.late(0.0) == "T3"
    measured.load.in_flight = 8
    assert measured.late(0.0, 5.0) == "T3"
    measured.load.in_flight = 7
    assert measured.late(0.0, 5.0) == ""


def test_where_nothing_is_declared_any_more_nothing_is_refused() -> None:
    measured = Measured()
    assert measured.late(60.0) == "T1 T2 T3"
    measured.load.watch(None)
    assert measured.late(60.0) == ""


async def test_a_busy_process_refuses_t3_serves_the_rest_and_says_when_to_come_back(tmp_path: Path) -> None:
    world = World(tmp_path, notes=NOTES, platform=PLATFORM + LOW)
    slow = [asyncio.create_task(world.ask("GET", "/notes/v2/notes/slow", token())) for _ in range(3)]
    await asyncio.sleep(0.8)
    refused = await world.ask("GET", NOTE, token())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "7")
    said = problem(refused)
    assert said["type"] == "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
    assert (said["reason"], said["facts"]["criticality"]) == ("shed", "T3")
    assert said["facts"]["policy"] == "policies/platform.yaml:7"
    assert "ratelimit" not in refused.headers
    assert (await world.ask("PUT", KEYED, token(), json={"title": "a"})).status_code == 200
    # A tier here that is asked on behalf of what was let in goes on.
    found = await world.governor.call(world.plan.operations["cabinet-v1.note"].api, "note", PROCESS_TIER, {}, _nothing)
    assert found is None
    world.desk.gate.set()
    assert [(await one).status_code for one in slow] == [200] * 3
    await asyncio.sleep(1.2)
    assert (await world.ask("GET", NOTE, token())).status_code == 200
    assert world.governor.services.load.in_flight == 0
    world.governor.services.load.stop()
    await world.close()


async def _nothing() -> None:
    return None


async def test_the_event_loop_s_own_lateness_is_what_is_measured(tmp_path: Path) -> None:
    late = "shedding: {T3: {lag: 50ms}, calm: 500ms}\n"
    world = World(tmp_path, notes=NOTES, platform=PLATFORM + late)
    assert (await world.ask("GET", NOTE, token())).status_code == 200
    for _ in range(8):
        time.sleep(0.25)  # noqa: ASYNC251 - it blocks the loop, which is the point
        await asyncio.sleep(0)
    assert (await world.ask("GET", NOTE, token())).status_code == 503
    await asyncio.sleep(1.5)
    assert (await world.ask("GET", NOTE, token())).status_code == 200
    world.governor.services.load.stop()
    await world.close()


async def test_what_a_call_is_for_goes_on_with_it_and_only_a_tier_may_say_it(tmp_path: Path) -> None:
    cabinet = CABINET_FILE.replace("layer: system", "layer: system\ncriticality: T0")
    world = World(tmp_path, notes=NOTES, cabinet=cabinet)
    spoofed = {"Tiergate-Criticality": "T0"}
    await world.ask("GET", NOTE, token(), headers=spoofed)
    await world.ask("PUT", KEYED, token(), json={"title": "a"})
    tier = workload(acted_for=("priya@console",))
    await world.ask("GET", "/cabinet/v1/notes/n1", tier, headers={"Tiergate-Criticality": "T3"})
    await world.ask("GET", "/cabinet/v1/notes/n1", tier, headers={"Tiergate-Criticality": "T9"})
    assert [context.criticality for _, context in world.desk.asked] == ["T3", "T1", "T3", "T0"]
    assert "T3" in world.desk.asked[0][1].headers().values()
    await world.close()


@pytest.mark.parametrize("level", ["T3", "T1"])
async def test_the_outermost_call_decides_what_a_call_in_the_same_process_is_for(tmp_path: Path, level: str) -> None:
    from foundation.context import current, fresh, use

    world = World(tmp_path)
    heard: list[str] = []

    async def note() -> None:
        heard.append(current().criticality)

    api = world.plan.operations["cabinet-v1.note"].api
    with use(fresh().on_behalf("T3" if level == "T3" else "T1")):
        await world.governor.call(api, "note", PROCESS_TIER, {}, note)
    await world.governor.call(api, "note", PROCESS_TIER, {}, note)
    assert heard == [level, "T2"]
    await world.close()
