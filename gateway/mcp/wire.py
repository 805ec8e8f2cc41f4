"""JSON-RPC 2.0 as the Model Context Protocol speaks it over HTTP: reading one message, and the answers.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports and the same of 2026-07-28.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

HANDSHAKE: Final = ("2025-06-18", "2025-11-25")
"""Revisions that begin with `initialize`, oldest first."""
STATELESS: Final = ("2026-07-28",)
"""Revisions in which each request says its version."""
VERSIONS: Final = (*HANDSHAKE, *STATELESS)

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
_ENCODED: Final = re.compile(r"=\?base64\?([A-Za-z0-9+/=]*)\?=")
"""How a header says what is not ASCII (2026-07-28)."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One request, or a notification where `id` is None."""

    method: str
    id: str | int | None
    params: dict[str, Any]
    stateless: bool
    """Whether it says its version by itself (2026-07-28)."""


class Refused(Exception):  # noqa: N818 - the protocol calls it an error; it is one of the answers
    """What a message is answered with that cannot be carried out; `status` is HTTP's."""

    def __init__(self, code: int, says: str, *, status: int = 400, data: Any = None) -> None:
        super().__init__(says)
        self.code, self.says, self.status, self.data = code, says, status, data
        self.id: str | int | None = None
        """Of the request, where it could be read."""


def read(raw: bytes, headers: Mapping[str, str]) -> Message | None:
    """The message of a body; None for a client's answer, which nobody here waits for. Raises `Refused`.

    `headers` have their names in lower case.
    """
    try:
        said = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(PARSE_ERROR, "The body is not JSON.") from None
    if not isinstance(said, dict) or said.get("jsonrpc") != "2.0":
        raise Refused(INVALID_REQUEST, 'Send one JSON-RPC message, an object with "jsonrpc": "2.0"; batches are over.')
    id_ = said.get("id")
    if id_ is not None and (isinstance(id_, bool) or not isinstance(id_, str | int)):
        raise Refused(INVALID_REQUEST, "The id of a request is a string or a whole number.")
    if "method" not in said and ("result" in said or "error" in said):
        return None
    try:
        return _message(said, id_, headers)
    except Refused as refused:
        refused.id = id_
        raise


def _message(said: dict[str, Any], id_: str | int | None, headers: Mapping[str, str]) -> Message:
    method, params = said.get("method"), said.get("params", {})
    if not isinstance(method, str) or ("id" in said and id_ is None):
        raise Refused(INVALID_REQUEST, "A request has a method, and an id that is not null.")
    if not isinstance(params, dict):
        raise Refused(INVALID_PARAMS, "params is an object.")
    version = headers.get("mcp-protocol-version", "")
    if version and version not in VERSIONS:
        raise _unsupported(version)
    meta = params.get("_meta")
    stateless = version in STATELESS or (isinstance(meta, dict) and _VERSION in meta)
    if stateless and id_ is not None:
        _check_envelope(method, params, headers)
    return Message(method=method, id=id_, params=params, stateless=stateless)


def _check_envelope(method: str, params: dict[str, Any], headers: Mapping[str, str]) -> None:
    """What a request of 2026-07-28 says of itself must be said, and be the same in body and headers."""
    meta = params.get("_meta")
    missing = [key for key in (_VERSION, _CAPABILITIES) if not isinstance(meta, dict) or key not in meta]
    if missing or not isinstance(meta, dict) or not isinstance(meta[_VERSION], str):
        raise Refused(INVALID_PARAMS, f"params._meta says {' and '.join(missing) or _VERSION + ' as text'}.")
    said = {"mcp-protocol-version": meta[_VERSION], "mcp-method": method}
    if method == "tools/call" and isinstance(params.get("name"), str):
        said["mcp-name"] = params["name"]
    for header, value in said.items():
        if _decoded(headers.get(header)) != value:
            raise Refused(HEADER_MISMATCH, f"The header {header} is not what the body says.")
    if meta[_VERSION] not in STATELESS:
        raise _unsupported(meta[_VERSION])


def _decoded(value: str | None) -> str | None:
    found = _ENCODED.fullmatch(value) if value is not None else None
    if found is None:
        return value
    try:
        return base64.b64decode(found[1], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unsupported(asked: str) -> Refused:
    return Refused(
        UNSUPPORTED_VERSION,
        f"The protocol version {asked[:32]!r} is not spoken here.",
        data={"supported": list(VERSIONS), "requested": asked[:32]},
    )


def result(message: Message, found: dict[str, Any], *, cached: bool = False) -> bytes:
    """The answer to a request; `cached` where the client is told how long it may keep it (2026-07-28): not at all."""
    if message.stateless:
        found = {"resultType": "complete", **found, **({"ttlMs": 0, "cacheScope": "private"} if cached else {})}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": message.id, "result": found})


def error(refused: Refused) -> bytes:
    """The answer to what was refused."""
    said: dict[str, Any] = {"code": refused.code, "message": refused.says}
    if refused.data is not None:
        said["data"] = refused.data
    return msgspec.json.encode({"jsonrpc": "2.0", "id": refused.id, "error": said})
