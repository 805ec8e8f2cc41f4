"""What changed between two JSON Schemas (2020-12), said as: takes fewer values, or takes more.

Which of the two breaks somebody depends on who sends the value. A request that takes fewer refuses what was good; an
answer that may hold more surprises its reader. A field that is gone breaks both.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

Effect = Literal["fewer", "more"]
FEWER: Final[frozenset[Effect]] = frozenset({"fewer"})
MORE: Final[frozenset[Effect]] = frozenset({"more"})
BOTH: Final = FEWER | MORE
NEITHER: Final[frozenset[Effect]] = frozenset()

Schema = Mapping[str, Any]
_LOWER: Final = ("minLength", "minItems", "minProperties", "minContains", "minimum", "exclusiveMinimum")
_UPPER: Final = ("maxLength", "maxItems", "maxProperties", "maxContains", "maximum", "exclusiveMaximum")
_EXACT: Final = ("pattern", "format", "multipleOf", "contentEncoding", "contentMediaType")
_WHOLE: Final = (
    "not", "if", "then", "else", "contains", "propertyNames", "patternProperties", "dependentRequired",
    "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "discriminator",
)  # fmt: skip
"""Compared as a whole: any difference may break, and finer would be guessing."""


class Difference(msgspec.Struct, frozen=True):
    """One thing that changed."""

    at: str
    """Where, as a path of field names."""
    says: str
    effect: frozenset[Effect]


class Shapes:
    """Compares schemas of two documents, whose references it follows."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._under_way: set[tuple[str, str]] = set()

    def differences(self, old: Any, new: Any, at: str) -> Iterator[Difference]:
        """Everything that differs from `old` to `new`; a type that holds itself is entered once."""
        pair = (json.dumps(old, sort_keys=True, default=str), json.dumps(new, sort_keys=True, default=str))
        if pair in self._under_way:
            return
        self._under_way.add(pair)
        try:
            yield from self._alternatives(_list(self._old, old), _list(self._new, new), at)
        finally:
            self._under_way.discard(pair)

    def _alternatives(self, old: list[Schema], new: list[Schema], at: str) -> Iterator[Difference]:
        pairs, gone, come = _paired(old, new)
        if len(gone) == len(come) == 1 and "null" not in (gone[0].get("type"), come[0].get("type")):
            pairs, gone, come = [*pairs, (gone[0], come[0])], [], []
        for each in gone:
            yield Difference(at, f"{_name(each)} is not among the alternatives any more", FEWER)
        for each in come:
            yield Difference(at, f"{_name(each)} is a new alternative", MORE)
        for before, after in pairs:
            yield from self._one(before, after, at)

    def _one(self, old: Schema, new: Schema, at: str) -> Iterator[Difference]:
        before, after = old.get("type"), new.get("type")
        if before != after:
            yield Difference(at, f"the type goes from {before or 'any'} to {after or 'any'}", _of_types(before, after))
            if before is not None and after is not None:
                return
        yield from _values(old, new, at)
        yield from _bounds(old, new, at)
        yield from _said(old, new, at)
        yield from self._fields(old, new, at)
        yield from self._items(old, new, at)

    def _fields(self, old: Schema, new: Schema, at: str) -> Iterator[Difference]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        for name in before.keys() - after.keys():
            yield Difference(f"{at}.{name}", "the field is gone", BOTH)
        for name in after.keys() - before.keys():
            said = ("a new required field", FEWER) if name in needs else ("a new optional field", NEITHER)
            yield Difference(f"{at}.{name}", *said)
        for name in before.keys() & after.keys():
            if name in needs - needed:
                yield Difference(f"{at}.{name}", "the field becomes required", FEWER)
            if name in needed - needs:
                yield Difference(f"{at}.{name}", "the field becomes optional", MORE)
            yield from self.differences(before[name], after[name], f"{at}.{name}")
        yield from self._others(old.get("additionalProperties", True), new.get("additionalProperties", True), at)

    def _others(self, old: Any, new: Any, at: str) -> Iterator[Difference]:
        if old == new:
            return
        if new is False:
            yield Difference(at, "fields that are not named are refused now", FEWER)
        elif old is False or new is True:
            # Whoever reads an answer has to pass over fields it does not know, so more of them break nobody.
            yield Difference(at, "fields that are not named are allowed now", NEITHER)
        else:
            yield from self.differences({} if old is True else old, new, f"{at}.*")

    def _items(self, old: Schema, new: Schema, at: str) -> Iterator[Difference]:
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            yield Difference(at, f"the tuple has {len(after)} places instead of {len(before)}", BOTH)
        for place, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self.differences(one, other, f"{at}[{place}]")
        if "items" in old or "items" in new:
            yield from self.differences(old.get("items", {}), new.get("items", {}), f"{at}[]")


def resolve(root: Schema, node: Any) -> Any:
    """What a `$ref` inside the document stands for; anything else as it is. Raises `ValueError` for a dead one."""
    while isinstance(node, Mapping) and "$ref" in node:
        reference = str(node["$ref"])
        found: Any = root
        for part in reference.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not reference.startswith("#/") or not isinstance(found, Mapping) or name not in found:
                raise ValueError(f"{reference} is not in the document")
            found = found[name]
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        node = {**found, **siblings} if isinstance(found, Mapping) else found
    return node


