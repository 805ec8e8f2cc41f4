"""Threads that decode the same new Struct at the same moment: once prepared, the process lives."""

import gc
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from canonical.events import Event
from foundation.structs import prepare

ROOT = Path(__file__).resolve().parents[2]
RACE = """
import sys, threading
import msgspec
from foundation.structs import prepare

sys.setswitchinterval(1e-6)
for turn in range(150):
    held = [msgspec.defstruct(f"Held{turn}_{n}", [(f"a{k}", "list[int]", []) for k in range(10)]) for n in range(6)]
    kind = msgspec.defstruct(f"Holder{turn}", [(f"f{k}", held[k]) for k in range(6)])
    prepare()
    start = threading.Barrier(4)
    said = {f"f{k}": {"a1": [1]} for k in range(6)}
    threads = [threading.Thread(target=lambda: (start.wait(), msgspec.convert(said, kind))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_four_threads_decode_a_prepared_type_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", RACE], cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_every_type_is_prepared_and_one_that_cannot_be_decoded_is_passed_over() -> None:
    class Undecodable(msgspec.Struct):
        one: "list[Missing]"  # type: ignore[name-defined]  # noqa: F821 - the point: a name that is nowhere

    class Decodable(msgspec.Struct):
        one: int

    gc.collect()
    gc.disable()  # types that other tests made and dropped are not to go between the two counts
    try:
        before = prepare()

        class Later(msgspec.Struct):
            one: int

        assert prepare() == before + 1
    finally:
        gc.enable()
    del Undecodable, Decodable, Later


def test_a_type_whose_making_was_refused_is_passed_over_while_it_is_still_seen() -> None:
    with pytest.raises(TypeError, match="does not say how") as refused:
        type("Bare", (Event,), {"kind": "project.activated", "major": 2, "__module__": __name__})
    assert "Bare" in {each.__name__ for each in Event.__subclasses__()}, "its exception holds it"
    assert prepare() > 0
    del refused
