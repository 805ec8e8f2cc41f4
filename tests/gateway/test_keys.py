"""Where keys come from (RFC 7517), how a rotation is followed, and what an attacker cannot do to either."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from gateway.issuers import Issuer
from gateway.keys import ABSENT, BURST, EVERY, FRESH, FetchedKeys
from gateway.refusals import KeysUnavailable, TokenRefused
from gateway.tokens import Tokens
from tests.gateway.notes import ISSUER, KEY, NOW, token

TRUSTED = Issuer(issuer=ISSUER, alg=["RS256"])
SECOND = RSAKey.generate_key(2048, {"kid": "k2"})
SAME_ID = RSAKey.generate_key(2048, {"kid": "k1"})


class Provider:
    """An issuer's metadata and keys, counted, which can rotate and go away; its clock moves when somebody waits."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.more: list[dict[str, Any]] = []
        self.up = True
        self.asked: list[str] = []
        self.now = 0.0
        self.slow = 0
        self.fetched = FetchedKeys(
            httpx.AsyncClient(transport=httpx.MockTransport(self._answer)), clock=lambda: self.now, sleep=self._sleep
        )
        self.tokens = Tokens(self.fetched, lambda: NOW)
        self.tokens.trust({"firm": TRUSTED})
        self.fetched.when_lost(self.tokens.forget)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        for _ in range(self.slow):
            await asyncio.sleep(0)
        if not self.up:
            return httpx.Response(503)
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
        document: dict[str, Any] = dict(KeySet(self.keys).as_dict(private=False))
        document["keys"] = [*self.more, *document["keys"]]
        return httpx.Response(200, content=msgspec.json.encode(document))

    def fetches(self) -> int:
        return self.asked.count("/keys")

    async def takes(self, bearer: str) -> bool:
        try:
            await self.tokens.verify(bearer)
        except TokenRefused:
            return False
        return True


def made_up(number: int) -> str:
    return token(header={"kid": f"made-up-{number}"})


async def test_keys_are_found_by_discovery_and_fetched_once() -> None:
    provider = Provider(KEY)
    assert await provider.takes(token(jti="a"))
    assert await provider.takes(token(jti="b"))
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_a_new_key_is_followed_at_once() -> None:
    provider = Provider(KEY)
    assert await provider.takes(token())
    provider.keys.append(SECOND)
    assert await provider.takes(token(key=SECOND))
    assert provider.fetches() == 2


async def test_the_same_id_with_a_new_key_is_followed_at_once() -> None:
    provider = Provider(KEY)
    assert await provider.takes(token())
    provider.keys = [SAME_ID]
    assert await provider.takes(token(key=SAME_ID))
    assert not await provider.takes(token(jti="signed with the old one"))


async def test_made_up_ids_cost_the_issuer_little_and_each_is_looked_up_once() -> None:
    provider = Provider(KEY)
    assert await provider.takes(token())
    for _ in range(3):
        assert [await provider.takes(made_up(number)) for number in range(BURST - 1)] == [False] * (BURST - 1)
    assert provider.fetches() == BURST
    began = provider.now
    for number in range(100, 110):
        assert not await provider.takes(made_up(number))
    assert provider.fetches() <= BURST + (provider.now - began) / EVERY + 1


async def test_under_a_flood_of_made_up_ids_and_junk_signatures_a_rotation_is_followed_and_no_good_call_fails() -> None:
    provider = Provider(KEY)
    assert await provider.takes(token())
    flood = [provider.takes(made_up(number)) for number in range(200)]
    flood += [provider.takes(token(key=SAME_ID, jti=f"junk {number}")) for number in range(200)]
    flooding = asyncio.gather(*flood)
    await asyncio.sleep(0)
    provider.keys = [SECOND]
    began = provider.now
    good = await asyncio.gather(*(provider.takes(token(key=SECOND, jti=str(number))) for number in range(20)))
    assert all(good)
    assert provider.now - began <= 2 * EVERY
    assert not any(await flooding)
    assert provider.fetches() <= BURST + provider.now / EVERY + 1


