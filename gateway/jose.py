"""JOSE as strictly as RFC 8725 asks: what a compact JWS says before it is verified, and whether its signature fits.

Strict where libraries are kind: no member twice, no NaN, only base64url characters, no `crit`, no nested token, and a
token does not bring the key it is to be verified with.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

T = TypeVar("T")
ASYMMETRIC: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"),
)
"""What may sign: nothing whose verification key could sign as well (RFC 8725 section 3.2)."""
LARGEST: Final = 16_384
"""Bytes of a token."""
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_OWN_KEY: Final = ("jwk", "jku", "x5u", "x5c")
_LONGEST_KID: Final = 256


class Unreadable(ValueError):  # noqa: N818 - what it is, and never seen outside
    """Not a signed token as we read them; the text is a sentence that follows the token's name."""


class Header(msgspec.Struct, frozen=True):
    """What we read of a JOSE header (RFC 7515 section 4.1)."""

    alg: str
    typ: str = ""
    kid: str = ""
    cty: str = ""
    jwk: dict[str, Any] | None = None


def read(token: str, kind: type[T], *, own_key: bool = False) -> tuple[Header, T, dict[str, Any]]:
    """The header, the payload as `kind` and as it is, of a token nobody has verified yet.

    `own_key`: whether it may bring the key that verifies it (a DPoP proof does). Raises `Unreadable`.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Unreadable("is not a signed JWT")
    head, payload = _object(parts[0]), _object(parts[1])
    try:
        header = msgspec.convert(head, Header)
        said = msgspec.convert(payload, kind)
    except msgspec.ValidationError as wrong:
        raise Unreadable(f"is not as its RFC wants it: {wrong}") from None
    _check(header, head, own_key=own_key)
    return header, said, payload


def fits(token: str, key: Key, algorithms: Sequence[str]) -> bool:
    """Whether the signature is of this key, by an algorithm of the list. Raises `Unreadable` where it cannot be."""
    try:
        jws.deserialize_compact(token.encode(), key, registry=_only(tuple(algorithms)))
    except BadSignatureError:
        return False
    except (JoseError, ValueError):
        raise Unreadable("cannot be verified with the key it names") from None
    return True


def _check(header: Header, head: dict[str, Any], *, own_key: bool) -> None:
    if "crit" in head:
        raise Unreadable("has critical headers (crit), and none is understood here")
    brought = next((name for name in _OWN_KEY if name in head and not (own_key and name == "jwk")), None)
    if brought is not None:
        raise Unreadable(f"brings its own key ({brought}); keys are had from the issuer alone")
    if header.cty.lower().removeprefix("application/") == "jwt":
        raise Unreadable("is nested (cty: JWT)")
    if len(header.kid) > _LONGEST_KID:
        raise Unreadable("names a key by an id longer than any")


def _object(part: str) -> dict[str, Any]:
    if not _PART.fullmatch(part):
        raise Unreadable("cannot be read: it is not base64url")
    try:
        found = json.loads(
            base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)),
            object_pairs_hook=_each_once,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except Unreadable:
        raise
    except (binascii.Error, ValueError, RecursionError):
        raise Unreadable("cannot be read: it is not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("cannot be read: it is not a JSON object")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("says one member twice")
    return found


def _no_number(said: str) -> NoReturn:
    raise Unreadable(f"holds {said}, which is not a number")


def _finite(said: str) -> float:
    number = float(said)
    if number in (float("inf"), float("-inf")):
        raise Unreadable("holds a number that is too large")
    return number


class _Only(JWSRegistry):
    """The algorithms of one list, without the library's own idea of which to recommend."""

    max_header_length = LARGEST
    max_payload_length = LARGEST

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()) or name not in ASYMMETRIC:
            raise UnsupportedAlgorithmError(f"{name} is not on the list")
        return self.algorithms[name]  # the library would warn of EdDSA, which providers still say


@cache
def _only(algorithms: tuple[str, ...]) -> JWSRegistry:
    return _Only(algorithms=algorithms, strict_check_header=False)
