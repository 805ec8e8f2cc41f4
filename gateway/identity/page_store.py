"""Where the sessions of pages rest: sealed with the browser's own cookie, so that the table alone opens nothing."""

import hashlib
import time
from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Engine, delete, insert, select, update

from gateway.identity import tables
from gateway.identity.relying_party import Tokens
from gateway.identity.sealing import digest, seal, unseal

SESSION_SECONDS: Final = 12 * 3600


class PageStore:
    """Sessions by cookie. Every method blocks: call it in a thread."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now

    def find(self, cookie: str) -> Tokens | None:
        """What was kept under a cookie."""
        known = select(tables.page_sessions.c.sealed).where(
            tables.page_sessions.c.digest == digest(cookie), tables.page_sessions.c.expires_at > self._now()
        )
        with self._engine.connect() as connection:
            sealed = connection.execute(known).scalar_one_or_none()
        return msgspec.json.decode(unseal(sealed, _key(cookie)), type=Tokens) if sealed else None

    def keep(self, cookie: str, tokens: Tokens) -> None:
        """A new session, good for twelve hours."""
        now = int(self._now())
        row = {"digest": digest(cookie), "sealed": _sealed(cookie, tokens), "expires_at": now + SESSION_SECONDS}
        with self._engine.begin() as connection:
            connection.execute(delete(tables.page_sessions).where(tables.page_sessions.c.expires_at < now))
            connection.execute(insert(tables.page_sessions).values(**row))

    def change(self, cookie: str, tokens: Tokens) -> None:
        """Other tokens for the same session."""
        mine = tables.page_sessions.c.digest == digest(cookie)
        with self._engine.begin() as connection:
            connection.execute(update(tables.page_sessions).where(mine).values(sealed=_sealed(cookie, tokens)))

    def forget(self, cookie: str) -> None:
        """End a session."""
        with self._engine.begin() as connection:
            connection.execute(delete(tables.page_sessions).where(tables.page_sessions.c.digest == digest(cookie)))


def _sealed(cookie: str, tokens: Tokens) -> str:
    return seal(msgspec.json.encode(tokens), _key(cookie))


def _key(cookie: str) -> bytes:
    return hashlib.sha256(b"tiergate page session\0" + cookie.encode()).digest()
