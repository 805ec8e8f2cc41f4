"""What stands in the record for a person: a random pseudonym, whose only tie to the name is one row that can be erased.

The row is found by a keyed hash of the name and holds it sealed; so who reads the database reads no name, who has the
key can ask by name and be told it, and once the row is gone nobody can, while the chain of records holds as before.
"""

import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from gateway.audit.keyring import Keyring
from gateway.audit.store import Store

MARK: Final = "~"
"""What a pseudonym begins with; no id that may stand for itself does."""
_REMEMBERED: Final = 300.0
"""Seconds after which it is asked again: it may have been erased meanwhile, and that it was seen is noted."""
_MOST: Final = 50_000


class Names:
    """The pseudonyms, for the writer's thread."""

    def __init__(self, store: Store, keys: Keyring) -> None:
        self._store = store
        self._keys = keys
        self._known: dict[str, tuple[str, float]] = {}

    def hide(self, value: str) -> str:
        """The pseudonym of a value. Raises what the store fails with."""
        if not value:
            return ""
        known = self._known.get(value)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        if len(self._known) >= _MOST:
            self._known.clear()
        pseudonym = self._kept(value)
        self._known[value] = (pseudonym, time.monotonic() + _REMEMBERED)
        return pseudonym

    def _kept(self, value: str) -> str:
        lookup, made, today = self._keys.lookups(value)[0], MARK + secrets.token_hex(8), _today()
        with self._store.begin() as store:
            store.execute(
                "INSERT INTO names (lookup, pseudonym, sealed, seen) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (lookup) DO UPDATE SET seen = excluded.seen",
                (lookup, made, self._keys.seal(value, made), today),
            )
            ((pseudonym,),) = store.execute("SELECT pseudonym FROM names WHERE lookup = ?", (lookup,)).fetchall()
        return str(pseudonym)


def pseudonyms_of(store: Store, keys: Keyring, value: str) -> list[str]:
    """What stands for a value in the record, under any of the keys."""
    found: list[str] = []
    for lookup in keys.lookups(value):
        found += [row[0] for row in store.rows("SELECT pseudonym FROM names WHERE lookup = ?", (lookup,))]
    return found


def revealed(store: Store, keys: Keyring, pseudonyms: Iterable[str]) -> dict[str, str]:
    """Names by pseudonym; one that was erased, or that no key opens, is not among them."""
    found = {}
    for pseudonym in set(pseudonyms):
        for (sealed,) in store.rows("SELECT sealed FROM names WHERE pseudonym = ?", (pseudonym,)):
            name = keys.unseal(sealed, pseudonym)
            if name is not None:
                found[pseudonym] = name
    return found


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
