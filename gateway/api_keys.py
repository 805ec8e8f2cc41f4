"""API keys, for partners who cannot do OAuth: one header, one client, its scopes. Only digests of keys are known here.

A key is 256 random bits, so a plain SHA-256 of it cannot be turned round; whoever reads the policies or the settings
cannot call. `python -c "import hashlib, secrets; k = secrets.token_urlsafe(32); print(k, 'sha256:' +
hashlib.sha256(k.encode()).hexdigest())"` makes one.
"""

import hashlib
import re
from collections.abc import Mapping
from copy import copy
from typing import Final

import msgspec

from foundation.context import Caller
from gateway.refusals import KeyRefused

_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_SHORTEST: Final = 32
_LONGEST: Final = 512
_TAKEN: Final = frozenset(("authorization", "cookie", "host", "content-type", "content-length", "dpop"))


class KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A client that has a key: `{hash: "${ACME_KEY_HASH}", scopes: [runs:read]}`."""

    hash: str
    """By reference, `${NAME}`: `sha256:` and 64 hex digits; while a key is being replaced two of them, with a space
    between."""
    scopes: list[str]
    """What a call with the key may do: a key carries no scopes of its own."""

    def __post_init__(self) -> None:
        if not self.hash.split() or not all(_HASH.fullmatch(one) for one in self.hash.split()):
            raise ValueError("hash must be sha256: and 64 hex digits, of the key and never the key itself")


class ApiKeys(msgspec.Struct, frozen=True, kw_only=True):
    """API keys, where an API says `keys: true`."""

    header: str = "X-Api-Key"
    """The header a key is sent in."""
    clients: dict[str, KeyHolder]
    """By client id, as the products list them."""

    def __post_init__(self) -> None:
        if not _HEADER.fullmatch(self.header) or self.header.lower() in _TAKEN:
            raise ValueError(f"header is {self.header!r}, which cannot carry a key: X-Api-Key can")
        known: dict[str, str] = {}
        for client, holder in self.clients.items():
            for one in holder.hash.split():
                if known.setdefault(one, client) != client:
                    raise ValueError(f"clients {known[one]} and {client} have the same key: each has its own")


class Holders:
    """Whose a key is."""

    def __init__(self, said: ApiKeys) -> None:
        self.header = said.header.lower()
        self._callers: Mapping[str, Caller] = {
            one.removeprefix("sha256:"): Caller(subject=client, client=client, scopes=frozenset(holder.scopes))
            for client, holder in said.clients.items()
            for one in holder.hash.split()
        }

    def knowing(self, client: str, key: str) -> "Holders":
        """The same, and a client that has a key has this one too; a client that has none gets none."""
        found = copy(self)
        more = {
            hashlib.sha256(key.encode()).hexdigest(): each for each in self._callers.values() if each.client == client
        }
        found._callers = {**self._callers, **more}
        return found

    def of(self, key: str) -> Caller:
        """The client a key was given to. Raises `KeyRefused`, which never quotes it."""
        if _SHORTEST <= len(key) <= _LONGEST:
            # Looked up by its digest: how long that takes tells nothing about a key.
            found = self._callers.get(hashlib.sha256(key.encode()).hexdigest())
            if found is not None:
                return found
        raise KeyRefused("The API key is not known here.")
