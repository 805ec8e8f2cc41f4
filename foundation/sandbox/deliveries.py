"""Webhook deliveries of a sandbox: kept in its store, sent at least once, repeated until a 2xx or a 410.

The receiver sees what a real sender does: one id over all attempts, duplicates, deliveries that overtake each other.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import httpx
import msgspec

from foundation.sandbox.faults import FaultPlan
from foundation.sandbox.store import Store

KIND: Final = "_delivery"
RETRY_SECONDS: Final = (1, 5, 30, 300, 1800, 7200, 18000, 36000)
TIMEOUT_SECONDS: Final = 15.0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where webhooks go, and the secret they are signed with."""

    url: str
    secret: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way."""

    number: int
    message_id: str
    subject: str
    """What it is about, e.g. a record id: delivery faults match on it."""
    body: str
    target: Target
    due: datetime
    held: bool = False
    """Waits to be overtaken."""
    attempts: int = 0


Sign = Callable[[Delivery, datetime], Mapping[str, str]]
"""Headers of one attempt at an instant, the signature among them."""
Taken = Callable[[Delivery, httpx.Response], bool]
"""Whether an answer says that a delivery was taken in."""


def is_taken(_: Delivery, response: httpx.Response) -> bool:
    """By its status."""
    return response.is_success


class Deliveries:
    """The outbox of one sandbox."""

    def __init__(
        self, store: Store, faults: FaultPlan, clock: Callable[[], datetime], sign: Sign, taken: Taken = is_taken
    ) -> None:
        self._store, self._faults, self._clock = store, faults, clock
        self._sign, self._taken = sign, taken
        self._wake = asyncio.Event()

    def queue(self, target: Target, message_id: str, subject: str, body: str) -> None:
        """Send this soon, as part of the transaction under way."""
        duplicate = self._faults.strike_delivery("duplicate_delivery", subject)
        reordered = self._faults.strike_delivery("reordered_delivery", subject)
        wait = timedelta(seconds=(reordered.delay or 1.0) if reordered else 0)
        for _ in range(duplicate.copies if duplicate else 1):
            number = self._store.next_number(KIND)
            delivery = Delivery(
                number=number,
                message_id=message_id,
                subject=subject,
                body=body,
                target=target,
                due=self._clock() + wait,
                held=reordered is not None,
            )
            self._store.insert(KIND, str(number), msgspec.to_builtins(delivery))
        self._wake.set()

    def waiting(self) -> list[Delivery]:
        """What has not been accepted yet, oldest first."""
        return [msgspec.convert(record, Delivery) for record in self._store.all(KIND)]

    async def send_due(self, http: httpx.AsyncClient) -> int:
        """One attempt at everything that is due now; how many were accepted."""
        accepted = 0
        for delivery in [each for each in self.waiting() if each.due <= self._clock()]:
            if await self._attempt(http, delivery):
                accepted += 1
                self._release_held(than=delivery.number)
        return accepted

    async def run(self) -> None:
        """Send for ever."""
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as http:
            while True:
                self._wake.clear()
                await self.send_due(http)
                ahead = [(each.due - self._clock()).total_seconds() for each in self.waiting()]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), max(0.02, min(ahead)) if ahead else None)

    async def _attempt(self, http: httpx.AsyncClient, delivery: Delivery) -> bool:
        try:
            headers = {"content-type": "application/json", **self._sign(delivery, self._clock())}
            answer = await http.post(delivery.target.url, content=delivery.body, headers=headers)
            done, gone = self._taken(delivery, answer), answer.status_code == httpx.codes.GONE
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # also a target that cannot be called or signed for
            done, gone = False, False
        if done or gone or delivery.attempts >= len(RETRY_SECONDS):
            self._store.delete(KIND, str(delivery.number))
        else:
            due = self._clock() + timedelta(seconds=RETRY_SECONDS[delivery.attempts])
            changes = {"attempts": delivery.attempts + 1, "due": msgspec.to_builtins(due), "held": False}
            self._store.update(KIND, str(delivery.number), changes)
        return done

    def _release_held(self, than: int) -> None:
        for each in self.waiting():
            if each.held and each.number < than:
                self._store.update(KIND, str(each.number), {"held": False, "due": msgspec.to_builtins(self._clock())})
