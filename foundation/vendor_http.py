"""Calls to a vendor: one function that sends, reads, and turns whatever comes back into a value or a fault.

Status codes become faults through one table; a vendor passes its own reading of an error body (`faults`) where its
codes say more than its status. A body that is not what was promised is `Drifted`, cut or HTML is `VendorDown`. A write
whose answer never came is `OutcomeUnknown`: only a look-up by key can tell, and only the caller knows the key.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec
import structlog

from canonical.faults import (
    Drifted,
    Fault,
    NotFound,
    OutcomeUnknown,
    VendorBusy,
    VendorDown,
    VendorDuplicate,
    VendorFault,
    VendorForbade,
    VendorRefused,
    VendorSignIn,
    VendorStale,
    VendorTimeout,
)
from foundation.connections import Connection
from foundation.context import child_of, current
from foundation.counting import Counters
from foundation.masking import shown_path
from foundation.signing_in import was_signing_in
from foundation.vendor_budget import BudgetedClient, Limited, Spending, UsageReader

T = TypeVar("T")
FaultReader = Callable[[httpx.Response], Fault | None]
"""Reads a vendor's error answer; None leaves it to the table."""

STATUS_FAULTS: Final[Mapping[int, type[Fault]]] = {
    400: VendorRefused,
    401: VendorSignIn,
    403: VendorForbade,
    404: NotFound,
    409: VendorDuplicate,
    410: NotFound,
    412: VendorStale,
    422: VendorRefused,
    428: VendorStale,
    429: VendorBusy,
    500: VendorDown,
    502: VendorDown,
    503: VendorDown,
    504: VendorDown,
}
DONE: Final = (200, 201, 202, 204)
"""Statuses of a call that was done."""

