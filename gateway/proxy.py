"""What is called over the network, as an ASGI app: a tier in another process, or an upstream that is not ours.

A tier is given the caller's own token, since it runs the same plan and asks again, and is called at the address that
was called: what was signed for it must fit there too. Others are given nothing by which they could act as the caller.
Hop-by-hop fields stay behind, `Via` and `Forwarded` say the way, answers are streamed. Nothing is tried twice here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DecodeError, RequestError, RequestTimeoutError
from pyreqwest.response import Response

from canonical.faults import Drifted, Fault, Malformed, OutcomeUnknown, VendorDown, VendorTimeout
from foundation.context import current
from gateway.messages import CallerGone, Receive, Scope, Send

_HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade host content-length".split()
)
CONNECT: Final = frozenset(
    "connection_refused connection_timeout dns_error destination_ip_unroutable tls_protocol_error "
    "tls_certificate_error".split()
)
"""What can go wrong before anything is sent, as RFC 9209 section 2.3 calls it."""
_OURS_ALONE: Final = frozenset(b"authorization cookie dpop client-cert client-cert-chain".split())
"""What a caller says to us, and nobody behind us may use in their name."""
_NEVER_CONNECTED: Final = "client error (Connect)"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECTING: Final = (
    ("deadline has elapsed", "connection_timeout"),
    ("dns error", "dns_error"),
    ("certificate", "tls_certificate_error"),
    ("corrupt message", "tls_protocol_error"),
    ("unreachable", "destination_ip_unroutable"),
)
"""What a cause says, and the name RFC 9209 has for it."""
_GRACE: Final = 0.1
"""Seconds the client has beyond the call's own time: it lets go of the connection then, whoever waits."""


