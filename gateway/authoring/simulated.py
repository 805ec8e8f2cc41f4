"""A gateway that stands nowhere: the real plan, governor and front door, with a simulated clock, store and issuers.

Behind it stand tiers that answer everything with success, so that what comes back is the policies' doing alone.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from canonical.faults import Problem
from foundation.acting import claims_of
from foundation.api import Api, PageOperation
from foundation.context import Caller
from gateway.asgi import Gateway
from gateway.authoring import held
from gateway.authoring.cases import Given
from gateway.governor import Governor
from gateway.issuers import Issuer
from gateway.lookups import Lookups
from gateway.messages import Message, Receive, Scope, Send
from gateway.plan import Governed, Plan
from gateway.upstreams import Upstreams

TODAY: Final = date(2026, 12, 1)
"""The day of every call that does not say another: a test says the same tomorrow."""
_LIFE: Final = 86_400
"""Seconds a token is good for: longer than a test's calls take by its clock."""
_KEYS: Final[dict[str, Callable[[], Key]]] = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": "ES256"}),
    "ES384": lambda: ECKey.generate_key("P-384", {"kid": "ES384"}),
    "ES512": lambda: ECKey.generate_key("P-521", {"kid": "ES512"}),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", {"kid": "EdDSA"}),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519", {"kid": "Ed25519"}),
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of one call."""

    status: int
    headers: list[tuple[str, str]]
    """In lower case."""
    problem: Problem | None = None


class Simulated:
    """One plan, asked as from outside; nothing that a case spends is felt by the next."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    async def ask(self, given: Given, key: str) -> list[Answer]:
        """The answers to what is given, in order: one a time it is called."""
        governed = self.plan.operations[key]
        day = given.at or TODAY
        start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        clock = _Clock(start)
        governor = Governor(self.plan, keys=_Keys(), clock=clock)
        governor.services.lookups = _Lookups(given.lookups)
        tier = _answering(governed, msgspec.json.encode(given.answer))
        governor.services.upstreams = Upstreams(clock, lambda running: tier)
        governor.services.upstreams.configure(self.plan.platform["upstreams"])
        gateway = Gateway(governor, {"experience": tier, "process": tier, "system": tier})
        people = [_request(self.plan, governed, given, start, number) for number in range(given.people)]
        answers = []
        with held.known(governed, given), _unwatched(governor):
            for number in range(given.times):
                clock.now = start + number * float(given.every or 0)
                scope, body, token = people[number % given.people]
                if token and given.bound == "dpop" and given.proven:
                    proof = held.proof(governed, scope, token, clock.now, number)
                    scope = {**scope, "headers": [*scope["headers"], proof]}
                answers.append(await _one(gateway, dict(scope), body))
        return answers


@contextmanager
def _unwatched(governor: Governor) -> Iterator[None]:
    """Its load is measured no longer than it is asked: thousands of gateways stand nowhere in one loop."""
    try:
        yield
    finally:
        governor.services.load.stop()


class _Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _Lookups(Lookups):
    """Whose things are, as the case says."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__(lambda: 0.0)
        self._said = said

    async def owner(self, api: Api, name: str, caller: Caller, value: str) -> str | None:
        return self._said.get(name)


class _Keys:
    """Every issuer's keys, had without asking."""

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        return _key(kid)


@cache
def _key(alg: str) -> Key:
    return _KEYS.get(alg, lambda: RSAKey.generate_key(2048, {"kid": alg}))()


def client_of(plan: Plan, given: Given) -> str:
    """The client id of a caller: as said, or one that has the plan, or the tier's own."""
    if given.client:
        return given.client
    if given.tier:
        return f"{given.tier}-tier"
    return next((client for client, product in plan.products.items() if product.plan == given.plan), "nobody-we-know")


