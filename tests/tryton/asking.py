"""Calls anybody may make of a Tryton, and what comes of them: asked of the sandbox, and of a real server.

What of an answer must be alike is its status, whether it is a result or an error, what a result holds, and the words
of an error but for what is named in them.
"""

import re
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import yaml

from tests.tryton.real_server import RPC


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call of `calls.yaml`."""

    name: str
    method: str = ""
    params: list[Any] = []
    raw: str = ""
    """A body as it stands, instead."""
    answers: Any
    """As `outcome` tells it."""


CALLS: Final = msgspec.convert(yaml.safe_load(Path(__file__).with_name("calls.yaml").read_text()), list[Call])
_TITLES: Final = frozenset({"Party", "Party Identifier", "Sale", "Sale Line", "Project Work"})


async def asked(http: httpx.AsyncClient, call: Call) -> httpx.Response:
    """Make a call."""
    if call.raw:
        return await http.post(RPC, content=call.raw.encode(), headers={"Content-Type": "application/json"})
    return await http.post(RPC, json={"id": 1, "method": call.method, "params": call.params})


def outcome(answer: httpx.Response) -> Any:
    """What must be alike of an answer: `[status, result]`, `[status, kind, words]` or `[status, "page"]`."""
    if "json" not in answer.headers.get("content-type", ""):
        return [answer.status_code, "page"]
    said = answer.json()
    if "error" not in said:
        return [answer.status_code, said["result"]]
    kind, told = said["error"][0], said["error"][1]
    if isinstance(told, list):
        return [answer.status_code, kind, _words(told[0])]
    return [answer.status_code, kind if kind.startswith("'") else "error"]


def _words(text: str) -> str:
    """Without what is named in it: a model stays, a value, a field and a record do not."""
    text = re.sub(r'field "[^"]*"', 'field "…"', text)
    kept = re.sub(r'"([^"]*)"', lambda said: said[0] if said[1] in _TITLES else '"…"', text)
    return re.sub(r'^The [^"]* "…" for party', 'The … "…" for party', kept)
