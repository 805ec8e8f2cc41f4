"""The `@operation` decorator and the table it leaves on a Protocol."""

import inspect
import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar, cast, get_type_hints

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.events.base import Event
from canonical.faults import Fault, Unsupported

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_MARK: Final = "__operation__"
JSON: Final = "application/json"
_CANNOT: Final = "__cannot__"


class Written(Value, frozen=True, kw_only=True):
    """What a system said to a write."""

    id: Annotated[str, PUBLIC]
    """The record's native id."""
    created: Annotated[bool | None, PUBLIC] = None
    """True made, False found and brought up to date, None where the system does not say which."""
    version: Annotated[str, PUBLIC] = ""


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A request taken as it came: header names in lower case, the body byte for byte, for whoever must verify it."""

    headers: dict[str, str]
    body: bytes


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `next` is the opaque cursor of the next one, empty on the last."""

    items: list[T]
    next: Annotated[str, PUBLIC] = ""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One path or query parameter."""

    name: str
    place: Literal["path", "query"]
    type: Any
    default: Any = inspect.Parameter.empty

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


class _Marked(NamedTuple):
    """What the decorator was told."""

    method: Method
    path: str
    status: int
    raises: tuple[type[Fault], ...]
    local: bool
    follow: str
    tells: tuple[type[Event], ...]
    calls: str
    media: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a port: a method of the Protocol and a route of the API at once."""

    id: str
    """operationId: the method's name in camel case, what a policy binds to."""
    attribute: str
    """The method's name on the port."""
    method: Method
    path: str
    parameters: tuple[Parameter, ...]
    body: Any
    """The type of `data`; None for a call without a body."""
    returns: Any
    """None for an answer without a body (204)."""
    status: int
    raises: tuple[type[Fault], ...]
    """Faults the operation itself can answer with, besides those every governed call can."""
    local: bool
    """The tier answers by itself, from what it is sent: no system is asked."""
    status_id: str = ""
    """operationId of the one that says how far it is; only of what is accepted (202) and goes on afterwards."""
    status_path: str = ""
    """That one's path. Its parameters are those of this operation's path, or else the `id` of this one's answer."""
    tells: tuple[type[Event], ...] = ()
    """Events by which whoever subscribed hears what comes of it."""
    calls: str = ""
    """The field of its body that holds an address of the caller's, where events are posted from then on."""
    media: str = JSON
    """What its body, where that is taken as it comes (`Raw`), and its answer are in. Where that is no JSON the answer
    is text that goes out as it stands: a caller whose protocol is not ours."""
    doc: str

    @property
    def safe(self) -> bool:
        """Changes nothing (RFC 9110 section 9.2.1)."""
        return self.method == "GET"

    @property
    def polls(self) -> bool:
        """Tells what changed since a watermark."""
        return any(each.name == "since" for each in self.parameters)


def operation(
    method: Method,
    path: str,
    *,
    status: int = 200,
    raises: tuple[type[Fault], ...] = (),
    local: bool = False,
    follow: str = "",
    tells: tuple[type[Event], ...] = (),
    calls: str = "",
    media: str = JSON,
) -> Callable[[F], F]:
    """Mark a Protocol's method as an API operation.

    A parameter named in the path is a path parameter, `data` is the JSON body, any other is a query parameter. `follow`
    names the port's method that says how far it is, of what is only accepted; `tells`, `calls`, `media`: see
    `Operation`.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, _Marked(method, path, status, raises, local, follow, tells, calls, media))
        return function

    return mark


def cannot(reason: str, *, system: str) -> Callable[..., Any]:
    """What an adapter puts in the place of a port's operation that its system has nothing for.

        quote = cannot("Certinia keeps no quotes of its own: they are Salesforce's", system=SYSTEM)

    Asked for, it is `Unsupported` with that sentence; `tiergate capabilities` prints the same one.
    """

    async def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported(reason, system=system)

    setattr(refuse, _CANNOT, reason)
    return refuse


def why_not(adapter: Any, operation: Operation) -> str:
    """Why an adapter (or its class) cannot do an operation of its ports; empty when it can."""
    reason: str = getattr(getattr(adapter, operation.attribute), _CANNOT, "")
    return reason


def operations(port: type[Any]) -> tuple[Operation, ...]:
    """The operations of a port, in the order they are written (those of base Protocols first)."""
    return _table(cast(Hashable, port))


@cache
def _table(port: Any) -> tuple[Operation, ...]:
    found: dict[str, Operation] = {}
    marked: dict[str, _Marked] = {}
    for klass in reversed(port.__mro__):
        for name, member in vars(klass).items():
            if hasattr(member, _MARK):
                found[name], marked[name] = _read(name, member), getattr(member, _MARK)
    return tuple(_followed(each, marked[name].follow, found) for name, each in found.items())


def _followed(accepted: Operation, follow: str, port: Mapping[str, Operation]) -> Operation:
    """The operation with the one that says how far it is. `ValueError` where that could not be asked."""
    if not follow:
        return accepted
    watching, given = port[follow], {each.name for each in accepted.parameters}
    unknown = [each.name for each in watching.parameters if each.required and each.name not in given]
    if (
        not watching.safe
        or len(unknown) > 1
        or (unknown and "id" not in getattr(accepted.returns, "__struct_fields__", ()))
    ):
        raise ValueError(f"{accepted.id} cannot be watched at {watching.path}: nothing says {unknown}")
    return msgspec.structs.replace(accepted, status_id=watching.id, status_path=watching.path)


def _read(name: str, function: Callable[..., Any]) -> Operation:
    marked: _Marked = getattr(function, _MARK)
    hints = get_type_hints(function, include_extras=True)
    in_path = set(re.findall(r"\{(\w+)\}", marked.path))
    parameters, body = [], None
    for key, parameter in inspect.signature(function).parameters.items():
        if key == "self":
            continue
        if key == "data":
            body = hints[key]
            continue
        place: Literal["path", "query"] = "path" if key in in_path else "query"
        parameters.append(Parameter(name=key, place=place, type=hints[key], default=parameter.default))
    returns = hints.get("return")
    returns = None if returns in (None, NoneType) else returns
    return Operation(
        id=_camel(name),
        attribute=name,
        method=marked.method,
        path=marked.path,
        parameters=tuple(parameters),
        body=body,
        returns=returns,
        status=204 if returns is None and marked.status == 200 else marked.status,
        raises=marked.raises,
        local=marked.local,
        tells=marked.tells,
        calls=marked.calls,
        media=marked.media,
        doc=inspect.getdoc(function) or "",
    )


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
