"""The issuer's signing keys: one signs, and those retired lately still verify.

RS256, because RFC 9068 (section 2.1) and OpenID Connect both require every party to know it.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Engine, delete, insert, or_, select, update

from gateway.identity import tables
from gateway.identity.sealing import seal, unseal

ALGORITHM: Final = "RS256"
RSA_BITS: Final = 2048
RETIRED_SECONDS: Final = 24 * 3600
"""How long a retired key stays published: longer than any token it signed."""


class SigningKeys:
    """Keys in the database, private parts sealed with `secret` (32 bytes). Safe to share between threads."""

    def __init__(self, engine: Engine, secret: bytes, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._secret = secret
        self._now = now
        self._opened: dict[str, RSAKey] = {}
        self._making = threading.Lock()

    def sign(self, kind: str, claims: Mapping[str, Any]) -> str:
        """A JWT of media type `kind` (its `typ`), signed with the active key."""
        key = self.active()
        header = {"alg": ALGORITHM, "typ": kind, "kid": key.kid}
        return jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])

    def verified(self, token: str, kind: str = "") -> dict[str, Any]:
        """The claims of a token of ours (of media type `kind`, where given), expired or not.

        Raises `joserfc.errors.JoseError` or `ValueError`.
        """
        keys = KeySet.import_key_set(self.published())  # type: ignore[arg-type]  # a JWKS is a plain document
        found = jwt.decode(token, keys, algorithms=[ALGORITHM])
        if kind and found.header.get("typ") != kind:
            raise ValueError(f"not a token of the kind {kind}")
        return found.claims

    def active(self) -> RSAKey:
        """The key that signs; the very first is made when first asked for."""
        newest = (
            select(tables.keys.c.kid, tables.keys.c.sealed)
            .where(tables.keys.c.retired_at.is_(None))
            .order_by(tables.keys.c.created_at.desc(), tables.keys.c.kid)
        )
        with self._making:
            with self._engine.connect() as connection:
                row = connection.execute(newest).first()
            if row is None:
                return self._make()
            if row.kid not in self._opened:
                self._opened = {row.kid: RSAKey.import_key(msgspec.json.decode(unseal(row.sealed, self._secret)))}
            return self._opened[row.kid]

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys as a JWK Set (RFC 7517): the active one, and those retired less than a day ago."""
        still = or_(tables.keys.c.retired_at.is_(None), tables.keys.c.retired_at > self._now() - RETIRED_SECONDS)
        self.active()
        with self._engine.connect() as connection:
            rows = connection.execute(select(tables.keys.c.public).where(still).order_by(tables.keys.c.created_at))
            return {"keys": [row.public for row in rows]}

    def rotate(self) -> str:
        """Sign with a new key from now on; the one before keeps verifying for a day. Returns the new `kid`."""
        with self._making:
            return str(self._make().kid)

    def _make(self) -> RSAKey:
        key = RSAKey.generate_key(RSA_BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        now = int(self._now())
        with self._engine.begin() as connection:
            # A retired private key can sign nothing any more, whoever gets hold of it.
            connection.execute(
                update(tables.keys).where(tables.keys.c.retired_at.is_(None)).values(retired_at=now, sealed="")
            )
            connection.execute(delete(tables.keys).where(tables.keys.c.retired_at <= now - RETIRED_SECONDS))
            connection.execute(
                insert(tables.keys).values(
                    kid=key.kid,
                    public=key.as_dict(private=False),
                    sealed=seal(msgspec.json.encode(key.as_dict(private=True)), self._secret),
                    created_at=now,
                    retired_at=None,
                )
            )
        self._opened = {str(key.kid): key}
        return key
