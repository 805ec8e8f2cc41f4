"""What outlives a plan: what was spent of each limit, the tokens already verified, the record, the clock."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from foundation.counting import Counters
from gateway.cache import AnswerCache
from gateway.load import Load
from gateway.upstreams import Upstreams

if TYPE_CHECKING:
    from gateway.audit import Trail
    from gateway.drift import Drift
    from gateway.idempotency import IdempotencyKeys
    from gateway.lookups import Lookups
    from gateway.tokens import Tokens


class Services(msgspec.Struct, kw_only=True):
    """Shared by every call of a process, whatever plan it runs on."""

    tokens: "Tokens"
    counters: Counters
    upstreams: Upstreams
    """What stands behind operations that no tier serves."""
    lookups: "Lookups"
    """Whose things are, as the tiers of this process can say."""
    load: Load = msgspec.field(default_factory=Load)
    """How busy this process is."""
    trail: "Trail | None" = None
    """None where nothing is recorded (a test, a bench)."""
    idempotency: "IdempotencyKeys | None" = None
    """None where no operation asks for it."""
    drift: "Drift | None" = None
    """Where answers that break their contract are written down; None where nobody does (a test, a bench)."""
    cache: AnswerCache = msgspec.field(default_factory=AnswerCache)
    """Answers that are given again."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
