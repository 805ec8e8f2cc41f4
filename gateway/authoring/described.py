"""What a noun's Struct says of itself, in the words of who writes policies: types, defaults and meanings."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from datetime import date
from functools import cache, reduce
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec

from gateway import words

WORDS: Final[dict[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "`true` or `false`",
    date: "a date, such as `2026-09-01`",
    words.Rate: "a rate, such as `60/min`",
    words.Size: "a size, such as `256KB`",
    words.Duration: "a span of time, such as `30s` or `7y`",
    Any: "anything",
    object: "anything",
}


def in_words(kind: Any, *, several: bool = False) -> str:
    """A type as an author of policies would say it; a Struct by its name."""
    options = without_none(kind)
    if len(options) > 1:
        return ", or ".join(in_words(option, several=several) for option in options)
    kind = options[0]
    origin = get_origin(kind)
    if origin is Literal:
        *most, last = [f"`{said}`" for said in get_args(kind) if said]
        return f"{', '.join(most)} or {last}" if most else last
    if origin is list:
        return f"a list of {_several(get_args(kind)[0])}"
    if origin is dict:
        return f"names, each with {in_words(get_args(kind)[1])}"
    if is_struct(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return WORDS.get(kind) or meaning(kind).partition("\n")[0].rstrip(".")


def is_struct(kind: Any) -> bool:
    """Whether it is a mapping with keys of its own."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def without_none(kind: Any) -> list[Any]:
    """The members of a union but for None; of anything else, itself."""
    members = get_args(kind) if isinstance(kind, UnionType) or get_origin(kind) is Union else (kind,)
    return [member for member in members if member is not NoneType]


def structs_in(kind: Any) -> list[type[msgspec.Struct]]:
    """The Structs a value of this type may hold, each once, the outer before the inner."""
    found: dict[type[msgspec.Struct], None] = {}
    _collect(kind, found)
    return list(found)


def default_of(field: Any) -> str:
    """A field's default as it would be written; empty where it must be said or nothing is meant by its absence."""
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if default is msgspec.NODEFAULT or default is None or default == "":
        return ""
    return spoken(default)


def spoken(value: Any) -> str:
    """A value as a policy would say it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list() | tuple() | frozenset():
            items = sorted(map(str, value)) if isinstance(value, frozenset) else [spoken(item) for item in value]
            return f"[{', '.join(items)}]"
        case dict():
            return "{" + ", ".join(f"{key}: {spoken(item)}" for key, item in value.items()) + "}"
        case msgspec.Struct():
            return spoken({f.encode_name: getattr(value, f.name) for f in msgspec.structs.fields(value)})
        case words.Duration() | words.Rate():
            return value.spoken
        case _:
            return str(value)


@cache
def meanings(kind: type) -> Mapping[str, str]:
    """The sentence under each field of a class, by the field's name; those of its bases too."""
    own = [_meanings(each) for each in reversed(kind.__mro__) if each.__module__.partition(".")[0] != "msgspec"]
    return reduce(lambda all_, more: {**all_, **more}, own, {})


def meaning(kind: type) -> str:
    """The docstring of a class, unindented; empty where it has none of its own."""
    return inspect.cleandoc(kind.__dict__.get("__doc__") or "")


def _meanings(kind: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):
        return {}  # made at run time: its fields are nouns, which say it themselves
    [tree] = ast.parse(source).body
    found = {}
    body = getattr(tree, "body", [])
    for statement, after in itertools.pairwise(body):
        match statement, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _several(kind: Any) -> str:
    said = in_words(kind)
    return {"text": "words"}.get(said, said.removeprefix("a "))


def _collect(kind: Any, found: dict[type[msgspec.Struct], None]) -> None:
    for option in without_none(kind):
        if is_struct(option) and option not in found:
            found[option] = None
            for field in msgspec.structs.fields(option):
                _collect(field.type, found)
        for inner in get_args(option) if get_origin(option) in (list, dict, tuple) else ():
            _collect(inner, found)
