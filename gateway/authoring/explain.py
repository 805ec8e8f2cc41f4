"""What holds for an operation, read aloud; and what a client would meet there, found by asking."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from gateway.authoring.cases import ELSEWHERE, Given
from gateway.authoring.effective import Effective
from gateway.authoring.simulated import Answer, Simulated, client_of
from gateway.plan import Governed, Plan

_TIERS = ("experience", "process", "system")


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """What one client meets at one operation, with a token that carries every scope asked for."""

    client: str
    scopes: list[str]
    status: int
    reason: str = ""
    detail: str = ""
    policy: str = ""
    """The line that refuses."""
    product: str = ""
    """The line of its product."""
    addresses: list[str] = []
    """The only networks it may call from; none is anywhere."""

    def __str__(self) -> str:
        if self.reason:
            return f"{self.client} is refused: {self.status} {self.reason} at {self.policy}. {self.detail}"
        needs = f" with the scope{'s' * (len(self.scopes) > 1)} {', '.join(self.scopes)}" if self.scopes else ""
        through = f", by its product ({self.product})" if self.product else ""
        whence = f", from {' and '.join(self.addresses)} only" if self.addresses else ""
        return f"{self.client} is let in{needs}{through}{whence}."


def meeting(plan: Plan, governed: Governed, held: Effective, client: str) -> Meeting:
    """Ask as a client: an id, or the name of a tier for its own workload. It calls from where it may."""
    scopes = sorted({scope for rule in governed.rules for scope in rule.scopes})
    tier = client.removesuffix("-tier")
    listed = held.addresses.get(client, [])
    whence = listed[0].partition("/")[0] if listed else ELSEWHERE
    given = (
        Given(tier=tier, scopes=scopes)  # type: ignore[arg-type]  # one of the three
        if tier in _TIERS
        else Given(client=client, scopes=scopes, address=whence)
    )
    with _whatever_is_sent(governed):
        answer = asyncio.run(_first(plan, given, governed.id))
    product = plan.products.get(client)
    problem = answer.problem
    return Meeting(
        client=client_of(plan, given),
        scopes=scopes,
        status=answer.status,
        reason=problem.reason if problem else "",
        detail=problem.detail if problem else "",
        policy=problem.facts.get("policy", "") if problem else "",
        product=product.where if product is not None and governed.id in product.includes else "",
        addresses=listed,
    )


@contextmanager
def _whatever_is_sent(governed: Governed) -> Iterator[None]:
    """The operation without its business rules: they judge what is sent, and nobody asks here what that is."""
    rules = governed.rules
    msgspec.structs.force_setattr(governed, "rules", tuple(rule for rule in rules if rule.noun != "rules"))
    try:
        yield
    finally:
        msgspec.structs.force_setattr(governed, "rules", rules)


async def _first(plan: Plan, given: Given, key: str) -> Answer:
    return (await Simulated(plan).ask(given, key))[0]


def lines(found: Effective) -> Iterator[str]:
    """One operation as a table: value, then where it stands."""
    yield f"{found.operation}   {found.method} {found.path}"
    yield f"listed at {found.where}"
    wide = max((len(f"{value.path}: {value.said}") for value in found.values), default=0)
    for value in found.values:
        where = "(default)" if value.default else value.where
        yield f"  {f'{value.path}: {value.said}':<{min(wide, 90)}}  {where}"
    if found.public:
        yield "  anybody, without a token"
    elif found.layer == "system":
        yield "  the process tier only"
    else:
        yield f"  clients from outside: {', '.join(found.clients) or 'none, for no product includes it'}"
