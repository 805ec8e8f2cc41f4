"""Calls between tiers: the layer rule, and that a direct call and one over HTTP cannot be told apart."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.faults import Broken, Fault, Forbidden
from foundation.client import client
from foundation.context import Caller, Layer, current, fresh, use
from gateway.audit import query
from gateway.interior import bind
from gateway.nouns.layer import MAY_CALL
from gateway.refusals import LayerRefused, LimitReached, MissingScope, NotOffered
from tests.gateway.notes import AUDIENCE, CABINET, ISSUER, PROCESS_TIER, Note, Notes, World, problem, token, workload

PATHS = {"experience": "/face/v1/notes/n1", "process": "/notes/v2/notes/n1", "system": "/cabinet/v1/notes/n1"}
TABLE = [(caller, layer, layer in MAY_CALL[caller]) for caller in MAY_CALL for layer in PATHS]


def test_the_table_of_layers_is_the_one_we_mean() -> None:
    assert [(caller, layer) for caller, layer, allowed in TABLE if allowed] == [
        ("external", "experience"),
        ("external", "process"),
        ("experience", "process"),
        ("process", "system"),
    ]


@pytest.mark.parametrize(("caller", "layer", "allowed"), TABLE)
async def test_a_tier_calls_the_one_below_and_no_other(world: World, caller: str, layer: str, allowed: bool) -> None:
    scopes = "notes:read cabinet:read"
    chain = ("priya@console",)
    bearer = token(scopes) if caller == "external" else workload(caller, scopes, acted_for=chain, at=layer)
    answer = await world.ask("GET", PATHS[layer], bearer)
    assert answer.status_code == (200 if allowed else 403)
    if not allowed:
        assert problem(answer)["reason"] == "layer_refused"
        assert problem(answer)["facts"]["policy"].endswith(".yaml:2")
        assert world.desk.asked == []


async def test_a_system_api_wants_to_know_for_whom(world: World) -> None:
    answer = await world.ask("GET", PATHS["system"], workload(), headers={"Tiergate-Acted-For": "priya@console"})
    assert (answer.status_code, problem(answer)["reason"]) == (403, "layer_refused")
    assert "RFC 8693" in problem(answer)["detail"]


def _direct(world: World, caller: Caller = PROCESS_TIER) -> Notes:
    return bind(Notes, world.desk, world.governor, CABINET, lambda: caller)


def _remote(world: World, http: httpx.AsyncClient) -> Notes:
    return client(CABINET, Notes, http)


async def _both(world: World, caller: Caller, ask: Any) -> list[Any]:
    """What a call gives (its answer, or its fault) and leaves behind (its record), straight and over HTTP."""
    results = []
    scopes = " ".join(caller.scopes)
    bearer = workload(caller.layer, scopes, acted_for=caller.acted_for, at="system")
    transport = httpx.ASGITransport(world.gateway)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://gw", headers={"Authorization": f"Bearer {bearer}"}
    ) as http:
        for port in (_direct(world, caller), _remote(world, http)):
            context = fresh(request_id="one-request-id", caller=caller)
            with use(context):
                try:
                    result = await ask(port)
                except Fault as fault:
                    result = (type(fault), fault.detail, fault.system, fault.errors, fault.facts)
            await world.trail.flush()
            kept = query(world.trail.place, limit=1)[0]
            record = {
                name: getattr(kept.record, name)
                for name in kept.record.__struct_fields__
                if name not in ("seq", "at", "took_ms", "previous", "digest", "trace", "facts")
            }
            results.append((result, record, kept.request, kept.answer))
    return results


def _caller(
    scopes: str = "cabinet:read cabinet:write", layer: Layer = "process", acted_for: str = "priya@console"
) -> Caller:
    return Caller(
        subject=f"{layer}-tier",
        client=f"{layer}-tier",
        issuer=ISSUER,
        scopes=frozenset(scopes.split()),
        layer=layer,
        acted_for=tuple(acted_for.split()),
        claims={"aud": AUDIENCE},
    )


NOTE = Note(title="a", author="nina@harbor.example", worth=Decimal("12345.67"), password="hunter2", remark="free text")
CASES: dict[str, tuple[Caller, Any]] = {
    "allowed": (_caller(), lambda port: port.note("n1")),
    "allowed, bodies kept": (_caller(), lambda port: port.upsert_note("k1", NOTE)),
    "without the scope": (_caller("cabinet:read"), lambda port: port.upsert_note("k1", NOTE)),
    "from the wrong tier": (_caller(layer="experience"), lambda port: port.note("n1")),
    "for nobody": (_caller(acted_for=""), lambda port: port.note("n1")),
    "the tier's own no": (_caller(), lambda port: port.note("missing")),
    "a system that is down": (_caller(), lambda port: port.note("down")),
    "a bug": (_caller(), lambda port: port.note("bug")),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_direct_call_and_one_over_http_leave_the_same_fault_and_the_same_record(
    world: World, name: str
) -> None:
    caller, ask = CASES[name]
    straight, over_http = await _both(world, caller, ask)
    assert straight == over_http


async def test_a_direct_call_is_refused_by_name_and_line(world: World) -> None:
    with pytest.raises(MissingScope) as refused:
        await _direct(world, _caller("cabinet:read")).upsert_note("k1", Note(title="a"))
    assert refused.value.facts == {"scope": "cabinet:write", "policy": "policies/apis/cabinet.yaml:9"}
    with pytest.raises(LayerRefused):
        await _direct(world, _caller(layer="external")).note("n1")
    with pytest.raises(NotOffered):
        await _direct(world).delete_note("n1")
    assert isinstance(refused.value, Forbidden)
    assert world.desk.asked == []


async def test_a_direct_call_spends_the_same_limit(world: World) -> None:
    tier = workload(acted_for=("priya@console",))
    await _direct(world).note("n1")
    assert (await world.ask("GET", PATHS["system"], tier)).status_code == 200
    with pytest.raises(LimitReached) as refused:
        await _direct(world).note("n1")
    assert refused.value.facts["limit"] == "drawer"
    assert (await world.ask("GET", PATHS["system"], tier)).status_code == 429


async def test_inside_a_direct_call_the_caller_is_the_workload_and_the_trace_goes_on(world: World) -> None:
    outer = fresh(caller=_caller(layer="experience"))
    with use(outer):
        await _direct(world).note("n1")
        assert current() is outer
    _, inner = world.desk.asked[-1]
    assert inner.caller == PROCESS_TIER
    assert inner.request_id == outer.request_id
    assert inner.traceparent.split("-")[1] == outer.traceparent.split("-")[1]
    assert inner.traceparent != outer.traceparent


async def test_a_bug_behind_a_direct_call_tells_the_caller_nothing(world: World) -> None:
    with pytest.raises(Broken) as broken:
        await _direct(world).note("bug")
    assert "inner text" not in str(broken.value)
