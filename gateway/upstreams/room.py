"""How many calls of one upstream are under way in this process, and who waits for a place: first come, first served."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gateway.upstreams.declared import Capacity


class Full(Exception):  # noqa: N818 - what happened, not whose error it is
    """No place came free in time."""


class Room:
    """The places of one upstream. One event loop uses it."""

    def __init__(self, said: Capacity | None = None, on_change: Callable[[float], object] = float) -> None:
        """`on_change` is told how many places are taken."""
        self._on_change = on_change
        self.said = said
        """May be replaced while calls are under way: those that have a place keep it."""
        self.taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> Awaitable[None] | None:
        """A place, at once or when awaited. Raises `Full`."""
        if self.said is None or (self.taken < self.said.concurrent and not self._waiting):
            self._took()
            return None
        if self.said.wait is None:
            raise Full
        return self._wait(self.said.wait)

    def give_back(self) -> None:
        """One place is free again; whoever waits longest has it."""
        self.taken -= 1
        self._on_change(self.taken)
        while self._waiting and (self.said is None or self.taken < self.said.concurrent):
            turn = self._waiting.popleft()
            if not turn.done():
                self._took()
                turn.set_result(None)

    def _took(self) -> None:
        self.taken += 1
        self._on_change(self.taken)

    async def _wait(self, most: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(most):
                await turn
        except BaseException as why:
            if turn.done() and not turn.cancelled():  # it was given the place at the very moment it gave up
                self.give_back()
            with suppress(ValueError):
                self._waiting.remove(turn)
            if isinstance(why, TimeoutError):
                raise Full from None
            raise
