"""Which tokens are taken (RFC 9068, RFC 8725), and where their keys come from (RFC 7517)."""

import asyncio
import base64
import hmac
import json
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from canonical.faults import Fault
from gateway.keys import FetchedKeys, Issuer
from gateway.refusals import KeysUnavailable, TokenRefused
from gateway.tokens import Tokens
from tests.gateway.notes import AUDIENCE, ISSUER, KEY, NOW, KnownKeys, World, problem, token, workload

NOTE = "/notes/v2/notes/n1"
OTHER = RSAKey.generate_key(2048, {"kid": "k1"})
CURVE = ECKey.generate_key("P-256", {"kid": "e1"})
TRUSTED = Issuer(issuer=ISSUER, alg=["RS256"])


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _unsigned() -> str:
    return f"{_part(json.dumps({'alg': 'none', 'typ': 'at+jwt'}).encode())}.{token().split('.')[1]}."


def _hmac_with_the_public_key() -> str:
    head = _part(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}).encode())
    signed = f"{head}.{token().split('.')[1]}"
    return f"{signed}.{_part(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


BAD = {
    "unsigned": (_unsigned(), "signed with 'none'"),
    "hmac with the public key": (_hmac_with_the_public_key(), "signed with 'HS256'"),
    "another algorithm": (token(key=CURVE, header={"alg": "ES256"}), "signed with 'ES256'"),
    "another key under the same id": (token(key=OTHER), "signature does not fit"),
    "a key id nobody published": (token(header={"kid": "k9"}), "does not publish"),
    "no typ": (token(header={"typ": None}), "typ is ''"),
    "an id token": (token(header={"typ": "JWT"}), "typ is 'JWT'"),
    "another issuer": (token(iss="https://evil.example"), "not an issuer we trust"),
    "the issuer with a slash": (token(iss=ISSUER + "/"), "not an issuer we trust"),
    "another audience": (token(aud="https://other.example"), "not made for"),
    "expired": (token(exp=NOW), "has expired"),
    "from the future": (token(iat=NOW + 120), "not valid yet"),
    "not yet valid": (token(nbf=NOW + 120), "not valid yet"),
    "no exp": (token(without=("exp",)), "`exp`"),
    "no sub": (token(without=("sub",)), "`sub`"),
    "no client_id": (token(without=("client_id",)), "`client_id`"),
    "no jti": (token(without=("jti",)), "`jti`"),
    "no iat": (token(without=("iat",)), "`iat`"),
    "no aud": (token(without=("aud",)), "`aud`"),
    "an empty subject": (token(sub=""), "names nobody"),
    "exp as text": (token(exp="tomorrow"), "`exp`|Expected"),
    "not a JWT": ("opaque", "not a signed JWT"),
    "not base64": ("a.b.c", "cannot be read"),
    "encrypted": ("a.b.c.d.e", "not a signed JWT"),
    "oversized": (token(filler="x" * 20_000), "larger than any"),
    "changed afterwards": (token()[:-8] + "AAAAAAAA", "signature does not fit"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused_with_invalid_token(world: World, name: str) -> None:
    bad, why = BAD[name]
    answer = await world.ask("GET", NOTE, bad)
    assert answer.status_code == 401
    assert problem(answer)["reason"] == "token_refused"
    assert any(part in problem(answer)["detail"] for part in why.split("|"))
    assert answer.headers["www-authenticate"].startswith('Bearer realm="tiergate", error="invalid_token"')
    assert world.desk.asked == []


@pytest.mark.parametrize("said", ["Basic cHJpeWE6eA==", "Bearer", "Bearer "])
async def test_another_scheme_or_an_empty_token_is_no_token(world: World, said: str) -> None:
    answer = await world.http.get(NOTE, headers={"Authorization": said})
    assert (answer.status_code, problem(answer)["reason"]) == (401, "token_missing")


async def test_the_long_form_of_typ_and_a_list_of_audiences_are_good(world: World) -> None:
    good = token(header={"typ": "application/at+jwt"}, aud=["https://x.example", AUDIENCE])
    assert (await world.ask("GET", NOTE, good)).status_code == 200


async def test_a_remembered_token_is_refused_once_it_expires(world: World) -> None:
    good = token(exp=NOW + 5)
    assert (await world.ask("GET", NOTE, good)).status_code == 200
    world.now += 5
    assert (await world.ask("GET", NOTE, good)).status_code == 401


async def test_the_tokens_of_an_issuer_an_api_does_not_take_are_refused_there(world: World) -> None:
    partner = token("notes:read", iss="https://b2b.firm.example")
    assert (await world.ask("GET", NOTE, partner)).status_code == 200
    refused = await world.ask("GET", "/face/v1/notes/n1", partner)
    assert problem(refused)["detail"] == "This API takes no tokens of https://b2b.firm.example."


async def test_a_foreign_issuers_word_about_its_tier_is_not_believed(world: World) -> None:
    async def asked(path: str, bearer: str) -> str:
        return str(problem(await world.ask("GET", path, bearer))["detail"])

    forged = workload(iss="https://b2b.firm.example")
    assert "has no product" in await asked(NOTE, forged)
    assert "takes no tokens" in await asked("/cabinet/v1/notes/n1", forged)


class Provider:
    """An issuer's metadata and keys, counted, which can rotate and go away."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.up = True
        self.asked: list[str] = []
        self.now = 0.0
        self.fetched = FetchedKeys(
            httpx.AsyncClient(transport=httpx.MockTransport(self._answer)), clock=lambda: self.now
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if not self.up:
            return httpx.Response(503)
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
        document: dict[str, Any] = dict(KeySet(self.keys).as_dict(private=False))
        return httpx.Response(200, content=msgspec.json.encode(document))

    def tokens(self) -> Tokens:
        made = Tokens(self.fetched, lambda: NOW)
        made.trust({"embedded": TRUSTED})
        return made

    def fetches(self) -> int:
        return self.asked.count("/keys")


async def test_keys_are_found_by_discovery_and_fetched_once() -> None:
    provider = Provider(KEY)
    tokens = provider.tokens()
    for jti in ("a", "b"):
        assert (await tokens.verify(token(jti=jti))).caller.subject == "priya"
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_a_new_key_is_followed_at_once_and_a_made_up_one_does_not_hammer_the_issuer() -> None:
    provider = Provider(KEY)
    tokens = provider.tokens()
    await tokens.verify(token())
    second = RSAKey.generate_key(2048, {"kid": "k2"})
    provider.keys.append(second)
    provider.now += 11
    await tokens.verify(token(key=second))
    assert provider.fetches() == 2
    for number in range(20):
        with pytest.raises(TokenRefused):
            await tokens.verify(token(header={"kid": f"made-up-{number}"}))
    assert provider.fetches() == 2


async def test_the_same_id_with_a_new_key_is_followed() -> None:
    provider = Provider(KEY)
    tokens = provider.tokens()
    await tokens.verify(token())
    provider.keys = [OTHER]
    provider.now += 11
    assert (await tokens.verify(token(key=OTHER))).caller.subject == "priya"


async def test_many_callers_at_once_fetch_once() -> None:
    provider = Provider(KEY)
    tokens = provider.tokens()
    await asyncio.gather(*(tokens.verify(token(jti=str(number))) for number in range(30)))
    assert provider.fetches() == 1


async def test_while_the_issuer_is_down_the_last_good_keys_serve_and_without_any_it_is_503() -> None:
    provider = Provider(KEY)
    tokens = provider.tokens()
    await tokens.verify(token())
    provider.up = False
    provider.now += 60
    assert (await tokens.verify(token(jti="later"))).caller.subject == "priya"
    with pytest.raises(TokenRefused):
        await tokens.verify(token(header={"kid": "k9"}))

    never = Provider(KEY)
    never.up = False
    with pytest.raises(KeysUnavailable) as unavailable:
        await never.tokens().verify(token())
    assert unavailable.value.status == 503


async def test_metadata_that_speaks_for_another_issuer_is_not_followed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"})

    keys = FetchedKeys(httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    with pytest.raises(KeysUnavailable):
        await keys.find(TRUSTED, "k1")


async def test_another_set_of_issuers_forgets_what_was_verified_under_the_old_one() -> None:
    tokens = Tokens(KnownKeys(KEY), lambda: NOW)
    tokens.trust({"embedded": TRUSTED})
    good = token()
    await tokens.verify(good)
    assert tokens.known(good) is not None
    tokens.trust({})
    assert tokens.known(good) is None
    with pytest.raises(Fault):
        await tokens.verify(good)


async def test_a_revoked_token_is_refused_even_where_it_was_good_a_moment_ago() -> None:
    ended: set[str] = set()
    tokens = Tokens(KnownKeys(KEY), lambda: NOW, lambda claims: claims["jti"] in ended)
    tokens.trust({"embedded": TRUSTED})
    good = token()
    assert (await tokens.verify(good)) == tokens.known(good)
    ended.add(str(tokens.known(good).caller.claims["jti"]))  # type: ignore[union-attr]  # known a line above
    assert tokens.known(good) is None
    with pytest.raises(TokenRefused, match="revoked"):
        await tokens.verify(good)
