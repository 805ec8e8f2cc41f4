"""A small storm on each database: nothing doubled, nothing lost, every reason true."""

import json
import subprocess
import sys

import pytest

from tests.chaos.plan import faults, storm
from tests.processes import ROOT

PATIENCE, RUNS = 240, "10"


@pytest.mark.parametrize(
    ("database", "seed"),
    [
        pytest.param("sqlite", 7, marks=[pytest.mark.real, pytest.mark.alone]),
        pytest.param("postgres", 11, marks=[pytest.mark.real("initdb", "postgres"), pytest.mark.alone]),
    ],
)
def test_nothing_is_doubled_or_lost_and_every_reason_is_true(database: str, seed: int) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--runs", RUNS, "--seed", str(seed), "--database", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    said = json.loads(done.stdout or "{}")
    assert done.returncode == 0, done.stderr[-4000:]
    assert (said["duplicates"], said["lost"], said["untrue"]) == (0, 0, 0)
    assert said["verified"] + said["parked"] == said["asked"] > int(RUNS)
    assert said["verified"] > 0
    assert said["kills"] >= 3
    assert said["struck"] > 20


def test_a_seed_is_a_storm() -> None:
    assert storm(40, 7, 3) == storm(40, 7, 3)
    assert storm(40, 7, 3) != storm(40, 8, 3)
    assert faults(7) == faults(7)
    assert sorted(storm(40, 7, 3).deals) == list(range(1, 41))
