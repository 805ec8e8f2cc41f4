"""An API: ports published under a name and a version, and the routes that serve them.

Every JSON operation of every tier is a method of a port. `routes` turns the port's table into Litestar handlers at
`/{api}/v{major}{path}`; the implementation is any object with the port's methods.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from sys import intern
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin
from urllib.parse import parse_qsl, quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from canonical.events import Event
from canonical.faults import Broken, Fault, FieldError, Invalid, Malformed, NotBound, NotFound, TooLarge, VendorFault
from canonical.ports import JSON, Operation, Raw, operations
from foundation.context import Layer, current
from foundation.masking import shown_path
from foundation.schemas import convert_parameter, decode

PROBLEM_JSON: Final = "application/problem+json"
STEP_UP: Final = "insufficient_user_authentication"
"""The reason of a refusal that a newer or stronger sign-in mends, and its word in the challenge (RFC 9470)."""
_JSON: Final = (b"content-type", b"application/json")
Told: TypeAlias = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body."""
log = structlog.get_logger("tiergate.api")


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """One API in one major version."""

    name: str
    layer: Layer
    title: str
    ports: tuple[type, ...]
    major: int = 1
    description: str = ""
    pages: tuple["PageOperation", ...] = ()
    """Server-rendered pages, which are operations too."""
    lookups: tuple[str, ...] = ()
    """Methods of its implementation that say whose a thing is (from its id, None for no such thing), for policies that
    bind an operation's object to its owner."""
    document: Mapping[str, Any] | None = None
    """The OpenAPI document of its owner, where its contract is not made of our code."""
    events: tuple[type[Event], ...] = ()
    """What it tells whoever subscribes: the webhooks of its contract."""
    detects_changes: bool = True
    """Of a system: whether it refuses a write to a record that has changed since it was read."""

    @property
    def prefix(self) -> str:
        """Where its operations live: `/{name}/v{major}`."""
        return f"/{self.name}/v{self.major}"

    @property
    def key(self) -> str:
        """`{name}-v{major}`: the name of its published contract."""
        return f"{self.name}-v{self.major}"

    def operations(self) -> tuple[Operation, ...]:
        """All operations of all its ports; `ValueError` when two share an operationId."""
        found: dict[str, Operation] = {}
        for port in self.ports:
            for operation in operations(port):
                if found.setdefault(operation.id, operation) != operation:
                    raise ValueError(f"{self.key}: two operations are called {operation.id}")
        return tuple(found.values())


class PageOperation(msgspec.Struct, frozen=True, kw_only=True):
    """A page as an operation: its own address (no `/{api}/v{n}` before it), bound by policy like any other."""

    id: str
    path: str
    method: str = "GET"
    doc: str = ""


def routes(api: Api, implementation: Any) -> list[HTTPRouteHandler]:
    """The Litestar handlers that serve `api` from `implementation`."""
    return [_route(api, operation, implementation) for operation in api.operations()]


def litestar_path(path: str) -> str:
    """`/a/{b}` in Litestar's own notation, `/a/{b:str}`."""
    return re.sub(r"\{(\w+)\}", r"{\1:str}", path)


def status_link(prefix: str, operation: Operation, given: Mapping[str, Any], answer: Any) -> str:
    """Where it is read how far this is, as a path on the same server; empty for what is done when it is answered."""

    def named(parameter: re.Match[str]) -> str:
        name = parameter[1]
        return quote(str(given.get(name) or answer.id), safe=":")

    return prefix + re.sub(r"\{(\w+)\}", named, operation.status_path) if operation.status_path else ""


def problem_response(fault: Fault, instance: str = "") -> Response[bytes]:
    """A fault as `application/problem+json` (RFC 9457), with `Retry-After` where waiting helps.

    A newer sign-in that another API asked for is asked for here too (RFC 9470); the gateway in front adds whose it is.
    """
    headers, body = _told(fault, instance)
    return Response(body, status_code=fault.status, media_type=PROBLEM_JSON, headers=headers)


