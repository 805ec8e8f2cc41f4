"""`WWW-Authenticate`: what a caller who is refused is told about coming back (RFC 6750, 9449, 9470, 9728).

Each scheme an API takes has its challenge; the one the caller tried says what was wrong. Without any credentials
nothing is wrong with them: then there is no error code (RFC 6750 section 3.1).
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from canonical.faults import Fault, Unauthenticated
from foundation.api import STEP_UP
from gateway.jose import ASYMMETRIC
from gateway.refusals import (
    BindingRefused,
    CertificateRefused,
    InsufficientUserAuthentication,
    KeyRefused,
    ProofNonceNeeded,
    ProofRefused,
    TokenMisplaced,
    TokenRefused,
)

if TYPE_CHECKING:
    from gateway.call import Call
    from gateway.messages import Message
    from gateway.plan import Governed

METADATA: Final = "/.well-known/oauth-protected-resource"
_ERRORS: Final[dict[type[Fault], tuple[str, str]]] = {
    TokenRefused: ("Bearer", "invalid_token"),
    TokenMisplaced: ("Bearer", "invalid_request"),
    InsufficientUserAuthentication: ("Bearer", STEP_UP),
    CertificateRefused: ("Bearer", "invalid_token"),
    BindingRefused: ("DPoP", "invalid_token"),
    ProofRefused: ("DPoP", "invalid_dpop_proof"),
    ProofNonceNeeded: ("DPoP", "use_dpop_nonce"),
    KeyRefused: ("ApiKey", "invalid_key"),
}
"""The scheme that tells of it, and the word it has there: RFC 6750 section 3.1, RFC 8705 section 3, RFC 9449 section
7.1, RFC 9470 section 3. `ApiKey` is not registered: a 401 has a challenge, and no registered one asks for a key."""


_WANTED: Final = re.compile(r'\b(acr_values|max_age)="([^"]*)"')


class Asks(msgspec.Struct, frozen=True, kw_only=True):
    """How an API wants to be told who calls."""

    resource: str = ""
    """Its path, under which its metadata is had (RFC 9728); empty for all that is here."""
    bearer: bool = True
    """Whether a token is taken that comes without a DPoP proof."""
    dpop: bool = False
    """Whether policy speaks of DPoP; a token that is bound by it is held to it in any case."""
    proof_algorithms: tuple[str, ...] = ASYMMETRIC
    """Of DPoP proofs."""
    issuers: tuple[str, ...] = ()
    """Names of the issuers whose tokens are taken."""
    key_header: str = ""
    """The header of its API keys; empty where it takes none."""


ANYBODY: Final = Asks()


def asks_of(governed: "Governed | None") -> Asks:
    """How an operation wants to be told; a bearer token where nobody said so."""
    rules = governed.rules if governed is not None else ()
    return next((asks for rule in rules if (asks := getattr(rule, "asks", None))), ANYBODY)


def challenges(fault: Fault, asks: Asks, site: str) -> Iterator[str]:
    """The values of `WWW-Authenticate`, one a header; none where signing in otherwise would not help."""
    scope = fault.facts.get("scope", "") if fault.status == 403 else ""
    tried, error = _ERRORS.get(type(fault), ("Bearer", "insufficient_scope" if scope else ""))
    if not (error or isinstance(fault, Unauthenticated)):
        return
    if tried == "Bearer" and not asks.bearer:
        tried = "DPoP"
    told = [_pair("error", error), _pair("scope", scope) if scope else _said(fault) if error else ""]
    told += [_pair(name, fault.facts.get(name, "")) for name in ("acr_values", "max_age")]
    where = f"{site}{METADATA}{asks.resource}" if site else ""
    more = {
        "Bearer": [_pair("resource_metadata", where)],
        "DPoP": [_pair("algs", " ".join(asks.proof_algorithms)), _pair("resource_metadata", where)],
        "ApiKey": [_pair("header", asks.key_header)],
    }
    offered = {"Bearer": asks.bearer, "DPoP": asks.dpop, "ApiKey": bool(asks.key_header)}
    for scheme, own in more.items():
        if offered[scheme] or scheme == tried:
            parts = ['realm="tiergate"', *(told if scheme == tried else ()), *own]
            yield f"{scheme} " + ", ".join(filter(None, parts))


def retold(message: "Message", call: "Call | None", site: str) -> Iterable[tuple[bytes, bytes]]:
    """The headers of a tier's answer; a newer sign-in that an API behind it asked for is asked for as this one's.

    Its caller is led to the metadata of what they called, whichever API it was that is not content. What an upstream
    that is not ours says stays as it is.
    """
    headers: Iterable[tuple[bytes, bytes]] = message["headers"]
    if message["status"] != 401 or call is None or call.governed.upstream:
        return headers
    said = [value.decode("latin-1") for name, value in headers if name == b"www-authenticate"]
    wanted = next((each for each in said if f'error="{STEP_UP}"' in each), None)
    if wanted is None:
        return headers
    fault = InsufficientUserAuthentication(**dict(_WANTED.findall(wanted)))
    told = [(b"www-authenticate", each.encode()) for each in challenges(fault, asks_of(call.governed), site)]
    return [*(header for header in headers if header[0] != b"www-authenticate"), *told]


def _pair(name: str, value: str) -> str:
    return f'{name}="{value}"' if value else ""


def _said(fault: Fault) -> str:
    said = "".join(c for c in fault.detail if " " <= c <= "~" and c not in '"\\')
    return _pair("error_description", said)
