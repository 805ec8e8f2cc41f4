"""The way in over HTTP: one ASGI layer in front of the tiers of this process, and of tiers elsewhere."""

import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

import msgspec
import structlog

from canonical.faults import Broken, Fault
from foundation.api import Direct
from foundation.context import Context, Layer, fresh, use
from foundation.masking import shown_path
from gateway.answers import answer_of
from gateway.call import Answer, Call, Ending, Http, inside
from gateway.challenges import asks_of, retold
from gateway.governor import Governor
from gateway.hearing import Hearing, replied
from gateway.incoming import Incoming
from gateway.messages import (
    App,
    CallerGone,
    Message,
    Receive,
    Scope,
    Send,
    besides_http,
    from_outside,
    is_problem,
    reason_of,
    with_request_id,
)
from gateway.networks import whence
from gateway.onward import onward
from gateway.plan import Governed
from gateway.readable import check, is_clear
from gateway.receiving import UNGOVERNED_MAX, bounded
from gateway.recorded import recorded
from gateway.refusals import AuditUnavailable, MethodNotAllowed, NotOffered
from gateway.upstreams.asking import Asking, within

_CANCELLED: Final = Ending(status=499, reason="cancelled")
_KEPT_ANSWER: Final = 256 * 1024
"""Bytes of an answer kept for the record; of a longer one nothing is kept."""
log = structlog.get_logger("tiergate.gateway")


