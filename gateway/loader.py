"""YAML as we read it: no surprises, and every value knows its line.

A small, strict part of YAML 1.2: `yes`, `on` and `NO` are text, a date is text, and duplicate keys, anchors, tags and
several documents in a file are refused. `${NAME}` takes an address or a secret from outside; a policy never holds one.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
_OPENS: Final = re.compile(r"\s*[\[{]")
_WORDS: Final[dict[str, Any]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_COMPLAINTS: Final = (
    ("flow sequence", "the list whose [ stands on line {opened} has no ] where it should end"),
    ("flow mapping", "the mapping whose {{ stands on line {opened} has no }} where it should end"),
    ("quoted scalar", "the quote that is opened on line {opened} is not closed"),
    ("mapping values are not allowed", "this line has a second ': ' in it (quote the value), or is indented too far"),
    ("block mapping", "this line is indented unlike the others of its mapping, which begins on line {opened}"),
    ("block collection", "this line is indented unlike the others of its list, which begins on line {opened}"),
    ("simple key", "the line that begins on line {opened} has no ': ' after its key"),
    (
        "cannot start any token",
        "a value cannot begin so: indent with spaces, not tabs, and quote what begins with @ or %",
    ),
)
"""What the parser says of itself, and what it means."""
# libyaml reads a large policy ten times as fast; without it the result is the same.
_EVENTS: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PolicyError(Exception):
    """Policies that cannot be used; `problems` holds all that is wrong, each as `file:line: sentence`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Node:
    """One value of a file: a mapping of keys to nodes, a list of nodes, or a scalar; and where it stands."""

    __slots__ = ("file", "line", "referred", "value")

    def __init__(self, value: Any, file: str, line: int, *, referred: bool = False) -> None:
        self.value = value
        self.file = file
        self.line = line
        self.referred = referred
        """Whether some of it was taken from `${NAME}`."""

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    def get(self, key: str) -> "Node | None":
        """The node under a key, if this is a mapping that has it."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def at(self, *path: str) -> "Node":
        """The node at a path of keys, or the last one there is on the way."""
        node = self
        for key in path:
            node = node.get(key) or node
        return node

    def plain(self) -> Any:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def read(path: Path, name: str, values: Mapping[str, str]) -> Node:
    """The one document of a file. `name` is how problems call the file; `values` resolve `${NAME}`.

    Raises `PolicyError` with everything that is wrong in the file.
    """
    problems: list[str] = []
    try:
        text = path.read_text(encoding="utf-8")
        document = _Reader(name, values, problems).document(yaml.parse(text, Loader=_EVENTS))
    except yaml.MarkedYAMLError as broken:
        raise PolicyError([_unreadable(name, broken)]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise PolicyError([f"{name}:1: this is not YAML: {broken}"]) from None
    except RecursionError:
        raise PolicyError([f"{name}:1: nested too deeply to be a policy"]) from None
    if problems:
        raise PolicyError(problems)
    return document


def _unreadable(name: str, broken: yaml.MarkedYAMLError) -> str:
    """The parser's complaint in words for who wrote the line; what it says of a thing it began with names that line."""
    mark, began = broken.problem_mark, broken.context_mark
    line = mark.line + 1 if mark else 1
    words = f"{broken.context or ''} {broken.problem or ''}"
    for sign, sentence in _COMPLAINTS:
        if sign in words:
            opened = began.line + 1 if began else line
            return f"{name}:{line}: this is not YAML: {sentence.format(opened=opened)}"
    return f"{name}:{line}: this is not YAML: {broken.problem}"


class _Reader:
    """Builds nodes from the parser's events."""

    def __init__(self, file: str, values: Mapping[str, str], problems: list[str]) -> None:
        self._file = file
        self._values = values
        self._problems = problems

    def document(self, events: Iterator[Any]) -> Node:
        found: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                node = self._node(next(events), events)
                if found is not None:
                    self._problem(node.line, "a policy file holds one document; start another file")
                found = found or node
        return found or Node({}, self._file, 1)

    def _node(self, event: Any, events: Iterator[Any]) -> Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self._problem(line, f"*{event.anchor}: aliases are not allowed; write the value where it is used")
            return Node(None, self._file, line)
        if event.anchor:
            self._problem(line, f"&{event.anchor}: anchors are not allowed; write the value where it is used")
        if event.tag and not (isinstance(event, yaml.ScalarEvent) and event.tag == "!"):
            self._problem(line, f"{event.tag}: tags are not allowed; write the value without it")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, events)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(line, events)
        return Node(self._scalar(event, line), self._file, line, referred=_REFERENCE.search(event.value) is not None)

    def _mapping(self, line: int, events: Iterator[Any]) -> Node:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            at = event.start_mark.line + 1
            key_node = self._node(event, events)
            node = self._node(next(events), events)
            if not isinstance(event, yaml.ScalarEvent):
                self._problem(at, "a key is a word, not a list or a mapping")
                continue
            key = event.value
            if event.style in (None, "") and (found := _OPENS.search(key)):
                self._problem(at, f"{key!r} is not a key: after {key[: found.start()]!r} a colon is missing")
            if key in lines:
                self._problem(at, f"{key!r} stands here a second time; the first is on line {lines[key]}")
                continue
            lines[key] = at
            # A value's line is its key's: that is where a reader looks, and where an operation is listed.
            node.line = key_node.line
            entries[key] = node
        return Node(entries, self._file, line)

    def _sequence(self, line: int, events: Iterator[Any]) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events))
        return Node(items, self._file, line)

    def _scalar(self, event: Any, line: int) -> Any:
        said: str = event.value
        if event.implicit[0] and event.style in (None, ""):
            if said in _WORDS:
                return _WORDS[said]
            if _INTEGER.fullmatch(said) and len(said) < 19:
                return int(said)
            if _NUMBER.fullmatch(said):
                return float(said)
        return _REFERENCE.sub(lambda found: self._resolved(found[1], line), said)

    def _resolved(self, name: str, line: int) -> str:
        if name not in self._values:
            self._problem(line, f"${{{name}}} is not set; set the environment variable {name}")
            return ""
        return self._values[name]

    def _problem(self, line: int, sentence: str) -> None:
        self._problems.append(f"{self._file}:{line}: {sentence}")
