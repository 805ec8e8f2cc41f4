"""Which tokens are taken (RFC 9068), and for how long they are remembered; the bad ones are in test_jwt_corpus.py."""

import pytest
from joserfc.jwk import ECKey, Key, OKPKey

from canonical.faults import Fault
from gateway.issuers import Issuer
from gateway.refusals import TokenRefused
from gateway.tokens import Tokens
from tests.gateway.notes import AUDIENCE, ISSUER, KEY, NOW, KnownKeys, World, problem, token, workload

NOTE = "/notes/v2/notes/n1"
TRUSTED = Issuer(issuer=ISSUER, alg=["RS256"])


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


ALGORITHMS: dict[str, Key] = {
    "RS256": KEY,
    "PS256": KEY,
    "ES256": ECKey.generate_key("P-256", {"kid": "e256"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "e384"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed25519"}),
}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # said to whoever signs; providers still do
@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_an_algorithm_of_the_issuers_list_is_taken_and_any_other_is_not(alg: str) -> None:
    signed = token(key=ALGORITHMS[alg], header={"alg": alg})
    tokens = Tokens(KnownKeys(ALGORITHMS[alg]), lambda: NOW)
    tokens.trust({"firm": Issuer(issuer=ISSUER, alg=[alg])})
    assert (await tokens.verify(signed)).caller.subject == "priya"
    tokens.trust({"firm": Issuer(issuer=ISSUER, alg=[other for other in ALGORITHMS if other != alg])})
    with pytest.raises(TokenRefused, match=f"signed with '{alg}', which its issuer does not use"):
        await tokens.verify(signed)
