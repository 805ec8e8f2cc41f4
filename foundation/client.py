"""The client of a port: the same Protocol, answered by another tier over HTTP.

A problem document comes back as the fault it left as, so a workflow cannot tell the two deployments apart. A write
whose answer is lost is `OutcomeUnknown`, as it would be at the vendor.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote

import httpx
import msgspec

from canonical.faults import Drifted, Fault, OutcomeUnknown, Problem, VendorDown, VendorTimeout
from canonical.ports import JSON, Operation
from foundation.api import Api
from foundation.context import current

P = TypeVar("P")


def client(api: Api, port: type[P], http: httpx.AsyncClient) -> P:
    """An object with `port`'s methods that asks `api` through `http` (whose base address and auth are set)."""
    return cast(P, _Client(api, http))


class _Client:
    def __init__(self, api: Api, http: httpx.AsyncClient) -> None:
        for operation in api.operations():
            setattr(self, operation.attribute, _call(api, operation, http))


def _call(api: Api, operation: Operation, http: httpx.AsyncClient) -> Any:
    async def call(*args: Any, **kwargs: Any) -> Any:
        given = _by_name(operation, args, kwargs)
        path = api.prefix + operation.path.format(
            **{p.name: quote(str(given[p.name]), safe="") for p in operation.parameters if p.place == "path"}
        )
        query = {
            p.name: _text(given[p.name])
            for p in operation.parameters
            if p.place == "query" and given.get(p.name) is not None
        }
        body = msgspec.json.encode(given["data"]) if "data" in given else None
        headers = current().headers() | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            response = await http.request(operation.method, path, params=query, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as refused:
            raise VendorDown("cannot be reached", system=api.name) from refused
        except httpx.TransportError as lost:
            if not operation.safe:
                raise OutcomeUnknown(
                    "did not answer; whether it did what we asked is unknown", system=api.name
                ) from lost
            raise VendorTimeout("did not answer in time", system=api.name) from lost
        return _read(api, operation, response)

    call.__name__ = operation.attribute
    return call


def _read(api: Api, operation: Operation, response: httpx.Response) -> Any:
    if response.status_code != operation.status:
        raise _fault(api, response)
    if operation.returns is None:
        return None
    if operation.media != JSON:
        return response.text
    try:
        return msgspec.json.decode(response.content, type=operation.returns)
    except msgspec.MsgspecError as drift:
        raise Drifted(f"answered {operation.id} in another shape: {drift}", system=api.name) from drift


def _fault(api: Api, response: httpx.Response) -> Fault:
    try:
        return Fault.from_problem(msgspec.json.decode(response.content, type=Problem))
    except msgspec.MsgspecError:
        return VendorDown(f"answered {response.status_code} without a problem document", system=api.name)


def _by_name(operation: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    names = [p.name for p in operation.parameters] + (["data"] if operation.body is not None else [])
    return dict(zip(names, args, strict=False)) | dict(kwargs)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
