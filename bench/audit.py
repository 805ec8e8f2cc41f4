"""What the record costs: a call's own part of it, and how many records a second a writer takes.

Writes `bench/results/audit.json` when it measures the file; PostgreSQL is only printed.

python -m bench.audit            in a file
python -m bench.audit URL        in PostgreSQL (its schema must be there)
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

from canonical.classes import PII, PUBLIC
from foundation.context import Caller
from foundation.masking import Masker
from gateway.audit import About, Bodies, Entry, Place, Trail, verify

RESULT = Path(__file__).resolve().parent / "results" / "audit.json"
CALLS = 20_000
WAITING = 64


class Said(msgspec.Struct):
    """A body."""

    name: Annotated[str, PUBLIC] = "Harbor"
    mail: Annotated[str, PII] = "nina@harbor.example"


ABOUT = About(api="notes", version="v1", layer="process", operation="note", in_path=("note_id",))
CALLER = Caller(subject="priya", client="console", scopes=frozenset({"notes:read", "notes:write"}))


def entry(number: int) -> Entry:
    """One call's, as the audit noun makes it."""
    return Entry(
        at=time.time(),
        about=ABOUT,
        caller=CALLER,
        arguments={"note_id": f"n{number}"},
        status=200,
        request_id=f"r{number}",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


async def measure(where: Place) -> dict[str, float]:
    """The numbers of one store."""
    measured: dict[str, float] = {}
    trail = Trail(where, Masker(b"key"))
    said = Bodies(request=Said(), request_type=Said, answer=None, answer_type=None)
    for name, bodies in (("metadata", None), ("bodies", said)):
        started = time.perf_counter()
        for number in range(CALLS):
            trail.add(entry(number), bodies)
        put = time.perf_counter() - started
        await trail.flush()
        took = time.perf_counter() - started
        measured[f"{name}_us_a_call"] = round(put / CALLS * 1e6, 1)
        measured[f"{name}_records_a_second"] = round(CALLS / took)
    started, count = time.perf_counter(), 0

    async def durable() -> None:
        nonlocal count
        while time.perf_counter() - started < 3:
            await asyncio.wrap_future(trail.add_durable(entry(count)))
            count += 1

    await asyncio.gather(*(durable() for _ in range(WAITING)))
    took = time.perf_counter() - started
    measured["durable_records_a_second"] = round(count / took)
    measured["durable_ms_each_of_64"] = round(took / count * WAITING * 1e3, 1)
    trail.close()
    started = time.perf_counter()
    found: list[Any] = verify(where)
    assert found == [], found
    measured["verified_records_a_second"] = round((2 * CALLS + count) / (time.perf_counter() - started))
    return measured


def main() -> None:
    """Measure and print; the result of the file is kept."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        place = Place.beside(there / "audit.sqlite")
        if len(sys.argv) > 1:
            place = Place(store=sys.argv[1], anchors=there / "anchors", keys=there / "audit.key")
        measured = asyncio.run(measure(place))
    for name, value in measured.items():
        print(f"  {name:<28} {value:>8}")
    if place.in_file:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
        what = "records of calls: a call's part, the writer, durable calls that wait, verification"
        RESULT.parent.mkdir(exist_ok=True)
        told = {"what": what, "measured": measured, "machine": machine, "repeat": "make bench"}
        RESULT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
