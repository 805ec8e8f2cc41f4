"""One call on its way through the gateway, whichever way it came in."""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec

from foundation.context import Caller, Context, Criticality, criticality_of

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


class Call(msgspec.Struct, kw_only=True, eq=False):
    """One call. Rules read it, and leave in it what later rules, the answer and the record need."""

    governed: "Governed"
    services: "Services"
    request_id: str
    traceparent: str
    arguments: dict[str, Any]
    """Path parameters of an HTTP call; all arguments of a direct one."""
    caller: Caller | None = None
    """Who calls: known from the start for a direct call, after `authenticate` for one over HTTP."""
    http: Http | None = None
    served_here: bool = True
    """False in a gateway that passes the call on to a tier elsewhere. What may happen once only (spending a limit,
    writing the record) is that tier's, which runs the same plan."""
    criticality: Criticality = "T2"
    """What its operation is for, T0 (money, the law) to T3 (informs)."""
    product: "Product | None" = None
    places: "Decision | None" = None
    """What its limits decided, and which places it holds until it ends."""
    shadowed: tuple[str, ...] = ()
    """Limits in shadow that would have refused it."""
    broken: tuple[str, ...] = ()
    """Business rules it was refused for, by id."""
    warned: tuple[str, ...] = ()
    """Business rules that it breaks and that only warn."""
    answered: Answer | None = None
    """What a rule answers in the tier's place: then no rule behind it is asked, nor the tier."""
    _memory: dict[object, Any] = {}
    recorded: "Future[None] | None" = None
    """Of a durable call: done when its record is on disk."""
    refused_by: "Rule | None" = None
    """The rule that refused it."""
    body: bytes = b""
    streamed: int = 0
    """Bytes of it that came, where it was passed on without being read."""
    cache_key: tuple[str, ...] | None = None
    """Under which its answer is kept, where that is done."""
    stale_for: float = 0.0
    """Seconds for which its answer is kept beyond its freshness, for when its upstream is down."""
    body_max: int = 0
    body_max_at: str = ""
    headers: list[tuple[bytes, bytes]] = []
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


def inside(outer: Context, call: Call, headers: Mapping[str, str]) -> Context:
    """The context inside the gateway: who calls, and from a tier also its run and step, as its headers say."""
    caller = call.caller
    said = headers if caller is not None and caller.layer != "external" else {}
    return Context(
        request_id=outer.request_id,
        traceparent=outer.traceparent,
        caller=caller,
        run=said.get("tiergate-run", ""),
        step=said.get("tiergate-step", ""),
        site=outer.site,
        criticality=criticality_of(said.get("tiergate-criticality", "")) or call.criticality,
        tool=outer.tool,
    )
