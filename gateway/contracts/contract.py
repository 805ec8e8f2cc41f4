"""One contract: finds its operations, compiles them, and says what in it cannot be checked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

from gateway.contracts.bodies import Content, form_of
from gateway.contracts.dialect import Direction, Refusal
from gateway.contracts.kinds import Kinds, Reading
from gateway.contracts.operation import Body, Checks, Header, Response
from gateway.contracts.parameters import STYLES, Parameter, takes_the_rest
from gateway.contracts.reading import METHODS, DeadReferenceError, Document, Place, mapping
from gateway.contracts.schemas import Schemas

_STATUS: Final = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")
_NOT_PARAMETERS: Final = ("accept", "content-type", "authorization")
"""Headers that a contract says elsewhere (OpenAPI 3.1, section 4.8.12.1)."""
_NEWER: Final = {
    "query": "use a method of OpenAPI 3.1",
    "additionalOperations": "use methods of OpenAPI 3.1",
}


class Contract:
    """The contract that an OpenAPI document is."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._read = Document(document)
        self._schemas = Schemas(self._read)
        self._kinds = Reading(self._read, self._schemas)
        self._made: dict[str, Checks] = {}
        self._whole: list[Refusal] | None = None

    def refused(self) -> list[Refusal]:
        """Everything in the document that cannot be checked, in the order of its places."""
        if self._whole is None:
            if not self._unreadable():
                for operation_id in self._places:
                    self.operation(operation_id)
                for at, reference in self._read.references():
                    self._follow({"$ref": reference}, at)
                self._schemas.compile_all()
            self._whole = self._schemas.refused()
        return self._whole

    def refused_of(self, operation_id: str, directions: Iterable[Direction] = ("request", "response")) -> list[Refusal]:
        """What cannot be checked of one operation, in what is asked, answered, or both."""
        if self._unreadable():
            return self._schemas.refused()
        self.operation(operation_id)
        return self._schemas.refused(self._reached(operation_id, tuple(directions)))

    def passed_over(self) -> list[Refusal]:
        """Keywords and formats that are no construct of JSON Schema, and say nothing to a validator."""
        return [] if self._unreadable() else self._schemas.passed_over()

    def operations(self) -> tuple[str, ...]:
        """The operationIds; `METHOD path` where there is none, or one that another operation has."""
        return tuple(self._places)

    def place(self, operation_id: str) -> Place:
        """Where an operation is in the document. Raises `KeyError` like `operation`."""
        return self._places[operation_id][2]

    def headers(self, operation_id: str, name: str) -> list[Place]:
        """Where an answer's header of that name is described as one that is always there."""
        at, said = self._places[operation_id][2:]
        found = []
        for status, each in mapping(said.get("responses")).items():
            followed = self._follow(each, (*at, "responses", status))
            for key, header in mapping(followed[1].get("headers") if followed else None).items():
                described = self._follow(header, (*followed[0], "headers", key)) if followed else None
                if described is not None and key.lower() == name.lower() and described[1].get("required"):
                    found.append(described[0])
        return list(dict.fromkeys(found))

    def operation(self, operation_id: str) -> Checks:
        """One operation's checks. Raises `KeyError` for one that is not in the document."""
        known = self._made.get(operation_id)
        if known is None:
            known = self._made[operation_id] = self._operation(operation_id)
        return known

    @cached_property
    def _places(self) -> dict[str, tuple[str, str, Place, Mapping[str, Any]]]:
        found: dict[str, tuple[str, str, Place, Mapping[str, Any]]] = {}
        for path, each in self._named(self.document.get("paths"), ("paths",)):
            followed = self._follow(each, ("paths", path))
            for method in METHODS if followed is not None else ():
                at, item = followed or ((), {})
                operation = mapping(item.get(method))
                if method in item:
                    name = str(operation.get("operationId", ""))
                    key = name if name and name not in found else f"{method.upper()} {path}"
                    found[key] = (path, method.upper(), (*at, method), operation)
        return found

    def _unreadable(self) -> bool:
        """Whether the document as a whole is of a kind that is not read; what of 3.2 is refused, too."""
        version = self._read.version
        if not version.startswith(("3.0.", "3.1.", "3.2.")):
            self._schemas.refuse(("openapi",), "must be 3.1.x, 3.0.x or 3.2.x; others are not read")
            return True
        for place, says in _newer(self.document):
            self._schemas.refuse(place, f"is of OpenAPI 3.2, and not checked: {says}")
        return False

    def _operation(self, operation_id: str) -> Checks:
        path, method, at, said = self._places[operation_id]
        return Checks(
            id=operation_id,
            method=method,
            path=path,
            parameters=tuple(sorted(self._parameters(path, at, said), key=takes_the_rest)),
            body=self._body(said.get("requestBody"), (*at, "requestBody")),
            responses=dict(self._responses(said.get("responses"), (*at, "responses"))),
        )

    def _parameters(self, path: str, at: Place, said: Mapping[str, Any]) -> Iterator[Parameter]:
        found: dict[tuple[str, str], tuple[Place, Mapping[str, Any]]] = {}
        shared_at, item = self._read.follow(self.document["paths"][path], ("paths", path))
        for place, listed in ((shared_at, item.get("parameters")), (at, said.get("parameters"))):
            for number, each in enumerate(self._list(listed, (*place, "parameters"))):
                followed = self._follow(each, (*place, "parameters", number))
                if followed is not None:
                    found[str(followed[1].get("in")), str(followed[1].get("name"))] = followed
        for (where, name), (place, parameter) in found.items():
            if where == "header" and name.lower() in _NOT_PARAMETERS:
                continue
            if where not in STYLES:
                newer = "; of OpenAPI 3.2: name each query parameter" if where == "querystring" else ""
                self._schemas.refuse(place, f"in: {where} is not checked{newer}")
                continue
            yield self._parameter(parameter, place, name, where)

    def _parameter(
        self, said: Mapping[str, Any], at: Place, name: str, where: Any, direction: Direction = "request"
    ) -> Parameter:
        style = str(said.get("style") or STYLES[where][0])
        if style not in STYLES[where]:
            self._schemas.refuse((*at, "style"), f"the style {style} is not checked of what is in {where}")
        schema_at, as_json = self._schema_of(said, at)
        kinds = Kinds() if as_json else self._kinds.of(schema_at)
        if where == "path" and {"object", "array"} & kinds.types and said.get("schema") is None:
            self._schemas.refuse(at, "a path parameter has a schema")
        return Parameter(
            name=name,
            where=where,
            required=bool(said.get("required")),
            style=style,
            explode=bool(said.get("explode", style == "form")),
            kinds=kinds,
            validator=self._schemas.validator(schema_at, direction),
            content=as_json,
            schema=self._read.at(schema_at),
        )

    def _schema_of(self, said: Mapping[str, Any], at: Place) -> tuple[Place, bool]:
        """Where a parameter's schema is, and whether its text is JSON."""
        for media in mapping(said.get("content")):
            if form_of(str(media).lower()) != "json":
                self._schemas.refuse((*at, "content", media), f"{media} is not checked in a parameter")
            return (*at, "content", media, "schema"), True
        return (*at, "schema"), False

    def _body(self, said: Any, at: Place) -> Body | None:
        followed = self._follow(said, at) if said is not None else None
        if followed is None:
            return None
        at, body = followed
        contents = tuple(self._contents(body.get("content"), (*at, "content"), "request"))
        return Body(required=bool(body.get("required")), contents=contents)

    def _responses(self, said: Any, at: Place) -> Iterator[tuple[str, Response]]:
        for status, each in self._named(said, at):
            if status.startswith("x-"):
                continue
            if not _STATUS.fullmatch(str(status)):
                self._schemas.refuse((*at, status), "is no status: write 200, 2XX or default")
            followed = self._follow(each, (*at, status))
            if followed is not None:
                place, response = followed
                contents = tuple(self._contents(response.get("content"), (*place, "content"), "response"))
                headers = tuple(self._headers(response.get("headers"), (*place, "headers")))
                yield str(status), Response(contents=contents, headers=headers)

    def _headers(self, said: Any, at: Place) -> Iterator[Header]:
        for name, each in self._named(said, at):
            followed = self._follow(each, (*at, name))
            if followed is not None and name.lower() != "content-type":
                place, header = followed
                parameter = self._parameter(header, place, name, "header", "response")
                yield Header(name=name, required=parameter.required, parameter=parameter)

    def _contents(self, said: Any, at: Place, direction: Direction) -> Iterator[Content]:
        for media, each in self._named(said, at):
            place = (*at, media)
            bare = str(media).partition(";")[0].strip().lower()
            form = form_of(bare)
            if "itemSchema" in each:
                self._schemas.refuse((*place, "itemSchema"), "is of OpenAPI 3.2, and not checked")
            schema_at = (*place, "schema")
            schema = self._schemas.translated(schema_at)
            if schema is True or schema == {}:
                yield Content(media=bare, form=form)
            elif form == "form":
                yield self._form(bare, schema_at, mapping(each.get("encoding")), direction)
            elif form == "bytes" and bare not in ("*/*", "application/*"):
                if not self._kinds.of(schema_at).types <= {"string"}:
                    self._schemas.refuse(schema_at, f"a body that is {bare} is not looked into")
                yield Content(media=bare, form=form)
            else:
                form = "json" if form == "bytes" else form
                yield Content(media=bare, form=form, validator=self._schemas.validator(schema_at, direction))

    def _form(self, media: str, at: Place, encoding: Mapping[str, Any], direction: Direction) -> Content:
        for name, said in encoding.items():
            if (said.get("style") or "form") != "form" or said.get("explode") is False:
                self._schemas.refuse((*at[:-1], "encoding", name), "only style: form, exploded, is checked in a form")
        kinds = self._kinds.of(at)
        return Content(media=media, form="form", validator=self._schemas.validator(at, direction), kinds=kinds)

    def _named(self, node: Any, at: Place) -> Iterator[tuple[str, Any]]:
        """What stands under names that the document's author chose."""
        if node is not None and not isinstance(node, Mapping):
            self._schemas.refuse(at, "is not an object")
        for name, each in mapping(node).items():
            if isinstance(each, Mapping):
                yield str(name), each
            elif not str(name).startswith("x-"):
                self._schemas.refuse((*at, name), "is not an object")

    def _list(self, node: Any, at: Place) -> list[Any]:
        if node is not None and not isinstance(node, list):
            self._schemas.refuse(at, "is not a list")
        return node if isinstance(node, list) else []

    def _follow(self, node: Any, at: Place) -> tuple[Place, Mapping[str, Any]] | None:
        try:
            place, found = self._read.follow(node, at)
        except DeadReferenceError as dead:
            self._schemas.refuse(at, str(dead))
            return None
        if not isinstance(found, Mapping):
            self._schemas.refuse(place, "is not an object")
            return None
        return place, found

    def _reached(self, operation_id: str, directions: tuple[Direction, ...]) -> set[Place]:
        """The places an operation is made of: its own, and those its references lead to."""
        path, _, at, said = self._places[operation_id]
        found: set[Place] = {("openapi",)}
        waiting: list[tuple[Place, Any]] = []
        if "request" in directions:
            waiting += [((*at, key), said[key]) for key in ("parameters", "requestBody") if key in said]
            shared_at, item = self._read.follow(self.document["paths"][path], ("paths", path))
            waiting.append(((*shared_at, "parameters"), item.get("parameters")))
        if "response" in directions:
            waiting.append(((*at, "responses"), said.get("responses")))
        while waiting:
            place, node = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += self._led_to(node)
        return found

    def _led_to(self, node: Any) -> Iterator[tuple[Place, Any]]:
        if isinstance(node, Mapping):
            if isinstance(node.get("$ref"), str):
                with suppress(DeadReferenceError):
                    yield self._read.target(node["$ref"])
            for key, value in node.items():
                if key not in ("example", "examples"):
                    yield from self._led_to(value)
        elif isinstance(node, list):
            for value in node:
                yield from self._led_to(value)


def _newer(document: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    if "$self" in document:
        yield ("$self",), "references are read from its own place"
    if "mediaTypes" in mapping(document.get("components")):
        yield ("components", "mediaTypes"), "write the media type where it is used"
    for path, item in mapping(document.get("paths")).items():
        for key in sorted(mapping(item).keys() & _NEWER.keys()):
            yield ("paths", path, key), _NEWER[key]
