"""The server at `/mcp`: who asks, what is shown to whom, and the way of a tool call into the gateway."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from canonical.faults import Fault, Invalid, Malformed, NotFound, Unauthenticated
from foundation.context import current
from gateway import answers
from gateway.call import Call, Http
from gateway.challenges import ANYBODY, Asks, asks_of
from gateway.governor import Governor
from gateway.mcp import PATH, wire
from gateway.mcp.messages import CALLS, Told
from gateway.mcp.request import answer_of, failed, request, result
from gateway.mcp.tools import Offered, tools_of
from gateway.messages import App, Message, Receive, Scope, Send
from gateway.named_limits import NamedLimit
from gateway.nouns.roles import StewardRule
from gateway.nouns.tool import Mcp, ToolRule
from gateway.nouns.versions import Lifecycle
from gateway.readable import check
from gateway.receiving import UNGOVERNED_MAX
from gateway.refusals import BodyTooLarge, MethodNotAllowed, NotOffered, OriginRefused, UnsupportedMedia

_SHOWN_BY: Final = ("authenticate", "layer", "product", "scopes", "roles")
"""The stages that say whether a caller may call at all; the later ones look at what is called, and how often."""
_ONWARD: Final = frozenset((b"host", b"authorization", b"client-cert", b"client-cert-chain", b"user-agent"))
"""Of the client's headers, what a tool call takes with it: who calls. The rest is said by the arguments."""
_REFUSED: Final = Malformed.reason
"""What the record calls a message that JSON-RPC refuses."""
_PAGE: Final = 100
"""Tools in one answer of `tools/list`."""
_INFO: Final = {"name": "tiergate", "title": "Tiergate", "version": "1.0.0"}
_INSTRUCTIONS: Final = (
    "Each tool is one governed operation of this platform. A refused call answers with a problem document: "
    "`reason` says why, `errors` what to mend, `facts` what is missing or how long to wait."
)


