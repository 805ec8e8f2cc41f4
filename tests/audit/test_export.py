"""The record as CloudEvents 1.0: each line held against the rules of the specification."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.audit import Trail, every
from gateway.audit.export import events
from tests.audit.conftest import BODIES, MASKER, Ground, entry
from tests.gateway.notes import NOW

SOURCE = "https://api.firm.example/audit"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def exported(ground: Ground, **asked: Any) -> list[dict[str, Any]]:
    trail = Trail(ground.place, MASKER)
    trail.add(entry(1, traceparent=TRACE, who="priya@firm.example"), BODIES)
    refused = {"status": 403, "reason": "missing_scope", "policy": "policies/apis/notes.yaml:3"}
    trail.add(entry(2, of="refusals", when=NOW + 1, **refused))
    trail.add(entry(3, when=NOW + 2, status=0, reason="begun"))
    await trail.flush()
    trail.close()
    return [json.loads(line) for line in events(every(ground.place, **asked), SOURCE)]


def check(event: dict[str, Any]) -> None:
    """The rules of CloudEvents 1.0.2, sections 2 and 3 and its JSON format."""
    for name in ("id", "source", "specversion", "type"):
        assert isinstance(event[name], str)
        assert event[name], f"{name} is required and not empty"
    assert event["specversion"] == "1.0"
    assert all(re.fullmatch(r"[a-z0-9]+", name) for name in event), "names are lower-case letters or digits"
    assert urlsplit(event["source"]).scheme, "a source should be an absolute URI"
    assert re.match(r"([a-z0-9-]+\.)+", event["type"]), "a type should begin with a reversed domain name"
    stamp = datetime.fromisoformat(event["time"])
    assert stamp.utcoffset() is not None, "RFC 3339 has an offset"
    assert event.get("subject") != ""
    assert urlsplit(event["dataschema"]).scheme, "a dataschema is a URI"
    assert event["datacontenttype"] == "application/json"
    assert "data_base64" not in event
    if "traceparent" in event:
        assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", event["traceparent"])


async def test_every_record_is_an_event_by_the_rules(ground: Ground) -> None:
    told = await exported(ground)
    for event in told:
        check(event)
    assert [event["type"] for event in told] == [
        "io.tiergate.call.ended.v1",
        "io.tiergate.call.refused.v1",
        "io.tiergate.call.begun.v1",
    ]
    assert len({(event["source"], event["id"]) for event in told}) == 3
    first = told[0]
    assert (first["subject"], first["traceparent"]) == ("notes/v1/note/n1", TRACE)
    assert first["data"]["request"]["title"] == "a"
    assert first["data"]["chain"]["seq"] == 1


async def test_people_are_exported_under_their_pseudonyms_unless_their_names_are_asked_for(ground: Ground) -> None:
    told = await exported(ground)
    assert told[0]["data"]["subject"].startswith("~")
    [named] = list(events(every(ground.place, names=True, key="n1"), SOURCE))
    assert json.loads(named)["data"]["subject"] == "priya@firm.example"


async def test_an_export_is_of_what_was_asked_for(ground: Ground) -> None:
    assert [event["data"]["key"] for event in await exported(ground, status=4)] == ["n2"]


@pytest.mark.parametrize("count", [1201])
async def test_an_export_longer_than_a_page_has_each_record_once(ground: Ground, count: int, tmp_path: Path) -> None:
    trail = Trail(ground.place, MASKER)
    for number in range(count):
        trail.add(entry(number, when=NOW + number))
    await trail.flush()
    trail.close()
    ids = [json.loads(line)["id"] for line in events(every(ground.place), SOURCE)]
    assert len(ids) == len(set(ids)) == count
