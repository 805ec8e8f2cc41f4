"""The corpus: every way a JWT can be bad that we know of, each refused with 401 and `invalid_token` (RFC 6750).

One entry a token: the bytes, and a part of the sentence that says what is wrong with it.
"""

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.gateway.notes import ISSUER, KEY, NOW, World, problem, token

NOTE = "/notes/v2/notes/n1"
THIEF = RSAKey.generate_key(2048, {"kid": "k1"})
CURVE = ECKey.generate_key("P-256", {"kid": "e1"})
CLAIMS = json.loads(base64.urlsafe_b64decode(token().split(".")[1] + "=="))
ALG_TWICE = b'{"alg": "RS256", "alg": "none", "typ": "at+jwt", "kid": "k1"}'


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(payload: bytes, **header: Any) -> str:
    """Anything at all, signed with the issuer's own key."""
    head = {"alg": "RS256", "typ": "at+jwt", "kid": "k1", **header}
    return jws.serialize_compact(head, payload, KEY, registry=jws.JWSRegistry(strict_check_header=False))


def head_alone(**header: Any) -> str:
    """A header no library would write, before good claims and some signature."""
    return f"{part(json.dumps(header).encode())}.{token().split('.')[1]}.{part(b'x' * 256)}"


def with_claims(text: str) -> str:
    """Claims with a piece of JSON that no library would write."""
    return signed((json.dumps(CLAIMS)[:-1] + f", {text}}}").encode())


def hmac_with(secret: bytes) -> str:
    head = part(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}).encode())
    said = f"{head}.{token().split('.')[1]}"
    return f"{said}.{part(hmac.digest(secret, said.encode(), 'sha256'))}"


def own_key(**header: Any) -> str:
    return token(key=THIEF, header=header)


def encrypted() -> str:
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM", "cty": "JWT"}, token(), OctKey.generate_key(256))


def token_with(**header: Any) -> str:
    return head_alone(alg="RS256", typ="at+jwt", kid="k1", **header)


def other_claims() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{token(sub='dana').split('.')[1]}.{signature}"


