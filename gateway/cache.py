"""Answers kept for a while in this process, by what was asked and for whom; the oldest go when room is needed.

A write through this process forgets all answers of its API (RFC 9111 section 4.4 asks it of the address alone; a list
holds what was written under another). Another process keeps its own until their time is over.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from gateway.call import Answer

ROOM: Final = 32 * 1024 * 1024
"""Bytes of bodies kept at the most."""
_LARGEST: Final = 1024 * 1024
Key = tuple[str, ...]
"""The API's key first, then what tells one answer from another."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and its times in seconds since the epoch."""

    answer: Answer
    at: float
    until: float
    last: float = 0.0
    """Until when it is given, too old as it is, while what stands behind is down; earlier than `until`: not at all."""


class AnswerCache:
    """Answers by key. One event loop uses it."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0

    def find(self, key: Key, now: float) -> Kept | None:
        """The answer that is still fresh."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found.until <= now:
            if found.last <= now:
                self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found

    def stale(self, key: Key, now: float) -> Kept | None:
        """The answer that may still be given where there is no other, fresh or not."""
        found = self._kept.get(key)
        return found if found is not None and max(found.until, found.last) > now else None

    def keep(self, key: Key, kept: Kept) -> bool:
        """Remember an answer; False for one that is too large."""
        size = len(kept.answer.body)
        if size > min(_LARGEST, self._room):
            return False
        self._drop(key)
        self._kept[key] = kept
        self._size += size
        while self._size > self._room:
            self._drop(next(iter(self._kept)))
        return True

    def forget(self, api: str) -> None:
        """Drop all answers of an API: something of it was written."""
        for key in [key for key in self._kept if key[0] == api]:
            self._drop(key)

    def __len__(self) -> int:
        return len(self._kept)

    def _drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._size -= len(dropped.answer.body)
