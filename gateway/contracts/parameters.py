"""Parameters of a request, read as their `style` and `explode` say (OpenAPI 3.1, section 4.8.12), and checked.

What is written as text is read as what its schema calls for: `5` is a number where a number is asked for.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal
from urllib.parse import unquote, unquote_plus

import jsonschema_rs
import msgspec

from foundation.violations import Violation, violations
from gateway.contracts.kinds import Kinds

Where = Literal["path", "query", "header", "cookie"]
_STYLES: Final = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
STYLES: Final[Mapping[str, tuple[str, ...]]] = _STYLES
"""By place; the first is meant where none is said."""
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?(?:[eE][+-]?[0-9]{1,4})?")
_BETWEEN: Final = {"spaceDelimited": re.compile(r"%20|\+| "), "pipeDelimited": re.compile(r"%7[Cc]|\|")}
_COMMA: Final = re.compile(",")


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an operation."""

    name: str
    where: Where
    required: bool
    style: str
    explode: bool
    kinds: Kinds
    validator: jsonschema_rs.Validator
    content: bool = False
    """Whether its text is JSON (`content` in place of `schema`)."""
    schema: Any = None
    """As the contract has it."""


class Asked(msgspec.Struct, kw_only=True):
    """The parts of a request that hold parameters."""

    path: Mapping[str, str]
    """By name, decoded."""
    query: list[tuple[str, str]]
    """Name (decoded) and value (as it was sent)."""
    headers: Mapping[str, str]
    """By name in lower case."""

    @classmethod
    def of(cls, path: Mapping[str, str], query: bytes, headers: Mapping[str, str]) -> "Asked":
        """From what came over HTTP."""
        parts = [part.partition("=") for part in query.decode("latin-1").split("&") if part]
        return cls(path=path, query=[(unquote_plus(name), value) for name, _, value in parts], headers=headers)


def wrong_with(parameters: Iterable[Parameter], asked: Asked) -> Iterator[Violation]:
    """Everything that is wrong with the parameters; one of the query that nobody knows, too.

    One that takes all of the query that no other one has stands last.
    """
    known: set[str] = set()
    for parameter in parameters:
        names: Collection[str] = ()
        if parameter.where == "query":
            names = set(_names(parameter, asked, known))
            known |= names
        found = _text_of(parameter, asked, names)
        place = (f"{parameter.where}:{parameter.name}",)
        if found is None:
            if parameter.required:
                yield Violation(place=place, keyword="required", says="is required", seen="nothing")
            continue
        try:
            value = _value(parameter, found)
        except ValueError as wrong:
            yield Violation(place=place, keyword="style", says=str(wrong))
            continue
        if parameter.validator.is_valid(value):
            continue
        for each in violations(parameter.validator, value):
            yield msgspec.structs.replace(each, place=(*place, *each.place))
    for name in asked.query and dict.fromkeys(name for name, _ in asked.query if name not in known):
        says = "is not a parameter of the operation"
        yield Violation(place=(f"query:{name}",), keyword="additionalProperties", says=says, seen="text")


def said(parameter: Parameter, asked: Asked) -> Any:
    """What was said as a parameter, as its schema's kind; None where it was not.

    Raises `ValueError` with what is wrong with how it is written.
    """
    found = _text_of(parameter, asked, set(_names(parameter, asked, set())) if parameter.where == "query" else ())
    return None if found is None else _value(parameter, found)


def takes_the_rest(parameter: Parameter) -> bool:
    """Whether its fields are parameters of the query, under any name."""
    return parameter.where == "query" and _spread(parameter) and parameter.kinds.more is not None


def _spread(parameter: Parameter) -> bool:
    return parameter.style == "form" and parameter.explode and _is_object(parameter.kinds) and not parameter.content


def _names(parameter: Parameter, asked: Asked, taken: set[str]) -> Iterator[str]:
    """The names in the query that are its own."""
    if parameter.style == "deepObject":
        yield from (name for name, _ in asked.query if name.startswith(f"{parameter.name}["))
    elif _spread(parameter):
        yield from parameter.kinds.fields
        if parameter.kinds.more is not None:
            yield from (name for name, _ in asked.query if name not in taken)
    else:
        yield parameter.name


def _text_of(parameter: Parameter, asked: Asked, names: Collection[str]) -> list[tuple[str, str]] | None:
    """Its name and text, as often as it was said; None when it was not."""
    match parameter.where:
        case "path":
            found = [(parameter.name, asked.path[parameter.name])] if parameter.name in asked.path else []
        case "query":
            found = [(name, value) for name, value in asked.query if name in names]
        case "header":
            name = parameter.name.lower()
            found = [(name, asked.headers[name])] if name in asked.headers else []
        case _:
            found = [(n, v) for n, v in _cookies(asked.headers.get("cookie", "")) if n == parameter.name]
    return found or None