class Proxy:
    """One address. `system` is how its faults name it.

    `patience` says how many seconds a connection may take, and how many may pass without a sign of life. `ours`:
    whether it is a tier of ours. `send` goes with every call to another.
    """

    def __init__(
        self,
        url: str,
        *,
        system: str,
        patience: Callable[[], tuple[float, float]] = lambda: (2.0, 30.0),
        ours: bool = True,
        send: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._system = system
        self._patience = patience
        self._ours = ours
        self._send = list((send or {}).items())
        self._replaced = frozenset(name.lower().encode() for name in send or {})
        self._clients: dict[bool, Client] = {}
        self._built_for = (0.0, 0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request, its body as the gateway read it or, where it did not, as it comes.

        Raises a `VendorFault`, or `CallerGone`. After the answer began it means that the answer is not whole.
        """
        query = scope.get("query_string", b"")
        path = scope.get("tiergate.onward") or scope.get("tiergate.called", scope["raw_path"])
        url = self._url + path.decode("ascii") + (f"?{query.decode('ascii')}" if query else "")
        body, started, sent = scope["tiergate.body"], False, None
        request = self._open(streams=body is None).request(scope["method"], url).headers(self._onward(scope))
        if body is None:
            sent = _Sent(receive, self._patience()[1])
            request = request.headers(_length(scope)).body_stream(sent.parts())
        elif body:
            request = request.body_bytes(body)
        if (seconds := scope.get("tiergate.seconds")) is not None:
            request = request.timeout(timedelta(seconds=seconds + _GRACE))
        try:
            # As little as may be is read ahead: the client would wait for that much before it told of the answer.
            async with request.streamed_read_buffer_limit(1).build_streamed() as response:
                started = True
                await send({"type": "http.response.start", "status": response.status, "headers": self._back(response)})
                await _pass_on(response, send)
        except RequestError as failed:
            if sent is not None and sent.failed is not None:
                raise sent.failed from None
            raise self._fault(failed, scope["method"], started) from failed

    async def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            await client.close()

    def _open(self, *, streams: bool) -> Client:
        """The client. Where a body is streamed the caller's pauses are no silence of the upstream."""
        said = self._patience()
        if said != self._built_for:
            self._clients, self._built_for = {}, said
        if streams not in self._clients:
            connect, idle = (timedelta(seconds=seconds) for seconds in said)
            builder = ClientBuilder().follow_redirects(False).connect_timeout(connect).no_proxy()
            builder = builder.gzip(False).brotli(False).zstd(False).deflate(False)
            self._clients[streams] = (builder if streams else builder.read_timeout(idle)).build()
        return self._clients[streams]

    def _back(self, response: Response) -> list[tuple[bytes, bytes]]:
        headers = _kept([(k.lower().encode(), v.encode("latin-1")) for k, v in response.headers.items()])
        return headers if self._ours else [said for said in headers if said[0] != b"set-cookie"]

    def _onward(self, scope: Any) -> list[tuple[str, str]]:
        """The header fields that go on."""
        kept, context = _kept(scope["headers"]), current().headers()
        if not self._ours:
            kept = [said for said in kept if said[0] not in _OURS_ALONE and said[0] not in self._replaced]
            context = {name: value for name, value in context.items() if not name.startswith("Tiergate-")}
        sent = [(k.decode("ascii"), v.decode("latin-1")) for k, v in kept]
        host = "".join([v.decode("latin-1") for k, v in scope["headers"] if k == b"host"][:1])
        address = (scope.get("client") or ("unknown",))[0]
        peer = f'"[{address}]"' if ":" in address else address
        sent.append(("Via", f"{scope.get('http_version', '1.1')} tiergate"))
        sent.append(("Forwarded", f'for={peer};host="{host}";proto={scope.get("scheme", "http")}'))
        return [*sent, *context.items(), *self._send, *scope.get("tiergate.send", ())]

    def _fault(self, failed: RequestError, method: str, started: bool) -> Fault:
        """What went wrong, by its name in RFC 9209; never in the upstream's own words."""
        why, system = _why(failed, started), self._system
        if why in CONNECT:
            return VendorDown("cannot be reached", failed=why, system=system)
        if why == "http_protocol_error":
            return Drifted("answered with something that is no HTTP", failed=why, system=system)
        if method not in _SAFE:
            return OutcomeUnknown("did not answer; whether it did what was asked is unknown", failed=why, system=system)
        if why == "http_response_timeout":
            return VendorTimeout("did not answer in time", failed=why, system=system)
        return VendorDown("broke off the connection", failed=why, system=system)


class _Sent:
    """A body on its way from the caller, a piece whenever the upstream has room for it."""

    def __init__(self, receive: Receive, idle: float) -> None:
        self._receive = receive
        self._idle = idle
        self.failed: Exception | None = None
        """Why it ended too early, where that was the caller's doing."""

    async def parts(self) -> AsyncIterator[bytes]:
        """The pieces. Whatever stops them is in `failed`: the client has its own word for it."""
        more = True
        try:
            while more:
                async with asyncio.timeout(self._idle):
                    message = await self._receive()
                if message["type"] == "http.disconnect":
                    raise CallerGone
                more = message.get("more_body", False)
                if body := message.get("body", b""):
                    yield body
        except TimeoutError:
            self.failed = Malformed(f"No piece of the body came for {self._idle:g} s.")
            raise
        except Exception as failed:
            self.failed = failed
            raise


def _why(failed: RequestError, started: bool) -> str:
    """The name RFC 9209 section 2.3 has for it.

    pyreqwest calls everything before the answer's first byte a ConnectError or a ConnectTimeoutError, a request lost
    on the way included; only the chain of causes tells. Without its word we assume that the request was read.
    """
    causes = [cause["message"] for cause in failed.details["causes"] or ()]
    if _NEVER_CONNECTED in causes:
        told = " ".join(causes)
        return next((name for sign, name in _CONNECTING if sign in told), "connection_refused")
    if isinstance(failed, RequestTimeoutError):
        return "http_response_timeout"
    if started:
        return "http_response_incomplete"
    return "http_protocol_error" if isinstance(failed, DecodeError) else "connection_terminated"


async def _pass_on(response: Response, send: Send) -> None:
    """The answer's content as it comes; the last piece as the last, where the answer says how long it is.

    So an answer of one piece is sent in one, for which neither the client nor the server has to wait once more.
    """
    said, came = response.get_header("content-length") or "", 0
    length = int(said) if said.isdecimal() else -1
    while (chunk := await response.body_reader.read_chunk()) is not None:
        came += len(chunk)
        await send({"type": "http.response.body", "body": bytes(chunk), "more_body": came != length})
        if came == length:
            return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _length(scope: Scope) -> list[tuple[str, str]]:
    """How long a streamed body will be, where its caller said so."""
    return [("Content-Length", value.decode("ascii")) for name, value in scope["headers"] if name == b"content-length"]


def _kept(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Without what belongs to one hop, be it by name or because `Connection` says so (RFC 9110 section 7.6.1)."""
    kept = [said for said in headers if said[0] not in _HOP_BY_HOP]
    if said := [value for name, value in headers if name == b"connection"]:
        named = {token.strip().lower() for value in said for token in value.split(b",")}
        return [field for field in kept if field[0] not in named]
    return kept
