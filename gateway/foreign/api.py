"""An owner's document as our own kind of API, and everything in it that keeps it from being one."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final

from canonical.classes import KEY, classed
from canonical.ports import Operation, Raw
from canonical.ports.operation import Method, Parameter
from foundation.api import Api
from foundation.context import Layer
from foundation.schemas import Described
from gateway.foreign.older import newer
from gateway.foreign.specs import Place, Spec, mapping

METHODS: Final[dict[str, Method]] = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}
"""What can be offered. HEAD is answered wherever GET is; OPTIONS and TRACE are the gateway's own."""
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_VARIABLE: Final = re.compile(r"\{([^{}/]+)\}")
_CLASSES: Final = ("public", "pii", "financial", "secret")


class Foreign(Api, frozen=True, kw_only=True):
    """An API whose contract is an OpenAPI document of its owner."""

    document: dict[str, Any]
    """As OpenAPI 3.1."""
    spec: Spec
    described: tuple[Operation, ...]

    def operations(self) -> tuple[Operation, ...]:
        """All operations of the document."""
        return self.described


@lru_cache(maxsize=64)
def foreign(name: str, major: int, layer: Layer, spec: Spec) -> tuple[Foreign | None, tuple[str, ...]]:
    """The API of a document; None where it cannot be one, and everything that is wrong, as `file:line: ...`.

    Remembered: the same document is compiled under many policies while these are tested.
    """
    found = _Reading(spec)
    operations = tuple(found.operations())
    if found.problems:
        return None, tuple(found.problems)
    info = mapping(spec.document.get("info"))
    title = str(info["title"])
    made = Foreign(
        name=name,
        layer=layer,
        title=title,
        description=str(info.get("description") or title),
        ports=(),
        major=major,
        document=found.document,
        spec=spec,
        described=operations,
    )
    return made, ()


