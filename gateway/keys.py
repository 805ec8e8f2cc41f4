"""The public keys of an issuer, fetched when they are first needed and kept.

Keys rotate: a key id nobody has seen, or a signature that does not fit, fetches once more. Made-up ids and junk
signatures must neither make us hammer the issuer nor hide a rotation from those who follow it:

- each issuer has a budget of fetches, a few at once and then one every two seconds, whoever asks; one flies at a time;
- who finds the budget spent waits for the next fetch instead of being refused, and one fetch answers all who wait;
- an id the issuer was just found not to have is not looked up again for a while, unless a fetch for another brings it.

So under a flood of made-up ids a rotation is followed within two seconds, and no good call fails. Keys grow old: after
some minutes they are fetched anew behind the calls' back, so a key that was withdrawn is believed no longer. While the
issuer is down the last good keys stay in use.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, RSAKey

from gateway.issuers import Issuer
from gateway.refusals import KeysUnavailable

BURST: Final = 4
"""Fetches from one issuer at once."""
EVERY: Final = 2.0
"""Seconds until one more is free."""
ABSENT: Final = 10.0
"""Seconds an id stays known as one the issuer does not have."""
FRESH: Final = 300.0
"""Seconds after which keys are fetched anew."""
_WAITING: Final = 1_000
"""How many calls may wait for a fetch of one issuer."""
_ABSENT_KEPT: Final = 4_096
_RSA_BITS: Final = 2_048
log = structlog.get_logger("tiergate.keys")


class Keys(Protocol):
    """Where an issuer's keys come from."""

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        """The key of an id, None when the issuer has none such. `again` when the one we have does not fit.

        Raises `KeysUnavailable` when that cannot be known: no keys can be fetched.
        """


class FetchedKeys:
    """Keys fetched over HTTP (RFC 7517), from `jwks` or through the issuer's metadata (RFC 8414, OpenID discovery)."""

    def __init__(
        self,
        http: httpx.AsyncClient | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._clock = clock
        self._sleep = sleep
        self._held: dict[str, _Held] = {}
        self._behind: set[asyncio.Task[None]] = set()
        self._lost: Callable[[str], None] = lambda issuer: None

    def when_lost(self, tell: Callable[[str], None]) -> None:
        """Tell of each issuer that withdrew or replaced a key: what it had signed may be good no longer."""
        self._lost = tell

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        held = self._held.get(issuer.issuer) or self._held.setdefault(issuer.issuer, _Held(self._clock()))
        if held.keys is None or again or kid not in held.keys:
            await self._look(issuer, held, kid, again=again)
        elif self._clock() - held.fetched > FRESH:
            self._refresh(issuer, held)
        return held.keys.get(kid) if held.keys is not None else None

    async def close(self) -> None:
        """Let go of the connections."""
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def _look(self, issuer: Issuer, held: "_Held", kid: str, *, again: bool) -> None:
        """Make sure that what we hold is newer than the question, unless the answer is known to be no."""
        if not again and held.absent.get(kid, float("-inf")) > self._clock():
            return
        await self._newer(issuer, held, held.number)
        if held.keys is not None and kid in held.keys:
            return
        if held.failed:
            # Whether the issuer has such a key cannot be known: that is no reason to call a token bad.
            raise KeysUnavailable(f"The keys of {issuer.issuer} cannot be fetched.", retry_after="5")
        held.note_absent(kid, self._clock())

    async def _newer(self, issuer: Issuer, held: "_Held", number: int) -> None:
        """Wait until a fetch later than `number` came back, well or not; make it when the budget has room."""
        if held.waiting >= _WAITING:
            raise KeysUnavailable(f"Too many wait for the keys of {issuer.issuer}.", retry_after="2")
        held.waiting += 1
        try:
            async with held.turn:
                if held.number > number:
                    return
                if (wait := held.wait(self._clock())) > 0:
                    if held.keys is None:
                        return  # it failed a moment ago, and nobody is served by waiting for it to fail again
                    await self._sleep(wait)
                held.spend(self._clock())
                await self._fetch(issuer, held)
        finally:
            held.waiting -= 1

    def _refresh(self, issuer: Issuer, held: "_Held") -> None:
        if held.turn.locked() or held.wait(self._clock()) > 0:
            return
        task = asyncio.create_task(self._newer(issuer, held, held.number))
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    async def _fetch(self, issuer: Issuer, held: "_Held") -> None:
        self._http = self._http or httpx.AsyncClient(timeout=5.0)
        try:
            address = issuer.jwks or held.address or await self._discover(issuer.issuer)
            document = msgspec.json.decode((await self._get(address)).content)
            keys = _usable(document["keys"], issuer.issuer)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, JoseError, LookupError, TypeError) as failed:
            log.warning("keys not fetched", issuer=issuer.issuer, why=str(failed) or type(failed).__name__)
            held.failed, held.address = True, ""
            held.number += 1
            return
        before, held.keys = held.keys or {}, keys
        held.failed, held.address, held.fetched = False, address, self._clock()
        held.number += 1
        held.absent = {kid: until for kid, until in held.absent.items() if kid not in keys}
        if any(kid not in keys or keys[kid].thumbprint() != key.thumbprint() for kid, key in before.items()):
            self._lost(issuer.issuer)

    async def _discover(self, issuer: str) -> str:
        found: dict[str, Any] = msgspec.json.decode(
            (await self._get(issuer.rstrip("/") + "/.well-known/openid-configuration")).content, type=dict[str, Any]
        )
        if found.get("issuer") != issuer:
            raise LookupError(f"the metadata at {issuer} speaks for {found.get('issuer')!r}")
        return str(found["jwks_uri"])

    async def _get(self, address: str) -> httpx.Response:
        assert self._http is not None
        response = await self._http.get(address)
        response.raise_for_status()
        return response


