"""Tests of policies: files of `given`, `when` and `then` in `policies/tests/`.

    - given: {issuer: embedded, client: console, scopes: [desk:read]}
      when: service-desk.retryCase@v1
      then: {status: 403, reason: missing_scope, header: {WWW-Authenticate: ~insufficient_scope}}

`given` and `when` may be lists: each one given is asked of each operation. `then: allow` is any success, `then:
missing_scope` a refusal for that reason. An operation is named alone where one API has it (in a file called like an
API, that one), with its API before a dot otherwise, and with `@v1` for one of several versions. `notes.*` is every
operation of an API, those not written yet too: for what nobody may do.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from foundation.acting import claims_of
from gateway.conversion import convert, did_you_mean
from gateway.loader import Node, PolicyError, read
from gateway.networks import read as read_address
from gateway.plan import Governed, Plan
from gateway.words import Duration, Size

_KEYS: Final = ("given", "when", "then")


ELSEWHERE: Final = "192.0.2.1"
"""Where every call comes from that does not say it (RFC 5737)."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, when, and with what. Where nothing is said of a caller there is no token."""

    issuer: str = ""
    """An issuer of platform.yaml; the first one when not said. A tier's is the first that speaks for workloads."""
    client: str = ""
    """The token's `client_id`."""
    plan: str = ""
    """Instead of a client: the first client that has this plan."""
    subject: str = "somebody"
    """The token's `sub`."""
    scopes: list[str] | None = None
    """What the token carries; `[]` is a token that carries none."""
    roles: list[str] = []
    """The token's `roles`."""
    claims: dict[str, Any] = {}
    """More claims of the token."""
    signed_in: Duration | None = None
    """How long ago the person signed in: the token's `auth_time`."""
    audience: str = ""
    """The token's `aud`; what the API wants when not said."""
    key: bool = False
    """The client calls with its API key (`api_keys` in platform.yaml), and without a token."""
    bound: Literal["", "dpop", "mtls"] = ""
    """What the token is bound to: the caller's DPoP key, or its client certificate."""
    proven: bool = True
    """Whether the caller shows that a bound token is its own: a proof with each request, or its certificate, through
    the TLS terminator."""
    tier: Literal["", "experience", "process", "system"] = ""
    """A tier's own workload calls, with a token that says so."""
    acted_for: list[str] = msgspec.field(default_factory=lambda: ["somebody@portal"])
    """Whom the workload acts for, outermost first; `[]` is nobody."""
    at: date | None = None
    """The day of the call, which is the same for every test that does not say it."""
    address: str = ELSEWHERE
    """Whence the call comes: the peer's address."""
    path: dict[str, str] = {}
    """Parameters of its path; `x` for those not said."""
    lookups: dict[str, str] = {}
    """What each look-up answers; for one not said there is no such thing."""
    headers: dict[str, str] = {}
    """More headers of the request."""
    query: dict[str, str] = {}
    """Parameters of its query."""
    body: Size | None = None
    """Size of a JSON body; where not said, the smallest one."""
    json: Any = None
    """The JSON body itself, for what looks into it."""
    answer: Any = msgspec.field(default_factory=dict)
    """What the tier answers, as JSON, where the call is let in; `{}` where not said."""
    people: int = 1
    """So many different people call in turn, with the same client."""
    every: Duration | None = None
    """Time between two calls; none when not said."""
    times: int = 1
    """How often it is called: `then` is of the last one, and those before it must go well."""

    def __post_init__(self) -> None:
        if read_address(self.address) is None:
            raise ValueError(f"address is {self.address!r}, which is none")
        if self.acted_for:
            claims_of(self.acted_for, "a tier")
        if self.body is not None and self.json is not None:
            raise ValueError("says body, a size, and json, what it holds: one of them")
        if self.key and (not self.client or self.scopes is not None or self.bound):
            raise ValueError("key is a client's, and comes without a token: say its client, and no scopes")

    @property
    def anonymous(self) -> bool:
        """Whether no token comes with it."""
        return self.key or (
            not (self.client or self.plan or self.tier or self.issuer or self.claims or self.roles)
            and (self.scopes is None)
        )


