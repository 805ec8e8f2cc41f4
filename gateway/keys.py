"""The public keys of an issuer, fetched when they are first needed and kept.

A key id nobody has seen, or a signature that does not fit, fetches once more, since keys rotate; then not again for a
while, so that made-up key ids cannot make us hammer the issuer. While it is down the last good keys stay in use.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from gateway.refusals import KeysUnavailable

_COOLDOWN: Final = 10.0
"""Seconds between two fetches from one issuer."""
log = structlog.get_logger("tiergate.keys")


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who may issue access tokens, as platform.yaml says it."""

    issuer: str
    """The exact `iss` of its tokens."""
    alg: list[str]
    """Signature algorithms it may use (RFC 8725: an allow-list for each issuer)."""
    typ: str = "at+jwt"
    """The `typ` its access tokens must carry (RFC 9068)."""
    jwks: str = ""
    """Address of its keys; empty to ask its discovery document."""
    workloads: bool = False
    """Whether its `layer` claim is believed: true for the firm's own issuer only. Whoever may issue it is a tier."""

    acted_for: Literal["token", "header"] = "token"
    """Where its workloads say for whom they act: in the token (RFC 8693 `act`), or, for an issuer that cannot exchange
    tokens, in the header `Tiergate-Acted-For` beside it, which is then believed of every workload."""

    def __post_init__(self) -> None:
        weak = [alg for alg in self.alg if alg == "none" or alg.startswith("HS")]
        if weak or not self.alg:
            raise ValueError(f"alg lists asymmetric algorithms only, such as RS256 or ES256, not {weak or 'nothing'}")


class Keys(Protocol):
    """Where an issuer's keys come from."""

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        """The key of an id, None when the issuer has none such. `again` when the one we have does not fit.

        Raises `KeysUnavailable` when no keys of this issuer were ever had and none can be fetched.
        """


class FetchedKeys:
    """Keys fetched over HTTP (RFC 7517), from `jwks` or through the issuer's metadata (RFC 8414, OpenID discovery)."""

    def __init__(
        self,
        http: httpx.AsyncClient | None = None,
        *,
        cooldown: float = _COOLDOWN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._cooldown = cooldown
        self._clock = clock
        self._sets: dict[str, dict[str, Key]] = {}
        self._fetched: dict[str, float] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        known = self._sets.get(issuer.issuer, {})
        if kid in known and not again:
            return known[kid]
        before = self._fetched.get(issuer.issuer, -1.0)
        async with self._locks.setdefault(issuer.issuer, asyncio.Lock()):
            # Whoever waited here while another fetched has its answer already.
            if self._fetched.get(issuer.issuer, -1.0) == before and self._may_fetch(issuer):
                await self._fetch(issuer)
        if issuer.issuer not in self._sets:
            raise KeysUnavailable(f"The keys of {issuer.issuer} cannot be fetched.", retry_after="5")
        return self._sets[issuer.issuer].get(kid)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            await self._http.aclose()

    def _may_fetch(self, issuer: Issuer) -> bool:
        last = self._fetched.get(issuer.issuer)
        pause = self._cooldown if issuer.issuer in self._sets else min(1.0, self._cooldown)
        return last is None or self._clock() - last >= pause

    async def _fetch(self, issuer: Issuer) -> None:
        self._http = self._http or httpx.AsyncClient(timeout=5.0)
        try:
            address = issuer.jwks or await self._discover(issuer.issuer)
            document = msgspec.json.decode((await self._get(address)).content)
            self._sets[issuer.issuer] = {key.kid: key for key in KeySet.import_key_set(document) if key.kid}
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, JoseError, LookupError, TypeError) as failed:
            log.warning("keys not fetched", issuer=issuer.issuer, why=str(failed) or type(failed).__name__)
        self._fetched[issuer.issuer] = self._clock()

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
