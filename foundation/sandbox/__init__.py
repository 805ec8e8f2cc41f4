"""The sandbox kit: stand-ins for the systems we work with, which speak their wire, keep their state and can be broken.

A vendor's sandbox is one module, `system_apis/<vendor>/sandbox.py`:

    @route("/api/tickets", http_method="POST", status_code=201)
    async def create(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
        signed_in(box, request)
        fields = decode(await request.body())                       # fractions come as Decimal
        if "title" not in fields:
            raise Refused(answer(400, {"error": "title is missing"}))   # undoes the call and answers so
        number = f"T{box.store.next_number('ticket'):06}"
        box.store.insert("ticket", number, {"id": number, "at": box.now().isoformat(), **fields})
        return answer(201, {"id": number}, {"Location": f"/api/tickets/{number}"})

    SANDBOX = Sandbox(
        name="desk",
        title="A service desk",
        routes=(create,),
        seed=seed,                                     # def seed(box: Box) -> None: fills an empty store
        facts={"ticket": lambda record, store: record["title"]},    # what counts as the same thing twice
        answers={"throttled": lambda box: answer(429, {"error": "slow down"}, {"Retry-After": "1"})},
        volatile=frozenset({"at"}),                    # stamps: not compared by `contents`
        options={"strict_titles": False},              # switches: box.option("strict_titles")
        enter=enter,                                   # def enter(box, kind, fields) -> id: a record of a seed file
        kinds=frozenset({"ticket"}),                   # the kinds there are
    )

`route` is `litestar.route`; `NamedDependency` (`litestar.di`), `FromPath` and `FromQuery` (`litestar.params`) mark
parameters. Each call is one transaction: committed before it is answered, undone by an answer of 400 or more. Store
kinds that begin with `_` (sessions, cursors) are neither logged nor compared.

In a test there is no network, and a timeout comes at once:

    box = Box(SANDBOX)                                 # or Box(SANDBOX, tmp_path / "desk.sqlite", clock=...)
    http = httpx.AsyncClient(transport=box.transport(), base_url="http://desk")
    box.faults.add(FaultRule(fault="timeout_after_commit", method="POST", path="/api/tickets"))
    assert box.store.duplicates() == []

Served (`server.serve`), the same is said over the control API of each sandbox:

    GET    /_sandbox/writes?since=0       committed writes, each with its business fact
    GET    /_sandbox/counts               how many were created, updated and deleted, by kind
    GET    /_sandbox/duplicates           facts created more than once
    GET    /_sandbox/contents             everything comparable
    GET    /_sandbox/faults               fault rules with their counts; POST one to add it, DELETE for none
    PUT    /_sandbox/options/{name}       set a switch (JSON value); GET /_sandbox/options for all
    PUT    /_sandbox/clock                {"ahead_seconds": 3600}
    GET    /_sandbox/deliveries           webhooks not yet accepted
    POST   /_sandbox/reset                back to the seed (options stay)
    GET    /health
"""

from foundation.sandbox.answers import Answer, Refused, answer
from foundation.sandbox.deliveries import Delivery, Target
from foundation.sandbox.faults import FaultRule
from foundation.sandbox.kit import CALL, KEPT, Box, Call, Sandbox
from foundation.sandbox.store import Record, Store, decode, encode
from foundation.sandbox.suite import Strange, Suite, Switch

__all__ = [
    "CALL",
    "KEPT",
    "Answer",
    "Box",
    "Call",
    "Delivery",
    "FaultRule",
    "Record",
    "Refused",
    "Sandbox",
    "Store",
    "Strange",
    "Suite",
    "Switch",
    "Target",
    "answer",
    "decode",
    "encode",
]