def _cookies(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value.strip('"')


def _value(parameter: Parameter, found: list[tuple[str, str]]) -> Any:
    """What was said, as its schema's kind. Raises `ValueError` with what is wrong with how it is written."""
    kinds = parameter.kinds
    decode = unquote_plus if parameter.where == "query" else unquote if parameter.where == "cookie" else str
    if parameter.content:
        return _json(decode(_once(found)))
    if parameter.style == "deepObject":
        return _deep(parameter, found)
    if _is_object(kinds):
        if parameter.where in ("query", "cookie") and parameter.explode:
            return _fields(((name, decode(value)) for name, value in found), kinds)
        return _fields(_pairs(parameter, _once(found), decode), kinds)
    if "array" in kinds.types:
        if parameter.where in ("query", "cookie") and parameter.explode:
            parts = [decode(value) for _, value in found]
        else:
            text = _bare(parameter, _once(found))
            parts = [decode(part) for part in _between(parameter, text)] if text else []
        return [typed(part, kinds.items or Kinds()) for part in parts]
    return typed(decode(_bare(parameter, _once(found))), kinds)


def _once(found: list[tuple[str, str]]) -> str:
    if len(found) > 1:
        raise ValueError("stands in the request more than once")
    return found[0][1]


def _bare(parameter: Parameter, text: str) -> str:
    """Without the mark that its style puts before it."""
    mark = {"label": ".", "matrix": f";{parameter.name}="}.get(parameter.style, "")
    if not text.startswith(mark):
        raise ValueError(f"must begin with {mark}, as the style {parameter.style} has it")
    return text[len(mark) :]


def _between(parameter: Parameter, text: str) -> list[str]:
    if parameter.explode and parameter.style == "label":
        return text.split(".")
    if parameter.explode and parameter.style == "matrix":
        return text.split(f";{parameter.name}=")
    return _BETWEEN.get(parameter.style, _COMMA).split(text)


def _pairs(parameter: Parameter, text: str, decode: Any) -> list[tuple[str, str]]:
    if parameter.style == "matrix" and parameter.explode:
        parts = [part for part in text.split(";") if part]
    else:
        parts = _between(parameter, _bare(parameter, text)) if text else []
    if parameter.explode:
        return [(decode(name), decode(value)) for name, _, value in (part.partition("=") for part in parts)]
    if len(parts) % 2:
        raise ValueError("must be names and values in turn, with a comma between them")
    return [(decode(name), decode(value)) for name, value in zip(parts[::2], parts[1::2], strict=True)]


def _deep(parameter: Parameter, found: list[tuple[str, str]]) -> dict[str, Any]:
    inside = [(name[len(parameter.name) + 1 : -1], unquote_plus(value)) for name, value in found if name[-1:] == "]"]
    if len(inside) < len(found) or any("[" in name or "]" in name for name, _ in inside):
        raise ValueError(f"must be written {parameter.name}[field]=value")
    return _fields(inside, parameter.kinds)


def _fields(pairs: Iterable[tuple[str, str]], kinds: Kinds) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in pairs:
        kind = kinds.fields.get(name) or kinds.more or Kinds()
        if "array" in kind.types:
            found.setdefault(name, []).append(typed(text, kind.items or Kinds()))
        elif name in found:
            raise ValueError(f"says {name} more than once")
        else:
            found[name] = typed(text, kind)
    return found


def fields_of(form: str, kinds: Kinds) -> dict[str, Any]:
    """A body of `application/x-www-form-urlencoded`. Raises `ValueError` for a field that is there too often."""
    parts = [part.partition("=") for part in form.split("&") if part]
    return _fields(((unquote_plus(name), unquote_plus(value)) for name, _, value in parts), kinds)


def _is_object(kinds: Kinds) -> bool:
    return "object" in kinds.types and "string" not in kinds.types


def typed(text: str, kinds: Kinds) -> Any:
    """A text as what is asked for, where it can be that; else as it is, and the schema says what is wrong."""
    types = kinds.types
    if types & {"integer", "number"} and _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "null" in types and text == "" and "string" not in types:
        return None
    return text


def _json(text: str) -> Any:
    try:
        return msgspec.json.Decoder(float_hook=Decimal).decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as broken:
        raise ValueError("is not JSON") from broken
