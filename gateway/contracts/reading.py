"""An OpenAPI document as it is written: its operations, its references, and where in it a schema stands.

Read are OpenAPI 3.1, 3.0 (in the words of 3.1), and of 3.2 whatever means the same as in 3.1. References are followed
inside the document only: nothing is ever fetched.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from foundation.violations import pointer_of

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DATA: Final = frozenset(("example", "examples", "default", "const", "enum"))
"""Keys below which stands data, not a schema."""
Place = tuple[str | int, ...]


class DeadReferenceError(ValueError):
    """A reference that leads nowhere, or out of the document."""


class Document:
    """One OpenAPI document."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.version = str(said.get("openapi", ""))
        self.older = self.version.startswith("3.0.")

    def references(self) -> Iterator[tuple[Place, str]]:
        """Every `$ref` of the document: the place of what holds it, and where it leads."""
        yield from _references(self.said, ())

    def follow(self, node: Any, at: Place) -> tuple[Place, Any]:
        """What a `$ref` leads to, and its place; the node itself where there is none. Raises `DeadReferenceError`."""
        seen = set()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in seen:
                raise DeadReferenceError(f"{reference} leads to itself")
            seen.add(reference)
            at, node = self.target(reference)
        return at, node

    def target(self, reference: str) -> tuple[Place, Any]:
        """The place and text a reference leads to. Raises `DeadReferenceError`."""
        if not reference.startswith("#"):
            raise DeadReferenceError(
                f"{reference} leads out of the document; only references inside it are followed, and nothing is fetched"
            )
        if not reference.startswith("#/"):
            raise DeadReferenceError(f"{reference} is no JSON Pointer into the document")
        found: Any = self.said
        at: list[str | int] = []
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
                at.append(name)
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
                at.append(int(name))
            else:
                raise DeadReferenceError(f"{reference} is not in the document")
        return tuple(at), found

    def at(self, place: Place) -> Any:
        """What stands at a place; None where nothing does."""
        found: Any = self.said
        for part in place:
            found = found[int(part)] if isinstance(found, list) else mapping(found).get(str(part))
        return found

    def schemas(self) -> Iterator[tuple[Place, Any]]:
        """Every schema that is not part of another: the named ones, and those of parameters, bodies and headers."""
        components = mapping(self.said.get("components"))
        for name, schema in mapping(components.get("schemas")).items():
            yield ("components", "schemas", name), schema
        for section in ("parameters", "headers", "requestBodies", "responses", "pathItems", "mediaTypes"):
            for name, each in mapping(components.get(section)).items():
                yield from _inside(each, ("components", section, name))
        for section in ("paths", "webhooks"):
            for name, each in mapping(self.said.get(section)).items():
                yield from _inside(each, (section, name))


def fragment(at: Place) -> str:
    """A place as the fragment of a URI reference."""
    kept = "-._~!$&'()*+,;=:@/"
    return "".join(
        c if c in kept or (c.isascii() and c.isalnum()) else "".join(f"%{b:02X}" for b in c.encode())
        for c in pointer_of(at)
    )


def _inside(node: Any, at: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "schema":
                yield (*at, key), value
            elif key not in ("example", "examples", "links"):
                yield from _inside(value, (*at, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _inside(value, (*at, number))


def _references(node: Any, at: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield at, node["$ref"]
        for key, value in node.items():
            if key not in DATA:
                yield from _references(value, (*at, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _references(value, (*at, number))


def mapping(node: Any) -> Mapping[str, Any]:
    """An object of the document; an empty one where there is something else."""
    return node if isinstance(node, Mapping) else {}
