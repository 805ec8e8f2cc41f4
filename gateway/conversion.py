"""Nodes to Structs, strictly: every problem is collected, each with its file, its line and, for a word, the likely one.

msgspec converts the leaves; Structs and mappings are walked here, since msgspec hides the keys of a mapping in its
errors and stops at the first.
"""

import difflib
import re
from collections.abc import Iterable
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec

from gateway.loader import Node
from gateway.words import read_word

_FAILED: Final = object()
_EMPTY: Final = " is empty: write its value, or leave the key out"
_SHAPES: Final = {
    "array": "a list",
    "object": "a mapping",
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "date": "a date like 2026-09-01",
}


def convert(node: Node, kind: Any, problems: list[str], subject: str) -> Any:
    """`node` as a `kind`, or None with the reasons added to `problems`. `subject` is how they name the value."""
    found = _convert(node, kind, problems, subject)
    return None if found is _FAILED else found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)` when something known is close to `word`; else what is known, if that is short."""
    listed = sorted(known)
    close = difflib.get_close_matches(word, listed, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(listed)})" if 0 < len(listed) <= 12 else ""


def _convert(node: Node, kind: Any, problems: list[str], subject: str) -> Any:
    kind = _branch(node, kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(node, kind, problems, subject)
    if get_origin(kind) is dict:
        if not isinstance(node.value, dict):
            wrong = _EMPTY if node.value is None else " must be a mapping of names"
            problems.append(f"{node.where}: {subject or 'the file'}{wrong}")
            return _FAILED
        item = get_args(kind)[1]
        found = {key: _convert(child, item, problems, _path(subject, key)) for key, child in node.value.items()}
        return _FAILED if _FAILED in found.values() else found
    try:
        return msgspec.convert(node.plain(), kind, dec_hook=read_word)
    except msgspec.ValidationError as wrong:
        problems.append(f"{node.where}: {subject}{_plainly(wrong, kind, node)}")
        return _FAILED


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """A Struct's fields by the names they are written with."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _struct(node: Node, kind: type[msgspec.Struct], problems: list[str], subject: str) -> Any:
    if not isinstance(node.value, dict):
        wrong = _EMPTY if node.value is None and subject else f" must be a mapping of {_listed(kind)}"
        problems.append(f"{node.where}: {subject or 'the file'}{wrong}")
        return _FAILED
    fields = _fields(kind)
    failed = False
    values: dict[str, Any] = {}
    name = subject or "the file"
    for key, child in node.value.items():
        if key not in fields:
            problems.append(f"{child.where}: {name} has no key {key!r}{did_you_mean(key, fields)}")
            failed = True
            continue
        values[fields[key].name] = _convert(child, fields[key].type, problems, _path(subject, key))
    for key, field in fields.items():
        if field.required and key not in node.value:
            problems.append(f"{node.where}: {name} needs the key {key!r}")
            failed = True
    if failed or _FAILED in values.values():
        return _FAILED
    try:
        return kind(**values)
    except ValueError as wrong:
        problems.append(f"{node.where}: {subject}: {wrong}")
        return _FAILED


def _plainly(wrong: msgspec.ValidationError, kind: Any, node: Node) -> str:
    """msgspec's word for what is wrong, in words an author of policies uses; what was written stands at its end."""
    if node.value is None:
        return _EMPTY
    if get_origin(kind) is Literal:
        return f" is one of {', '.join(get_args(kind))}, not {node.value!r}"
    said = str(wrong).split(" - at `$")[0]
    listed = get_args(get_args(kind)[0]) if get_origin(kind) is list else ()
    if listed and said.startswith("Invalid enum value "):
        return f" lists {said.removeprefix('Invalid enum value ')}, which is none of {', '.join(map(str, listed))}"
    if said == "Invalid RFC3339 encoded date":
        return f" must be a date like 2026-09-01, not {node.value!r}"
    expected = re.match(r"Expected `(\w+)", said)
    if expected is None:
        return f": {said}"
    shape = _SHAPES.get(expected[1], expected[1])
    inside = re.search(r" - at `\$\[(\d+)\]", str(wrong))
    if inside is not None:
        return _of_item(int(inside[1]), shape, node)
    if shape == "a list" and isinstance(node.value, str):
        return f" must be a list: [{node.value}]"
    written = "" if isinstance(node.value, dict | list) else f", not {_written(node.value)}"
    return f" must be {shape}{written}"


def _of_item(number: int, shape: str, node: Node) -> str:
    item = node.value[number] if isinstance(node.value, list) and number < len(node.value) else None
    if item is None or isinstance(item.value, dict | list):
        return f" holds something that is not {shape}: its item {number + 1}"
    return f" holds something that is not {shape}: {_written(item.value)}, its item {number + 1}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _branch(node: Node, kind: Any) -> Any:
    """Of a union of a Struct and a short form, or of a type and None, the one that was written; else it as it is."""
    union = get_origin(kind) in (UnionType, Union)
    members = [member for member in get_args(kind) if member is not NoneType] if union else []
    if len(members) == 1 and node.value is not None:
        return members[0]
    structs = [member for member in members if isinstance(member, type) and issubclass(member, msgspec.Struct)]
    if not structs:
        return kind
    return structs[0] if isinstance(node.value, dict) else next((m for m in members if m not in structs), structs[0])


def _path(subject: str, key: str) -> str:
    return f"{subject}.{key}" if subject else key


def _listed(kind: type[msgspec.Struct]) -> str:
    return ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
