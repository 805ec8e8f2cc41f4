"""What the record costs: a call's own part of it, and how many records a second a writer takes.

python bench/audit.py            in a file
python bench/audit.py URL        in PostgreSQL (its schema must be there)
"""

import asyncio
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


async def main(where: Place) -> None:
    """Prints four lines."""
    trail = Trail(where, Masker(b"key"))
    said = Bodies(request=Said(), request_type=Said, answer=None, answer_type=None)
    for name, bodies in (("metadata", None), ("bodies", said)):
        started = time.perf_counter()
        for number in range(CALLS):
            trail.add(entry(number), bodies)
        put = time.perf_counter() - started
        await trail.flush()
        took = time.perf_counter() - started
        print(f"{name}: {put / CALLS * 1e6:.1f} us a call, {CALLS / took:.0f} records/s to the store")
    started, count = time.perf_counter(), 0

    async def durable() -> None:
        nonlocal count
        while time.perf_counter() - started < 3:
            await asyncio.wrap_future(trail.add_durable(entry(count)))
            count += 1

    await asyncio.gather(*(durable() for _ in range(WAITING)))
    took = time.perf_counter() - started
    print(f"durable: {count / took:.0f} records/s, {WAITING} waiting, {took / count * WAITING * 1e3:.1f} ms each")
    trail.close()
    started = time.perf_counter()
    found: list[Any] = verify(where)
    print(f"verify: {(2 * CALLS + count) / (time.perf_counter() - started):.0f} records/s, {len(found)} findings")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        place = Place.beside(there / "audit.sqlite")
        if len(sys.argv) > 1:
            place = Place(store=sys.argv[1], anchors=there / "anchors", keys=there / "audit.key")
        asyncio.run(main(place))