log = structlog.get_logger("tiergate.vendor")


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a vendor as it may be shown: address and outcome, never a body."""

    system: str
    method: str
    path: str
    status: int
    """0 when nothing came back."""
    took_ms: int
    fault: str
    request_id: str
    run: str
    step: str
    at: datetime


Observer = Callable[[Exchange], None]
_observers: list[Observer] = []


def observe(observer: Observer) -> Callable[[], None]:
    """Tell `observer` of every exchange from now on; the answer ends that."""
    _observers.append(observer)
    return lambda: _observers.remove(observer)


def http_client(
    connection: Connection,
    auth: httpx.Auth | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    usage: UsageReader | None = None,
    limited: Limited | None = None,
    **headers: str,
) -> httpx.AsyncClient:
    """The one pooled client of a connection: base address, sign-in and timeouts set, its budget spent.

    `usage` reads what an answer says of the vendor's own quota, `limited` whether it refuses for its limits.
    """
    options: dict[str, Any] = {
        "base_url": connection.url,
        "auth": auth,
        "transport": transport,
        "verify": _trust(connection),
        "headers": {"User-Agent": "tiergate/1", "Accept": "application/json", **headers},
        "timeout": httpx.Timeout(connection.timeout, connect=connection.connect_timeout),
        "limits": httpx.Limits(max_connections=20, max_keepalive_connections=10),
        "follow_redirects": False,
    }
    if connection.budget is None:
        return httpx.AsyncClient(**options)
    counters = connection.counters or Counters()
    return BudgetedClient(
        Spending(connection.name, connection.budget, counters, usage, limited), retry_after, **options
    )


async def send(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    returns: type[T] | Any = None,
    *,
    system: str,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    content: bytes | None = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    faults: FaultReader | None = None,
    writes: bool | None = None,
    expect: tuple[int, ...] = DONE,
) -> Any:
    """Send one request; the answer's JSON as `returns`, or the raw `httpx.Response` when `returns` is None.

    `writes` says whether it changes something at the vendor (default: any method but GET and HEAD; a query sent by
    POST passes False). Raises the fault tree's `VendorFault`s and `NotFound`, each with `system` set.
    """
    context = current()
    changes = writes if writes is not None else method not in ("GET", "HEAD")
    if json is not None:
        content = msgspec.json.encode(json)
    sent = {**(headers or {}), "traceparent": child_of(context.traceparent)}
    if json is not None:
        sent.setdefault("Content-Type", "application/json")
    started = time.monotonic()
    status, fault = 0, ""
    try:
        response = await http.request(method, path, params=params, content=content, data=form, headers=sent)
        status = response.status_code
        return _read(response, returns, system, faults, changes, expect)
    except Fault as known:
        fault = known.reason
        raise
    except httpx.InvalidURL as none:
        unaddressed = NotFound(f"{shown_path(path)!r:.120} can be no address there", system=system)
        fault = unaddressed.reason
        raise unaddressed from none
    except UnicodeEncodeError as none:
        # Only versions go into headers, whoever told them, and a field's value is ASCII (RFC 9110 section 5.5).
        unheard = VendorStale(f"{none.object!r:.120} can be no version there", system=system)
        fault = unheard.reason
        raise unheard from none
    except httpx.TransportError as lost:
        silence = _lost(lost, system, changes)
        fault = silence.reason
        raise silence from lost
    finally:
        took = int((time.monotonic() - started) * 1000)
        exchange = Exchange(
            system=system,
            method=method,
            path=shown_path(path.split("?", maxsplit=1)[0]),
            status=status,
            took_ms=took,
            fault=fault,
            request_id=context.request_id,
            run=context.run,
            step=context.step,
            at=datetime.now(UTC),
        )
        log.debug("vendor call", system=system, method=method, path=exchange.path, status=status, fault=fault, ms=took)
        for observer in tuple(_observers):
            observer(exchange)


def read_part(
    status: int,
    content: bytes,
    returns: type[T] | Any,
    *,
    system: str,
    faults: FaultReader | None,
    headers: Mapping[str, str] | None = None,
    writes: bool = False,
) -> Any:
    """What one answer says that came inside of another (a composite, a batch): as `send` reads it alone."""
    expect = DONE if writes else (200,)
    return _read(httpx.Response(status, headers=headers, content=content), returns, system, faults, writes, expect)


def retry_after(response: httpx.Response) -> str:
    """The seconds a `Retry-After` header asks for, as text; empty when there is none or it cannot be read."""
    said: str = response.headers.get("Retry-After", "")
    if said.isdigit():
        return said
    try:
        return str(max(0, int((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()))) if said else ""
    except (TypeError, ValueError):
        return ""


def _read(
    response: httpx.Response,
    returns: Any,
    system: str,
    faults: FaultReader | None,
    changes: bool,
    expect: tuple[int, ...],
) -> Any:
    if response.status_code not in expect:
        raise _fault_of(response, system, faults)
    if returns is None:
        return response
    try:
        return msgspec.json.decode(response.content, type=returns)
    except msgspec.ValidationError as drift:
        raise Drifted(f"an answer is not in the shape we know: {drift}", system=system) from drift
    except (msgspec.DecodeError, UnicodeDecodeError) as cut:
        if changes:
            raise OutcomeUnknown("the answer to a write was cut off", system=system) from cut
        raise VendorDown("the answer was cut off or is not JSON", system=system) from cut


def _fault_of(response: httpx.Response, system: str, faults: FaultReader | None) -> Fault:
    found: Fault | None
    if faults is not None:
        try:
            found = faults(response)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = None  # HTML or a cut body where its own error format was due: the status alone speaks
        if found is not None:
            found.system = found.system or system
            if found.retry and "retry_after" not in found.facts and (said := retry_after(response)):
                found.facts["retry_after"] = said
            return found
    kind = STATUS_FAULTS.get(response.status_code)
    if kind is None:
        kind = VendorDown if response.status_code >= 500 else Drifted
    found = kind(f"answered {response.status_code}", system=system)
    if said := retry_after(response):
        found.facts["retry_after"] = said
    return found


def _lost(lost: httpx.TransportError, system: str, changes: bool) -> VendorFault:
    """Nothing, or not all, came back. Before the connection stood, or without a token, nothing can have been done."""
    if was_signing_in(lost):
        return VendorDown("its sign-in cannot be reached or does not answer", system=system)
    if isinstance(lost, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return VendorDown("cannot be reached", system=system)
    if changes:
        return OutcomeUnknown("did not answer; whether it did what we asked is unknown", system=system)
    if isinstance(lost, httpx.TimeoutException):
        return VendorTimeout("did not answer in time", system=system)
    return VendorDown("broke off the connection", system=system)


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    if not connection.verify:
        return True
    try:
        return ssl.create_default_context(cafile=connection.verify)
    except OSError as unread:
        raise ValueError(f"verify is {connection.verify}, which holds no CA certificates") from unread
