"""Every recorded exchange: what the adapter sends, what it makes of the reply, and that the sandbox replies alike.

In a file: `asked` is an operation of the adapter, `sent` the one request it is about, `before` those that lead up to
it, each answered once and in turn (all others go to the sandbox), `replied` NetSuite's answer, then `gives` (part of
the result) or `faults` (a reason); `options` are the connection's. `alike` sends the same request to the sandbox, after
`first` where it needs more to be there.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
import pytest

import system_apis.netsuite
from canonical.faults import Fault
from canonical.ports import operations
from foundation.connections import Connection
from foundation.sandbox import Box, decode, encode
from foundation.vendor_http import http_client
from system_apis.netsuite.adapter import NetSuite
from system_apis.netsuite.auth import sign_in

FILES = sorted((Path(system_apis.netsuite.__file__).parent / "exchanges").glob("*.json"))
BODIES = {
    operation.attribute: operation.body
    for port in system_apis.netsuite.SYSTEM_API.ports
    for operation in operations(port)
}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = decode(path.read_bytes())
    return found


def test_every_exchange_proves_a_quirk() -> None:
    quirks = (Path(system_apis.netsuite.__file__).parent / "QUIRKS.md").read_text()
    assert [path.stem for path in FILES if f"`{path.stem}`" not in quirks] == []


def test_there_are_exchanges_for_every_port() -> None:
    asked = {read(path)["asked"]["operation"] for path in FILES}
    for port in system_apis.netsuite.SYSTEM_API.ports:
        assert asked & {operation.attribute for operation in operations(port)}, port.__name__


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_the_adapter_sends_and_reads_what_was_recorded(path: Path, box: Box, connection: Connection) -> None:
    exchange = read(path)
    sandbox, sent, before = box.transport(), list[httpx.Request](), list(exchange.get("before", []))

    async def vendor(request: httpx.Request) -> httpx.Response:
        if before and asks(request, before[0]["sent"]):
            told = before.pop(0)
            assert decode(request.content) == told["sent"]["body"] if "body" in told["sent"] else not request.content
            return response(told["replied"])
        if before or not asks(request, exchange["sent"]):
            return await sandbox.handle_async_request(request)
        sent.append(request)
        return response(exchange["replied"])

    auth, user = sign_in(connection)
    async with http_client(connection, auth, httpx.MockTransport(vendor)) as http:
        ask = asking(NetSuite(http, user, **exchange.get("options", {})), exchange["asked"])
        if "faults" in exchange:
            with pytest.raises(Fault) as fault:
                await ask
            assert fault.value.reason == exchange["faults"]
            assert fault.value.system == "netsuite"
        else:
            holds(msgspec.to_builtins(await ask), exchange["gives"])
    assert not before, "what leads up to it was never asked"
    assert sent, "the recorded request was never sent"
    assert exchange["sent"].get("headers", {}).items() <= dict(sent[0].headers).items()
    if "body" in exchange["sent"]:
        assert decode(sent[0].content) == exchange["sent"]["body"]


@pytest.mark.parametrize("path", [path for path in FILES if read(path).get("alike")], ids=lambda path: path.stem)
async def test_the_sandbox_replies_alike(path: Path, box: Box, connection: Connection) -> None:
    exchange = read(path)
    auth, _ = sign_in(connection)
    async with http_client(connection, auth, box.transport()) as http:
        for request in [*exchange.get("first", []), exchange["sent"]]:
            body = encode(request["body"]) if "body" in request else None
            reply = await http.request(request["method"], request["path"], headers=request.get("headers"), content=body)
    expected = exchange["replied"]
    assert reply.status_code == expected["status"]
    if isinstance(expected.get("body"), dict):
        same_shape(decode(reply.content), expected["body"], "")
    assert {name.lower() for name in expected.get("headers", {})} <= set(reply.headers)


def asks(request: httpx.Request, sent: dict[str, Any]) -> bool:
    """Whether this is the recorded request, by method and address."""
    return (request.method, unquote(request.url.raw_path.decode())) == (sent["method"], sent["path"])


def response(replied: dict[str, Any]) -> httpx.Response:
    body = replied.get("body")
    text = "" if body is None else body if isinstance(body, str) else encode(body)
    return httpx.Response(replied["status"], headers=replied.get("headers"), content=text.encode())


async def asking(netsuite: NetSuite, asked: dict[str, Any]) -> Any:
    arguments = {name: value for name, value in asked.items() if name != "operation"}
    if "data" in arguments:
        arguments["data"] = msgspec.convert(arguments["data"], BODIES[asked["operation"]], strict=False)
    return await getattr(netsuite, asked["operation"])(**arguments)


def holds(found: Any, expected: Any) -> None:
    """`found` has everything `expected` names."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            holds(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            holds(one, other)
    else:
        assert found == expected


def same_shape(found: Any, expected: Any, where: str) -> None:
    """Every member of the recorded body is there, of the same kind; error codes are the same."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        for name, value in expected.items():
            assert name in found, f"{where}/{name} is missing"
            same_shape(found[name], value, f"{where}/{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list), where
        if expected:
            assert found, where
            same_shape(found[0], expected[0], f"{where}/0")
    elif where.endswith("o:errorCode"):
        assert found == expected
    else:
        numbers = all(not isinstance(each, (bool, str)) for each in (found, expected))
        assert numbers or type(found) is type(expected), where
