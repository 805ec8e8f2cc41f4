"""One record: what is known of a call when it ends, how it is stored, and what its digest covers."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from foundation.context import Caller

GENESIS: Final = "0" * 64
"""What the first record of a chain follows."""


STANDARD: Final = "standard"
"""The class of retention of what says no other."""
REFUSALS: Final = "refusals"
"""The class of retention of what a policy refused."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What every record of one operation says alike: compiled once."""

    api: str = ""
    version: str = ""
    layer: str = ""
    operation: str
    in_path: tuple[str, ...] = ()
    """The path parameters, outermost first."""
    classes: Mapping[str, str] = {}
    """The data class of each path parameter that says one."""
    claims: tuple[str, ...] = ()
    """Claims of the caller that can decide: only these are recorded."""
    limits: tuple[str, ...] = ()
    """The limits the operation names."""
    retention: str = "standard"
    """How long it is kept: a class of `retention` in platform.yaml. Each class has a chain of its own."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one call when it ends, as it lies at hand: the writer's thread makes the record of it."""

    at: float
    """Seconds since the epoch, when it ended."""
    about: About
    caller: Caller | None = None
    arguments: Mapping[str, Any] = {}
    status: int
    """0 in the record that a durable call has begun."""
    reason: str = ""
    policy: str = ""
    """The line that refused, as `file:line`; empty where no policy did."""
    stage: str = ""
    """The stage at which it was refused."""
    rule: str = ""
    """The noun that refused."""
    limit: str = ""
    """The limit that was reached."""
    shadowed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    product: str = ""
    asked: str = ""
    """The version that was asked for by a header."""
    address: str = ""
    """Whence it came: only its kind is recorded."""
    size: int = 0
    """Bytes of the request's body."""
    tool: str = ""
    """The MCP tool it was called as, or was caused by."""
    request_id: str
    traceparent: str = ""
    took: float = 0.0
    """Seconds."""


class Bodies(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, still unmasked, with the types that say how to mask it. Bytes are JSON."""

    request: Any
    request_type: Any
    answer: Any
    answer_type: Any


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record as stored. The chain covers the digests of the bodies, so these may be erased and it still holds."""

    writer: str
    seq: int
    at: str
    """RFC 3339, UTC."""
    api: str
    version: str
    layer: str
    operation: str
    issuer: str = ""
    subject: str
    client: str
    acted_for: str
    scopes: str = ""
    """Those of the caller, sorted, with a space between."""
    key: str
    """What the call was about: an id from its path."""
    status: int
    reason: str
    policy: str
    """The line that refused, as `file:line`; empty where no policy did."""
    stage: str = ""
    """The stage that refused."""
    rule: str = ""
    """The noun that refused."""
    facts: str = ""
    """What else the decision depended on: `Facts` as JSON."""
    retention: str = "standard"
    request_id: str
    trace: str
    took_ms: int
    request_digest: str = ""
    answer_digest: str = ""
    previous: str = GENESIS
    digest: str = ""

    def expected_digest(self) -> str:
        """The digest of everything else in the record, the previous digest included."""
        covered = msgspec.structs.astuple(self)[:-1]  # the digest stands last
        return hashlib.sha256(msgspec.json.encode(covered)).hexdigest()


FIELDS: Final = Record.__struct_fields__


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a decision depended on, besides who called what: enough to take it again under other policies."""

    roles: list[str] = []
    claims: dict[str, Any] = {}
    """The caller's claims that a rule of the operation looks at."""
    arguments: dict[str, str] = {}
    """Path parameters."""
    tier: str = ""
    """The calling tier; empty for people and partners."""
    product: str = ""
    limits: list[str] = []
    """The limits the operation names."""
    limit: str = ""
    """The one that was reached."""
    shadowed: list[str] = []
    """Limits in shadow that would have refused it."""
    broken: list[str] = []
    """Business rules it was refused for."""
    warned: list[str] = []
    """Business rules it broke that only warn."""
    version: str = ""
    """Asked for by a header."""
    address: str = ""
    """Whence: `loopback`, `private` or `public`."""
    size: int = 0
    """Bytes of the request's body."""
    span: str = ""
    """The caller's span in the trace."""
    tool: str = ""
    """The MCP tool it was called as, or was caused by."""

    @classmethod
    def of(cls, record: Record) -> "Facts":
        """Those of a record."""
        return msgspec.json.decode(record.facts or "{}", type=cls)


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """The last record of one commit, signed: a chain that does not reach it was cut, one that differs was forged."""

    writer: str
    seq: int
    digest: str
    at: str
    signature: str = ""

    def signed_text(self) -> bytes:
        """What the signature covers."""
        return msgspec.json.encode(["anchor", self.writer, self.seq, self.digest, self.at])


class Segment(msgspec.Struct, frozen=True, kw_only=True, tag="segment", tag_field="kind"):
    """The records of one chain up to an anchored one, dropped when their time was over: what is left follows it."""

    id: str
    at: str
    writer: str
    upto: int
    """The last record dropped."""
    digest: str
    """Its digest: what the first one left follows."""
    count: int
    reason: str


class Erasure(msgspec.Struct, frozen=True, kw_only=True, tag="bodies", tag_field="kind"):
    """Bodies erased, whose digests stay; with a person also the names that pseudonyms stood for."""

    id: str
    at: str
    rows: dict[str, list[tuple[int, int]]] = {}
    """By chain, from and to: all of these had a body."""
    pseudonyms: list[str] = []
    reason: str


Removal = Segment | Erasure
