"""What a simulated caller holds besides a token: an API key, a DPoP key, a client certificate.

None of it is in the policies, which know keys by their digests only: it is made here, and known to the simulated
gateway for as long as a case is asked.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.authoring.cases import ELSEWHERE, Given
from gateway.nouns.access import Authenticate, AuthenticateWithKeys
from gateway.plan import Governed, Plan

_API_KEY: Final = "an-api-key-of-a-test-of-policies-{}"
_CERTIFICATE: Final = b"a client certificate of a test of policies"
_PASSED_ON: Final = f":{base64.b64encode(_CERTIFICATE).decode()}:"
"""As a TLS terminator passes it on (RFC 9440)."""


def confirmation(given: Given) -> dict[str, Any]:
    """The token's claim that says whose it is (RFC 7800); nothing where anybody may bring it."""
    match given.bound:
        case "dpop":
            return {"cnf": {"jkt": _dpop_key().thumbprint()}}
        case "mtls":
            return {"cnf": {"x5t#S256": _digest(_CERTIFICATE)}}
        case _:
            return {}


def headers_of(plan: Plan, given: Given) -> dict[str, str]:
    """The headers that show what it holds, but for a DPoP proof: that is of one request."""
    if given.key:
        keys = plan.platform["api_keys"]
        return {(keys.header if keys is not None else "X-Api-Key").lower(): _API_KEY.format(given.client)}
    if given.bound == "mtls" and given.proven:
        believed = plan.platform["client_certificates"]
        return {(believed.header if believed is not None else "Client-Cert").lower(): _PASSED_ON}
    return {}


def peer_of(plan: Plan, given: Given) -> str:
    """Who asks the gateway: with a certificate, the TLS terminator that platform.yaml lists."""
    believed = plan.platform["client_certificates"]
    if given.bound == "mtls" and given.address == ELSEWHERE and believed is not None:
        return str(believed.peers[0]).partition("/")[0]
    return given.address


def proof(governed: Governed, scope: Mapping[str, Any], token: str, now: float, number: int) -> tuple[bytes, bytes]:
    """The `DPoP` header of one request (RFC 9449 section 4.2)."""
    rule = next((rule for rule in governed.rules if isinstance(rule, Authenticate)), None)
    nonce = rule.proofs.nonce(now) if rule is not None else ""
    claims = {
        "jti": f"proof-{number}",
        "htm": scope["method"],
        "htu": f"http://gateway{scope['path']}",
        "iat": int(now),
        "ath": _digest(token.encode()),
        **({"nonce": nonce} if nonce else {}),
    }
    key = _dpop_key()
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
    return b"dpop", jwt.encode(header, claims, key, algorithms=["ES256"], default_type=None).encode()


@contextmanager
def known(governed: Governed, given: Given) -> Iterator[None]:
    """The gateway knows the client's API key for a while, where the client is one that has one."""
    rule = next((rule for rule in governed.rules if isinstance(rule, AuthenticateWithKeys)), None)
    if rule is None or not given.key:
        yield
        return
    before = rule.holders
    rule.holders = before.knowing(given.client, _API_KEY.format(given.client))
    try:
        yield
    finally:
        rule.holders = before


@cache
def _dpop_key() -> ECKey:
    return ECKey.generate_key("P-256")


def _digest(of: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(of).digest()).rstrip(b"=").decode()
