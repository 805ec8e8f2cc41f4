"""Exchange files: what was asked of an adapter, what it sent, what the vendor replied, what came of it.

{"name": "...", "asked": {"ticket_by_key": {"key": "CASE-7"}},
 "before": [{"sent": {...}, "replied": {...}}],            calls that lead up to the one it is about
 "sent": {"method", "path", "body"?}, "replied": {"status", "headers"?, "body", "also"?},
 "gives": {...} | "faults": {"reason": ..., ...},
 "sandbox": {"options"?, "records"?, "fault"?}}             how a sandbox comes to answer alike, where it can

Of a batch, `sent` and `replied` have `parts` in the place of `body` (`tests/batches.py`).

`also` lists other statuses that the vendor's documents give for the same. Every file is played otherwise written as
well (`tests/ports/variations.py`).
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Fault
from canonical.ports import operations
from foundation.sandbox import Box, FaultRule
from tests import batches

Exchange = dict[str, Any]


def exchanges(system: str, where: str = "name") -> list[Any]:
    """The exchanges of a system that have this member, as parameters of a test."""
    folder = Path(__file__).parents[1] / "system_apis" / system / "exchanges"
    found = [(path.stem, json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
    assert found, f"{folder} holds no exchanges"
    return [pytest.param(exchange, id=stem) for stem, exchange in found if where in exchange]


async def play(exchange: Exchange, connect: Callable[[httpx.AsyncClient], Any], ports: Sequence[type]) -> None:
    """Ask the adapter, check what it sends, reply as written, check what it makes of that."""
    script = [*exchange.get("before", []), {"sent": exchange["sent"], "replied": exchange["replied"]}]

    def reply(request: httpx.Request) -> httpx.Response:
        assert script, f"one call too many: {request.method} {request.url}"
        call = script.pop(0)
        sent, replied = call["sent"], call["replied"]
        wanted = httpx.URL(f"http://vendor{sent['path']}")
        assert (request.method, request.url.path) == (sent["method"], wanted.path)
        assert sorted(request.url.params.multi_items()) == sorted(wanted.params.multi_items())
        if batches.is_batch(request.headers.get("Content-Type", "")):
            parts = batches.read(request.content, request.headers["Content-Type"])
            assert batches.asked(parts) == batches.asked(sent["parts"])
        else:
            assert (json.loads(request.content) if request.content else None) == sent.get("body")
        content, headers = batches.said(replied)
        return httpx.Response(replied["status"], headers=headers, content=content)

    [(operation, arguments)] = exchange["asked"].items()
    [known] = [each for port in ports for each in operations(port) if each.attribute == operation]
    kinds = {each.name: each.type for each in known.parameters}
    typed = {name: msgspec.convert(value, kinds[name]) if name in kinds else value for name, value in arguments.items()}
    if "data" in typed:
        typed["data"] = msgspec.convert(typed["data"], known.body)
    async with httpx.AsyncClient(transport=httpx.MockTransport(reply), base_url="http://vendor") as http:
        asked = getattr(connect(http), operation)(**typed)
        if "gives" in exchange:
            assert await asked == msgspec.convert(exchange["gives"], known.returns)
        else:
            with pytest.raises(Fault) as fault:
                await asked
            fields = [error.pointer for error in fault.value.errors]
            told: dict[str, Any] = {"reason": fault.value.reason, "detail": fault.value.detail, "fields": fields}
            told |= fault.value.facts
            assert {name: told.get(name) for name in exchange["faults"]} == exchange["faults"]
    assert not script, f"calls that were not made: {script}"


async def compare(exchange: Exchange, box: Box, http: httpx.AsyncClient) -> None:
    """Put the sandbox where the vendor was, send the same, and see an answer of the same kind."""
    setting = exchange["sandbox"]
    for name, value in setting.get("options", {}).items():
        box.store.set_setting(name, value)
    for kind, record in setting.get("records", []):
        id = record.get("id") or record.get("sys_id")
        if box.store.get(kind, id) is None:
            box.store.insert(kind, id, record)
    if "fault" in setting:
        box.faults.add(FaultRule(fault=setting["fault"]))
    sent, replied = exchange["sent"], exchange["replied"]
    if "parts" in sent:
        wish = http.headers.get("Prefer", "")
        content, kind = batches.written([each | {"headers": {"Prefer": wish}} for each in sent["parts"]])
        headers = {"Content-Type": kind, "Prefer": f"odata.continue-on-error,{wish}"}
        answer = await http.request(sent["method"], sent["path"], content=content, headers=headers)
    else:
        answer = await http.request(sent["method"], sent["path"], json=sent.get("body"))
    assert answer.status_code == replied["status"]
    if "parts" in replied:
        told = batches.read(answer.content, answer.headers["Content-Type"])
        assert len(told) == len(replied["parts"])
        assert all(_alike(one, other) for one, other in zip(told, replied["parts"], strict=True))
        return
    assert _alike(answer.json() if answer.content else "", replied.get("body", ""))


def _alike(one: Any, other: Any) -> bool:
    """The same sort of value: what the vendor's answer holds is there, whatever its text."""
    if isinstance(other, dict) and isinstance(one, dict):
        if other and all(name.isdigit() for name in other):
            return all(name.isdigit() and _alike(value, next(iter(other.values()))) for name, value in one.items())
        return all(name in one and _alike(one[name], value) for name, value in other.items())
    if isinstance(other, list) and isinstance(one, list):
        return bool(one) == bool(other) and (not one or _alike(one[0], other[0]))
    return other is None or one is None or type(one) is type(other)
