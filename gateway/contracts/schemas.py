"""The schemas of one document, compiled: what checks a value at a place, and what cannot be checked at all."""

import base64
import binascii
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final

import jsonschema_rs

from foundation.violations import pointer_of, violations
from gateway.contracts.dialect import Dialect, Direction, Refusal
from gateway.contracts.reading import Document, Place, fragment

_ADDRESS: Final = "urn:tiergate:contract"
_META: Final = jsonschema_rs.Draft202012Validator(
    {"$ref": "https://json-schema.org/draft/2020-12/schema"}, offline=True, validate_formats=True
)
_ANYTHING: Final = jsonschema_rs.Draft202012Validator(True)
"""What checks nothing, where nothing is said or what is said was refused."""


class Schemas:
    """Compiles what is asked for, once, and keeps it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._refused: dict[Place, str] = {}
        self._passed_over: dict[Place, str] = {}
        self._compiled: dict[tuple[Place, Direction], jsonschema_rs.Validator] = {}

    def validator(self, at: Place, direction: Direction) -> jsonschema_rs.Validator:
        """What checks values against the schema at a place. One that cannot be used is refused, and checks nothing."""
        known = self._compiled.get((at, direction))
        if known is None:
            known = self._compiled[at, direction] = self._compile(at, direction)
        return known

    def refuse(self, at: Place, says: str) -> None:
        """Take note of what cannot be checked."""
        self._refused.setdefault(at, says)

    def compile_all(self) -> None:
        """Compile every schema there is, so that all that is wrong is known."""
        for at, _ in self._document.schemas():
            self.validator(at, "request")
            self.validator(at, "response")

    def refused(self, below: Iterable[Place] | None = None) -> list[Refusal]:
        """What cannot be checked, in the whole document or below some places."""
        return _listed(self._refused, below)

    def passed_over(self) -> list[Refusal]:
        """Keywords and formats that JSON Schema passes over without a word: most are slips of the pen."""
        _ = self._request
        return _listed(self._passed_over, None)

    def translated(self, at: Place) -> Any:
        """The schema at a place, in the validator's words; `True` where there is none."""
        found: Any = self._request[0]
        for part in at:
            found = found.get(str(part), True) if isinstance(found, dict) else True
        return found

    @cached_property
    def _request(self) -> tuple[dict[str, Any], jsonschema_rs.Registry, bool]:
        return self._translate("request")

    @cached_property
    def _response(self) -> tuple[dict[str, Any], jsonschema_rs.Registry, bool]:
        return self._translate("response") if self._request[2] else self._request

    def _translate(self, direction: Direction) -> tuple[dict[str, Any], jsonschema_rs.Registry, bool]:
        dialect = Dialect(self._document, direction, self.refuse, self._pass_over)
        whole: dict[str, Any] = {}
        roots: set[Place] = set()
        waiting = dict(self._document.schemas())
        while waiting:
            for at, schema in waiting.items():
                roots.add(at)
                translated = dialect.translated(schema, at)
                self._check(translated, at)
                _put(whole, at, translated)
            waiting = {at: self._said(at) for at in dialect.targets if not _within(at, roots)}
        registry = jsonschema_rs.Registry([(_ADDRESS, whole)])
        return whole, registry, dialect.one_sided

    def _said(self, at: Place) -> Any:
        found: Any = self._document.said
        for part in at:
            found = found[part]
        return found

    def _pass_over(self, at: Place, says: str) -> None:
        self._passed_over.setdefault(at, says)

    def _check(self, schema: Any, at: Place) -> None:
        for wrong in violations(_META, schema):
            self.refuse((*at, *wrong.place), f"is not JSON Schema 2020-12: {wrong.says}")

    def _compile(self, at: Place, direction: Direction) -> jsonschema_rs.Validator:
        _, registry, _ = self._request if direction == "request" else self._response
        try:
            return jsonschema_rs.Draft202012Validator(
                {"$ref": f"{_ADDRESS}#{fragment(at)}"},
                registry=registry,
                offline=True,
                validate_formats=True,
                formats={"decimal": is_decimal, "byte": is_base64},
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as wrong:
            if not self._refused:  # else it is most likely a consequence
                said = str(getattr(wrong, "message", wrong)).splitlines()[0]
                self.refuse(at, f"the validator cannot use it: {said}")
            return _ANYTHING


def is_decimal(text: str) -> bool:
    """Whether a text is a decimal number, and a finite one."""
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def is_base64(text: str) -> bool:
    """Whether a text is base64 (RFC 4648 section 4)."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _put(whole: dict[str, Any], at: Place, schema: Any) -> None:
    """A place of the document that is needed; lists are kept by number, which a JSON Pointer reads the same."""
    for part in at[:-1]:
        whole = whole.setdefault(str(part), {})
    whole[str(at[-1])] = schema


def _within(at: Place, roots: set[Place]) -> bool:
    return any(at[:length] in roots for length in range(len(at) + 1))


def _listed(found: dict[Place, str], below: Iterable[Place] | None) -> list[Refusal]:
    wanted = None if below is None else set(below)
    return sorted(Refusal(pointer_of(at), says) for at, says in found.items() if wanted is None or _within(at, wanted))
