"""The framework under every resource (ADF REST, version 4): rows found by `q` or a finder, pages, changes, batches.

A row's address is what its `self` link says: keys may be hashes, which nobody may make up. A change carries the row's
version, several changes go as one batch, which is done as a whole or not at all.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from canonical.faults import Drifted, NotFound
from foundation.vendor_http import send
from system_apis.oracle_fusion import faults, framework
from system_apis.oracle_fusion.codes import SYSTEM

FRAMEWORK: Final = {"REST-Framework-Version": "4"}
"""Without it version 1 answers: another language in `q`, children as plain lists, errors as text."""
PAGE: Final = 200
_JSON: Final = {"Content-Type": "application/json"}
_BATCH: Final = {"Content-Type": "application/vnd.oracle.adf.batch+json"}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
T = TypeVar("T")
R = TypeVar("R", bound=framework.Row)
H = TypeVar("H", bound=msgspec.Struct)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One request that changes something."""

    operation: str
    """`create`, `update` or `delete`, as a batch calls it."""
    path: str
    body: msgspec.Struct | None = None
    version: str = ""
    """The change indicator of the row as it was read."""


class Rest:
    """One pod."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, returns: type[T], params: dict[str, str] | None = None) -> T:
        """One answer."""
        found: T = await self._send("GET", path + query(params or {}), returns)
        return found

    async def first(self, path: str, shape: type[R], params: dict[str, str]) -> R | None:
        """The first row that is found, None for none: an external key is one row's."""
        page = await self.get(path, framework.Listed[shape], params | {"limit": "1"})  # type: ignore[valid-type]  # built here
        return page.items[0] if page.items else None

    async def all(self, path: str, shape: type[T], params: dict[str, str], order: str) -> list[T]:
        """Every row, page by page: the server may give less than was asked for, and only it knows whether that was all.

        `order` names attributes that tell all rows apart; without them pages overlap.
        """
        found: list[T] = []
        while True:
            asked = params | {"orderBy": order, "limit": str(PAGE), "offset": str(len(found))}
            page: framework.Listed[T] = await self.get(path, framework.Listed[shape], asked)  # type: ignore[valid-type]  # likewise
            found += page.items
            if not page.has_more:
                return found
            if not page.items:
                raise Drifted("a page is empty, and says that there are more", system=SYSTEM)

    async def create(self, path: str, draft: msgspec.Struct, shape: type[R]) -> R:
        """The row that was made."""
        made: R = await self._send("POST", path, shape, content=_ENCODER.encode(draft), headers=_JSON)
        return made

    async def update(self, path: str, body: msgspec.Struct, version: str, shape: type[R]) -> R:
        """A row as it is once it was changed: what became of it only the answer tells."""
        headers = {"If-Match": f'"{version}"'} | _JSON if version else _JSON
        done: R = await self._send("PATCH", path, shape, content=_ENCODER.encode(body), headers=headers)
        return done

    async def apply(self, root: str, changes: Sequence[Change]) -> None:
        """All of these changes or none; nothing is sent for none."""
        if len(changes) == 1:
            await self._one(changes[0])
        elif changes:
            parts = [_part(root, number, change) for number, change in enumerate(changes, 1)]
            content = _ENCODER.encode(framework.Batch(parts=parts))
            await self._send("POST", f"{root}/", framework.BatchDone, content=content, headers=_BATCH)

    async def _one(self, change: Change) -> None:
        method = {"create": "POST", "update": "PATCH", "delete": "DELETE"}[change.operation]
        headers = ({"If-Match": f'"{change.version}"'} if change.version else {}) | (_JSON if change.body else {})
        content = _ENCODER.encode(change.body) if change.body else None
        shown = None if method == "DELETE" else framework.Some
        await self._send(method, change.path, shown, content=content, headers=headers)

    async def _send(
        self, method: str, path: str, returns: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> Any:
        said = FRAMEWORK | (headers or {})
        return await send(self._http, method, path, returns, system=SYSTEM, faults=faults.read, headers=said, **more)


def there(found: R | None, what: str) -> R:
    """What was found; `NotFound` where nothing was."""
    if found is None:
        raise NotFound(f"Fusion has nothing under {what[:80]}", system=SYSTEM)
    return found


def first(children: framework.Listed[R]) -> R | None:
    """The first child. Of a flexfield there is one a record, once anything was written to it."""
    return next(iter(children.items), None)


def query(params: dict[str, str]) -> str:
    """Query parameters as they are sent: a blank is `%20`, and so are `;` and quotes escaped."""
    return "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items()) if params else ""


def quoted(text: str) -> str:
    """A text in `q`. Nothing escapes a quote in it: a text with both kinds is nobody's key."""
    for mark in ("'", '"'):
        if mark not in text:
            return f"{mark}{text}{mark}"
    raise NotFound(f"{text[:40]!r} can be no key there", system=SYSTEM)


def at(row: framework.Row) -> str:
    """Where a row is: only the path of its link, since whatever host it names, our credentials go to ours."""
    href = next((link.href for link in row.links if link.rel == "self"), "")
    try:
        path = httpx.URL(href).raw_path.decode("ascii")
    except httpx.InvalidURL as wrong:
        raise Drifted(f"the link of a row leads nowhere: {wrong}", system=SYSTEM) from wrong
    if not path.startswith(("/fscmRestApi/resources/", "/crmRestApi/resources/")):
        raise Drifted("a row came without its own link", system=SYSTEM)
    return path


def version(row: framework.Row) -> str:
    """The row's version; empty where it says none."""
    return next((link.properties.change_indicator for link in row.links if link.rel == "self"), "")


def differing(kind: type[H], found: framework.Row | None, wanted: H, path: str) -> list[Change]:
    """What makes a row's own attributes those that are wanted; the row is made at `path` where there is none."""
    asked = kind(**{name: getattr(wanted, name) for name in kind.__struct_fields__})
    if found is None:
        return [Change(operation="create", path=path, body=asked)]
    if kind(**{name: getattr(found, name) for name in kind.__struct_fields__}) == asked:
        return []
    return [Change(operation="update", path=at(found), body=asked, version=version(found))]


def _part(root: str, number: int, change: Change) -> framework.Part:
    payload = msgspec.Raw(_ENCODER.encode(change.body)) if change.body is not None else None
    below = change.path.removeprefix(root)
    return framework.Part(
        id=f"part{number}", path=below, operation=change.operation, payload=payload, if_match=change.version
    )
