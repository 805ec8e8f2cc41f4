"""One call on its way through the gateway, whichever way it came in."""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec

from foundation.context import Caller, Criticality

if TYPE_CHECKING:
    from foundation.counting import Decision
    from gateway.noun import Rule
    from gateway.plan import Governed, Product
    from gateway.services import Services


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended. `reason` and `refused_at` are empty for one that went well."""

    status: int
    reason: str = ""
    refused_at: str = ""
    """The policy line that refused, `file:line`; empty when the tier itself answered."""
    limit: str = ""
    """The name of the limit that was reached."""
    took: float = 0.0
    """Seconds."""
    answer: Any = None
    """The result of a direct call, or the bytes of an HTTP answer as far as they were kept."""


class Http(msgspec.Struct):
    """What only a call over HTTP has."""

    headers: dict[str, str]
    """In lower case; of repeated ones the last, of `authorization` never more than one."""
    method: str = "GET"
    address: str = ""
    """The peer's."""
    came_from: str = ""
    """The client's own, where the peer is a proxy that is trusted to say it; else nothing, and the peer's counts."""
    raw_path: bytes = b""
    """As it was asked for, or as the version that was chosen has it."""
    query: bytes = b""
    """The raw query string."""
    read: Callable[[], Awaitable[bytes]] | None = None
    """Reads the body, up to the call's `body_max`."""
    scope: Mapping[str, Any] = {}
    """The request as ASGI has it, for what is asked of it rarely."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole HTTP answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The value of a header, by its name in lower case; empty where there is none."""
        return next((value for said, value in self.headers if said.lower() == name), b"")


class Call:
    """One call. Rules read it, and leave in it what later rules, the answer and the record need."""

    __slots__ = (
        "_memory",
        "answered",
        "arguments",
        "body",
        "body_max",
        "body_max_at",
        "broken",
        "cache_key",
        "caller",
        "criticality",
        "governed",
        "headers",
        "http",
        "places",
        "product",
        "recorded",
        "refused_by",
        "request_id",
        "served_here",
        "services",
        "shadowed",
        "stale_for",
        "streamed",
        "traceparent",
        "warned",
    )

    def __init__(
        self,
        governed: "Governed",
        services: "Services",
        *,
        request_id: str,
        traceparent: str,
        arguments: dict[str, Any],
        caller: Caller | None = None,
        http: Http | None = None,
        served_here: bool = True,
    ) -> None:
        self.governed = governed
        self.services = services
        self.request_id = request_id
        self.traceparent = traceparent
        self.arguments = arguments
        """Path parameters of an HTTP call; all arguments of a direct one."""
        self.caller = caller
        """Who calls: known from the start for a direct call, after `authenticate` for one over HTTP."""
        self.http = http
        self.served_here = served_here
        """False in a gateway that passes the call on to a tier elsewhere. What may happen once only (spending a limit,
        writing the record) is that tier's, which runs the same plan."""
        self.criticality: Criticality = "T2"
        """What its operation is for, T0 (money, the law) to T3 (informs)."""
        self.product: Product | None = None
        self.places: Decision | None = None
        """What its limits decided, and which places it holds until it ends."""
        self.shadowed: tuple[str, ...] = ()
        """Limits in shadow that would have refused it."""
        self.broken: tuple[str, ...] = ()
        """Business rules it was refused for, by id."""
        self.warned: tuple[str, ...] = ()
        """Business rules that it breaks and that only warn."""
        self.answered: Answer | None = None
        """What a rule answers in the tier's place: then no rule behind it is asked, nor the tier."""
        self._memory: dict[object, Any] = {}
        self.recorded: Future[None] | None = None
        """Of a durable call: done when its record is on disk."""
        self.refused_by: Rule | None = None
        """The rule that refused it."""
        self.body = b""
        self.streamed = 0
        """Bytes of it that came, where it was passed on without being read."""
        self.cache_key: tuple[str, ...] | None = None
        """Under which its answer is kept, where that is done."""
        self.stale_for = 0.0
        """Seconds for which its answer is kept beyond its freshness, for when its upstream is down."""
        self.body_max = 0
        self.body_max_at = ""
        self.headers: list[tuple[bytes, bytes]] = []
        """For the answer, refusals included."""

    def remember(self, rule: object, what: Any) -> None:
        """Keep something of this call for the same rule's `reply` and `settle`: a rule itself holds no state of it."""
        self._memory[rule] = what

    def recall(self, rule: object) -> Any:
        """What a rule remembered of this call, once; None when there is nothing."""
        return self._memory.pop(rule, None)

    async def read_body(self) -> bytes:
        """The body of an HTTP call. Raises `BodyTooLarge`."""
        if not self.body and self.http is not None and self.http.read is not None:
            self.body = await self.http.read()
        return self.body
