"""The record as CloudEvents 1.0, one JSON object a line: for whoever keeps or watches it elsewhere.

Delivered at least once when it is exported again over the same time; who reads it knows one again by `source` and `id`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from gateway.audit.reading import Kept

TYPE: Final = "io.tiergate.call"
SCHEMA: Final = "urn:tiergate:schema:call-record:1"
_CHAIN: Final = ("writer", "seq", "previous", "digest", "facts")


def events(kept: Iterable[Kept], source: str) -> Iterator[bytes]:
    """Lines without their end. `source` is the address of the record, a URI."""
    for each in kept:
        yield msgspec.json.encode(event(each, source))


def event(kept: Kept, source: str) -> dict[str, Any]:
    """One record as an event (CloudEvents 1.0 section 3, JSON format; `traceparent` of its Distributed Tracing)."""
    record = kept.record
    facts: dict[str, Any] = msgspec.json.decode(record.facts or "{}")
    ended = "begun" if record.status == 0 else "refused" if record.policy else "ended"
    said = {"request": kept.request, "answer": kept.answer}
    told = {
        "specversion": "1.0",
        "id": f"{record.writer}/{record.seq}",
        "source": source,
        "type": f"{TYPE}.{ended}.v1",
        "time": record.at,
        "subject": "/".join(part for part in (record.api, record.version, record.operation, record.key) if part),
        "datacontenttype": "application/json",
        "dataschema": SCHEMA,
        "data": {
            **{name: value for name, value in msgspec.structs.asdict(record).items() if name not in _CHAIN},
            "facts": facts,
            "chain": {"writer": record.writer, "seq": record.seq, "previous": record.previous, "digest": record.digest},
            **{name: msgspec.json.decode(text) for name, text in said.items() if text is not None},
        },
    }
    if record.trace and facts.get("span"):
        told["traceparent"] = f"00-{record.trace}-{facts['span']}-01"
    return told
