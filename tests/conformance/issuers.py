"""Issuers of the table's own: real keys behind a real JWKS address, and tokens of every kind, good and bad."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, quote_plus

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe, jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from tests.conformance.asking import LONG
from tests.conformance.certificates import thumbprint
from tests.conformance.table import Proof, Token

INTROSPECTION_SECRET: Final = "what the gateway is known by"
AUDIENCE: Final = "https://tiergate.example/api"


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _header_changed(token: str, **changed: Any) -> str:
    head, _, rest = token.partition(".")
    return f"{_part(json.dumps(_read(head) | changed).encode())}.{rest}"


def _read(part: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def _unsigned(token: str, _: Key) -> str:
    return _header_changed(token, alg="none").rsplit(".", 1)[0] + "."


def _hmac_with_public_key(token: str, key: Key) -> str:
    signed = _header_changed(token, alg="HS256").rsplit(".", 1)[0]
    return f"{signed}.{_part(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha256'))}"


def _claims_changed(token: str, _: Key) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{_part(json.dumps(_read(claims) | {'sub': 'somebody-else'}).encode())}.{signature}"


def _signature_changed(token: str, _: Key) -> str:
    head, _, signature = token.rpartition(".")
    first = "A" if signature[0] != "A" else "B"
    return f"{head}.{first}{signature[1:]}"


def _nested(token: str, key: Key) -> str:
    header = {"alg": "RS256", "typ": "at+jwt", "cty": "JWT", "kid": key.kid}
    signed = f"{_part(json.dumps(header).encode())}.{_part(token.encode())}"
    return f"{signed}.{token.rpartition('.')[2]}"


def _critical(token: str, key: Key) -> str:
    """Signed well, but for an extension that no library would sign."""
    signed = _header_changed(token, crit=["urn:example:must"], **{"urn:example:must": True}).rpartition(".")[0]
    return f"{signed}.{_part(key.private_key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _encrypted(token: str, key: Key) -> str:
    return jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}, token.encode(), key)


FLAWS: Final[dict[str, Callable[[str, Key], str]]] = {
    "not active": lambda token, _: token,
    "unsigned": _unsigned,
    "hmac with the public key": _hmac_with_public_key,
    "claims changed": _claims_changed,
    "signature changed": _signature_changed,
    "signature missing": lambda token, _: token.rpartition(".")[0],
    "nested": _nested,
    "encrypted": _encrypted,
    "with a critical extension": _critical,
    "padded": lambda token, _: token + "==",
    "sent twice": lambda token, _: f"{token} {token}",
    "with a quote": lambda token, _: token[:40] + '"' + token[40:],
}


class Issuers:
    """Serves metadata and keys of every issuer on one port of 127.0.0.1, until closed."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Key]] = {
            "workforce": {
                "rs": RSAKey.generate_key(2048, {"kid": "rs"}),
                "es": ECKey.generate_key("P-256", {"kid": "es"}),
            },
            "partners": {"es": ECKey.generate_key("P-256", {"kid": "es"})},
            "unlisted": {"rs": RSAKey.generate_key(2048, {"kid": "rs"})},
        }
        self.keys["silent"] = self.keys["unlisted"]
        self.keys["modern"] = {
            "ps": RSAKey.generate_key(2048, {"kid": "ps"}),
            "es384": ECKey.generate_key("P-384", {"kid": "es384"}),
            "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
        }
        self.keys["bound"] = {"es": ECKey.generate_key("P-256", {"kid": "es"})}
        self.keys["rotating"] = {
            "first": ECKey.generate_key("P-256", {"kid": "first"}),
            "second": ECKey.generate_key("P-256", {"kid": "second"}),
            "second anew": ECKey.generate_key("P-256", {"kid": "second"}),
        }
        self._published = {name: {k.kid: k for k in found.values()} for name, found in self.keys.items()}
        self._published["rotating"] = {}
        self._opaque: dict[str, dict[str, Any]] = {}
        self._holders = {"own": ECKey.generate_key("P-256"), "another": ECKey.generate_key("P-256")}
        self._stranger = RSAKey.generate_key(2048, {"kid": "rs"})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where they answer; an issuer's identifier is this and its name."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def token(self, wanted: Token, row: str) -> str:
        """The token a row asks for. Its subject is the row, so that no row spends another's limits."""
        if wanted.issuer == "opaque":
            return self._opaque_token(wanted, row)
        names = self.keys[wanted.issuer]
        first = next(iter(names))
        key = self._stranger if wanted.key == "stranger" else names[wanted.key or first]
        if wanted.issuer == "rotating":
            self._published["rotating"][key.kid] = key
        claims = self._claims(wanted, row)
        alg = _ALGORITHMS[str(key.as_dict().get("crv", key.key_type))]
        header = {"alg": alg, "typ": "at+jwt", "kid": key.kid, **wanted.header}
        header = {name: value for name, value in header.items() if value is not None}
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # EdDSA is what some issuers use
            made = jwt.encode(header, claims, key, algorithms=[header["alg"]], default_type=None)
        return FLAWS[wanted.flaw](made, key) if wanted.flaw else made

    def proof(self, wanted: Proof, token: str, method: str, address: str) -> str:
        """The DPoP proof (RFC 9449 section 4.2) of the token's holder, for one request."""
        key = self._holders[wanted.key]
        digest = hashlib.sha256(token.encode()).digest()
        now = int(time.time())
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": address,
            "iat": now,
            "ath": _part(digest),
            **{name: self._meant(value, now) for name, value in wanted.claims.items()},
        }
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=wanted.private), **wanted.header}
        header, claims = _kept(header), _kept(claims)
        made = jwt.encode(header, claims, key, algorithms=[header["alg"]], default_type=None)
        return FLAWS[wanted.flaw](made, key) if wanted.flaw else made

    def _opaque_token(self, wanted: Token, row: str) -> str:
        """A token that tells nothing; who asks us is told what it stands for (RFC 7662)."""
        made = secrets.token_urlsafe(24)
        if wanted.flaw != "not active":
            self._opaque[made] = {"active": True, **self._claims(wanted, row)}
        return made

    def _claims(self, wanted: Token, row: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/{wanted.issuer}",
            "sub": row,
            "client_id": "desk",
            "aud": AUDIENCE,
            "exp": now + 600,
            "iat": now - 1,
            "jti": f"{row}-{time.monotonic_ns()}",
            **{name: self._meant(value, now) for name, value in wanted.claims.items()},
        }
        if wanted.bound:
            holder = self._holders["own"].thumbprint() if wanted.bound == "dpop" else thumbprint(wanted.bound)
            claims["cnf"] = {"jkt" if wanted.bound == "dpop" else "x5t#S256": holder}
        return _kept(claims)

    def _meant(self, value: Any, now: int) -> Any:
        """A claim as a row says it: `now+60` a moment, `${issuers}` our address, `${long}` much."""
        if not isinstance(value, str):
            return value
        if value.startswith("now"):
            return now + int(value.removeprefix("now") or 0)
        return value.replace("${issuers}", self.url).replace("${long}", LONG)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(issuers._answer(self.path))

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                known = f"gateway:{quote_plus(INTROSPECTION_SECRET)}"  # RFC 6749 section 2.3.1
                said = self.headers["Authorization"]
                trusted = (
                    said == f"Basic {base64.b64encode(known.encode()).decode()}" and self.path == "/opaque/introspect"
                )
                self._answer(issuers._opaque.get(form["token"][0], {"active": False}) if trusted else {})

            def _answer(self, found: dict[str, Any]) -> None:
                body = json.dumps(found).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        return Handler

    def _answer(self, path: str) -> dict[str, Any]:
        _, name, *rest = path.split("/")
        if name not in self.keys or name == "silent":
            return {}
        if rest == [".well-known", "openid-configuration"]:
            return {"issuer": f"{self.url}/{name}", "jwks_uri": f"{self.url}/{name}/keys"}
        return (
            {"keys": [key.as_dict(private=False) for key in self._published[name].values()]} if rest == ["keys"] else {}
        )


_ALGORITHMS: Final = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "Ed25519": "EdDSA"}


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    """Without what a row takes away."""
    return {name: value for name, value in said.items() if value is not None}
