"""The kit: what a vendor's sandbox is made of, and the running thing made from it.

Every call is one transaction: it commits before it is answered, and an answer of 400 or more undoes it. Faults strike
before the vendor's handler sees the call, or after it has committed.
"""

import asyncio
import contextlib
import functools
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import httpx
import msgspec
from litestar import Litestar, Request
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from canonical.dates import now
from foundation.sandbox.answers import Answer, Refused, answer
from foundation.sandbox.deliveries import Deliveries, Delivery, is_taken
from foundation.sandbox.faults import FaultPlan, FaultRule
from foundation.sandbox.messages import messages, played, raw, read, with_headers, without
from foundation.sandbox.store import REQUEST_ID, Fact, Record, Store

LONGEST_HANG_SECONDS: Final = 60.0
CONTROL: Final = "/_sandbox/"
KEPT: Final = "sandbox-kept"
"""A header for a refusal that does not undo what was done before it, as of a batch; it is not sent."""
_IN_PROCESS: Final = "sandbox.in_process"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The call under way."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""


CALL: ContextVar[Call] = ContextVar("sandbox_call")
"""For `answers` and `headers`, which are not handlers and have no request."""


class NoAnswer(Exception):  # noqa: N818 - an event, not an error
    """The sandbox lets the caller wait in vain; in-process callers get it as a read timeout at once."""


def _unsigned(_: Delivery, __: datetime) -> dict[str, str]:
    return {}


def _no_seed(_: "Box") -> None:
    return None


def _as_it_is(box: "Box", kind: str, fields: Record) -> str:
    id = str(fields.get("id") or box.store.next_number(kind))
    box.store.insert(kind, id, {"id": id, **fields})
    return id


