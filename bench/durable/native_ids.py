"""Ids that vendors give: another one at each replay, so what was recorded speaks of records that are called otherwise.

A recorded answer and the one that came now are held side by side; where they name the same thing by other ids, what the
run sends afterwards says the new one.
"""

import re
from typing import Any, Final

import msgspec

_WORD: Final = re.compile(r"[0-9A-Za-z]+")
_TEXTS: Final = frozenset({"q"})
"""Members that hold a query: ids are words of it."""


class NativeIds:
    """What one run learned: recorded id -> the id now."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}

    def learn(self, recorded: bytes, answered: bytes) -> None:
        """Two answers to the same call. Nothing is learned from what is no JSON."""
        try:
            self._beside(msgspec.json.decode(recorded), msgspec.json.decode(answered), "")
        except msgspec.DecodeError:
            return

    def learn_place(self, recorded: str, answered: str) -> None:
        """Two `Location` headers: the id is their last part."""
        self._same(recorded.rpartition("/")[2], answered.rpartition("/")[2])

    def path(self, path: str) -> str:
        """An address as it is now."""
        return self._words(path)

    def body(self, body: bytes) -> bytes:
        """A body as it is now; one that is no JSON stays."""
        if not body or not self._now:
            return body
        try:
            return msgspec.json.encode(self._said(msgspec.json.decode(body), ""))
        except msgspec.DecodeError:
            return self._words(body.decode("latin-1")).encode("latin-1")

    def _beside(self, recorded: Any, answered: Any, name: str) -> None:
        if isinstance(recorded, dict) and isinstance(answered, dict):
            if recorded.keys() == answered.keys():
                for each, value in recorded.items():
                    self._beside(value, answered[each], each)
            elif len(recorded) == len(answered):
                for (was, before), (is_now, after) in zip(recorded.items(), answered.items(), strict=True):
                    self._same(was, is_now)
                    self._beside(before, after, name)
        elif isinstance(recorded, list) and isinstance(answered, list) and len(recorded) == len(answered):
            for before, after in zip(recorded, answered, strict=True):
                self._beside(before, after, name)
        elif _names_a_record(name) and isinstance(recorded, str | int) and isinstance(answered, str | int):
            self._same(str(recorded), str(answered))

    def _same(self, recorded: str, answered: str) -> None:
        if recorded != answered and _WORD.fullmatch(recorded) and _WORD.fullmatch(answered):
            self._now[recorded] = answered

    def _said(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {self._now.get(each, each): self._said(inner, each) for each, inner in value.items()}
        if isinstance(value, list):
            return [self._said(inner, name) for inner in value]
        if isinstance(value, str):
            return self._words(value) if name in _TEXTS else self._now.get(value, value)
        if isinstance(value, int) and not isinstance(value, bool) and _names_a_record(name):
            return int(self._now.get(str(value), value))
        return value

    def _words(self, text: str) -> str:
        return _WORD.sub(lambda found: self._now.get(found[0], found[0]), text)


def _names_a_record(name: str) -> bool:
    return name.lower().endswith("id")