def _told(fault: Fault, instance: str) -> tuple[dict[str, str], bytes]:
    """The headers of a fault's answer, but for its type and length, and its problem document."""
    context = current()
    problem = fault.problem(request_id=context.request_id, instance=instance, site=context.site)
    headers = {"retry-after": str(int(float(fault.facts["retry_after"])) or 1)} if "retry_after" in fault.facts else {}
    if fault.reason == STEP_UP:
        wanted = [
            f'{name}="{_quotable(fault.facts[name])}"' for name in ("acr_values", "max_age") if name in fault.facts
        ]
        headers["www-authenticate"] = ", ".join([f'Bearer error="{STEP_UP}"', *wanted])
    return headers, msgspec.json.encode(problem)


def _quotable(said: str) -> str:
    """What of it may stand in a quoted string: it may have come from another process."""
    return "".join(c for c in said if " " <= c <= "~" and c not in '"\\\\')


def fault_handler(request: Request[Any, Any, Any], fault: Exception) -> Response[bytes]:
    """The one handler that turns any exception of a tier into a problem document; a bug says nothing of its inside."""
    if isinstance(fault, HTTPException) and fault.status_code < 500:
        fault = _of_framework(fault, request)
    return problem_response(_as_fault(fault, request.url.path), instance=request.url.path)


def _as_fault(failed: Exception, path: str) -> Fault:
    if isinstance(failed, Fault):
        return failed
    log.error("unexpected", path=shown_path(path), exc_info=failed)
    return Broken("Something failed on our side; the request id finds it in our log.")


