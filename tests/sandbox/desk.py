"""A vendor small enough to see the kit at work: tickets with a title."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Delivery, Refused, Sandbox, Target, answer, decode


@route("/tickets", http_method="POST", status_code=201)
async def create(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
    fields = decode(await request.body())
    number = f"T{box.store.next_number('ticket'):06}"
    box.store.insert("ticket", number, {"id": number, "at": box.now().isoformat(), **fields})
    if "title" not in fields:
        raise Refused(answer(400, {"error": "title is missing"}))
    if target := box.option("webhook"):
        box.deliveries.queue(msgspec.convert(target, Target), f"m-{number}", number, f'{{"id":"{number}"}}')
    return answer(201, {"id": number})


@route("/tickets/{number:str}", http_method="GET", status_code=200)
async def read(box: NamedDependency[Box], number: FromPath[str]) -> Answer:
    found = box.store.get("ticket", number)
    return answer(200, found) if found else answer(404, {"error": "none"})


@route("/crash", http_method="POST", status_code=200)
async def crash(box: NamedDependency[Box]) -> Answer:
    box.store.insert("ticket", "half", {"id": "half", "title": "half"})
    raise RuntimeError("a bug")


def sign(delivery: Delivery, at: datetime) -> dict[str, str]:
    return {"x-id": delivery.message_id, "x-at": at.isoformat(), "x-secret": delivery.target.secret}


def seed(box: Box) -> None:
    box.store.insert("ticket", "S1", {"id": "S1", "title": "seeded", "at": box.now().isoformat()})


DESK = Sandbox(
    name="desk",
    title="A service desk",
    routes=(create, read, crash),
    seed=seed,
    facts={"ticket": lambda record, store: str(record.get("title", ""))},
    answers={"throttled": lambda _: answer(429, {"error": "slow down"}, {"Retry-After": "7"})},
    volatile=frozenset({"at"}),
    sign=sign,
    options={"webhook": None},
    headers=lambda box: {"X-Desk": box.sandbox.name},
)
