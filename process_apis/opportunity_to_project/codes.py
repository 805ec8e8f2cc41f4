"""Project codes: one for each deal, never used twice, not even after it was released."""

from typing import Final

import sqlalchemy as sa

from canonical.dates import now
from process_apis.tables import PROJECT_CODES

REGISTERED_AS: Final = "opportunity_to_project"
"""The workflow whose runs make projects."""
FIRST: Final = 10_000
"""Codes start above this, so that all have five digits."""


def reserve(connection: sa.Connection, key: str) -> str:
    """The code of a key; reserved now if it has none. A released one is taken up again by its own key only."""
    code = code_of(connection, key)
    if code:
        connection.execute(sa.update(PROJECT_CODES).where(PROJECT_CODES.c.key == key).values(released_at=None))
        return code
    connection.execute(sa.insert(PROJECT_CODES).values(key=key))
    return code_of(connection, key)


def code_of(connection: sa.Connection, key: str) -> str:
    """The code of a key; empty when it has none."""
    number = connection.scalar(sa.select(PROJECT_CODES.c.number).where(PROJECT_CODES.c.key == key))
    return f"PRJ-{FIRST + number:05d}" if number else ""


def release(connection: sa.Connection, key: str) -> None:
    """Give a code back; it stays this key's."""
    connection.execute(sa.update(PROJECT_CODES).where(PROJECT_CODES.c.key == key).values(released_at=now()))
