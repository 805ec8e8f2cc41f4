"""What a sign-in granted, while it waits to be used: codes and refresh tokens, each good once.

All that grows from one sign-in is a family (the `sid` of its tokens). A code or refresh token that comes back a second
time was stolen from somebody, so its whole family ends (RFC 6749 section 10.5, RFC 9700 section 4.14).
"""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Engine, Table, delete, insert, select, update

from gateway.identity import tables
from gateway.identity.sealing import digest

REREAD_SECONDS: Final = 5.0


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What one person granted one client. Answers the questions Authlib's grants put to a token."""

    client_id: str
    login: str
    scope: str
    resource: tuple[str, ...] = ()
    """The audiences asked for (RFC 8707); empty for the platform's own."""
    auth_time: int
    family: str
    expires_at: int = 0
    digest: str = ""
    used_at: int | None = None

    def get_scope(self) -> str:
        """The scope granted."""
        return self.scope

    def check_client(self, client: Any) -> bool:
        """Whether that client holds it."""
        return bool(self.client_id == client.id)


class Code(Granted, frozen=True, kw_only=True):
    """An authorization code."""

    redirect_uri: str
    code_challenge: str
    nonce: str = ""
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Where it was sent."""
        return self.redirect_uri


class RefreshToken(Granted, frozen=True, kw_only=True):
    """A refresh token; each use gives the next."""


G = TypeVar("G", bound=Granted)


class Grants:
    """Codes and refresh tokens in the database, and what was revoked."""

    def __init__(self, engine: Engine, access_seconds: int, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._access_seconds = access_seconds
        self._now = now
        self.revocations = Revocations(engine, now)

    def keep_code(self, text: str, code: Code, seconds: int) -> None:
        """Keep a code under its digest."""
        self._keep(tables.codes, text, code, seconds, "code_challenge_method")

    def keep_refresh(self, text: str, token: Granted, seconds: int) -> None:
        """Keep a refresh token under its digest."""
        self._keep(tables.refresh_tokens, text, token, seconds)

    def code(self, text: str) -> Code | None:
        """The code, if it is still good."""
        return self._find(tables.codes, text, Code)

    def refresh_token(self, text: str) -> RefreshToken | None:
        """The refresh token, if it is still good."""
        return self._find(tables.refresh_tokens, text, RefreshToken)

    def spend(self, granted: Granted) -> bool:
        """Use it up. `False` if somebody else just did, which ends the family."""
        table = tables.codes if isinstance(granted, Code) else tables.refresh_tokens
        unused = (table.c.digest == granted.digest) & table.c.used_at.is_(None)
        with self._engine.begin() as connection:
            first = connection.execute(update(table).where(unused).values(used_at=int(self._now()))).rowcount == 1
        if not first:
            self.end_family(granted.family)
        return first

    def end_family(self, family: str) -> None:
        """End all that grew from one sign-in: its refresh tokens now, its access tokens by the revocation list."""
        with self._engine.begin() as connection:
            connection.execute(delete(tables.refresh_tokens).where(tables.refresh_tokens.c.family == family))
        self.revocations.add(family, int(self._now()) + self._access_seconds)

    def sweep(self) -> None:
        """Forget what has expired."""
        with self._engine.begin() as connection:
            for table in (tables.codes, tables.refresh_tokens, tables.revoked, tables.sign_ins, tables.page_sessions):
                connection.execute(delete(table).where(table.c.expires_at < int(self._now())))

    def _keep(self, table: Table, text: str, granted: Granted, seconds: int, *unkept: str) -> None:
        row = {name: value for name, value in msgspec.structs.asdict(granted).items() if name not in unkept}
        row |= {"digest": digest(text), "expires_at": int(self._now()) + seconds, "used_at": None}
        with self._engine.begin() as connection:
            connection.execute(insert(table).values(**row))

    def _find(self, table: Table, text: str, kind: type[G]) -> G | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.digest == digest(text))).first()
        if row is None:
            return None
        found = msgspec.convert(row, kind, from_attributes=True)
        if found.used_at is not None:
            self.end_family(found.family)
            return None
        return found if found.expires_at > self._now() else None


class Revocations:
    """The access tokens revoked before their time. Cheap enough to ask on every call.

    A revocation made through this object counts at once; one made by another process within five seconds.
    """

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now
        self._ids: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    def holds(self, claims: dict[str, Any]) -> bool:
        """Whether the token of these claims was revoked, by itself (`jti`) or with its sign-in (`sid`)."""
        if self._now() - self._read_at >= REREAD_SECONDS:
            self._reread()
        return claims.get("jti") in self._ids or claims.get("sid") in self._ids

    def add(self, revoked: str, expires_at: int) -> None:
        """Revoke a `jti` or a `sid` until its tokens expire by themselves."""
        with self._engine.begin() as connection:
            connection.execute(delete(tables.revoked).where(tables.revoked.c.id == revoked))
            connection.execute(insert(tables.revoked).values(id=revoked, expires_at=expires_at))
        self._reread()

    def _reread(self) -> None:
        with self._engine.connect() as connection:
            rows = connection.execute(select(tables.revoked.c.id).where(tables.revoked.c.expires_at > self._now()))
            self._ids = frozenset(row.id for row in rows)
        self._read_at = self._now()


def new_token() -> str:
    """A random token of 256 bits, safe in an address."""
    return secrets.token_urlsafe(32)
