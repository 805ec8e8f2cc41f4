"""What platform.yaml says of an upstream. Times are in seconds once they are read.

upstreams:
  erp-projects:
    url: ${ERP_PROJECTS_URL}
    timeout: {connect: 1s, total: 8s}
    retry: {attempts: 2, when: [connect, 502, 503, 504], methods: safe, budget: 10%}
    breaker: {open: 50% of 20 calls in 10s, retry_after: 15s}
    capacity: {concurrent: 8, wait: 500ms}
    when_down: {reads: stale 10m, writes: reject}
  process-tier: {timeout: {total: 30s}, capacity: {concurrent: 200}}
"""

import re
from typing import Final, Literal, Self, TypeAlias

import msgspec

from gateway.upstreams.signing_in import SignIn
from gateway.words import Duration

When: TypeAlias = Literal["connect", "reset", 502, 503, 504]
Failure: TypeAlias = Literal["connect", "timeout", "reset", 502, 503, 504]
TIERS: Final = ("experience-tier", "process-tier", "system-tier")
"""Our own tiers are upstreams by these names. Their addresses are settings, and they may be in this process."""
_NOT_TO_SEND: Final = frozenset(("connection", "content-length", "host", "te", "transfer-encoding", "upgrade"))
_FIELD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET: Final = re.compile(
    r"authori[sz]ation|cookie|api-?key|-key$|^key$|token|secret|passw|credential|signature", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"https?://[^/?#\s@]+(/[^?#\s]*)?")


def is_secret(header: str) -> bool:
    """Whether a header field of this name is of the kind that signs somebody in."""
    return _SECRET.search(header) is not None


class Part(float):
    """A part of a whole, such as `10%`."""

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it is none."""
        match = re.fullmatch(r"(\d{1,3})\s*%", str(said).strip())
        if match is None or not 1 <= int(match[1]) <= 100:
            raise ValueError(f"{said!r} is not a part: write it like 10%, from 1% to 100%")
        return cls(int(match[1]) / 100)

    def __str__(self) -> str:
        return f"{self:.0%}"


class Opens:
    """When a breaker opens, such as `50% of 20 calls in 10s`.

    `part` of the calls of the last `seconds` failed, from 0 to 1; of fewer than `calls` nothing is concluded.
    """

    __slots__ = ("calls", "part", "said", "seconds")

    def __init__(self, said: str, part: float, calls: int, seconds: float) -> None:
        self.said = said
        self.part = part
        self.calls = calls
        self.seconds = seconds

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it cannot be read so."""
        text = str(said).strip()
        match = re.fullmatch(r"(\S+) of (\d+) calls in (\S+)", text)
        if match is None:
            raise ValueError(f"{said!r} says nothing of when it opens: write it like 50% of 20 calls in 10s")
        calls, seconds = int(match[2]), Duration.read(match[3])
        if calls < 1:
            raise ValueError(f"{said!r} concludes from no call at all: say 1 or more")
        return cls(text, Part.read(match[1]), calls, seconds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opens) and self.said == other.said

    def __hash__(self) -> int:
        return hash(self.said)

    def __str__(self) -> str:
        return self.said


