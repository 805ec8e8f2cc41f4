"""What a policy noun is, and how they are found.

A noun is one module in `gateway/nouns/`: the Struct of its YAML, a `Rule` with its behaviour, and last its `NOUN`. A
new noun is a new module; nothing else changes.
"""

import importlib
import pkgutil
import sys
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from canonical.faults import Fault
from canonical.ports import Operation
from foundation.api import Api, PageOperation
from gateway.call import Answer, Call, Ending
from gateway.loader import Node
from gateway.stages import Stage

if TYPE_CHECKING:
    from gateway.plan import Governed, Product
    from gateway.policies import Policy
    from gateway.router import Chooser


T = TypeVar("T")


class Rule:
    """What one noun does to one operation. Compiled once; holds no state of a call."""

    refuses: tuple[type[Fault], ...] = ()
    """What `admit` can refuse with: these reach the published contract."""
    keeps_answer: bool = False
    """Whether `settle` wants to see the answer itself."""
    durable: bool = False
    """Whether the answer waits until what `settle` left in `call.recorded` is done."""
    heard_first: bool = False
    """Whether its `reply` stands nearest to the tier, before those of every other stage."""
    plain: Mapping[int, str] = {}
    """Statuses of answers without a body that it gives, and what each means: these reach the published contract."""
    parameters: tuple[Mapping[str, Any], ...] = ()
    """Headers it reads, as OpenAPI parameters: these too."""
    answers: Mapping[str, str] = {}
    """Headers it may add to the answer of a call it lets pass, or refuses with 422, and what each means: these too."""
    scopes: tuple[str, ...] = ()
    """Scopes it asks for: these become the operation's security requirement."""
    tool: bool = False
    """Whether it offers the operation to language models."""

    patience: float | None = None
    """Seconds a tier in this process has for the operation, where the rule is about that."""
    served_at: str = ""
    """Of the upstream that serves the operation in a tier's place; empty where the rule is about something else."""

    def __init__(self, where: str) -> None:
        self.where = where
        """The policy line that asked for it, `file:line`."""
        self.noun = ""
        """Its word in the YAML, once it stands in a plan."""
        self.stage = ""

    def admit(self, call: Call) -> Awaitable[None] | None:
        """Let the call pass, or refuse it by raising a fault. Only what must wait answers with an awaitable."""

    def preflight(self, headers: Mapping[str, str]) -> Answer:
        """What a browser is told that asks whether a page may make this call; header names are in lower case.

        Raises the fault it is refused with.
        """
        raise NotImplementedError

    def reply(self, call: Call, answer: Answer) -> Awaitable[Answer] | None:
        """See the tier's whole answer to a call over HTTP before it is sent, and perhaps answer something else.

        Only what must wait, or changes the answer, answers with an awaitable.
        """

    def hears(self, call: Call, answer: Answer) -> int | None:
        """Of how many bytes an answer may be that `reply` waits for; None: whatever its length.

        `answer` has its status and headers, and no body yet.
        """

    def unheard(self, call: Call, answer: Answer) -> None:
        """See the status and headers of an answer too long for `reply`; it is passed on as it comes.

        Raises the fault it is refused with.
        """

    def instead(self, call: Call, fault: Fault) -> Answer | None:
        """What the caller is given in place of a fault of what stands behind; None where there is nothing."""
        return None

    def settle(self, call: Call, ending: Ending) -> None:
        """See how the call ended: every ending, refusals included."""


