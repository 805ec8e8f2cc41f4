"""DPoP (RFC 9449): a bound token is worth nothing without its key, and a proof is good once, for one request."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from foundation.counting import Counters
from gateway.asgi import Gateway
from gateway.dpop import normal
from gateway.governor import Governor
from tests.gateway.notes import KEY, NOTES_FILE, NOW, PLATFORM, KnownKeys, World, plan_of, problem, token
from tests.gateway.test_proxy import Served

NOTE = "/notes/v2/notes/n1"
HTU = f"http://gw{NOTE}"
HOLDER = ECKey.generate_key("P-256")
OTHER = ECKey.generate_key("P-256")
NONCES: Final = PLATFORM + 'dpop: {window: 30s, nonce_key: "0123456789abcdef0123456789abcdef"}\n'
BOUND = token(cnf={"jkt": HOLDER.thumbprint()})


def proof(
    bearer: str = BOUND,
    *,
    key: Key = HOLDER,
    header: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
    **claims: Any,
) -> str:
    """A proof as RFC 9449 wants it, but for what is said."""
    ath = base64.urlsafe_b64encode(hashlib.sha256(bearer.encode()).digest()).rstrip(b"=").decode()
    said = {"jti": "p1", "htm": "GET", "htu": HTU, "iat": NOW, "ath": ath, **claims}
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False), **(header or {})}
    payload = httpx.Response(200, json={k: v for k, v in said.items() if k not in without}).content
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact({k: v for k, v in head.items() if v is not None}, payload, key, registry=registry)


async def call(world: World, *proofs: str, bearer: str = BOUND, scheme: str = "DPoP", **rest: Any) -> httpx.Response:
    headers = [("Authorization", f"{scheme} {bearer}"), *(("DPoP", each) for each in proofs)]
    return await (rest.pop("http", None) or world.http).request(
        rest.pop("method", "GET"), rest.pop("path", NOTE), headers=headers, **rest
    )


async def test_a_bound_token_with_its_proof_is_taken_though_no_policy_asks_for_one(world: World) -> None:
    assert (await call(world, proof())).status_code == 200
    assert (await call(world, proof(jti="p2"), scheme="dpop")).status_code == 200


async def test_a_bound_token_is_never_a_plain_one(world: World) -> None:
    answer = await call(world, scheme="Bearer")
    assert (answer.status_code, problem(answer)["reason"]) == (401, "binding_refused")
    bearer, dpop = answer.headers.get_list("www-authenticate")
    assert bearer == 'Bearer realm="tiergate"'
    assert dpop.startswith('DPoP realm="tiergate", error="invalid_token", error_description=')
    assert dpop.endswith('algs="ES256 ES384 PS256 RS256 EdDSA Ed25519"')
    assert (await call(world, proof(), scheme="Bearer")).status_code == 401
    assert world.desk.asked == []


async def test_a_plain_token_sent_as_a_bound_one_is_refused(world: World) -> None:
    plain = token()
    answer = await call(world, proof(plain), bearer=plain)
    assert (answer.status_code, problem(answer)["reason"]) == (401, "token_refused")


async def test_a_proof_is_good_once_also_in_another_process_that_shares_the_counters(world: World) -> None:
    said = proof()
    assert (await call(world, said)).status_code == 200
    again = await call(world, said)
    assert (again.status_code, problem(again)["reason"]) == (401, "proof_refused")
    assert "was used before" in problem(again)["detail"]
    counters = Counters(lambda: world.now)
    one, two = (Governor(world.plan, keys=KnownKeys(KEY), clock=lambda: world.now, counters=counters) for _ in range(2))
    for governor, status in ((one, 200), (two, 401)):
        gateway = Gateway(governor, {"process": world.app})
        async with world.client(gateway) as http:
            assert (await call(world, said, http=http)).status_code == status


async def test_the_memory_of_a_proof_outlives_its_window(world: World) -> None:
    said = proof(iat=NOW + 5)
    assert (await call(world, said)).status_code == 200
    world.now += 65
    again = await call(world, said)
    assert "was used before" in problem(again)["detail"]
    world.now += 1
    assert "was made" in problem(await call(world, said))["detail"]


async def test_a_refused_proof_is_not_used_up(world: World) -> None:
    assert (await call(world, proof(), path="/notes/v2/notes/n2")).status_code == 401
    assert (await call(world, proof())).status_code == 200


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "for another method": ({"htm": "POST"}, "for 'POST' and the request is GET"),
    "for another address": ({"htu": "http://gw/notes/v2/notes/n2"}, "its htu must be http://gw/notes/v2/notes/n1"),
    "for another host": ({"htu": f"http://evil.example{NOTE}"}, "its htu must be"),
    "for another scheme": ({"htu": f"https://gw{NOTE}"}, "its htu must be"),
    "for no address": ({"htu": "notes"}, "an htu that is not an address"),
    "for another token": ({"bearer": "another"}, "for another token (ath)"),
    "without ath": ({"without": ("ath",)}, "`ath`"),
    "without jti": ({"without": ("jti",)}, "`jti`"),
    "without iat": ({"without": ("iat",)}, "`iat`"),
    "without htm": ({"without": ("htm",)}, "`htm`"),
    "without htu": ({"without": ("htu",)}, "`htu`"),
    "with an empty jti": ({"jti": ""}, "jti has from 1"),
    "with a huge jti": ({"jti": "x" * 300}, "jti has from 1"),
    "too old": ({"iat": NOW - 61}, "made 61 s ago"),
    "of the future": ({"iat": NOW + 6}, "made -6 s ago"),
    "iat as text": ({"iat": "now"}, "is not as its RFC wants it"),
    "typ JWT": ({"header": {"typ": "JWT"}}, "typ is 'JWT'"),
    "typ missing": ({"header": {"typ": None}}, "typ is ''"),
    "no key": ({"header": {"jwk": None}}, "does not bring its public key"),
    "a private key": ({"header": {"jwk": HOLDER.as_dict(private=True)}}, "brings a private key"),
    "a key that is none": ({"header": {"jwk": {"kty": "EC"}}}, "cannot be read"),
    "another key's signature": ({"key": OTHER, "header": {"jwk": HOLDER.as_dict(private=False)}}, "does not fit"),
    "the address of its key": ({"header": {"jku": "https://evil.example"}}, "brings its own key (jku)"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_proof_is_refused_with_what_is_wrong(world: World, name: str) -> None:
    said, why = BAD[name]
    answer = await call(world, proof(**said))
    assert (answer.status_code, problem(answer)["reason"]) == (401, "proof_refused")
    assert why in problem(answer)["detail"]
    assert 'error="invalid_dpop_proof"' in answer.headers.get_list("www-authenticate")[-1]
    assert world.desk.asked == []


async def test_a_symmetric_proof_and_an_algorithm_that_is_not_listed_are_refused(world: World) -> None:
    secret = OctKey.generate_key(256)
    shared = proof(key=secret, header={"alg": "HS256", "jwk": HOLDER.as_dict(private=False)})
    assert "signed with 'HS256'" in problem(await call(world, shared))["detail"]
    rsa = RSAKey.generate_key(2048)
    unlisted = proof(key=rsa, header={"alg": "RS512"})
    assert "signed with 'RS512'" in problem(await call(world, unlisted))["detail"]


async def test_the_proof_of_another_key_than_the_tokens_is_refused(world: World) -> None:
    answer = await call(world, proof(key=OTHER))
    assert (answer.status_code, problem(answer)["reason"]) == (401, "binding_refused")


@pytest.mark.parametrize("proofs", [(), (proof(jti="a"), proof(jti="b"))], ids=["none", "two"])
async def test_there_is_one_proof(world: World, proofs: tuple[str, ...]) -> None:
    answer = await call(world, *proofs)
    assert (answer.status_code, problem(answer)["reason"]) == (401, "proof_refused")


@pytest.mark.parametrize(
    "htu", [f"HTTP://GW:80{NOTE}", f"{HTU}?q=1#f", "http://gw/notes/v2/%6eotes/n1"], ids=["case", "query", "encoded"]
)
async def test_the_same_address_written_otherwise_is_the_same(world: World, htu: str) -> None:
    assert (await call(world, proof(htu=htu))).status_code == 200


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://A.example", "https://a.example:443/"),
        ("http://a.example/%7Eb?x=1", "http://a.example/~b"),
        ("http://a.example/%2fb", "http://a.example/%2Fb"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a#b"),
    ],
)
def test_addresses_are_compared_as_rfc_3986_says(one: str, other: str) -> None:
    assert normal(one) == normal(other)


async def test_behind_a_public_address_that_is_the_one_to_prove(world: World) -> None:
    gateway = Gateway(world.governor, {"process": world.app}, site="https://api.firm.example")
    async with world.client(gateway) as http:
        assert (await call(world, proof(), http=http)).status_code == 401
        assert (await call(world, proof(htu=f"https://api.firm.example{NOTE}"), http=http)).status_code == 200


@pytest.fixture
async def nonces(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, platform=NONCES)
    yield made
    await made.close()


async def test_where_policy_asks_a_proof_carries_our_nonce_and_is_told_the_next_in_time(nonces: World) -> None:
    told = await call(nonces, proof())
    assert (told.status_code, problem(told)["reason"]) == (401, "proof_nonce_needed")
    bearer, dpop = told.headers.get_list("www-authenticate")
    assert 'error="use_dpop_nonce"' in dpop
    assert "error" not in bearer
    nonce = told.headers["dpop-nonce"]
    good = await call(nonces, proof(nonce=nonce))
    assert good.status_code == 200
    assert "dpop-nonce" not in good.headers
    nonces.now += 120
    later = await call(nonces, proof(nonce=nonce, jti="p2", iat=nonces.now))
    assert (later.status_code, later.headers["dpop-nonce"] != nonce) == (200, True)
    nonces.now += 120
    late = await call(nonces, proof(nonce=nonce, jti="p3", iat=nonces.now))
    assert problem(late)["reason"] == "proof_nonce_needed"
    assert problem(await call(nonces, proof(nonce="made up", jti="p4", iat=nonces.now)))["reason"] == (
        "proof_nonce_needed"
    )


@pytest.mark.parametrize("where", ["issuer", "api"])
async def test_where_policy_takes_bound_tokens_only_a_plain_one_is_refused(tmp_path: Path, where: str) -> None:
    world = World(tmp_path)
    if where == "api":
        changed = {"notes": NOTES_FILE.replace('AUDIENCE}"}', 'AUDIENCE}", bound_by: [dpop]}')}
    else:
        changed = {"platform": PLATFORM.replace("workloads: true}", "workloads: true, bound_by: [dpop]}")}
    world.governor.swap(plan_of(tmp_path / "next", **changed))
    plain = await world.ask("GET", NOTE, token())
    assert (plain.status_code, problem(plain)["reason"]) == (401, "token_refused")
    assert "bound_by: dpop" in problem(plain)["detail"]
    assert any(each.startswith("DPoP ") for each in plain.headers.get_list("www-authenticate"))
    assert (await call(world, proof())).status_code == 200
    await world.close()


@pytest.mark.parametrize(("method", "path"), [("GET", "/notes/notes/n1"), ("GET", NOTE), ("HEAD", NOTE)])
async def test_at_a_tier_apart_a_proof_is_for_what_the_caller_called(tmp_path: Path, method: str, path: str) -> None:
    """Be it an address that names no version, or the header fields alone."""
    before, after = NOTES_FILE[: NOTES_FILE.index("versions:")], NOTES_FILE[NOTES_FILE.index("access:") :]
    chosen = "versions: {v1: {}, v2: {}}\nchoose: {by: header, when_missing: reject}\n"
    world = World(tmp_path, notes=before + chosen + after)
    tier = Gateway(world.governor, {"process": world.app}, site="http://gw")
    governor = Governor(world.plan, keys=KnownKeys(KEY), clock=lambda: NOW)
    async with Served(tier) as served:
        front = Gateway(governor, {"process": governor.services.upstreams.apart("process-tier", served.url)})
        async with world.client(front) as http:
            said = [("Authorization", f"DPoP {BOUND}"), ("DPoP", proof(htu=f"http://gw{path}", htm=method))]
            answer = await http.request(method, path, headers=[*said, ("Api-Version", "v2")])
    assert answer.status_code == 200, answer.text
    assert (answer.json()["title"] == "n1") if method == "GET" else (answer.content == b"")
    assert len(world.desk.asked) == 1
    await world.close()