class _Held:
    """What is known of one issuer's keys, and how much may still be asked of it."""

    def __init__(self, now: float) -> None:
        self.keys: Mapping[str, Key] | None = None
        """By id; None before the first ones came."""
        self.fetched = now
        self.failed = False
        """Whether the last fetch did."""
        self.number = 0
        """Of fetches that came back."""
        self.address = ""
        self.absent: dict[str, float] = {}
        self.turn = asyncio.Lock()
        self.waiting = 0
        self._room, self._at = float(BURST), now

    def wait(self, now: float) -> float:
        """Seconds until the budget has room for one fetch; 0 when it has."""
        return max(0.0, (1.0 - self._left(now)) * EVERY)

    def spend(self, now: float) -> None:
        """One fetch."""
        self._room, self._at = self._left(now) - 1.0, now

    def note_absent(self, kid: str, now: float) -> None:
        """The issuer does not have it."""
        if len(self.absent) >= _ABSENT_KEPT:
            self.absent = {known: until for known, until in self.absent.items() if until > now}
        while len(self.absent) >= _ABSENT_KEPT:
            del self.absent[next(iter(self.absent))]
        self.absent[kid] = now + ABSENT

    def _left(self, now: float) -> float:
        return min(float(BURST), self._room + (now - self._at) / EVERY)


def _usable(published: Any, issuer: str) -> dict[str, Key]:
    """Those that verify signatures, by id. One nobody understands does not spoil the others (RFC 7517 section 5)."""
    found: dict[str, Key] = {}
    for said in published:
        try:
            if said.get("kty") == "oct" or said.get("use", "sig") != "sig":
                continue
            key = JWKRegistry.import_key(said)
            if isinstance(key, RSAKey) and key.public_key.key_size < _RSA_BITS:
                raise ValueError("it is too short")
        except (JoseError, ValueError, TypeError, AttributeError) as useless:
            log.warning("a key that cannot be used", issuer=issuer, why=str(useless))
            continue
        found[key.kid or ""] = key
    if not found:
        raise LookupError("it publishes no key that verifies signatures")
    return found