class Site:
    """One operation of one API version while it is being compiled: what the policies say of it, and where."""

    def __init__(
        self,
        api: Api,
        operation: Operation | PageOperation,
        *,
        policy: Mapping[str, Any],
        policy_node: Node,
        platform: Mapping[str, Any],
        platform_node: Node,
        products: Mapping[str, "Product"],
        problems: list[str],
        remarks: list[str] | None = None,
        files: "Mapping[str, Policy] | None" = None,
        made: dict[object, Any] | None = None,
    ) -> None:
        self.api = api
        self.operation = operation
        self.policy = policy
        """The API's file: `policy["limits"]` is what the noun `limits` declared for that level."""
        self._files = files or {}
        self.platform = platform
        """platform.yaml, by key."""
        self.products = products
        """By client."""
        self._platform_node = platform_node
        self._policy_node = policy_node
        self._said = policy["operations"][operation.id]
        self._said_node = policy_node.at("operations", operation.id)
        self._problems = problems
        self._remarks = remarks if remarks is not None else []
        self._made = made if made is not None else {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is the same for all operations whose `key` is equal, made once for all of them.

        Of ten thousand operations a call then finds most of what it is held to in the processor's cache.
        """
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def said(self, key: str) -> Any:
        """What the operation says under `key`; else what the API's `defaults` say; else None."""
        own = getattr(self._said, key)
        return own if own is not None else getattr(self.policy["defaults"], key, None)

    def own(self, key: str) -> Any:
        """What the operation itself says under `key`, whatever the defaults say."""
        return getattr(self._said, key)

    def where(self, key: str = "") -> str:
        """The line that says `key`: at the operation, else in the defaults; else the line that lists the operation."""
        defaults = self._policy_node.get("defaults")
        found = self._said_node.get(key) or (defaults.get(key) if defaults is not None else None)
        return (found or self._said_node).where

    def where_in(self, key: str, *path: str) -> str:
        """The line of something within what is said under `key`, at the operation or in the defaults."""
        defaults = self._policy_node.get("defaults")
        found = self._said_node.get(key) or (defaults.get(key) if defaults is not None else None)
        return (found or self._said_node).at(*path).where

    def where_api(self, *path: str) -> str:
        """The line of a key of the API's file: `where_api("limits", "approvals")`."""
        return self._policy_node.at(*path).where

    def where_platform(self, *path: str) -> str:
        """The line of a key of platform.yaml."""
        return self._platform_node.at(*path).where

    def written_out(self, *path: str) -> bool:
        """Whether platform.yaml holds the value there itself, and takes no part of it from `${NAME}`."""
        node = self._platform_node
        for key in path:
            found = node.get(key)
            if found is None:
                return False
            node = found
        return not node.referred

    def file(self, noun: str) -> Mapping[str, Any] | None:
        """What the noun's own file says; None when there is none."""
        found = self._files.get(noun)
        return found.said if found is not None else None

    def file_problem(self, noun: str, *path: str, sentence: str) -> None:
        """What a noun's own file says there cannot be; the load fails with it, once for all operations."""
        self._problems.append(f"{self._files[noun].node.at(*path).where}: {sentence}")

    def problem(self, key: str, sentence: str, *path: str) -> None:
        """What the operation says under `key`, at `path` within it, cannot be; the load fails with it."""
        self._problems.append(f"{self.where_in(key, *path)}: {self.operation.id}: {sentence}")

    def remark(self, key: str, sentence: str, *path: str) -> None:
        """What the operation says under `key`, at `path` within it, may not be what is meant; `policy check` tells."""
        self._remarks.append(f"{self.where_in(key, *path)}: {self.operation.id}: {sentence}")

    def api_problem(self, *path: str, sentence: str) -> None:
        """What the API's file says there cannot be; the load fails with it, once for all its operations."""
        self._problems.append(f"{self.where_api(*path)}: {sentence}")

    def platform_problem(self, *path: str, sentence: str) -> None:
        """What platform.yaml says there cannot be; the load fails with it, once for all operations."""
        self._problems.append(f"{self.where_platform(*path)}: {sentence}")


Addresses = Callable[[Mapping[str, Any], str, Mapping[str, "Governed"]], Iterable[tuple[str, str, "Chooser"]]]
"""From what an API's file says, the line of the noun in it, and all operations: method, path template, chooser."""


class Noun(msgspec.Struct, frozen=True, kw_only=True):
    """One noun: where it may be written, as what, and the rule it becomes."""

    name: str
    """Its word in the YAML, and the name of its module."""
    stage: Stage
    build: Callable[[Site], Rule | None]
    """Its rule for one operation; None when it has nothing to do there."""
    operation: Any = None
    """Type of its value at an operation and under `defaults`; None where it cannot stand."""
    api: Any = None
    """Type of its value at the top of an API's file."""
    required: bool = False
    """An API's file must have it."""
    addresses: Addresses = lambda said, where, operations: ()
    """What it adds to the addresses of an API: see `Addresses`."""
    platform: Any = None
    """Types of its keys in platform.yaml, by key; one whose type admits None may be left out."""
    file: Any = None
    """Type of a file of its own, `<name>.yaml` beside platform.yaml, which may be left out."""
    default: str = ""
    """What holds where nothing is said, as it would be written."""

    @property
    def says(self) -> str:
        """What it is for: the first sentence of its module."""
        return " ".join((sys.modules[self.build.__module__].__doc__ or "").partition("\n\n")[0].split())


@cache
def nouns() -> tuple[Noun, ...]:
    """All nouns, found in `gateway/nouns/`, by name."""
    package = importlib.import_module("gateway.nouns")
    modules = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return tuple(importlib.import_module(f"gateway.nouns.{name}").NOUN for name in modules)