def read_arguments(
    operation: Operation,
    path: dict[str, str],
    query: Sequence[tuple[str, str]],
    body: bytes,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A request's parts as the method's arguments.

    Raises `Malformed`, or `Invalid` with every parameter and field that is wrong, unknown ones included.
    """
    given = dict(query)
    errors = [
        FieldError(pointer=f"query:{name}", detail=f"{operation.id} has no parameter {name!r}")
        for name in given
        if not any(p.name == name and p.place == "query" for p in operation.parameters)
    ]
    errors += [
        FieldError(pointer=f"query:{name}", detail="stands in the query more than once")
        for name in given
        if sum(one == name for one, _ in query) > 1
    ]
    arguments: dict[str, Any] = {}
    for parameter in operation.parameters:
        source: dict[str, str] = path if parameter.place == "path" else given
        where = f"{parameter.place}:{parameter.name}"
        if parameter.name not in source:
            if parameter.required:
                errors.append(FieldError(pointer=where, detail="is required"))
            continue
        try:
            arguments[parameter.name] = convert_parameter(source[parameter.name], parameter.type, where)
        except Invalid as wrong:
            errors.extend(wrong.errors)
    if operation.body is Raw:
        arguments["data"] = Raw(headers=headers or {}, body=body)
    elif operation.body is not None:
        try:
            arguments["data"] = decode(body, operation.body)
        except Invalid as wrong:
            errors.extend(wrong.errors)
    if errors:
        raise Invalid("Some fields are not as they must be.", errors=errors)
    return arguments


class Reader:
    """Reads one operation's arguments off a request: what is as it must be without detours, all else by name."""

    __slots__ = ("_known", "_needed", "_operation", "_parameters", "_takes_body")

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._takes_body = operation.body is not None
        self._parameters = tuple((p.name, p.place == "path", p.type, _words(p.type)) for p in operation.parameters)
        self._known = one_set(tuple(p.name for p in operation.parameters if p.place == "query"))
        self._needed = one_set(tuple(p.name for p in operation.parameters if p.required))

    def read(
        self, path: dict[str, str], query: Sequence[tuple[str, str]], body: bytes, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """As `read_arguments`, which says what is wrong."""
        given = dict(query)
        arguments: dict[str, Any] = {}
        try:
            if len(given) == len(query) and self._known.issuperset(given):
                for name, in_path, kind, words in self._parameters:
                    said = (path if in_path else given).get(name)
                    if said is not None:
                        plain = kind is str or said in words
                        arguments[name] = said if plain else msgspec.convert(said, kind, strict=False)
                if not self._takes_body and self._needed.issubset(arguments):
                    return arguments
        except msgspec.ValidationError:
            pass  # what is wrong is said below, with everything else that is
        return read_arguments(self._operation, path, query, body, headers)


@lru_cache(4096)
def one_set(words: tuple[str, ...]) -> frozenset[str]:
    """The words as a set, the same one wherever they are the same: calls of many operations then share it in the
    processor's cache."""
    return frozenset(words)


def _words(kind: Any) -> frozenset[str]:
    """The words a parameter's type lists, where it lists nothing else: to look one up is cheaper than to convert it."""
    listed = get_args(kind) if get_origin(kind) is Literal else ()
    return one_set(listed if all(isinstance(word, str) for word in listed) else ())


class Direct:
    """One operation served without the framework's routing, for a gateway in this process, which has routed already.

    What it answers is what its route answers.
    """

    __slots__ = ("_answers", "_method", "_operation", "_prefix", "_reader", "_status")

    def __init__(self, operation: Operation, implementation: Any, prefix: str = "") -> None:
        self._operation, self._prefix = operation, prefix
        self._status = operation.status
        self._answers = operation.returns is not None
        self._method = getattr(implementation, operation.attribute)
        self._reader = Reader(operation)

    async def answer(self, path: dict[str, str], query: bytes, body: bytes, instance: str) -> Told:
        """Status, headers and body, of a failure too. `instance` is the path as a problem document names it."""
        try:
            given = self._reader.read(path, parse_query_string(query) if query else (), body)
            result = await self._method(**given)
            if not self._answers:
                return self._status, [], b""
            said = msgspec.json.encode(result)
            where = status_link(self._prefix, self._operation, given, result)
        except Exception as failed:  # noqa: BLE001 - as the framework does it: whatever fails is answered
            fault = _as_fault(failed, instance)
            headers, said = _told(fault, instance)
            more = [(name.encode(), value.encode()) for name, value in headers.items()]
            return fault.status, [(b"content-type", PROBLEM_JSON.encode()), _length(said), *more], said
        watched = [(b"location", where.encode())] if where else []
        return self._status, [_JSON, _length(said), *watched], said


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


def directly(api: Api, implementation: Any) -> dict[str, Direct]:
    """The operations of `api` that need nothing of a request but path, query and JSON, by `{api}-v{major}.{id}`."""
    return {
        intern(f"{api.key}.{operation.id}"): Direct(operation, implementation, api.prefix)
        for operation in api.operations()
        if operation.body is not Raw and operation.media == JSON
    }


def _of_framework(refusal: HTTPException, request: Request[Any, Any, Any]) -> Fault:
    """What Litestar itself refuses (no such route, wrong method, body too large), as one of our faults."""
    match refusal.status_code:
        case 404:
            return NotFound(f"Nothing is offered at {request.url.path}.")
        case 405:
            return NotFound(f"{request.method} is not offered at {request.url.path}.")
        case 413:
            return TooLarge("The body is larger than this API takes.")
        case _:
            return Malformed(refusal.detail)


def _route(api: Api, operation: Operation, implementation: Any) -> HTTPRouteHandler:
    method = getattr(implementation, operation.attribute)
    reader = Reader(operation)

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body() if operation.body is not None else b""
        headers = dict(request.headers.items()) if operation.body is Raw else {}
        query = list(request.query_params.multi_items())
        given = reader.read(dict(request.path_params), query, body, headers)
        result = await method(**given)
        if operation.returns is None:
            return Response(b"", status_code=operation.status)
        where = status_link(api.prefix, operation, given, result)
        return Response(
            msgspec.json.encode(result) if operation.media == JSON else str(result).encode(),
            status_code=operation.status,
            media_type=operation.media,
            headers={"location": where} if where else {},
        )

    return HTTPRouteHandler(
        api.prefix + litestar_path(operation.path),
        http_method=operation.method,
        operation_id=f"{api.key}.{operation.id}",
        name=f"{api.key}.{operation.id}",
        # The answer carries its own status; Litestar wants another annotation where it is told of a 204.
        status_code=200 if operation.returns is None else operation.status,
    )(handle)


@lru_cache(1024)
def parse_query_string(query: bytes) -> tuple[tuple[str, str], ...]:
    """The pairs of a query, as the framework reads them."""
    return tuple(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def documented_faults(api: Api, operation: Operation) -> tuple[type[Fault], ...]:
    """The faults an operation's contract names: its own, and for a system API those of the vendor behind it.

    A system's API is there whether or not anybody is bound to it, and whoever asks a system may find that none is.
    """
    vendor = (VendorFault,) if api.layer == "system" and not operation.local else ()
    found = (*operation.raises, *vendor)
    bound = (NotBound,) if api.layer == "system" or VendorFault in found else ()
    return tuple(dict.fromkeys((*found, *bound)))
