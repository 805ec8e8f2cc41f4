"""What is called over the network, as an ASGI app: a tier in another process, or an upstream that is not ours.

A tier is given the caller's own token, since it runs the same plan and asks again, and is called at the address that
was called: what was signed for it must fit there too. Others are given nothing by which they could act as the caller.
Hop-by-hop fields stay behind, `Via` and `Forwarded` say the way, answers are streamed. Nothing is tried twice here.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError, RequestTimeoutError

from canonical.faults import Fault, OutcomeUnknown, VendorDown, VendorTimeout
from foundation.context import current

_HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade host content-length".split()
)
_OURS_ALONE: Final = frozenset(b"authorization cookie dpop client-cert client-cert-chain".split())
"""What a caller says to us, and nobody behind us may use in their name."""
_NEVER_CONNECTED: Final = "client error (Connect)"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Proxy:
    """One address. `system` is how its faults name it; times are in seconds.

    `ours`: whether it is a tier of ours. `send` goes with every call to another.
    """

    def __init__(
        self,
        url: str,
        *,
        system: str,
        connect_timeout: float = 2.0,
        timeout: float = 30.0,
        ours: bool = True,
        send: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._system = system
        self._connect_timeout = timedelta(seconds=connect_timeout)
        self._timeout = timedelta(seconds=timeout)
        self._ours = ours
        self._send = list((send or {}).items())
        self._replaced = frozenset(name.lower().encode() for name in send or {})
        self._client: Client | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Forward one request whose body the gateway has read. Raises a `VendorFault` before an answer began."""
        query = scope.get("query_string", b"")
        path = scope.get("tiergate.onward") or scope.get("tiergate.called", scope["raw_path"])
        url = self._url + path.decode("ascii") + (f"?{query.decode('ascii')}" if query else "")
        body = (await receive()).get("body", b"") if scope["tiergate.body"] else b""
        request = self._open().request(scope["method"], url).headers(self._onward(scope))
        request = request.body_bytes(body) if body else request
        started = False
        try:
            async with request.build_streamed() as response:
                headers = _kept((k.lower().encode(), v.encode("latin-1")) for k, v in response.headers.items())
                headers = headers if self._ours else [said for said in headers if said[0] != b"set-cookie"]
                started = True
                await send({"type": "http.response.start", "status": response.status, "headers": headers})
                while (chunk := await response.body_reader.read_chunk()) is not None:
                    await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except RequestError as failed:
            if started:
                raise
            raise self._fault(failed, scope["method"]) from failed

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()

    def _open(self) -> Client:
        if self._client is None:
            builder = ClientBuilder().follow_redirects(False).connect_timeout(self._connect_timeout).no_proxy()
            builder = builder.read_timeout(self._timeout).gzip(False).brotli(False).zstd(False).deflate(False)
            self._client = builder.build()
        return self._client

    def _onward(self, scope: Any) -> list[tuple[str, str]]:
        """The header fields that go on."""
        kept, context = _kept(scope["headers"]), current().headers()
        if not self._ours:
            kept = [said for said in kept if said[0] not in _OURS_ALONE and said[0] not in self._replaced]
            context = {name: value for name, value in context.items() if not name.startswith("Tiergate-")}
        sent = [(k.decode("ascii"), v.decode("latin-1")) for k, v in kept]
        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "")
        address = (scope.get("client") or ("unknown",))[0]
        peer = f'"[{address}]"' if ":" in address else address
        sent.append(("Via", f"{scope.get('http_version', '1.1')} tiergate"))
        sent.append(("Forwarded", f'for={peer};host="{host}";proto={scope.get("scheme", "http")}'))
        return [*sent, *context.items(), *self._send]

    def _fault(self, failed: RequestError, method: str) -> Fault:
        if not _connected(failed):
            return VendorDown("cannot be reached", system=self._system)
        if method not in _SAFE:
            return OutcomeUnknown("did not answer; whether it did what was asked is unknown", system=self._system)
        if isinstance(failed, RequestTimeoutError):
            return VendorTimeout("did not answer in time", system=self._system)
        return VendorDown("broke off the connection", system=self._system)


def _connected(failed: RequestError) -> bool:
    """Whether the connection stood, so that the request may have been read.

    pyreqwest calls everything before the answer's first byte a ConnectError, a request lost on the way included; only
    the chain of causes tells. Without its word we assume the worse.
    """
    return not any(cause["message"] == _NEVER_CONNECTED for cause in failed.details["causes"] or ())


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Without what belongs to one hop, be it by name or because `Connection` says so (RFC 9110 section 7.6.1)."""
    listed = list(headers)
    named = {token.strip().lower() for name, value in listed if name == b"connection" for token in value.split(b",")}
    return [(name, value) for name, value in listed if name not in _HOP_BY_HOP and name not in named]
