"""An OpenAPI file as it is written, each place in it with its line.

Dates and words like `yes` stay text (YAML 1.2), keys are text, aliases are followed; nothing is fetched or executed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, Any]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_PLAIN: Final = (None, "")
"""The style of a scalar that is not quoted."""
_LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a file."""
_MOST: Final = 1_000_000
"""Values in a document, those of aliases counted each time they are used."""
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[str, ...]


class Unusable(Exception):  # noqa: N818 - one plain sentence for the file's owner
    """A file that is no OpenAPI document; the text is `file:line: sentence`."""


class Spec(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One OpenAPI document, and the file it was read from."""

    name: str
    """How problems call the file."""
    text: str
    document: dict[str, Any]

    def where(self, place: Iterable[str | int]) -> str:
        """`file:line` of a place in the document, or of the last part of it that is there."""
        return f"{self.name}:{_line(self.text, [str(part) for part in place])}"

    def problem(self, place: Iterable[str | int], sentence: str) -> str:
        """What is wrong there, as `file:line: JSON Pointer: sentence`."""
        parts = [str(part) for part in place]
        return f"{self.where(parts)}: {pointer(parts)}: {sentence}"

    def at(self, json_pointer: str, sentence: str) -> str:
        """The same, of a place that is given as a JSON Pointer."""
        parts = json_pointer.split("/")[1:]
        return self.problem([part.replace("~1", "/").replace("~0", "~") for part in parts], sentence)


def pointer(place: Iterable[str]) -> str:
    """A place as a JSON Pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place) or "/"


def read(path: Path, name: str) -> Spec:
    """The document of a file. Raises `Unusable`."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as missing:
        raise Unusable(f"{name}:1: the file cannot be read: {missing.strerror}") from None
    except UnicodeDecodeError:
        raise Unusable(f"{name}:1: the file is not UTF-8") from None
    if len(raw) > _LARGEST:
        raise Unusable(f"{name}:1: the file has more than the {_LARGEST} bytes that are read")
    try:
        found = _json(text, name) if text.lstrip().startswith("{") else _yaml(text, name)
    except RecursionError:
        raise Unusable(f"{name}:1: the document is nested too deeply") from None
    if not isinstance(found, dict):
        raise Unusable(f"{name}:1: this is not an OpenAPI document, which is an object with openapi, info and paths")
    return Spec(name=name, text=text, document=found)


def _json(text: str, name: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise Unusable(f"{name}:1: the key {twice!r} stands in one object twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as broken:
        raise Unusable(f"{name}:{broken.lineno}: this is not JSON: {broken.msg}") from None


def _yaml(text: str, name: str) -> Any:
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise Unusable(f"{name}:{line}: this is not YAML: {broken.problem}") from None
    except yaml.YAMLError as broken:
        raise Unusable(f"{name}:1: this is not YAML: {broken}") from None
    return _Reader(name).value(node, ()) if node is not None else None


class _Reader:
    """Makes values of YAML's nodes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def value(self, node: yaml.Node, inside: tuple[int, ...]) -> Any:
        self._count += 1
        if self._count > _MOST:
            raise self._unusable(node, "the aliases make the document larger than any that is read")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in inside:
            raise self._unusable(node, "an alias stands inside of what it stands for")
        inside = (*inside, id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, inside) for each in node.value]
        found: dict[str, Any] = {}
        for key, each in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._unusable(key, "a key is text")
            if key.value == "<<" and key.style in _PLAIN:
                raise self._unusable(key, "<< is of YAML 1.1: write what it would bring in")
            if key.value in found:
                raise self._unusable(key, f"the key {key.value!r} stands in one mapping twice")
            found[key.value] = self.value(each, inside)
        return found

    def _unusable(self, node: yaml.Node, sentence: str) -> Unusable:
        return Unusable(f"{self._name}:{node.start_mark.line + 1}: {sentence}")


def _scalar(node: yaml.ScalarNode) -> Any:
    said: str = node.value
    if node.style not in _PLAIN:
        return said
    if said in _WORDS:
        return _WORDS[said]
    if _INTEGER.fullmatch(said) and len(said) < 300:
        return int(said)
    return float(said) if _NUMBER.fullmatch(said) and len(said) < 300 else said


def _line(text: str, place: list[str]) -> int:
    """Found only where something is told of: it costs reading the file again."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:  # JSON that YAML 1.1 does not read
        return 1
    line = 1
    for part in place:
        found = next(((key, each) for key, each in _children(node) if key[0] == part), None)
        if found is None:
            break
        (_, line), node = found
    return line


def _children(node: Any) -> Iterator[tuple[tuple[str, int], Any]]:
    if isinstance(node, yaml.MappingNode):
        for key, each in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield (key.value, key.start_mark.line + 1), each
    elif isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            yield (str(number), each.start_mark.line + 1), each


def mapping(said: Any) -> Mapping[str, Any]:
    """An object of the document; an empty one where there is something else."""
    return said if isinstance(said, Mapping) else {}