def _request(plan: Plan, governed: Governed, given: Given, now: float, person: int) -> tuple[Scope, bytes, str]:
    """What is asked, its body, and the token that comes with it."""
    path = governed.path
    for part in [part for part in path.split("/") if part.startswith("{")]:
        path = path.replace(part, given.path.get(part.strip("{}").split(":")[0], "x"))
    body = _body(governed, given)
    headers = {"host": "gateway", **({"content-type": "application/json"} if body else {})}
    headers |= {"content-length": str(len(body))} if body else {}
    token = "" if given.anonymous else _token(plan, governed, given, now, person)
    if token:
        headers["authorization"] = f"{'DPoP' if given.bound == 'dpop' else 'Bearer'} {token}"
    headers |= held.headers_of(plan, given)
    if given.tier and given.acted_for and _issuer(plan, given).acted_for == "header":
        headers["tiergate-acted-for"] = " ".join(given.acted_for)
    headers |= {name.lower(): value for name, value in given.headers.items()}
    scope = {
        "type": "http",
        "method": governed.operation.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(given.query).encode("ascii"),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (held.peer_of(plan, given), 1),
    }
    return scope, body, token


def _body(governed: Governed, given: Given) -> bytes:
    if given.body is not None:
        return b'"' + b"x" * (given.body - 2) + b'"'
    if given.json is not None:
        return msgspec.json.encode(given.json)
    takes = not isinstance(governed.operation, PageOperation) and governed.operation.body is not None
    return b"{}" if takes else b""


def _acting(issuer: Issuer, governed: Governed, given: Given) -> dict[str, Any]:
    """Whom a tier acts for, in its token; such a token is for one tier alone."""
    if not given.tier or not given.acted_for or issuer.acted_for == "header":
        return {}
    chain = claims_of(given.acted_for, given.client or f"{given.tier}-tier")
    return chain | ({} if given.audience else {"aud": f"{governed.audience.rstrip('/')}/{governed.layer}"})


def _token(plan: Plan, governed: Governed, given: Given, now: float, person: int) -> str:
    issuer = _issuer(plan, given)
    said: dict[str, Any] = {
        "iss": issuer.issuer,
        "sub": f"{given.tier}-tier" if given.tier else f"{given.subject}{person or ''}",
        "client_id": client_of(plan, given),
        "aud": given.audience or governed.audience,
        **({"layer": given.tier} if given.tier else {}),
        **_acting(issuer, governed, given),
        "exp": int(now) + _LIFE,
        "iat": int(now),
        "jti": "a-test",
        "scope": " ".join(given.scopes or []),
        **({"roles": given.roles} if given.roles else {}),
        **({"auth_time": int(now - given.signed_in)} if given.signed_in else {}),
        **held.confirmation(given),
        **given.claims,
    }
    alg = next((alg for alg in issuer.alg if alg in _KEYS), issuer.alg[0])
    return _signed(msgspec.json.encode(said), alg, issuer.typ)


@cache
def _signed(claims: bytes, alg: str, typ: str) -> str:
    key = _key(alg)
    said = msgspec.json.decode(claims)
    return jwt.encode({"alg": alg, "typ": typ, "kid": alg}, said, key, algorithms=[alg], default_type=None)


def _issuer(plan: Plan, given: Given) -> Issuer:
    if given.issuer:
        return plan.issuers[given.issuer]
    return next((each for each in plan.issuers.values() if each.workloads or not given.tier), _first(plan))


def _first(plan: Plan) -> Issuer:
    return next(iter(plan.issuers.values()))


def _answering(governed: Governed, body: bytes) -> Callable[[Scope, Receive, Send], Any]:
    status = getattr(governed.operation, "status", 200)

    async def tier(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [] if status == 204 else [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status == 204 else body})

    return tier


async def _one(gateway: Gateway, scope: Scope, body: bytes) -> Answer:
    sent: list[Message] = []
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return {"type": "http.disconnect"}
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await gateway(scope, receive, send)
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    problem = None
    if ("content-type", "application/problem+json") in headers:
        problem = msgspec.json.decode(answer, type=Problem)
    return Answer(status=sent[0]["status"], headers=headers, problem=problem)
