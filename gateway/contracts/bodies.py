"""Bodies by their media types: read exactly (no number becomes a float), each field once, and checked."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

import jsonschema_rs
import msgspec

from canonical.faults import Malformed
from foundation.violations import Violation, violations
from gateway.contracts.kinds import Kinds
from gateway.contracts.parameters import fields_of

Form = Literal["json", "form", "text", "bytes"]
_EXACT: Final = msgspec.json.Decoder(float_hook=Decimal)
TEXTS: Final = ("text/", "application/jwt", "application/yaml")


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """One media type of a body."""

    media: str
    """As the contract has it, in lower case and without parameters; `*` may stand in it."""
    form: Form
    validator: jsonschema_rs.Validator | None = None
    """None where any content will do."""
    kinds: Kinds = Kinds()
    """Of a form: what its texts are read as."""

    def wrong_with(self, raw: bytes, *, sent_to_us: bool) -> list[Violation]:
        """What is wrong with a body. Raises `Malformed` when it cannot be read.

        In a body `sent_to_us` no field may stand twice: the reader behind us could go by the other one.
        """
        if self.validator is None:
            return []
        match self.form:
            case "json":
                return violations(self.validator, once(raw) if sent_to_us else exact(raw))
            case "form":
                return self._form(raw)
            case "text":
                return violations(self.validator, _text(raw))
            case _:
                return []

    def _form(self, raw: bytes) -> list[Violation]:
        assert self.validator is not None
        try:
            value = fields_of(raw.decode("ascii"), self.kinds)
        except UnicodeDecodeError:
            raise Malformed("The body is no form: it holds bytes that are not percent-encoded.") from None
        except ValueError as wrong:
            raise Malformed(f"The body {wrong}.") from None
        return violations(self.validator, value)


def picked(contents: Iterable[Content], said: str) -> Content | None:
    """The content for a `Content-Type`, the most exact one first; None when the contract has none for it."""
    media = said.partition(";")[0].strip().lower()
    kind = media.partition("/")[0]
    by_media = {content.media: content for content in contents}
    return by_media.get(media) or by_media.get(f"{kind}/*") or by_media.get("*/*")


def form_of(media: str) -> Form:
    """How a media type is read."""
    if media == "application/json" or media.endswith("+json"):
        return "json"
    if media == "application/x-www-form-urlencoded":
        return "form"
    return "text" if media.startswith(TEXTS) else "bytes"


def exact(raw: bytes) -> Any:
    """Decoded JSON whose numbers are as they were written. Raises `Malformed`."""
    try:
        return _EXACT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("The body is not JSON.") from None
    except RecursionError:
        raise Malformed("The body is nested deeper than is read.") from None


def once(raw: bytes) -> Any:
    """The same, of a body in which every field stands once. Raises `Malformed`."""
    found = exact(raw)
    if b"{" in raw:
        _each_once(raw)
    return found


def _each_once(raw: bytes) -> None:
    def fields(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
        whole = dict(pairs)
        if len(whole) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise Malformed(f"The field {twice[:64]!r} stands twice in one object; which one counts is not clear.")
        return whole

    json.loads(raw, object_pairs_hook=fields, parse_int=_unread, parse_float=_unread)


def _unread(_: str) -> None:
    return None


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
