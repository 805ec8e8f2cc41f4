"""Masks: what of a value may be written down, by the data class of each field.

Walks a value beside the JSON Schema of its type. A field without a class is dropped: forgetting to annotate hides a
field, it never shows one.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Any, Final, Literal
from urllib.parse import unquote

import msgspec

from canonical.classes import KEY
from foundation.schemas import schema_of

Rule = Literal["keep", "hash", "mask_last4", "drop"]
Rules = dict[str, Rule]
_PIECE: Final = re.compile(r"[!-?A-~]*")
"""Visible ASCII, but no @."""
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_DEEPEST: Final = 8
"""So many branches within branches are looked into; one that refers to itself ends there."""
DEFAULT_RULES: Final[Rules] = {
    "public": "keep",
    "pii": "hash",
    "financial": "mask_last4",
    "secret": "drop",
    "unclassified": "drop",
}


def shown_path(path: str) -> str:
    """An address's path as it may be written down: `~` for each piece that is no id (a mail address, a name)."""
    return "/".join(piece if _PIECE.fullmatch(unquote(piece)) else "~" for piece in path.split("/"))


class Masker:
    """Masks values with one set of rules and one key for the hashes (so that equal values stay joinable)."""

    def __init__(self, key: bytes, rules: Rules | None = None) -> None:
        self._key = key
        self.classes(rules or {})

    def classes(self, rules: Rules) -> None:
        """What happens to each data class from now on; one that is not named as by default."""
        self._rules = DEFAULT_RULES | rules

    def mask(self, value: Any, kind: Any) -> Any:
        """`value` (a Struct, or builtins as decoded from JSON) of type `kind`, as builtins, masked."""
        schema = schema_of(kind)
        return self._walk(msgspec.to_builtins(value), schema, schema.get("$defs", {}), None)

    def apply(self, value: Any, data_class: str) -> Any:
        """One value masked as `data_class`; `None` when it may not be written at all."""
        match self._rules.get(data_class, "drop"):
            case "keep":
                return value
            case "hash" if value not in ("", None):
                return self.hidden(str(value))
            case "hash":
                return value
            case "mask_last4":
                return "••••" + str(value)[-4:] if len(str(value)) > 4 else "••••"
            case _:
                return None

    def hidden(self, value: str) -> str:
        """What stands for a value that nobody may read: the same for the same value, so that it can be joined."""
        return "#" + hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:16]

    def keyed(self, purpose: str, value: str) -> str:
        """A digest only whoever has the key can make, in hexadecimal: of one value another for each purpose."""
        return hmac.new(self._key, f"{purpose}|{value}".encode(), hashlib.sha256).hexdigest()

    def _named(self, key: str) -> str:
        """A name that a sender chose, in an object of no fixed fields: one that is no id may be somebody's."""
        return key if _ID.fullmatch(key) else self.hidden(key)

    def _walk(self, value: Any, schema: dict[str, Any], defs: dict[str, Any], outer: str | None) -> Any:
        if "$ref" in schema:
            said = {k: v for k, v in schema.items() if k == KEY}
            return self._walk(value, {**_referred(schema, defs), **said}, defs, outer)
        data_class = schema.get(KEY, outer)
        if value is None:
            return None
        if isinstance(value, dict):
            properties = _properties(schema, defs)
            if properties:
                kept = {k: self._walk(v, properties[k], defs, data_class) for k, v in value.items() if k in properties}
                return {k: v for k, v in kept.items() if v is not None or value[k] is None}
            inner = schema.get("additionalProperties")
            inner = inner if isinstance(inner, dict) else {}
            if not data_class:
                return None
            return {self._named(k): self._walk(v, inner, defs, data_class) for k, v in value.items()}
        if isinstance(value, list):
            inner = schema.get("items") or _branch(schema, defs, "items") or {}
            return [self._walk(v, inner, defs, data_class) for v in value]
        return self.apply(value, data_class or "unclassified")


def _properties(schema: dict[str, Any], defs: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Its own, and those of its branches: the first that has one of a name says its class."""
    found: dict[str, Any] = dict(schema.get("properties", {}))
    for branch in _branches(schema, defs) if depth < _DEEPEST else ():
        found = _properties(branch, defs, depth + 1) | found
    return found


def _branch(schema: dict[str, Any], defs: dict[str, Any], key: str) -> Any:
    """The `key` of the first branch (of `anyOf: [X, null]`, of `allOf`) that has it."""
    return next((branch[key] for branch in _branches(schema, defs) if key in branch), None)


def _branches(schema: dict[str, Any], defs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(keyword, ()):
            yield _referred(branch, defs) if "$ref" in branch else branch


def _referred(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for; of one to anything but a named schema nothing is known, so nothing is shown."""
    found: dict[str, Any] = defs.get(schema["$ref"].rsplit("/", 1)[-1], {})
    return found
