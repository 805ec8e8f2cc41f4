"""The addresses of the sandbox: collections, rows, children, descriptions, batches, and the versions there are."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod

from foundation.sandbox import Answer, Box, Record, Refused, answer, decode
from system_apis.oracle_fusion.sandbox import queries, rules, writing
from system_apis.oracle_fusion.sandbox.errors import (
    NEWEST,
    PLAIN,
    denied,
    error,
    framework,
    not_allowed,
    not_there,
    refused,
    stale,
)
from system_apis.oracle_fusion.sandbox.errors import Message as Said
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.shapes import Resource
from system_apis.oracle_fusion.sandbox.showing import (
    MANY,
    VERSION,
    address,
    described,
    indicator,
    number_in,
    view_of,
)
from system_apis.oracle_fusion.sandbox.sign_in import signed_in, token

METHODS: Final[list[HttpMethod]] = [
    HttpMethod.GET,
    HttpMethod.POST,
    HttpMethod.PATCH,
    HttpMethod.PUT,
    HttpMethod.DELETE,
]
ROOTS: Final = ("/fscmRestApi/resources", "/crmRestApi/resources")
ITEM: Final = "application/vnd.oracle.adf.resourceitem+json"
COLLECTION: Final = "application/vnd.oracle.adf.resourcecollection+json"
BATCH: Final = "application/vnd.oracle.adf.batch+json"
_BODIES: Final = ("application/json", ITEM)
_AFTER: Final = re.compile(r"\b(?:PartyId|ProjectId|CustomerTransactionId|StandardReceiptId) > (\d{1,18})$")
"""A list that goes on after an id begins there."""
_OPERATIONS: Final = {"create": "POST", "update": "PATCH", "delete": "DELETE", "get": "GET"}

AnyRequest = Request[Any, Any, Any]


@route([*ROOTS, *(f"{root}/{{rest:path}}" for root in ROOTS)], http_method=METHODS, status_code=200)
async def resources(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """Whatever is below the roots."""
    signed_in(box, request)
    said = request.headers.get("REST-Framework-Version", "1")
    if not (said.isdigit() and 1 <= int(said) <= NEWEST):
        raise Refused(answer(400, f"The REST-Framework-Version {said} is not supported.", media_type=PLAIN))
    path = request.scope["path"]
    root = next(each for each in ROOTS if path.startswith(each))
    segments = [unquote(part) for part in path.removeprefix(root).split("/") if part]
    if not segments:
        return answer(200, _versions())
    if segments[0] not in (VERSION, "latest"):
        raise not_there(path)
    origin = f"{request.scope['scheme']}://{request.headers['host']}"
    ask = _Ask(box, origin, root, request.query_params)
    body = await request.body()
    if len(segments) == 1:
        return _batch(ask, request, body)
    given = ask.answered(request.method, segments[1:], lambda: _body(request, body), request.headers)
    given.headers["REST-Framework-Version"] = str(framework())
    return given


class _Ask:
    """One call, or one part of a batch."""

    def __init__(self, box: Box, origin: str, root: str, said: Any) -> None:
        self._box, self._origin, self._root, self._said = box, origin, root, said
        self.base = f"{root}/{VERSION}"

    def answered(self, method: str, segments: list[str], body: Callable[[], Record], headers: Any) -> Answer:
        """What comes of it."""
        resource = self._resource(segments)
        if segments[1:] == ["describe"]:
            return answer(200, {"Resources": {resource.name: described(resource, self._box.option("hidden_fields"))}})
        at = _Place(self._box, resource, segments, f"{self.base}/{'/'.join(segments)}")
        if method not in at.resource.methods:
            raise not_allowed()
        if at.row is None:
            return self._of_many(method, at, body, headers)
        if method == "POST":
            raise not_allowed()
        return self._of_one(method, at, body, headers)

    def _resource(self, segments: list[str]) -> Resource:
        found = RESOURCES.get(segments[0])
        if found is None or found.crm != (self._root == ROOTS[1]):
            raise not_there(f"{self.base}/{segments[0]}")
        if found.name in self._box.option("denied_resources"):
            raise denied()
        return found

    def _of_many(self, method: str, at: "_Place", body: Callable[[], Record], headers: Any) -> Answer:
        if method != "POST":
            if method != "GET":
                raise not_allowed()
            return self._listed(at)
        said = body()
        if headers.get("Upsert-Mode", "false").lower() == "true" and (known := at.matching(said)):
            own = {name: value for name, value in said.items() if name not in at.resource.children}
            return self._shown(200, at, writing.update(self._box, at.resource, known, own))
        row = at.made(said)
        given = self._shown(201, at, row)
        given.headers["Location"] = f"{self._origin}{at.here}/{address(at.resource, row)}"
        return given

    def _of_one(self, method: str, at: "_Place", body: Callable[[], Record], headers: Any) -> Answer:
        row = at.row or {}
        current = f'"{indicator(row)}"'
        if method == "GET":
            if headers.get("If-None-Match") == current:
                return answer(304, headers={"ETag": current})
            return self._shown(200, at, row)
        wanted = headers.get("If-Match", "*").strip('"')
        if wanted not in ("*", indicator(row)):
            raise stale()
        if method == "DELETE":
            at.deleted()
            return answer(204)
        return self._shown(200, at, at.changed(body()))

    def _shown(self, status: int, at: "_Place", row: Record) -> Answer:
        here = at.here if at.row is not None else f"{at.here}/{address(at.resource, row)}"
        shown = view_of(self._box, self._origin, self._said).row(at.resource, row, here)
        if status == 201:  # children that were made with it are shown with it
            view = msgspec.structs.replace(view_of(self._box, self._origin, self._said), expand="all")
            shown = view.row(at.resource, row, here)
        return answer(status, shown, {"ETag": f'"{indicator(row)}"'}, media_type=ITEM)

    def _listed(self, at: "_Place") -> Answer:
        said = self._said
        limit = min(_number(said, "limit", MANY), int(self._box.option("most_rows")))
        offset = _number(said, "offset", 0)
        found = self._found(at)
        counted = said.get("totalResults") == "true"
        taken = list(found if counted else islice(found, offset + limit + 1))
        view = view_of(self._box, self._origin, said)
        rows = [
            view.row(at.resource, each, f"{at.here}/{address(at.resource, each)}")
            for each in taken[offset : offset + limit]
        ]
        page = view.page(at.here, at.resource.name, rows, limit, offset, more=offset + limit < len(taken))
        return answer(200, page | ({"totalResults": len(taken)} if counted else {}), media_type=COLLECTION)

    def _found(self, at: "_Place") -> Iterator[Record]:
        """What is asked for, in its order: one after the other where that is the order they are kept in."""
        said, hidden = self._said, self._box.option("hidden_fields")
        tests = []
        if "finder" in said:
            tests.append(queries.finder(at.resource, said["finder"], hidden))
        if "q" in said:
            read = queries.by_example if framework() < 2 else queries.expression
            tests.append(read(at.resource, said["q"], hidden))
        order = said.get("orderBy", "")
        counts = order == f"{rules.NUMBERS.get(at.resource.name)}:asc"
        begun = _AFTER.search(said.get("q", "")) if counts and at.top else None
        there = at.after(int(begun[1])) if begun else at.listed()
        fitting = (each for each in there if all(test(each) for test in tests))
        return fitting if counts else iter(queries.ordered(at.resource, list(fitting), order, hidden))


class _Place:
    """Where an address leads: a collection, or a row of one, at any depth."""

    def __init__(self, box: Box, top: Resource, segments: list[str], here: str) -> None:
        self._box, self._top, self.resource, self.here = box, top, top, here
        self._record: Record | None = None
        self.rows: list[Record] = []
        """Of a child; a resource's own are not read but where they are asked for."""
        self.row: Record | None = None
        keys = segments[1:]
        if keys:
            self.rows = self._named(keys[0])
        while keys:
            self.row = next((each for each in self.rows if address(self.resource, each) == keys[0]), None)
            if self.row is None:
                raise not_there(here)
            if self._record is None:
                self._record = self.row
            keys = keys[1:]
            if not keys:
                return
            if keys[0] != "child" or len(keys) < 2 or keys[1] not in self.resource.children:
                raise not_there(here)
            self.resource = self.resource.children[keys[1]]
            self.rows = self.row.setdefault(self.resource.name, [])
            self.row, keys = None, keys[2:]

    def _named(self, key: str) -> list[Record]:
        """The row of an address, unless it is another's."""
        if self._top.hashed:
            found = self._box.store.get(self._top.name, number_in(key))
            return [found] if found else []
        integer = self._top.attributes[self._top.key].kind == "integer"
        if integer and not key.isdigit():
            return []
        return self._box.store.find(self._top.name, **{self._top.key: int(key) if integer else key})

    def listed(self) -> Iterator[Record]:
        """The rows of the collection, in the order of their ids, read as far as they are taken."""
        if self._record is not None:
            return iter(self.rows)
        return self._box.store.walk(self._top.name, numbers=True)

    def after(self, number: int) -> Iterator[Record]:
        """The same, from those on that were made after one."""
        return self._box.store.walk(self._top.name, str(number), numbers=True)

    @property
    def top(self) -> bool:
        """Whether it is a resource's own collection."""
        return self._record is None

    def matching(self, body: Record) -> Record | None:
        """The row a body means by its key or by what identifies it besides."""
        for names in ((self.resource.key,), self.resource.alternate):
            if self.top and names and all(body.get(name) is not None for name in names):
                wanted = self._box.store.find(self._top.name, **{name: body[name] for name in names})
                if wanted:
                    return wanted[0]
        return None

    def made(self, body: Record) -> Record:
        """A new row."""
        if self._record is None:
            return writing.create(self._box, self.resource, body)
        return writing.create_below(self._box, self._top, self._record, self.resource, self.rows, body)

    def changed(self, body: Record) -> Record:
        """The row, changed."""
        row, record = self.row or {}, self._record or {}
        if row is record:
            return writing.update(self._box, self.resource, row, body)
        return writing.update_below(self._box, self._top, record, self.resource, self.rows, row, body)

    def deleted(self) -> None:
        """The row, gone."""
        row, record = self.row or {}, self._record or {}
        if row is record:
            writing.delete(self._box, self.resource, row)
        else:
            writing.delete_below(self._box, self._top, record, self.resource, self.rows, row)