def _list(root: Schema, schema: Any) -> list[Schema]:
    """A schema as the list of its alternatives, each without references, `allOf` or lists of types."""
    if schema is True:
        return [{}]
    if schema is False:
        return []
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    whole = dict(resolve(root, schema))
    for part in whole.pop("allOf", []):
        whole = _merged(whole, dict(resolve(root, part)))
    if "const" in whole:
        whole["enum"] = [whole.pop("const")]
    several = [*whole.pop("anyOf", []), *whole.pop("oneOf", [])]
    if several:
        return [_merged(whole, each) for one in several for each in _list(root, one)]
    kinds = whole.get("type")
    if isinstance(kinds, list):
        return [{**whole, "type": kind} for kind in kinds]
    return [{**whole, "x-name": name} if name else whole]


def _merged(one: dict[str, Any], other: Schema) -> dict[str, Any]:
    whole = {**one, **other}
    if "properties" in one and "properties" in other:
        whole["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        whole["required"] = [*one["required"], *other["required"]]
    return whole


def _paired(old: list[Schema], new: list[Schema]) -> tuple[list[tuple[Schema, Schema]], list[Schema], list[Schema]]:
    """Alternatives that mean the same: of one name, or else of one type and tag; and those left on either side."""
    pairs: list[tuple[Schema, Schema]] = []
    gone, come = list(old), list(new)
    for same in (_by_name, _by_kind):
        for each in list(gone):
            found = next((other for other in come if same(each) and same(each) == same(other)), None)
            if found is not None:
                pairs.append((each, found))
                gone = [left for left in gone if left is not each]
                come = [left for left in come if left is not found]
    return pairs, gone, come


def _by_name(schema: Schema) -> object:
    return schema.get("x-name")


def _by_kind(schema: Schema) -> object:
    """Its type, and the values of the fields that can have but one: the tag of a tagged union."""
    tags = [
        (name, str(one.get("const", one.get("enum"))))
        for name, one in sorted(schema.get("properties", {}).items())
        if isinstance(one, Mapping) and ("const" in one or len(one.get("enum", ())) == 1)
    ]
    return (schema.get("type"), tags)


def _of_types(old: Any, new: Any) -> frozenset[Effect]:
    if (old, new) == ("integer", "number") or new is None:
        return MORE
    if (old, new) == ("number", "integer") or old is None:
        return FEWER
    return BOTH


def _values(old: Schema, new: Schema, at: str) -> Iterator[Difference]:
    before, after = old.get("enum"), new.get("enum")
    if before is None and after is not None:
        yield Difference(at, f"only these values are taken now: {_words(after)}", FEWER)
    elif after is None and before is not None:
        yield Difference(at, "any value is taken now", MORE)
    elif before is not None and after is not None:
        if gone := [value for value in before if value not in after]:
            yield Difference(at, f"not among the values any more: {_words(gone)}", FEWER)
        if come := [value for value in after if value not in before]:
            yield Difference(at, f"new among the values: {_words(come)}", MORE)


def _bounds(old: Schema, new: Schema, at: str) -> Iterator[Difference]:
    for keys, tighter in ((_LOWER, 1), (_UPPER, -1)):
        for key in keys:
            before, after = old.get(key), new.get(key)
            if before == after:
                continue
            narrows = before is None or (after is not None and (after - before) * tighter > 0)
            yield Difference(at, f"{key} goes from {_or_none(before)} to {_or_none(after)}", FEWER if narrows else MORE)
    if bool(old.get("uniqueItems")) != bool(new.get("uniqueItems")):
        yield Difference(at, "whether items are unique changed", FEWER if new.get("uniqueItems") else MORE)


def _said(old: Schema, new: Schema, at: str) -> Iterator[Difference]:
    for key in _EXACT:
        before, after = old.get(key), new.get(key)
        if before != after:
            effect = FEWER if before is None else MORE if after is None else BOTH
            yield Difference(at, f"{key} goes from {_or_none(before)} to {_or_none(after)}", effect)
    for key in _WHOLE:
        if old.get(key) != new.get(key):
            yield Difference(at, f"{key} changed", BOTH)
    if old.get("default") != new.get("default"):
        before, after = _or_none(old.get("default")), _or_none(new.get("default"))
        yield Difference(at, f"what is meant by leaving it out goes from {before} to {after}", FEWER)
    if new.get("readOnly") and not old.get("readOnly"):
        yield Difference(at, "the field cannot be sent any more", FEWER)
    if new.get("writeOnly") and not old.get("writeOnly"):
        yield Difference(at, "the field is not answered any more", MORE)
    if old.get("x-data-class") != new.get("x-data-class"):
        before, after = _or_none(old.get("x-data-class")), _or_none(new.get("x-data-class"))
        yield Difference(at, f"the data class goes from {before} to {after}", NEITHER)


def _name(schema: Schema) -> str:
    return str(schema.get("x-name") or schema.get("type") or "anything")


def _words(values: Iterable[Any]) -> str:
    return ", ".join(json.dumps(value, default=str) for value in values)


def _or_none(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, default=str)