class _Reading:
    """One document on its way to be an API."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.problems: list[str] = []
        self.document = newer(spec.document)
        self._schemas: dict[str, Any] = dict(mapping(mapping(self.document.get("components")).get("schemas")))
        self._ids: dict[str, Place] = {}
        self._shapes: dict[tuple[str, str], Place] = {}

    def operations(self) -> Iterator[Operation]:
        """Each one that can be offered; what is wrong with the others is a problem."""
        if not self._is_openapi():
            return
        for path, item in mapping(self.document.get("paths")).items():
            if path.startswith("x-"):
                continue
            followed = self._followed(item, ("paths", path))
            for key, method in METHODS.items() if self._is_path(path) else ():
                if key in followed:
                    operation = self._operation(path, mapping(followed[key]), method, followed)
                    if operation is not None:
                        yield operation
        if not self._ids and not self.problems:
            self._wrong(("paths",), "the document has no operation that can be offered")

    def _is_openapi(self) -> bool:
        said = self._spec.document
        if "swagger" in said:
            self._wrong(("swagger",), "is an older format; convert the document to OpenAPI 3.0 or 3.1")
        elif not str(said.get("openapi", "")).startswith(("3.0", "3.1")):
            self._wrong(("openapi",), "must say 3.1.x or 3.0.x; other versions are not read")
        elif not isinstance(mapping(said.get("info")).get("title"), str):
            self._wrong(("info", "title"), "is missing: the API has a title")
        elif not isinstance(said.get("paths"), dict):
            self._wrong(("paths",), "is missing: it says what can be called")
        return not self.problems

    def _is_path(self, path: str) -> bool:
        at = ("paths", path)
        if not path.startswith("/") or "?" in path or "#" in path:
            self._wrong(at, "is no path: it begins with / and has no query")
            return False
        for part in path.strip("/").split("/"):
            if ("{" in part or "}" in part) and not _VARIABLE.fullmatch(part):
                self._wrong(at, f"{part!r}: a parameter is a whole part of a path, between two slashes")
                return False
        return True

    def _operation(
        self, path: str, said: Mapping[str, Any], method: Method, item: Mapping[str, Any]
    ) -> Operation | None:
        at = ("paths", path, method.lower())
        name = said.get("operationId")
        if not isinstance(name, str) or not name:
            self._wrong(at, "has no operationId: policies bind to it")
            return None
        if not _ID.fullmatch(name):
            self._wrong((*at, "operationId"), f"{name!r}: an operationId is of letters, digits and . _ -")
            return None
        if name in self._ids:
            first = self._spec.where(self._ids[name])
            self._wrong((*at, "operationId"), f"{name!r} is the operationId of another operation too ({first})")
            return None
        self._ids[name] = at
        shape = (method, _VARIABLE.sub("{}", path))
        if shape in self._shapes:
            first = self._spec.where(self._shapes[shape])
            self._wrong(at, f"cannot be told from another operation by its address ({first})")
        self._shapes[shape] = at
        parameters = tuple(self._parameters(path, at, said, item))
        status, returns = self._success(said, at)
        summary, text = str(said.get("summary") or ""), str(said.get("description") or "")
        return Operation(
            id=name,
            attribute=name,
            method=method,
            path=path,
            parameters=parameters,
            body=self._body(said, at),
            returns=returns,
            status=status,
            raises=(),
            local=False,
            doc="\n\n".join(dict.fromkeys(part for part in (summary, text) if part)),
        )

    def _parameters(
        self, path: str, at: Place, said: Mapping[str, Any], item: Mapping[str, Any]
    ) -> Iterator[Parameter]:
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for above, listed in ((at[:-1], item.get("parameters")), (at, said.get("parameters"))):
            for number, each in enumerate(listed if isinstance(listed, list) else ()):
                parameter = self._followed(each, (*above, "parameters", str(number)))
                found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
        in_path = _VARIABLE.findall(path)
        for name in in_path:
            if ("path", name) not in found:
                self._wrong(at, f"the parameter {{{name}}} of its path is described nowhere (in: path)")
        for (place, name), parameter in found.items():
            if place == "path" and name not in in_path:
                self._wrong(at, f"its path has no {{{name}}}, which is described as a part of it")
            elif place == "path":
                yield Parameter(name=name, place="path", type=self._type(parameter))
            elif place == "query":
                needed = {} if parameter.get("required") is True else {"default": None}
                yield Parameter(name=name, place="query", type=self._type(parameter), **needed)

    def _type(self, parameter: Mapping[str, Any]) -> Any:
        """Text, with the data class its schema says: what the record may show of it."""
        schema = mapping(parameter.get("schema"))
        said = parameter.get(KEY) or schema.get(KEY) or self._followed(schema, ()).get(KEY)
        return Annotated[str, classed(str(said))] if said in _CLASSES else str

    def _body(self, said: Mapping[str, Any], at: Place) -> Any:
        if "requestBody" not in said:
            return None
        schema = self._json_of(self._followed(said["requestBody"], (*at, "requestBody")))
        return Raw if schema is None else schema

    def _success(self, said: Mapping[str, Any], at: Place) -> tuple[int, Described | None]:
        """The first status of success, and what is answered with it."""
        responses = mapping(said.get("responses"))
        if not responses:
            self._wrong(at, "says of no answer what it is: responses is missing")
        for status in sorted(responses):
            if re.fullmatch(r"2(\d\d|XX)", str(status)):
                answer = self._followed(responses[status], (*at, "responses", str(status)))
                return int(str(status).replace("XX", "00")), self._json_of(answer)
        return 200, None

    def _json_of(self, content: Mapping[str, Any]) -> Described | None:
        for media, said in mapping(content.get("content")).items():
            bare = str(media).partition(";")[0].strip().lower()
            if bare == "application/json" or bare.endswith("+json"):
                schema = mapping(mapping(said).get("schema"))
                return Described(schema={**schema, "$defs": self._schemas})
        return None

    def _followed(self, said: Any, at: Place) -> Mapping[str, Any]:
        """What a reference leads to. One that leads nowhere is a problem, told once at its place."""
        seen: set[str] = set()
        while isinstance(said, Mapping) and isinstance(said.get("$ref"), str):
            reference = said["$ref"]
            target = _target(self.document, reference) if reference not in seen else None
            seen.add(reference)
            if target is None:
                if at:
                    self._wrong(at, f"$ref {reference!r} leads nowhere in this document, and nothing else is read")
                return {}
            said = target
        return mapping(said)

    def _wrong(self, place: Place, sentence: str) -> None:
        self.problems.append(self._spec.problem(place, sentence))


def _target(document: Mapping[str, Any], reference: str) -> Any:
    found: Any = document
    if not reference.startswith("#/"):
        return None
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