def _batch(ask: _Ask, request: AnyRequest, body: bytes) -> Answer:
    """Several requests, done one after the other and all undone by the first that is refused."""
    if request.method != "POST":
        raise not_allowed()
    if request.headers.get("Content-Type", "").partition(";")[0] != BATCH:
        raise refused("The media type of a batch is application/vnd.oracle.adf.batch+json.", status=415)
    parts = []
    for number, part in enumerate(_parsed(body).get("parts", [])):
        path = str(part.get("path", "")).partition("?")[0]
        segments = [unquote(each) for each in path.split("/") if each]
        method = _OPERATIONS.get(part.get("operation", ""))
        if not segments or method is None:
            raise refused("A part of the batch cannot be read.", path=f"/parts/{number}")
        headers = {"If-Match": part["ifMatch"]} if "ifMatch" in part else {}
        given = ask.answered(method, segments, lambda part=part: part.get("payload") or {}, headers)  # type: ignore[misc]  # mypy does not infer a default
        done: Record = {"id": part.get("id"), "path": path, "operation": part["operation"]}
        parts.append(done | ({"payload": decode(given.content)} if given.content else {}))
    return answer(200, {"parts": parts}, media_type=BATCH)


def _body(request: AnyRequest, body: bytes) -> Record:
    if request.headers.get("Content-Type", "").partition(";")[0].strip() not in _BODIES:
        raise Refused(error(415, Said("The media type is not supported.")))
    return _parsed(body)


def _parsed(body: bytes) -> Record:
    try:
        said = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as unread:
        raise refused("The request body is not valid JSON.") from unread
    if not isinstance(said, dict):
        raise refused("The request body must be a JSON object.")
    return said


def _number(said: Any, name: str, otherwise: int) -> int:
    text = said.get(name, str(otherwise))
    if not text.isdigit():
        raise refused(f"URL request parameter {name} cannot be used with a value of {text}.")
    return int(text)


def _versions() -> Record:
    allowed = {
        "defaultFrameworkVersion": "1",
        "allowedFrameworkVersions": [str(each) for each in range(1, NEWEST + 1)],
    }
    return {"items": [{"version": VERSION, "isLatest": True, "adf:extension": allowed}]}


ROUTES: Final = (token, resources)