async def test_an_id_that_was_asked_for_too_early_is_found_when_another_brings_it_and_later_by_itself() -> None:
    provider = Provider(KEY)
    assert not await provider.takes(token(key=SECOND))
    provider.keys.append(SECOND)
    assert not await provider.takes(token(key=SECOND, jti="within the pause"))
    provider.now += ABSENT
    assert await provider.takes(token(key=SECOND, jti="after it"))

    other = Provider(KEY)
    assert not await other.takes(token(key=SECOND))
    other.keys.append(SECOND)
    assert not await other.takes(made_up(1))
    assert await other.takes(token(key=SECOND, jti="brought by another's look-up"))


async def test_many_callers_at_once_fetch_once() -> None:
    provider = Provider(KEY)
    provider.slow = 20
    assert all(await asyncio.gather(*(provider.takes(token(jti=str(number))) for number in range(30))))
    assert provider.fetches() == 1
    provider.keys.append(SECOND)
    new = (provider.takes(token(key=SECOND, jti=str(number))) for number in range(30))
    assert all(await asyncio.gather(*new))
    assert provider.fetches() == 2


async def test_who_leaves_while_waiting_takes_nothing_from_the_others() -> None:
    provider = Provider(KEY)
    provider.slow = 20
    first = asyncio.create_task(provider.takes(token()))
    others = [asyncio.create_task(provider.takes(token(jti=str(number)))) for number in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    assert all(await asyncio.gather(*others))


async def test_while_the_issuer_is_down_the_last_good_keys_serve() -> None:
    provider = Provider(KEY)
    assert await provider.takes(token())
    provider.up = False
    provider.now += 10 * FRESH
    assert await provider.takes(token(jti="later"))
    assert not await provider.takes(token(key=SAME_ID))
    with pytest.raises(KeysUnavailable) as unknown:  # whether it published one since, nobody can say
        await provider.tokens.verify(token(key=SECOND))
    assert (unknown.value.status, unknown.value.facts["retry_after"]) == (503, "5")
    provider.up, provider.keys = True, [SECOND]
    provider.now += EVERY
    assert await provider.takes(token(key=SECOND))


async def test_without_any_keys_it_is_503_at_once_and_the_issuer_is_left_in_peace() -> None:
    provider = Provider(KEY)
    provider.up = False
    for number in range(20):
        with pytest.raises(KeysUnavailable):
            await provider.tokens.verify(token(jti=str(number)))
    assert len(provider.asked) == BURST
    assert provider.now == 0.0
    provider.up = True
    provider.now += EVERY
    assert await provider.takes(token())


async def test_a_key_that_was_withdrawn_is_believed_no_longer_even_for_a_token_that_is_known() -> None:
    provider = Provider(KEY, SECOND)
    old = token()
    assert await provider.takes(old)
    provider.keys = [SECOND]
    provider.now += FRESH + 1
    assert provider.tokens.known(old) is not None
    assert await provider.takes(token(key=SECOND))  # the keys are fetched behind this call's back
    await asyncio.gather(*provider.fetched._behind)
    assert provider.fetches() == 2
    assert provider.tokens.known(old) is None
    assert not await provider.takes(old)


async def test_a_key_that_nobody_understands_or_that_is_for_something_else_does_not_spoil_the_others() -> None:
    provider = Provider(KEY)
    provider.more = [
        {"kty": "PQ", "kid": "future"},
        {"kty": "oct", "kid": "k1", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": "?"},
        {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "enc", "use": "enc"},
    ]
    assert await provider.takes(token())
    assert await provider.fetched.find(TRUSTED, "enc") is None


async def test_metadata_that_speaks_for_another_issuer_is_not_followed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"})

    keys = FetchedKeys(httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    with pytest.raises(KeysUnavailable):
        await keys.find(TRUSTED, "k1")