class McpServer:
    """An ASGI app for `/mcp`, in front of another one.

    `inside` is the gateway that tool calls go into; `site` is the address callers know us by, without a slash at its
    end.
    """

    def __init__(self, governor: Governor, inside: App, *, site: str, otherwise: App) -> None:
        self._governor = governor
        self._gateway = inside
        self._site = site
        self._otherwise = otherwise
        self._tools = tools_of(lambda: governor.plan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; whatever is refused before a message is read is answered with a problem document."""
        if scope["type"] != "http" or scope["path"] != PATH or not self._tools().all:
            await self._otherwise(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin", "")
        shared = _shared(origin) if origin in self._origins() else []
        told = Told((scope.get("client") or ("",))[0])
        try:
            self._check_origin(origin)
            if scope["method"] == "OPTIONS" and shared:
                await _send(send, 204, shared)
                return
            status, more, body = await self._serve(scope, receive, headers, told)
            told.settle(self._governor, status, reason=told.refused)
            await _send(send, status, [*more, *told.headers, *shared], body)
        except _NotLetIn as refused:
            told.settle(self._governor, refused.fault.status, refused.fault)
            await self._refuse(send, refused.fault, shared, msgspec.structs.replace(refused.asks, resource=PATH))
        except Fault as fault:
            told.settle(self._governor, fault.status, fault)
            await self._refuse(send, fault, [*told.headers, *shared], ANYBODY)

    async def _serve(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], told: Told
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        check(scope, headers)
        _check_request(scope["method"], headers)
        shown, asking = await self._shown(scope, headers)
        told.caller = asking.caller
        body = await _body(receive)
        json = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        message, wrong = _read(body, headers)
        if message is not None:
            told.calls(message.method)
        if told.method != CALLS:
            await told.count(self._governor, self._messages(), asking)
        if wrong is not None:
            told.refused = _REFUSED
            return wrong.status, json, wire.error(wrong)
        if message is None or message.id is None:
            return 202, [], b""
        try:
            return 200, json, await self._answer(message, shown, scope, told)
        except wire.Refused as refused:
            refused.id, told.refused = message.id, _REFUSED
            return refused.status if message.stateless else 200, json, wire.error(refused)

    def _messages(self) -> NamedLimit:
        """What messages are drawn from that call no operation; every tool knows it."""
        rule = next(iter(self._tools().all.values())).governed.tool
        assert isinstance(rule, ToolRule)
        return rule.messages

    async def _answer(self, message: wire.Message, shown: list[Offered], scope: Scope, told: Told) -> bytes:
        match message.method:
            case "initialize" if not message.stateless:
                asked = message.params.get("protocolVersion")
                version = asked if asked in wire.HANDSHAKE else wire.HANDSHAKE[-1]
                return wire.result(message, {"protocolVersion": version, **_about()})
            case "server/discover" if message.stateless:
                meta = {"io.modelcontextprotocol/serverInfo": _INFO}
                found = {"supportedVersions": list(wire.VERSIONS), **_about(), "_meta": meta}
                return wire.result(message, found, cached=True)
            case "ping" if not message.stateless:
                return wire.result(message, {})
            case "tools/list":
                return wire.result(message, _page(shown, message.params.get("cursor", "")), cached=True)
            case "tools/call":
                return wire.result(message, await self._call(message.params, scope, told))
        raise wire.Refused(wire.METHOD_NOT_FOUND, f"There is no method {message.method[:64]!r} here.", status=404)

    async def _call(self, params: dict[str, Any], scope: Scope, told: Told) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments") or {}
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise wire.Refused(wire.INVALID_PARAMS, "tools/call names a tool, and gives its arguments as an object.")
        tool = self._tools().all.get(name)
        if tool is None:
            told.settle(self._governor, NotOffered.status, reason=NotOffered.reason)
            told.passed_on = True
            raise wire.Refused(wire.INVALID_PARAMS, f"There is no tool {name[:64]!r}; tools/list says which there are.")
        try:
            asked = request(tool, arguments)
        except Invalid as wrong:
            told.refused = wrong.reason
            return failed(self._problem(wrong, tool.governed.path)[2])
        messages: list[Message] = []

        async def hear(message: Message) -> None:
            messages.append(message)

        context = current()
        own = [(k, v) for k, v in scope["headers"] if k in self._onward()]
        # Through which proxies the client came is judged anew, by the same rules.
        own += [(k, v) for k, v in scope.get("tiergate.said", ()) if k == b"forwarded" or k.startswith(b"x-forwarded-")]
        own += [(b"x-request-id", context.request_id.encode()), (b"traceparent", context.traceparent.encode())]
        inner = {
            **{
                key: scope[key]
                for key in ("type", "asgi", "http_version", "scheme", "client", "server")
                if key in scope
            },
            "method": tool.governed.operation.method,
            "path": unquote(asked.path),
            "raw_path": asked.path.encode("ascii"),
            "query_string": asked.query.encode("ascii"),
            "headers": [*own, *asked.headers],
            "tiergate.tool": tool.name,
        }
        told.passed_on = True
        await self._gateway(inner, _once(asked.body), hear)
        return result(tool, answer_of(messages))

    async def _shown(self, scope: Scope, headers: Mapping[str, str]) -> tuple[list[Offered], Call]:
        """The tools whose rules let the caller in, and a call that knows who it is.

        Raises `_NotLetIn` where not one API knows who it is.
        """
        found, known, refused, asking = [], False, None, None
        async for tool, call, fault in self._judged(scope, headers):
            asking = call if asking is None or asking.caller is None else asking
            if fault is None:
                found.append(tool)
            if isinstance(fault, Unauthenticated | Malformed):
                refused = refused or _NotLetIn(fault, asks_of(tool.governed))
            elif not tool.governed.public:
                known = True
        if refused is not None and not known:
            raise refused
        assert asking is not None
        return found, asking

    async def _judged(
        self, scope: Scope, headers: Mapping[str, str]
    ) -> AsyncIterator[tuple[Offered, Call, Fault | None]]:
        now = self._governor.services.clock()
        for tool in self._tools().all.values():
            call = self._asking(tool, scope, headers)
            try:
                for rule in tool.governed.rules:
                    if rule.stage in _SHOWN_BY and not isinstance(rule, StewardRule):
                        waiting = rule.admit(call)
                        if waiting is not None:
                            await waiting
            except Fault as fault:
                yield tool, call, fault
                continue
            life = next((rule for rule in tool.governed.rules if isinstance(rule, Lifecycle)), None)
            # A model takes what it is shown: of a version whose callers are told to move on, it is shown nothing.
            yield tool, call, None if life is None or life.state(now) == "active" else NotFound()

    def _asking(self, tool: Offered, scope: Scope, headers: Mapping[str, str]) -> Call:
        context = current()
        who = {name: value for name, value in headers.items() if name.encode("latin-1") in self._onward()}
        return Call(
            governed=tool.governed,
            services=self._governor.services,
            request_id=context.request_id,
            traceparent=context.traceparent,
            arguments={},
            http=Http(headers=who, address=(scope.get("client") or ("",))[0], raw_path=PATH.encode(), scope=scope),
        )

    def _onward(self) -> frozenset[bytes]:
        keys = self._governor.plan.platform["api_keys"]
        return _ONWARD | {keys.header.encode()} if keys is not None else _ONWARD

    def _origins(self) -> frozenset[str]:
        said: Mcp | None = self._governor.plan.platform["mcp"]
        return frozenset(said.origins) if said is not None else frozenset()

    def _check_origin(self, origin: str) -> None:
        """A page of another site must not use what a person's browser can reach."""
        if origin and origin != self._site and origin not in self._origins():
            raise OriginRefused("Pages of that origin may not ask for tools: mcp.origins in platform.yaml.")

    async def _refuse(self, send: Send, fault: Fault, shared: list[tuple[bytes, bytes]], asks: Asks) -> None:
        status, more, body = self._problem(fault, PATH, asks)
        await _send(send, status, [*more, *shared], body)

    def _problem(self, fault: Fault, instance: str, asks: Asks = ANYBODY) -> tuple[int, answers.Headers, bytes]:
        return answers.answer_of(fault, request_id=current().request_id, instance=instance, site=self._site, asks=asks)


class _NotLetIn(Exception):  # noqa: N818 - says whom no API knows, and how it would be told
    def __init__(self, fault: Fault, asks: Asks) -> None:
        super().__init__()
        self.fault, self.asks = fault, asks


def _read(body: bytes, headers: Mapping[str, str]) -> tuple[wire.Message | None, wire.Refused | None]:
    """The message, or what it is refused with; neither for a client's answer."""
    try:
        return wire.read(body, headers), None
    except wire.Refused as refused:
        return None, refused


def _about() -> dict[str, Any]:
    return {"capabilities": {"tools": {}}, "serverInfo": _INFO, "instructions": _INSTRUCTIONS}


def _page(shown: list[Offered], cursor: Any) -> dict[str, Any]:
    """The tools after the one a cursor names."""
    if not isinstance(cursor, str):
        raise wire.Refused(wire.INVALID_PARAMS, "cursor is what an earlier answer gave as nextCursor.")
    left = [tool for tool in shown if tool.name > cursor]
    more = {"nextCursor": left[_PAGE - 1].name} if len(left) > _PAGE else {}
    return {"tools": [tool.description for tool in left[:_PAGE]], **more}


def _check_request(method: str, headers: Mapping[str, str]) -> None:
    if method != "POST":
        raise MethodNotAllowed("Messages come by POST; there is no stream to listen to, and no session.", allow="POST")
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMedia(f"The message is {media or 'of no media type'}; send application/json.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("The message is coded; send it as it is.", accept_encoding="identity")


async def _body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("The caller left before the message was complete.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > UNGOVERNED_MAX:
            raise BodyTooLarge(f"The message has more than the {UNGOVERNED_MAX} bytes taken.")
    return b"".join(parts)


def _once(body: bytes) -> Receive:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive


def _shared(origin: str) -> list[tuple[bytes, bytes]]:
    """What a browser must hear before its page may ask, and read the answer (the Fetch standard)."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", b"POST"),
        (
            b"access-control-allow-headers",
            b"authorization, content-type, mcp-method, mcp-name, mcp-protocol-version",
        ),
        (b"access-control-expose-headers", b"WWW-Authenticate, X-Request-Id"),
        (b"vary", b"origin"),
    ]


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    length = [] if any(name == b"content-length" for name, _ in headers) else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