class Sandbox(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A vendor as we must expect it. One `SANDBOX = Sandbox(...)` a vendor folder."""

    name: str
    """The system's short name, e.g. `netsuite`."""
    title: str
    routes: Sequence[HTTPRouteHandler]
    """Litestar handlers on the vendor's own paths. A parameter `box: Box` is the running sandbox."""
    seed: Callable[["Box"], None] = _no_seed
    """Fill an empty store. What it writes is not in the write log."""
    enter: Callable[["Box", str, Record], str] = _as_it_is
    """Make a record of a kind as the vendor's own people would, defaults filled in and rules obeyed; its id."""
    kinds: frozenset[str] = frozenset()
    """The kinds of record a seed file may enter."""
    facts: Mapping[str, Fact] = {}
    """Kind of record -> the business fact it stands for: two creates of one fact are a duplicate."""
    answers: Mapping[str, Callable[["Box"], Answer]] = {}
    """Fault name -> the vendor's own body for it: `throttled`, `expired_token`, `server_error`, `html_error`,
    `stale_version`; also `not_found`, `method_not_allowed` and `crash` for what no handler answers."""
    volatile: frozenset[str] = frozenset()
    """Fields that change by themselves (stamps, versions): left out of `contents`."""
    sign: Callable[[Delivery, datetime], Mapping[str, str]] = _unsigned
    """Headers of a webhook delivery."""
    taken: Callable[[Delivery, httpx.Response], bool] = is_taken
    """Whether an answer says that a delivery was taken in."""
    options: Mapping[str, Any] = {}
    """Switches and their defaults; the control API sets them."""
    headers: Callable[["Box"], Mapping[str, str]] | None = None
    """Headers on every answer of the vendor, e.g. its limits."""
    at_once: Callable[["Box"], int] | None = None
    """How many calls like the one under way it works on at once, 0 for any number; one more is `throttled`."""
    tls: bool = False
    """Also serve it on a TLS port, for clients that insist on https."""
    hosts: tuple[str, ...] = ()
    """The vendor's own hosts, for which its certificate is as well: a client led here by a proxy finds them served."""


class Box:
    """One running sandbox: its store, faults, clock and outbox, and its ASGI `app`. It begins with its seed."""

    def __init__(self, sandbox: Sandbox, path: Path | str = ":memory:", clock: Callable[[], datetime] = now) -> None:
        self.sandbox = sandbox
        self._clock = clock
        self.store = Store(path, sandbox.facts, self.now)
        self.faults = FaultPlan(self.store)
        self.deliveries = Deliveries(self.store, self.faults, self.now, sandbox.sign, sandbox.taken)
        self._lock = asyncio.Lock()
        self._under_way = 0
        self.app: ASGIApp = self._around(_vendor(sandbox))
        if not self.store.setting("_seeded"):
            self.seed()

    def now(self) -> datetime:
        """The sandbox's clock: the real one, moved by what the control API was told."""
        return self._clock() + timedelta(seconds=float(self.store.setting("_clock_ahead", 0)))

    def option(self, name: str) -> Any:
        """A switch of this sandbox; `KeyError` when it has no such switch."""
        return self.store.setting(name, self.sandbox.options[name])

    def answer(self, fault: str) -> Answer:
        """The vendor's own answer for a fault or a gap."""
        known = self.sandbox.answers.get(fault)
        return known(self) if known else _PLAIN[fault]()

    def seed(self) -> None:
        """Fill the store; the write log starts empty after it."""
        with self.store.transaction():
            self.sandbox.seed(self)
            self.store.db.execute("DELETE FROM log")
            self.store.set_setting("_seeded", True)

    def reset(self) -> None:
        """Back to the seed."""
        with self.store.transaction():
            self.store.clear()
            self.seed()

    async def part(self, scope: Any, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """A call inside of the call under way, as a composite or a batch holds them: undone alone where it is refused.

        `scope` is the outer call's, `target` a path with its query. No fault strikes it.
        """
        kept = ("type", "asgi", "http_version", "scheme", "server", "client", "root_path")
        path, _, query = target.partition("?")
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        inner: Any = {name: scope[name] for name in kept if name in scope}
        inner |= {"method": method, "path": unquote(path), "raw_path": path.encode(), "headers": named}
        inner |= {"query_string": query.encode()}
        token = CALL.set(_call(inner))
        try:
            with contextlib.suppress(_Undone), self.store.transaction():
                start, content = messages(await played(_vendor(self.sandbox), inner, body))
                if start["status"] >= 400:  # type: ignore[typeddict-item]  # it is a start message
                    raise _Undone
        finally:
            CALL.reset(token)
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}  # type: ignore[typeddict-item]  # likewise
        told.pop("content-length", None)
        return answer(start["status"], content, told, media_type=told.pop("content-type", ""))  # type: ignore[typeddict-item]  # likewise

    def transport(self) -> httpx.AsyncBaseTransport:
        """The sandbox without a network: timeouts come at once, everything else as over the wire."""
        return _InProcess(self)

    def _around(self, inner: ASGIApp) -> ASGIApp:
        async def call(scope: Any, receive: Receive, send: Send) -> None:
            _BOX.set(self)
            if not _is_vendor_call(scope):
                await inner(scope, receive, send)
                return
            body = await read(receive)
            CALL.set(_call(scope))
            most = self.sandbox.at_once(self) if self.sandbox.at_once else 0
            if most and self._under_way >= most:
                await self._send(send, *raw(self.answer("throttled")))
                return
            self._under_way += bool(most)
            try:
                await self._answered(inner, scope, receive, send, body)
            finally:
                self._under_way -= bool(most)

        return call

    async def _answered(self, inner: ASGIApp, scope: Any, receive: Receive, send: Send, body: bytes) -> None:
        rule = self._strike(scope, body)
        if rule is None or rule.fault in ("timeout_after_commit", "truncated_body", "slow"):
            if rule and rule.fault == "slow":
                await asyncio.sleep(rule.delay)
            start, content = await self._commit(inner, scope, body)
        else:
            if rule.fault == "timeout_before_commit":
                await _hang(scope, receive, send, rule)
                return
            start, content = raw(self.struck(rule))
        if rule and rule.fault == "timeout_after_commit":
            await _hang(scope, receive, send, rule)
            return
        if rule and rule.fault == "truncated_body":
            content = content[: len(content) // 2]
        await self._send(send, start, content)

    async def _send(self, send: Send, start: Message, content: bytes) -> None:
        # A server with a clock says its time (RFC 9110 section 6.6.1).
        extra = {"Date": format_datetime(self.now().astimezone(UTC), usegmt=True)}
        extra |= self.sandbox.headers(self) if self.sandbox.headers else {}
        await send(with_headers(start, extra, len(content)))
        await send({"type": "http.response.body", "body": content, "more_body": False})

    def _strike(self, scope: Any, body: bytes) -> FaultRule | None:
        query = scope["query_string"].decode("latin-1")
        address = scope["path"] + (f"?{query}" if query else "")
        return self.faults.strike(str(scope["method"]), address, body.decode("utf-8", "replace"))

    def struck(self, rule: FaultRule) -> Answer:
        """The vendor's answer to a call that a rule strikes."""
        with self.store.transaction():
            struck = self.answer(rule.fault)
        for name, value in rule.headers.items():
            for known in [each for each in struck.headers if each.lower() == name.lower()]:
                del struck.headers[known]
            if value:
                struck.headers[name] = value
        return struck

    async def _commit(self, inner: ASGIApp, scope: Scope, body: bytes) -> tuple[Message, bytes]:
        headers = CALL.get().headers
        token = REQUEST_ID.set(headers.get("x-request-id") or headers.get("traceparent") or "")
        try:
            async with self._lock:
                undo: Message | None = None
                with contextlib.suppress(_Undone), self.store.transaction():
                    start, content = messages(await played(inner, scope, body))
                    kept = without(start, KEPT)
                    if start["status"] >= 400 and not kept:  # type: ignore[typeddict-item]  # it is a start message
                        undo = start
                        raise _Undone
                return undo or start, content
        finally:
            REQUEST_ID.reset(token)


class _Undone(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


_BOX: ContextVar[Box] = ContextVar("the running sandbox that is called")


def _called() -> Box:
    return _BOX.get()


@functools.cache
def _vendor(sandbox: Sandbox) -> ASGIApp:
    """The vendor's routes, for every running sandbox of it: registering them takes longer than a call by far."""
    from foundation.sandbox.control import CONTROL_ROUTES  # here, since control speaks of Box

    vendor: Any = Litestar(
        route_handlers=[*sandbox.routes, *CONTROL_ROUTES],
        dependencies={"box": Provide(_called, sync_to_thread=False)},
        exception_handlers={Refused: _refused, HTTPException: _unrouted, Exception: _crashed},
        lifespan=[_sending],
        openapi_config=None,
        logging_config=None,
    )
    return vendor  # type: ignore[no-any-return]  # ASGI, typed otherwise


@contextlib.asynccontextmanager
async def _sending(_: Litestar) -> AsyncIterator[None]:
    task = asyncio.create_task(_BOX.get().deliveries.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _unrouted(request: Request[Any, Any, Any], wrong: HTTPException) -> Answer:
    if request.url.path.startswith(CONTROL):
        return answer(wrong.status_code, {"error": wrong.detail, "extra": wrong.extra})
    gaps = {404: "not_found", 405: "method_not_allowed"}
    return _BOX.get().answer(gaps[wrong.status_code]) if wrong.status_code in gaps else _crashed(request, wrong)


def _crashed(_: Request[Any, Any, Any], wrong: Exception) -> Answer:
    traceback.print_exception(wrong)
    return _BOX.get().answer("crash")


class _InProcess(httpx.AsyncBaseTransport):
    def __init__(self, box: Box) -> None:
        self._inner = httpx.ASGITransport(_in_process(box.app))  # type: ignore[arg-type]  # ASGI, typed otherwise

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except NoAnswer as silence:
            raise httpx.ReadTimeout("no answer", request=request) from silence


def _is_vendor_call(scope: Any) -> bool:
    return scope["type"] == "http" and not scope["path"].startswith(CONTROL) and scope["path"] != "/health"


def _call(scope: Any) -> Call:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Call(method=scope["method"], path=scope["path"], headers=headers)


def _in_process(app: ASGIApp) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {_IN_PROCESS: True}
        await app(scope, receive, send)

    return call


def _refused(_: Request[Any, Any, Any], refusal: Refused) -> Answer:
    return refusal.answer


async def _hang(scope: Scope, receive: Receive, send: Send, rule: FaultRule) -> None:
    """Say nothing until the caller has gone or the rule's delay is over; then break off in mid-answer."""
    if scope.get("state", {}).get(_IN_PROCESS):
        raise NoAnswer
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(rule.delay or LONGEST_HANG_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass
            return
    promised: Any = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    await send(promised)
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    # To return now, with the promised byte unsent, is what makes the server close the connection.


_HTML: Final = "<html><head><title>503</title></head><body><h1>Down for maintenance</h1></body></html>"
_PLAIN: Final[Mapping[str, Callable[[], Answer]]] = {
    "throttled": lambda: answer(429, {"error": "too many requests"}, {"retry-after": "1"}),
    "expired_token": lambda: answer(401, {"error": "invalid_token"}),
    "server_error": lambda: answer(503, {"error": "service unavailable"}),
    "html_error": lambda: answer(503, _HTML, media_type="text/html"),
    "stale_version": lambda: answer(412, {"error": "stale"}),
    "not_found": lambda: answer(404, {"error": "not found"}),
    "method_not_allowed": lambda: answer(405, {"error": "method not allowed"}),
    "crash": lambda: answer(500, {"error": "unexpected error"}),
}
