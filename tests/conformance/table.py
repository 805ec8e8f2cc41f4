"""The conformance table: what an RFC's clause demands, as a request and its exact answer.

One YAML file a subject, one row a clause. `${name}` in a row stands for what is known only once the gateway runs;
`${long}` for 40,000 letters, `${last ETag}` for that field of the answer before.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

HERE: Final = Path(__file__).parent
SUBJECTS: Final = (
    "identity",
    "proofs",
    "scopes",
    "versions",
    "limits",
    "writes",
    "caching",
    "catalogue",
    "tools",
    "errors",
    "upstreams",
    "forwarding",
    "transport",
)
"""In the order of the page."""


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token a caller brings: what RFC 9068 wants, but for what is said."""

    issuer: str = "workforce"
    key: str = ""
    """The name of the key that signs; the issuer's first when not said."""
    header: dict[str, Any] = {}
    """JOSE header parameters; null takes one away."""
    claims: dict[str, Any] = {}
    """`now+60` is that many seconds from now; null takes one away."""
    flaw: str = ""
    """What is done to it afterwards: a name of `issuers.FLAWS`."""
    bound: str = ""
    """What it is bound to: `dpop` for the holder's key, else the name on a client certificate."""
    scheme: str = "Bearer"


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The DPoP proof that comes with a request: as RFC 9449 wants it, but for what is said."""

    key: str = "own"
    """`own` is what tokens are bound to; `another` is not."""
    header: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    address: str = ""
    """What its `htu` says, below the front's address; the path of the request when not said."""
    method: str = ""
    """What its `htm` says; the method of the request when not said."""
    private: bool = False
    """Whether it gives the private key away."""
    flaw: str = ""
    copies: int = 1
    """How many headers carry it."""
    again: bool = False
    """It is the very proof of the step before."""


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request, or the same one several times."""

    method: str = "GET"
    path: str = "/"
    headers: dict[str, str | list[str]] = {}
    """A list sends the field once for each value."""
    copies: int = 1
    """How often each field of `headers` is sent."""
    proof: Proof | None = None
    """Brings a DPoP proof."""
    peer: str = ""
    """The address it is asked from; 127.0.0.1 when not said."""
    certificate: str = ""
    """Comes through a TLS terminator that saw the certificate of somebody of this name."""
    json: Any = msgspec.UNSET
    text: str | None = None
    size: int = 0
    """A body of so many blanks."""
    raw: str | None = None
    """The whole request as it goes over the wire, one byte a character; nothing else of it is then looked at."""
    answer: int = 1
    """Which answer on the connection is judged."""
    times: int = 1
    at_once: bool = False
    """The times are asked side by side, not one after the other."""
    aside: bool = False
    """They are asked side by side, and nobody waits for the answers: the next step comes while they are under way."""
    wait: float | str = 0
    """Seconds before it is asked; a header's name waits as long as that header of the last answer said."""
    given: Token | msgspec.UnsetType | None = msgspec.UNSET
    """Its own token; the row's when not said."""


class Then(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one answer that conforms."""

    status: int
    """0 where the connection must end without an answer."""
    problem: str = ""
    """The reason of the problem document (RFC 9457); `problems.yaml` says the rest of it."""
    members: dict[str, Any] = {}
    """Members of the problem document with their exact values; a dotted name looks inside."""
    headers: dict[str, Any] = {}
    """Fields and what must stand in them (see `fields.py`). A field of `judging.WATCHED` not named must be absent."""
    json: dict[str, Any] = {}
    """Members of a JSON answer, likewise."""
    closed: bool = False
    """The connection must end after the answer."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One clause, asked of a running gateway."""

    id: str
    clause: str
    """`RFC n section m: what it demands`."""
    given: Token | None = None
    before: list[When] = []
    """What is asked first; how it is answered is not judged."""
    when: When
    then: Then
    envoy: str = ""
    """Why an Envoy in front, on the same policies, answers otherwise; empty where it must answer the same."""
    needs: list[str] = []
    """What the front must be able to do or how it must be set up; a front that is not is not asked the row."""


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of problem document."""

    type: str = "${url}/problems/${reason}"
    title: str
    status: int
    reason: str = ""
    """Where it is not the name of the kind."""
    error: str = ""
    """The error type of `Proxy-Status` (RFC 9209); empty where the tier behind the gateway answered."""
    next_hop: bool = False
    """Whether `Proxy-Status` names the upstream it happened at: the document's `system`."""


def rows() -> dict[str, list[Row]]:
    """All rows by subject. Raises `ValueError` when two share an id or a file is not as it must be."""
    found = {subject: _read(HERE / f"{subject}.yaml", list[Row]) for subject in SUBJECTS}
    ids = [row.id for rows in found.values() for row in rows]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise ValueError(f"two rows are called {', '.join(twice)}")
    return found


def shared(table: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The rows that an Envoy in front must answer as the gateway itself does."""
    return {subject: [row for row in found if not row.envoy] for subject, found in table.items()}


def problems() -> dict[str, Kind]:
    """What each problem document must say, by its reason."""
    return _read(HERE / "problems.yaml", dict[str, Kind])


def _read(path: Path, kind: Any) -> Any:
    try:
        return msgspec.convert(_dates_as_text(yaml.safe_load(path.read_text())), kind)
    except msgspec.ValidationError as wrong:
        raise ValueError(f"{path.name}: {wrong}") from wrong


def _dates_as_text(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case dict():
            return {key: _dates_as_text(inner) for key, inner in value.items()}
        case list():
            return [_dates_as_text(inner) for inner in value]
        case _:
            return value
