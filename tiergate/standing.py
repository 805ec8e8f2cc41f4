"""Whether what serves an API can do its work now.

A tier of this process is asked by its database, one elsewhere by what its `/ready` says. Of a server that is not ours
all that can be said is that somebody answers there.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import httpx

from foundation.context import Layer

_PATIENCE: Final = 2.0
"""Seconds a tier has to say it is ready."""
_KEPT: Final = 5.0
"""Seconds an answer holds: whoever asks us often does not make us ask often."""


class Standing:
    """Asked by layer; `here` are the tiers of this process, `elsewhere` the addresses of the others."""

    def __init__(
        self,
        here: Callable[[], Awaitable[bool]],
        serving: tuple[Layer, ...],
        elsewhere: Mapping[Layer, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._here, self._serving, self._elsewhere, self._clock = here, serving, elsewhere, clock
        self._http = httpx.AsyncClient(timeout=_PATIENCE, trust_env=False)
        self._known: dict[str, tuple[float, bool]] = {}

    async def serves(self, layer: Layer) -> bool:
        """False too where nobody serves it."""
        asks = self._here if layer in self._serving else partial(self._says, self._elsewhere.get(layer, ""))
        return await self._asked(layer, asks)

    async def reaches(self, url: str) -> bool:
        """Whether anything is answered at an address."""
        return await self._asked(url, partial(self._answers, url))

    async def _asked(self, of: str, asks: Callable[[], Awaitable[bool]]) -> bool:
        known = self._known.get(of)
        if known is not None and self._clock() - known[0] < _KEPT:
            return known[1]
        found = await asks()
        self._known[of] = (self._clock(), found)
        return found

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _answers(self, url: str) -> bool:
        try:
            await self._http.head(url)
        except httpx.HTTPError:
            return False
        return True

    async def _says(self, url: str) -> bool:
        try:
            return bool(url) and (await self._http.get(f"{url}/ready")).status_code == 200
        except httpx.HTTPError:
            return False