UNSIGNED = head_alone(alg="none", typ="at+jwt").rpartition(".")[0] + "."
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
CORPUS = {
    # ── not signed by whom it says ──
    "alg none, without a signature": (UNSIGNED, "signed with 'none'"),
    "alg none, with one": (head_alone(alg="none", typ="at+jwt"), "signed with 'none'"),
    "alg None in capitals": (head_alone(alg="NONE", typ="at+jwt"), "signed with 'NONE'"),
    "HS256 with the public key as PEM": (hmac_with(KEY.as_pem(private=False)), "signed with 'HS256'"),
    "HS256 with the public key as DER": (hmac_with(KEY.as_der(private=False)), "signed with 'HS256'"),
    "HS256 with nothing": (hmac_with(b""), "signed with 'HS256'"),
    "an algorithm that is not listed": (token(key=CURVE, header={"alg": "ES256"}), "signed with 'ES256'"),
    "an algorithm of another family": (token(header={"alg": "PS256"}), "signed with 'PS256'"),
    "an algorithm nobody knows": (head_alone(alg="RS257", typ="at+jwt"), "signed with 'RS257'"),
    "alg as a list": (head_alone(alg=["RS256"], typ="at+jwt"), "is not as its RFC wants it"),
    "no alg": (head_alone(typ="at+jwt"), "`alg`"),
    "another key under the same id": (token(key=THIEF), "signature does not fit"),
    "changed afterwards": (token()[:-8] + "AAAAAAAA", "signature does not fit"),
    "other claims under the signature": (other_claims(), "signature does not fit"),
    "a signature cut short": (token()[:-40], "signature does not fit"),
    # ── brings or names a key ──
    "its own key (jwk)": (own_key(jwk=THIEF.as_dict(private=False)), "brings its own key (jwk)"),
    "the address of its own keys (jku)": (own_key(jku="https://evil.example/keys"), "brings its own key (jku)"),
    "the address of its certificate (x5u)": (own_key(x5u="https://evil.example/c"), "brings its own key (x5u)"),
    "its own certificate (x5c)": (own_key(x5c=["MII"]), "brings its own key (x5c)"),
    "a jku beside a good signature": (token(header={"jku": f"{ISSUER}/keys"}), "brings its own key (jku)"),
    "a key id nobody published": (token(header={"kid": "k9"}), "does not publish"),
    "a key id that is a path": (token(header={"kid": "../../../../dev/null"}), "does not publish"),
    "a key id that is a file": (token(header={"kid": "file:///etc/passwd"}), "does not publish"),
    "a key id that is SQL": (token(header={"kid": "k1' UNION SELECT 'secret'--"}), "does not publish"),
    "a key id that is a command": (token(header={"kid": "k1|sleep 10"}), "does not publish"),
    "a key id that is an address": (token(header={"kid": "https://evil.example/jwks.json"}), "does not publish"),
    "a key id with a zero byte": (token(header={"kid": "k1\0"}), "does not publish"),
    "a huge key id": (head_alone(alg="RS256", typ="at+jwt", kid="k" * 8_000), "an id longer than any"),
    "a key id that is a number": (head_alone(alg="RS256", typ="at+jwt", kid=1), "is not as its RFC wants it"),
    "no key id": (token(header={"kid": None}), "does not publish"),
    # ── headers ──
    "a critical header nobody knows": (token_with(crit=["exp"], exp=1), "critical headers"),
    "an unencoded payload (b64)": (token_with(crit=["b64"], b64=False), "critical headers"),
    "an empty crit": (token_with(crit=[]), "critical headers"),
    "no typ": (token(header={"typ": None}), "typ is ''"),
    "an id token": (token(header={"typ": "JWT"}), "typ is 'JWT'"),
    "a DPoP proof": (token(header={"typ": "dpop+jwt"}), "typ is 'dpop+jwt'"),
    "a logout token": (token(header={"typ": "logout+jwt"}), "typ is 'logout+jwt'"),
    "typ with something behind it": (token(header={"typ": "at+jwt;v=1"}), "typ is 'at+jwt;v=1'"),
    # ── claims ──
    "another issuer": (token(iss="https://evil.example"), "not an issuer we trust"),
    "the issuer with a slash": (token(iss=ISSUER + "/"), "not an issuer we trust"),
    "the issuer in capitals": (token(iss=ISSUER.upper()), "not an issuer we trust"),
    "another trusted issuer's name": (token(iss="https://b2b.firm.example", key=THIEF), "signature does not fit"),
    "another audience": (token(aud="https://other.example"), "not made for"),
    "an audience that begins like ours": (token(aud="https://api.firm.example.evil.example"), "not made for"),
    "an empty list of audiences": (token(aud=[]), "not made for"),
    "an audience that is a mapping": (token(aud={"a": 1}), "is not as its RFC wants it"),
    **{f"no {claim}": (token(without=(claim,)), f"`{claim}`") for claim in REQUIRED},
    "an empty subject": (token(sub=""), "names nobody"),
    "an empty client": (token(client_id=""), "names nobody"),
    "a subject that is a number": (token(sub=7), "is not as its RFC wants it"),
    "scopes as a list": (token(scope=["notes:read"]), "is not as its RFC wants it"),
    # ── times ──
    "expired this very second": (token(exp=NOW), "has expired"),
    "expired long ago": (token(exp=NOW - 86_400), "has expired"),
    "a negative exp": (token(exp=-1), "has expired"),
    "issued in the future": (token(iat=NOW + 120), "not valid yet"),
    "not yet valid": (token(nbf=NOW + 120), "not valid yet"),
    "exp as text": (token(exp="1999999999"), "is not as its RFC wants it"),
    "exp as null": (token(exp=None), "is not as its RFC wants it"),
    "exp as true": (token(exp=True), "is not as its RFC wants it"),
    "exp as a list": (token(exp=[NOW + 600]), "is not as its RFC wants it"),
    "exp NaN": (with_claims('"exp": NaN'), "NaN, which is not a number"),
    "nbf NaN": (with_claims('"nbf": NaN'), "NaN, which is not a number"),
    "nbf -Infinity": (with_claims('"nbf": -Infinity'), "-Infinity, which is not a number"),
    "auth_time 1e999": (with_claims('"auth_time": 1e999'), "a number that is too large"),
    "a number of five thousand digits": (with_claims(f'"auth_time": {"9" * 5_000}'), "it is not JSON"),
    # ── shape ──
    "exp twice": (with_claims(f'"exp": {NOW + 9_999}'), "says one member twice"),
    "sub twice": (with_claims('"sub": "ceo"'), "says one member twice"),
    "alg twice": (f"{part(ALG_TWICE)}.{token().split('.')[1]}.{part(b'x')}", "says one member twice"),
    "a member twice, deep inside": (with_claims('"act": {"sub": "a", "sub": "b"}'), "says one member twice"),
    "nested, and says so": (signed(token().encode(), cty="JWT"), "it is not JSON"),
    "claims that say they are nested": (signed(json.dumps(CLAIMS).encode(), cty="JWT"), "is nested"),
    "encrypted": (encrypted(), "is not a signed JWT"),
    "claims that are a list": (signed(b"[]"), "it is not a JSON object"),
    "claims that are a word": (signed(b'"priya"'), "it is not a JSON object"),
    "claims that are not JSON": (signed(b"{sub: priya}"), "it is not JSON"),
    "claims that are not UTF-8": (signed(b'{"sub": "\xff"}'), "it is not JSON"),
    "brackets five thousand deep": (signed(b'{"a":' + b"[" * 5_000), "it is not JSON"),
    "no JWT": ("opaque", "is not a signed JWT"),
    "two parts": (".".join(token().split(".")[:2]), "is not a signed JWT"),
    "four parts": (token() + ".e30", "is not a signed JWT"),
    "empty parts": ("..", "it is not base64url"),
    "not base64": ("a.b.c", "cannot be read"),
    "base64 with padding": (token().replace(".", "=.", 1), "it is not base64url"),
    "the other base64 alphabet": (f"{part(b'{}')}+/.{token().split('.')[1]}.eA", "it is not base64url"),
    "letters that are not ASCII": ("é.é.é", "it is not base64url"),
    "oversized": (token(filler="x" * 20_000), "larger than any"),
}  # fmt: skip


@pytest.mark.parametrize("name", CORPUS)
async def test_a_bad_token_is_refused_with_invalid_token_and_reaches_nobody(world: World, name: str) -> None:
    bad, why = CORPUS[name]
    answer = await world.http.get(NOTE, headers={"Authorization": f"Bearer {bad}".encode()})
    assert answer.status_code == 401
    assert problem(answer)["reason"] == "token_refused"
    assert any(part in problem(answer)["detail"] for part in why.split("|")), problem(answer)["detail"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="tiergate", error="invalid_token", error_description="The token')
    assert challenge.count('"') == 6
    assert problem(answer)["facts"]["policy"] == "policies/apis/notes.yaml:7"
    assert world.desk.asked == []


async def test_the_corpus_is_bad_for_what_it_says_and_not_for_how_it_was_made(world: World) -> None:
    plain = signed(json.dumps(CLAIMS).encode())
    assert (await world.ask("GET", NOTE, plain)).status_code == 200
    assert (await world.ask("GET", NOTE, with_claims('"act": {"sub": "a"}'))).status_code == 200