class Gateway:
    """The front door.

    `tiers` holds, for each layer, the app that serves it or a `Proxy` to the process that does. `front` serves what
    no policy governs (health, metrics, the issuer), at the paths that begin with one of `open_paths`. `site` is the
    address callers know it by, without a slash at its end. `direct` holds operations of tiers here, by
    `{api}-v{major}.{operationId}`, that are asked themselves: the way to them is known already.
    `slow_seconds` is how long a body may take to come. `behind`: only another gateway of ours reaches this one, whose
    word is taken on which tool a model called.
    """

    def __init__(
        self,
        governor: Governor,
        tiers: Mapping[Layer, App],
        *,
        front: App | None = None,
        open_paths: tuple[str, ...] = (),
        site: str = "",
        direct: Mapping[str, Direct] | None = None,
        slow_seconds: float = 30.0,
        behind: bool = False,
    ) -> None:
        self.governor = governor
        self._tiers = tiers
        self._direct = direct or {}
        self._front = front
        self._open_paths = open_paths
        self._site = site
        self.slow_seconds = slow_seconds
        self._behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises nothing before an answer began: whatever fails is answered with a problem document."""
        if scope["type"] != "http":
            await besides_http(self._front, scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        said = (headers.get("x-request-id", ""), headers.get("traceparent", ""))
        tool = scope.get("tiergate.tool", "") or (headers.get("tiergate-tool", "") if self._behind else "")
        context = fresh(request_id=said[0], traceparent=said[1], site=self._site, tool=tool)
        with use(context):
            if self._front is not None and scope["path"].startswith(self._open_paths) and self._opens(scope, headers):
                passed = {**scope, "headers": from_outside(scope["headers"]), "tiergate.said": scope["headers"]}
                given = bounded(receive, most=UNGOVERNED_MAX, seconds=self.slow_seconds)
                await self._front(passed, given, with_request_id(send, context.request_id))
                return
            await _Passage(self, scope, receive, send, headers, context).run()

    def find(self, scope: Scope) -> tuple[Governed, dict[str, str], Direct | App]:
        """The operation a request means, and what serves it. Raises the fault it is refused with."""
        governed, arguments, methods = self.governor.plan.router.lead(scope["method"], scope["raw_path"])
        if governed is not None and not isinstance(governed, Governed):
            chooser, governed = governed, governed.pick(scope["headers"], self.governor.services.clock())
            scope["tiergate.called"] = scope["raw_path"]  # what a DPoP proof is made for
            scope["raw_path"] = chooser.address(governed, scope["raw_path"])
            scope["path"] = unquote(scope["raw_path"].decode("ascii"))
        app = self._app_of(governed) if governed is not None else None
        if governed is not None and app is not None:
            return governed, arguments, app
        if methods and governed is None:
            allow = ", ".join(methods)
            raise MethodNotAllowed(f"{scope['method']} is not possible here; {allow} is.", allow=allow)
        raise NotOffered("No policy offers anything at this address.")

    def _app_of(self, governed: Governed) -> Direct | App | None:
        if governed.upstream:
            return self.governor.services.upstreams.app(governed.upstream)
        return self._direct.get(governed.id) or self._tiers.get(governed.layer)

    def preflight(self, scope: Scope, headers: Mapping[str, str]) -> Answer | None:
        """What a browser is told that asks before a page's call; None where policy knows no pages there.

        Raises the fault it is refused with.
        """
        wanted = headers.get("access-control-request-method", "")
        if scope["method"] != "OPTIONS" or not wanted or "origin" not in headers:
            return None
        governed, _, _ = self.governor.plan.router.lead(wanted, scope["raw_path"])
        if governed is not None and not isinstance(governed, Governed):
            governed = governed.any()
        rule = governed.preflight if governed is not None else None
        return rule.preflight(headers) if rule is not None else None

    def _opens(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        """Whether no policy governs it; what can be read in two ways is refused on its way through."""
        path = scope["path"]
        opens = any(path == opened or path.startswith(opened.rstrip("/") + "/") for opened in self._open_paths)
        return opens and is_clear(scope, headers)


class _Passage:
    """One HTTP request on its way through, and its answer on the way back."""

    __slots__ = (
        "_call",
        "_clear",
        "_context",
        "_ending",
        "_gateway",
        "_headers",
        "_held",
        "_incoming",
        "_kept",
        "_kept_size",
        "_receive",
        "_scope",
        "_send",
        "_settled",
        "_started",
        "_status",
    )

    def __init__(
        self, gateway: Gateway, scope: Scope, receive: Receive, send: Send, headers: dict[str, str], context: Context
    ) -> None:
        self._gateway = gateway
        self._scope = scope
        self._receive = receive
        self._send = send
        self._incoming = Incoming(headers, receive, gateway.slow_seconds)
        self._headers = headers
        self._context = context
        self._call: Call | None = None
        self._started = time.perf_counter()
        self._status = 0
        self._kept: list[bytes] | None = None
        self._kept_size = 0
        self._held: list[Message] | None = None
        """The answer of a durable call, until its record is on disk."""
        self._settled = False
        self._clear = True
        self._ending = _CANCELLED

    async def run(self) -> None:
        scope = self._scope
        if "raw_path" not in scope:  # optional in ASGI
            scope["raw_path"] = quote(scope["path"]).encode()
        try:
            await self._pass()
            self._ending = self._answered()
            if self._held is not None:
                await self._release()
        except Fault as fault:
            await self._refuse(fault)
        except CallerGone:
            pass  # nobody would hear the answer
        except Exception:
            log.exception("unexpected", path=shown_path(scope["path"]))
            if self._status and self._held is None:
                raise
            await self._refuse(Broken("Something failed on our side; the request id finds it in our log."))
        finally:
            self._settle()
            # A connection whose body was not read ends only when nobody can ask for more of it.
            self._incoming.let_go()
            del self._receive, self._send

    async def _pass(self) -> None:
        governor = self._gateway.governor
        self._clear = False
        check(self._scope, self._headers)
        self._clear = True
        asks_first = self._scope["method"] == "OPTIONS"
        if asks_first and (told := self._gateway.preflight(self._scope, self._headers)) is not None:
            self._settled = True  # a question before a call is no call
            await self._whole(told)
            return
        governed, arguments, app = self._gateway.find(self._scope)
        address = (self._scope.get("client") or ("",))[0]
        came_from = whence(self._scope, address, governor.plan.platform["proxies"])
        call = self._call = Call(
            governed=governed,
            services=governor.services,
            request_id=self._context.request_id,
            traceparent=self._context.traceparent,
            arguments=arguments,
            http=Http(
                headers=self._headers,
                method=self._scope["method"],
                address=address,
                came_from=came_from,
                raw_path=self._scope["raw_path"],
                query=self._scope.get("query_string", b""),
                read=self._incoming.whole,
                scope=self._scope,
            ),
            served_here=not (isinstance(app, Asking) and app.ours),
        )
        self._incoming.call = call
        waiting = governor.admit(call)
        if waiting is not None:
            await waiting
        self._held = [] if call.served_here and governed.durable else None
        if call.answered is not None:
            await self._whole(call.answered)
            return
        self._kept = [] if call.served_here and governed.keeps_answer else None
        serving = self._straight(call, app) if isinstance(app, Direct) else self._serve(call, app)
        try:
            if governed.patience is None or not call.served_here:
                await serving
            else:
                await within(governed.patience, f"{governed.layer}-tier", serving)
        except Fault as fault:
            other = governed.standin.instead(call, fault) if governed.standin is not None and not self._status else None
            if other is None:
                raise
            await self._whole(other)

    async def _serve(self, call: Call, app: App) -> None:
        """Ask what serves the operation."""
        governed, comes = call.governed, self._incoming.there
        streams = comes and isinstance(app, Asking) and self._incoming.long and not call.body and self._kept is None
        body = None if streams else await call.read_body() if comes else b""
        made = onward(self._scope, call, self._gateway.governor.plan.platform["client_certificates"], body)
        given = self._incoming.piece if streams else self._incoming.again(body or b"", self._receive)
        with use(inside(self._context, call, self._headers)):
            if call.served_here and governed.repliers:
                await self._reply(call, app, made, given)
            else:
                await app(made, given, self._answer)

    async def _straight(self, call: Call, operation: Direct) -> None:
        """Ask an operation of this process itself."""
        scope = self._scope
        body = await call.read_body() if self._incoming.there else b""
        with use(inside(self._context, call, self._headers)):
            status, headers, said = await operation.answer(
                call.arguments, scope.get("query_string", b""), body, scope["path"]
            )
            if call.governed.repliers:
                answer = await replied(call, Answer(status=status, headers=tuple(headers), body=said))
                status, headers, said = answer.status, list(answer.headers), answer.body
        if status < 400 and self._kept is None and self._held is None and scope["method"] != "HEAD":
            # Nothing of it is to be looked at, nor to be kept back.
            self._status = status
            headers += self._added()
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
            await self._send({"type": "http.response.body", "body": said})
        else:
            await self._whole(Answer(status=status, headers=tuple(headers), body=said))

    async def _reply(self, call: Call, app: App, scope: Scope, receive: Receive) -> None:
        """Let the rules see the tier's whole answer before it is sent."""
        hearing = Hearing(call, self._answer)
        await app(scope, receive, hearing.hear)
        answer = hearing.answer()
        if answer is not None:
            await self._whole(await replied(call, answer))

    async def _whole(self, answer: Answer) -> None:
        await self._answer({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await self._answer({"type": "http.response.body", "body": answer.body})

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            said = retold(message, self._call, self._context.site)
            if self._kept is None and self._status >= 400 and is_problem(said):
                self._kept = []
            # A tier apart has said the same already.
            names = {name for name, _ in said}
            added = [header for header in self._added() if header[0] not in names or header not in said]
            message = {**message, "headers": [*said, *added]}
        elif message["type"] == "http.response.body" and self._kept is not None:
            self._kept.append(message.get("body", b""))
            self._kept_size += len(self._kept[-1])
            if self._kept_size > _KEPT_ANSWER:
                self._kept = None
        if message["type"] == "http.response.body" and self._scope["method"] == "HEAD":
            message = {**message, "body": b""}
        if self._held is None:
            await self._send(message)
        else:
            self._held.append(message)

    async def _release(self) -> None:
        """Send the answer of a durable call once its record is on disk. Raises `AuditUnavailable`."""
        if self._held is None or self._call is None:
            return
        self._settle()
        await recorded(self._call)
        for message in self._held:
            await self._send(message)

    def _added(self) -> list[tuple[bytes, bytes]]:
        own = (b"x-request-id", self._context.request_id.encode())
        return [own, *self._call.headers] if self._call is not None else [own]

    def _answered(self) -> Ending:
        answer = b"".join(self._kept) if self._kept is not None else b""
        return Ending(
            status=self._status,
            reason=reason_of(answer) if self._status >= 400 else "",
            answer=answer,
            took=time.perf_counter() - self._started,
        )

    async def _refuse(self, fault: Fault) -> None:
        refused_at = fault.facts.get("policy", "")
        self._ending = Ending(
            status=fault.status,
            reason=fault.reason,
            refused_at=refused_at,
            limit=fault.facts.get("limit", ""),
            took=time.perf_counter() - self._started,
        )
        if self._status and self._held is None:
            return
        if self._held is not None and self._call is not None and not self._settled:
            self._settle()
            try:
                await recorded(self._call)
            except AuditUnavailable as away:
                fault = away
        context = self._context
        status, headers, body = answer_of(
            fault,
            request_id=context.request_id,
            instance=self._scope["path"],
            site=context.site,
            asks=asks_of(self._call.governed if self._call is not None else None),
        )
        if not self._clear:  # who reads it otherwise may take the rest of the connection for another request
            headers = [*headers, (b"connection", b"close")]
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, *self._added()]})
        await self._send({"type": "http.response.body", "body": b"" if self._scope["method"] == "HEAD" else body})

    def _settle(self) -> None:
        if self._settled:
            return
        self._settled = True
        ending = self._ending
        if ending is _CANCELLED:
            ending = msgspec.structs.replace(ending, took=time.perf_counter() - self._started)
        if self._call is None:
            self._gateway.governor.settle_unrouted(self._context, self._scope["method"], ending)
        else:
            self._gateway.governor.settle(self._call, ending)