class Then(msgspec.Struct, frozen=True, kw_only=True):
    """What must come of it."""

    status: int = 0
    """The answer's status; 0 for any success, or for any refusal where there is a reason."""
    reason: str = ""
    """The `reason` of the problem document."""
    limit: str = ""
    """The limit that is named."""
    header: dict[str, str] = {}
    """Headers of the answer: the exact value, or `~` and a part of it."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One test as it is written: every caller is asked of every operation."""

    where: str
    """`file:line`."""
    given: list[Given]
    when: list[Node]
    then: Then


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One caller, one operation, one outcome."""

    where: str
    """`file:line`."""
    given: Given
    operation: str
    """`{api}-v{major}.{operationId}`."""
    then: Then


def cases(folder: Path, plan: Plan, values: Mapping[str, str]) -> list[Case]:
    """All tests of a policy folder. Raises `PolicyError` with every test that cannot be asked."""
    problems: list[str] = []
    found: list[Case] = []
    for path in sorted(folder.glob("tests/*.yaml")):
        name = f"{folder.name}/{path.relative_to(folder)}"
        try:
            found += cases_of(read(path, name, values), plan, problems, api=path.stem)
        except PolicyError as broken:
            problems += broken.problems
    if problems:
        raise PolicyError(problems)
    return found


def cases_of(document: Node, plan: Plan, problems: list[str], api: str = "") -> list[Case]:
    """The tests of one document, for the operations of a plan; what is wrong with them is added to `problems`."""
    return [
        Case(where=each.where, given=given, operation=key, then=each.then)
        for each in written(document, problems)
        for given in each.given
        for when in each.when
        for key in _operations(when, plan, problems, api)
    ]


def written(document: Node, problems: list[str]) -> list[Written]:
    """The tests of one document as they are written."""
    if not isinstance(document.value, list):
        problems.append(f"{document.where}: a file of tests is a list, each with given, when and then")
        return []
    return [case for node in document.value if (case := _written(node, problems)) is not None]


def _written(node: Node, problems: list[str]) -> Written | None:
    if not isinstance(node.value, dict):
        problems.append(f"{node.where}: a test is a mapping of given, when and then")
        return None
    before = len(problems)
    for key, child in node.value.items():
        if key not in _KEYS:
            problems.append(f"{child.where}: a test has no key {key!r}{did_you_mean(key, _KEYS)}")
    problems += [f"{node.where}: a test needs the key {key!r}" for key in ("when", "then") if key not in node.value]
    if len(problems) > before:
        return None
    given = [convert(each, Given, problems, "given") for each in _each(node.get("given") or Node({}, "", 0))]
    then = _then(node.at("then"), problems)
    if then is None or len(problems) > before:
        return None
    return Written(where=node.where, given=given, when=_each(node.at("when")), then=then)


def _each(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else [node]


def _then(node: Node, problems: list[str]) -> Then | None:
    if isinstance(node.value, str):
        return Then(reason="" if node.value == "allow" else node.value)
    found: Then | None = convert(node, Then, problems, "then")
    return found


def _operations(node: Node, plan: Plan, problems: list[str], api: str) -> list[str]:
    said = str(node.value)
    found = named(said, plan, api)
    if isinstance(found, str):
        problems.append(f"{node.where}: {found}")
        return []
    return [governed.id for governed in found]


def named(said: str, plan: Plan, api: str = "") -> list[Governed] | str:
    """The operations somebody means by `[api.]operationId[@v1]`, one a version; else the sentence that says why not."""
    name, _, version = said.partition("@")
    qualifier, _, operation = name.rpartition(".")
    known = [each for each in plan.operations.values() if operation in (each.operation.id, "*")]
    if qualifier:
        known = [each for each in known if qualifier in (each.api.name, each.api.key)]
    elif any(each.api.name == api for each in known):
        known = [each for each in known if each.api.name == api]
    if version:
        known = [each for each in known if f"v{each.api.major}" == version]
    names = sorted({each.api.name for each in known})
    if len(names) > 1:
        return f"{said!r} is an operation of {' and of '.join(names)}: write {names[0]}.{said}"
    if not known:
        listed = {
            f"{each.api.name}.{each.operation.id}" if qualifier else each.operation.id
            for each in plan.operations.values()
        }
        return f"no policy lists an operation {said!r}{did_you_mean(name, listed)}"
    return known
