"""DPoP (RFC 9449): with a token that is bound to a key comes a proof, for this very request, that the caller has it.

A proof is a small JWT in the `DPoP` header, signed with the caller's key: the method, the address, the token's digest,
the time, and an id that is good once. Ids are remembered where limits are counted, so that several processes that
share counters refuse a proof that one of them has seen.
"""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Awaitable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from foundation.context import current
from foundation.counting import Decision, Draw, Steady
from gateway.call import Call, Http
from gateway.jose import ASYMMETRIC, Header, Unreadable, fits, read
from gateway.refusals import BindingRefused, ProofNonceNeeded, ProofRefused
from gateway.words import Duration

_AHEAD: Final = 5.0
"""Seconds a caller's clock may be ahead of ours."""
_SLOT: Final = 120
"""Seconds a nonce is handed out; it is good for as long again."""
_PRIVATE: Final = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_LONGEST_ID: Final = 256
_PORTS: Final = {"http": ":80", "https": ":443"}
_ENCODED: Final = re.compile(r"%[0-9a-fA-F]{2}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Dpop(msgspec.Struct, frozen=True, kw_only=True):
    """How DPoP proofs are judged: `{window: 30s, nonce_key: "${DPOP_NONCE_KEY}"}`."""

    alg: list[str] = msgspec.field(default_factory=lambda: ["ES256", "ES384", "PS256", "RS256", "EdDSA", "Ed25519"])
    """Algorithms a proof may be signed with."""
    window: Duration = Duration(60)
    """How old a proof may be."""
    nonce_key: str = ""
    """By reference: `${NAME}`, at least 32 characters, the same for all processes. Where it is said, each proof must
    carry a nonce of ours, so that none can be made in advance."""

    def __post_init__(self) -> None:
        strange = [alg for alg in self.alg if alg not in ASYMMETRIC]
        if strange or not self.alg:
            raise ValueError(f"alg lists asymmetric algorithms, such as ES256, not {strange or 'nothing'}")
        if not 1 <= self.window <= 600:
            raise ValueError("window is from 1s to 10m: a proof is made for one request, not kept")
        if 0 < len(self.nonce_key) < 32:
            raise ValueError("nonce_key is shorter than 32 characters, and could be guessed")


class _Proof(msgspec.Struct, kw_only=True):
    """RFC 9449 section 4.2."""

    jti: str
    htm: str
    htu: str
    iat: int | float
    ath: str
    nonce: str = ""


class Proofs:
    """Checks proofs as platform.yaml says."""

    def __init__(self, said: Dpop) -> None:
        self.algorithms = tuple(said.alg)
        self._window = float(said.window)
        self._key = said.nonce_key.encode()

    def check(self, call: Call, http: Http, token: str, jkt: str) -> Awaitable[None] | None:
        """That whoever sends `token` has the key whose thumbprint is `jkt`.

        Raises `ProofRefused`, `BindingRefused` or `ProofNonceNeeded`; where counters are shared, when awaited.
        """
        try:
            header, proof, text = self._read(http)
            self._check_request(proof, http, token, call.services.clock())
            key = _key(header)
            if not hmac.compare_digest(key.thumbprint(), jkt):
                raise BindingRefused("The proof is signed with another key than the token was issued to.")
            if not fits(text, key, self.algorithms):
                raise ProofRefused("The proof's signature does not fit the key it brings.")
        except Unreadable as why:
            raise ProofRefused(f"The proof {why}.") from None
        self._check_nonce(call, proof.nonce)
        if not call.served_here:
            return None  # the tier that serves it sees the same proof, and remembers it
        said = f"{jkt}\0{proof.jti}".encode()
        seen = base64.urlsafe_b64encode(hashlib.sha256(said).digest()).decode()
        once = Draw(f"dpop:{seen}", Steady(1, 1 / (self._window + _AHEAD + 1)))
        decided = call.services.counters.take([once])
        if not isinstance(decided, Decision):
            return _used_once_when(decided)
        _used_once(decided)
        return None

    def _read(self, http: Http) -> tuple[Header, _Proof, str]:
        sent = [value for name, value in http.scope["headers"] if name == b"dpop"]
        if len(sent) != 1:
            found = "no proof" if not sent else f"{len(sent)} proofs"
            raise ProofRefused(f"There is {found} with the token; send one DPoP header.")
        text = sent[0].decode("latin-1").strip()
        if len(text) > 8_192:
            raise ProofRefused("The proof is larger than any.")
        header, proof, _ = read(text, _Proof, own_key=True)
        if header.typ.lower() != "dpop+jwt":
            raise ProofRefused(f"The proof's typ is {header.typ!r}; it is 'dpop+jwt'.")
        if header.alg not in self.algorithms:
            raise ProofRefused(f"The proof is signed with {header.alg!r}; {', '.join(self.algorithms)} are taken.")
        return header, proof, text

    def _check_request(self, proof: _Proof, http: Http, token: str, now: float) -> None:
        method, here = http.scope["method"], normal(_address(http))
        if proof.htm != method:
            raise ProofRefused(f"The proof is for {proof.htm!r} and the request is {method}.")
        if normal(proof.htu) != here:
            raise ProofRefused(f"The proof is for another address; its htu must be {here}.")
        if not now - self._window <= proof.iat <= now + _AHEAD:
            raise ProofRefused(f"The proof was made {now - proof.iat:.0f} s ago; {self._window:.0f} s are taken.")
        digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        if not hmac.compare_digest(proof.ath.encode(), digest.encode()):
            raise ProofRefused("The proof is for another token (ath).")
        if not 1 <= len(proof.jti) <= _LONGEST_ID:
            raise ProofRefused(f"The proof's jti has from 1 to {_LONGEST_ID} characters.")

    def _check_nonce(self, call: Call, nonce: str) -> None:
        """RFC 9449 section 9. Who uses the last one is handed the new one with the answer."""
        if not self._key or not call.served_here:
            return
        now = call.services.clock()
        if nonce != (newest := self.nonce(now)):
            call.headers.append((b"dpop-nonce", newest.encode()))
            if not hmac.compare_digest(nonce.encode(), self.nonce(now - _SLOT).encode()):
                raise ProofNonceNeeded("Sign the proof again with the nonce of the DPoP-Nonce header.")

    def nonce(self, now: float) -> str:
        """The one that is handed out at a time; empty where none is asked for."""
        if not self._key:
            return ""
        told = struct.pack(">Q", int(now // _SLOT))
        return base64.urlsafe_b64encode(hmac.digest(self._key, told, "sha256")[:24]).decode()


def normal(address: str) -> str:
    """An address as RFC 3986 section 6.2.2 normalises it, without query and fragment. Raises `Unreadable`."""
    try:
        said = urlsplit(address)
        port = said.port
    except ValueError:
        raise Unreadable("holds an htu that is not an address") from None
    scheme, host = said.scheme.lower(), (said.hostname or "").lower()
    if not scheme or not host or said.username is not None:
        raise Unreadable("holds an htu that is not an address")
    host = f"[{host}]" if ":" in host else host
    shown = "" if port is None or _PORTS.get(scheme) == f":{port}" else f":{port}"
    return f"{scheme}://{host}{shown}{_ENCODED.sub(_unescaped, said.path) or '/'}"


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _address(http: Http) -> str:
    """What the caller called: the address we are known by, else what the request itself says."""
    site = current().site or f"{http.scope.get('scheme', 'http')}://{http.headers.get('host', '')}"
    called = http.scope.get("tiergate.called", http.scope["raw_path"])
    return site + str(called.decode("ascii"))


def _key(header: Header) -> Key:
    if header.jwk is None:
        raise ProofRefused("The proof does not bring its public key (jwk).")
    if _PRIVATE & header.jwk.keys() or header.jwk.get("kty") == "oct":
        raise ProofRefused("The proof brings a private key: take that key for lost, and use a new one.")
    try:
        return JWKRegistry.import_key(header.jwk)
    except (JoseError, ValueError, TypeError):
        raise ProofRefused("The proof's key (jwk) cannot be read.") from None


def _used_once(decided: Decision) -> None:
    if not decided.admitted:
        raise ProofRefused("The proof was used before; each request has a proof of its own.")


async def _used_once_when(deciding: Awaitable[Decision]) -> None:
    _used_once(await deciding)
