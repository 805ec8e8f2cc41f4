"""Forgetting a person: what was said by and of them goes, and nobody can tell any more whose records theirs are.

What stays is that somebody, a pseudonym, called this and that at such a time: the chain of records verifies as before,
and a signed statement says that something was erased, and why.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from foundation.masking import Masker
from gateway.audit.entry import Erasure
from gateway.audit.keyring import Keyring
from gateway.audit.names import pseudonyms_of
from gateway.audit.removals import erase_bodies, note, ranges
from gateway.audit.store import Store, Where, place_of


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What there was to erase."""

    bodies: int
    names: int
    removal: str = ""
    """The statement of it; empty where nothing was found."""


def erase(where: Where, values: Sequence[str], reason: str, masker: Masker) -> Erased:
    """Erase a person, known by these values: the subject of their tokens, addresses, numbers.

    Gone are the bodies of their calls, the bodies that hold one of the values (as the hash a mask wrote), and the names
    behind their pseudonyms. `reason` is kept in clear: it names a case, not the person.
    """
    place = place_of(where)
    store, keys = place.open(), Keyring.at(place.keys)
    try:
        pseudonyms = [found for value in values for found in pseudonyms_of(store, keys, value)]
        rows = sorted({*_of_calls(store, pseudonyms), *_that_hold(store, [masker.hidden(value) for value in values])})
        if not pseudonyms and not rows:
            return Erased(bodies=0, names=0)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        said = Erasure(id=secrets.token_hex(8), at=now, rows=ranges(rows), pseudonyms=pseudonyms, reason=reason)
        with store.begin(durable=True) as work:
            note(work, keys, said)
            erase_bodies(work, said, rows)
            work.executemany("DELETE FROM names WHERE pseudonym = ?", [(pseudonym,) for pseudonym in pseudonyms])
        store.forget()
        return Erased(bodies=len(rows), names=len(pseudonyms), removal=said.id)
    finally:
        store.close()


def _of_calls(store: Store, pseudonyms: Sequence[str]) -> list[tuple[str, int]]:
    """Bodies of calls they made, that were made for them, or that were about them."""
    found: list[tuple[str, int]] = []
    for pseudonym in pseudonyms:
        within = f"%{pseudonym}%"
        found += store.rows(
            "SELECT b.writer, b.seq FROM bodies b JOIN records r ON r.writer = b.writer AND r.seq = b.seq "
            "WHERE (b.request IS NOT NULL OR b.answer IS NOT NULL) "
            "AND (r.subject = ? OR r.key = ? OR r.acted_for LIKE ? OR r.facts LIKE ?)",
            (pseudonym, pseudonym, within, within),
        )
    return found


def _that_hold(store: Store, hashes: Sequence[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for hashed in hashes:
        within = f"%{hashed}%"
        found += store.rows("SELECT writer, seq FROM bodies WHERE request LIKE ? OR answer LIKE ?", (within, within))
    return found
