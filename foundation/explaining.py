"""What drift is about: where an answer does not fit, the vendor's own metadata says which field or word has changed.

The comparison of `tiergate connections check`, made when it bites. Every adapter with `CHECKS` is wrapped in it, and a
fault of any of its operations then says the system, the field and what to change, not only what a vendor made of it.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import wraps
from typing import Any, Final

from canonical.faults import Drifted, Fault, VendorRefused
from foundation.checking import Checked, Finding, Inspectable, differing, mend_of_value

FRESH_SECONDS: Final = 300.0
"""How long a comparison counts: a flood of drift asks for metadata once."""
PATIENCE_SECONDS: Final = 10.0
"""Longer than this a caller waits for no explanation."""


class Explained:
    """An adapter, whose `operations` (its methods' names) say what drifted; else it is the adapter as it is."""

    def __init__(
        self, name: str, title: str, adapter: Inspectable, checks: Collection[Checked], operations: Collection[str]
    ) -> None:
        self._name, self._title, self._adapter = name, title, adapter
        self._checks, self._operations = checks, frozenset(operations)
        self._found: list[Finding] = []
        self._at = -FRESH_SECONDS
        self._asking = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._adapter, name)
        return self._explaining(member) if name in self._operations else member

    def _explaining(self, member: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(member)
        async def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return await member(*args, **kwargs)
            except (Drifted, VendorRefused) as fault:
                found = await self._differing()
                about = [str(each) for each in found if names(fault.detail, each.word or each.field)]
                if not about and "field" in fault.facts:
                    about = [mend_of_value(self._title, self._name)]
                fault.detail = ". ".join([fault.detail.rstrip("."), *about]) if about else fault.detail
                raise

        return call

    async def _differing(self) -> list[Finding]:
        """What differs from what we map, as it was found last; empty while the vendor does not say."""
        async with self._asking:
            if time.monotonic() - self._at >= FRESH_SECONDS:
                self._found, self._at = [], time.monotonic()
                with suppress(Fault, TimeoutError):
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        self._found = await differing(self._title, self._name, self._adapter, self._checks)
        return self._found


def names(detail: str, word: str) -> bool:
    """Whether a fault speaks of a field or a word: it stands there by itself, and is no part of another."""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", detail) is not None
