"""The control API of every sandbox, under `/_sandbox/`: what tests, scenarios and the curious may ask and set."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from foundation.sandbox.answers import Answer, answer
from foundation.sandbox.faults import FaultRule
from foundation.sandbox.kit import Box


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the sandbox's clock runs ahead of the real one."""

    ahead_seconds: Annotated[float, msgspec.Meta(ge=-(10**9), le=10**9)]


@route("/health", http_method="GET", status_code=200)
async def health(box: NamedDependency[Box]) -> Answer:
    """Up, and as what."""
    return answer(200, {"status": "ok", "sandbox": box.sandbox.name, "title": box.sandbox.title})


@route("/_sandbox/writes", http_method="GET", status_code=200)
async def writes(box: NamedDependency[Box], since: FromQuery[int] = 0) -> Answer:
    """Committed writes after a sequence number."""
    return answer(200, box.store.writes(since))


@route("/_sandbox/counts", http_method="GET", status_code=200)
async def counts(box: NamedDependency[Box]) -> Answer:
    """How many records of each kind were created, updated and deleted."""
    return answer(200, box.store.counts())


@route("/_sandbox/duplicates", http_method="GET", status_code=200)
async def duplicates(box: NamedDependency[Box]) -> Answer:
    """Business facts created more than once."""
    return answer(200, box.store.duplicates())


@route("/_sandbox/contents", http_method="GET", status_code=200)
async def contents(box: NamedDependency[Box]) -> Answer:
    """Every record without its volatile fields."""
    return answer(200, box.store.contents(box.sandbox.volatile))


@route("/_sandbox/faults", http_method="GET", status_code=200)
async def fault_rules(box: NamedDependency[Box]) -> Answer:
    """The fault rules and how often each has struck."""
    return answer(200, box.faults.rules())


@route("/_sandbox/faults", http_method="POST", status_code=201)
async def add_fault(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
    """Add a fault rule."""
    try:
        rule = msgspec.json.decode(await request.body(), type=FaultRule)
    except (msgspec.DecodeError, ValueError) as wrong:
        return answer(422, {"error": str(wrong)})
    return answer(201, box.faults.add(rule))


@route("/_sandbox/faults", http_method="DELETE", status_code=200)
async def clear_faults(box: NamedDependency[Box]) -> Answer:
    """Remove every fault rule."""
    box.faults.clear()
    return answer(204)


@route("/_sandbox/reset", http_method="POST", status_code=200)
async def reset(box: NamedDependency[Box]) -> Answer:
    """Back to the seed; options stay."""
    box.reset()
    return answer(204)


@route("/_sandbox/clock", http_method=["PUT"], status_code=200)
async def set_clock(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
    """Move the clock."""
    try:
        wanted = msgspec.json.decode(await request.body(), type=Clock)
    except msgspec.DecodeError as wrong:
        return answer(422, {"error": str(wrong)})
    box.store.set_setting("_clock_ahead", wanted.ahead_seconds)
    return answer(200, {"now": box.now().isoformat()})


@route("/_sandbox/options", http_method="GET", status_code=200)
async def options(box: NamedDependency[Box]) -> Answer:
    """Every switch and its value."""
    return answer(200, {name: box.option(name) for name in box.sandbox.options})


@route("/_sandbox/options/{name:str}", http_method="PUT", status_code=200)
async def set_option(box: NamedDependency[Box], name: FromPath[str], request: Request[Any, Any, Any]) -> Answer:
    """Set a switch."""
    if name not in box.sandbox.options:
        return answer(404, {"error": f"{name!r} is none of {sorted(box.sandbox.options)}"})
    try:
        value = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as wrong:
        return answer(422, {"error": str(wrong)})
    box.store.set_setting(name, value)
    return answer(204)


@route("/_sandbox/deliveries", http_method="GET", status_code=200)
async def waiting_deliveries(box: NamedDependency[Box]) -> Answer:
    """Webhooks not accepted yet, without their secrets."""
    kept = ("number", "message_id", "subject", "due", "held", "attempts")
    waiting = [msgspec.to_builtins(each) for each in box.deliveries.waiting()]
    return answer(200, [{name: each[name] for name in kept} for each in waiting])


CONTROL_ROUTES: Final[tuple[HTTPRouteHandler, ...]] = (
    health,
    writes,
    counts,
    duplicates,
    contents,
    fault_rules,
    add_fault,
    clear_faults,
    reset,
    set_clock,
    options,
    set_option,
    waiting_deliveries,
)
