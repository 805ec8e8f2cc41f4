"""Named limits: how they are written, and the bucket each becomes."""

from typing import TYPE_CHECKING, Literal

import msgspec

from gateway.counters import Draw
from gateway.words import Rate

if TYPE_CHECKING:
    from gateway.call import Call

Subject = Literal["client", "user", "operation"]


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """So many calls at a steady rate, `burst` of them at once."""

    rate: Rate
    burst: int | None = None
    """How many at once; the rate's own count when not said."""
    per: Subject = "client"

    def __post_init__(self) -> None:
        if self.burst is not None and self.burst < 1:
            raise ValueError("burst is at least 1")


Said = Rate | Limit
"""`60/min` alone, or with its burst and its subject."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One named limit, ready to draw from."""

    name: str
    space: str
    """What keeps it apart from another API's or plan's limit of the same name."""
    where: str
    burst: int
    per_second: float
    per: Subject
    policy: str
    """Its entry in `RateLimit-Policy`."""

    def draw(self, call: "Call") -> Draw:
        """The unit this call wants."""
        return Draw(f"{self.space}:{self.name}:{_subject(self.per, call)}", self.burst, self.per_second)


def bucket(name: str, space: str, where: str, said: Said) -> Bucket:
    """A limit as it was said, compiled."""
    limit = said if isinstance(said, Limit) else Limit(rate=said)
    return Bucket(
        name=name,
        space=space,
        where=where,
        burst=limit.burst or limit.rate.count,
        per_second=limit.rate.count / limit.rate.seconds,
        per=limit.per,
        policy=f'"{name}";q={limit.rate.count};w={limit.rate.seconds}',
    )


def _subject(per: Subject, call: "Call") -> str:
    if per == "operation":
        return call.governed.id
    if call.caller is None:
        return f"address={call.http.address if call.http else ''}"
    return call.caller.client if per == "client" else call.caller.subject