class Stale:
    """What a reader is given meanwhile: `reject`, or what was kept, such as `stale 10m`: no older than so much.

    `seconds` is how long past its freshness an answer is still given; 0 for `reject`.
    """

    __slots__ = ("said", "seconds")

    def __init__(self, said: str, seconds: float) -> None:
        self.said = said
        self.seconds = seconds

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it cannot be read so."""
        text = str(said).strip()
        if text == "reject":
            return cls(text, 0.0)
        word, _, span = text.partition(" ")
        if word != "stale" or not span:
            raise ValueError(f"{said!r} is neither reject nor a time, like stale 10m")
        return cls(text, Duration.read(span))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stale) and self.said == other.said

    def __hash__(self) -> int:
        return hash(self.said)

    def __str__(self) -> str:
        return self.said


class Timeout(msgspec.Struct, frozen=True, kw_only=True):
    """How long an upstream may take."""

    connect: Duration = Duration(2)
    """Until the connection stands."""
    total: Duration | None = None
    """From the call until the whole answer is there, second tries and their pauses included; no bound when not said."""
    idle: Duration = Duration(30)
    """Between two pieces of an answer, and until the first."""

    def __post_init__(self) -> None:
        if self.total is not None and self.total < self.connect:
            raise ValueError("total is shorter than connect, which is a part of it")


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """When a call is sent again: what may have been done already never is, unless policy calls that safe."""

    attempts: int = 2
    """All together, the first included."""
    when: list[When] = msgspec.field(default_factory=lambda: ["connect", 502, 503, 504])
    """After what: `connect` (nothing was sent), `reset` (the connection broke), or a status."""
    methods: Literal["safe", "idempotent"] = "safe"
    """Which may be sent again once they were sent: GET and HEAD, or PUT and DELETE too (RFC 9110 section 9.2.2)."""
    keyed: bool = False
    """Whether a write that carries an Idempotency-Key may, as this upstream heeds it."""
    budget: Part = Part(0.1)
    """Of the calls of the last ten seconds: no more second tries than that, and one at least."""
    backoff: Duration = Duration(0.1)
    """Up to how long the first pause is; each one after it is up to twice as long, and how long is left to chance."""

    def __post_init__(self) -> None:
        if not 2 <= self.attempts <= 5:
            raise ValueError("attempts is from 2 to 5: leave retry out to try once")
        if not self.when:
            raise ValueError("when lists after what: leave retry out to try once")


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """When an upstream that fails is left alone for a while. Each process sees for itself."""

    open: Opens
    """Of how many calls how many must have failed, and in what time."""
    retry_after: Duration = Duration(15)
    """How long it is left alone; then one call goes through to see, and the others wait for how it ends."""
    counts: list[Failure] = msgspec.field(default_factory=lambda: ["connect", "timeout", "reset", 502, 503, 504])
    """What is a failure. A status counts where the upstream itself says it, not where one of our tiers refuses."""

    def __post_init__(self) -> None:
        if not self.counts:
            raise ValueError("counts lists what is a failure: leave the breaker out where nothing is")


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an upstream one process uses at a time."""

    concurrent: int
    """So many calls at the same time."""
    wait: Duration | None = None
    """How long a call waits for a place before it is refused with 503; not at all when not said."""

    def __post_init__(self) -> None:
        if self.concurrent < 1:
            raise ValueError("concurrent is at least 1: to admit nobody, leave the operations out")


class WhenDown(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of calls while the upstream fails or is left alone."""

    reads: Stale = Stale("reject", 0.0)
    """`reject`, or `stale 10m`: what the same caller was given before (the operation's `cache`), so much too old."""
    writes: Literal["reject"] = "reject"
    """Nothing else can be promised of them."""


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream: where it is, and how patiently it is asked."""

    url: str = ""
    """Its address, by reference: `${NAME}`. What the API's contract has under `/` is under it."""
    timeout: Timeout = Timeout()
    """How long it may take."""
    retry: Retry | None = None
    """When a call is sent again; never when not said."""
    breaker: Breaker | None = None
    """When it is left alone for a while; never when not said."""
    capacity: Capacity | None = None
    """How many calls at a time; any number when not said."""
    when_down: WhenDown | None = None
    """What becomes of calls meanwhile; all are refused when not said."""
    send: dict[str, str] = {}
    """Header fields of ours that go with each call; one that signs us in by reference, or it is refused:
    `Authorization: "Bearer ${ERP_TOKEN}"`. The caller's own token, proof, key and cookies are for us, and stay here."""
    sign_in: SignIn | None = None
    """How we sign in there, where a header field of our own is not enough."""
    pass_token: bool = False
    """Whether the caller's own token goes there. Whoever runs it could use that in the caller's name, here too: say it
    of a server that is as trusted as our own."""

    def __post_init__(self) -> None:
        if self.url and not _ADDRESS.fullmatch(self.url):
            raise ValueError("url is an address like https://erp.firm.example/api, without a query, and without a name "
                             "or password in it")  # fmt: skip
        ways = [self.sign_in is not None, self.pass_token, any(name.lower() == "authorization" for name in self.send)]
        if sum(ways) > 1:
            raise ValueError("send: Authorization, sign_in and pass_token are three ways to sign in: say one")
        for name, value in self.send.items():
            if not _FIELD.fullmatch(name) or name.lower() in _NOT_TO_SEND:
                raise ValueError(f"send: {name!r} is not a header field that can be sent so")
            if not value or not value.isprintable() or not value.isascii():
                raise ValueError(f"send: the value of {name} is empty, or holds what no header field can")
