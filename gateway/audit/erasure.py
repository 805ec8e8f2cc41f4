"""Forgetting a person: what was said by and of them goes, and nobody can tell any more whose records theirs are.

What stays is that somebody, a pseudonym, called this and that at such a time: the chain of records verifies as before,
and a signed statement says that something was erased, and why.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from foundation.masking import Masker
from gateway.audit.entry import Erasure, Record
from gateway.audit.keyring import Keyring
from gateway.audit.names import pseudonyms_of
from gateway.audit.removals import erase_bodies, note, ranges
from gateway.audit.sheet import SELECT, holding, sheet_of
from gateway.audit.store import Store, Where, place_of

_KEPT: Final = "(b.request IS NOT NULL OR b.answer IS NOT NULL)"
_BODIES: Final = f"SELECT b.writer, b.seq FROM bodies b WHERE b.writer = ? AND b.seq BETWEEN ? AND ? AND {_KEPT}"  # noqa: S608 - our words
_WITH_BODIES: Final = f"""{SELECT} s WHERE s.lines LIKE ? AND EXISTS (
    SELECT 1 FROM bodies b WHERE b.writer = s.writer AND b.seq BETWEEN s.first AND s.seq AND {_KEPT}
)"""  # noqa: S608 - likewise


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
        for sheet in map(sheet_of, store.stream(_WITH_BODIES, (holding(pseudonym),))):
            theirs = {(sheet.writer, record.seq) for record in sheet.records() if _concerns(record, pseudonym)}
            found += theirs.intersection(store.rows(_BODIES, (sheet.writer, sheet.first, sheet.seq)))
    return found


def _concerns(record: Record, pseudonym: str) -> bool:
    said = (record.subject, record.key)
    return pseudonym in said or pseudonym in record.acted_for or pseudonym in record.facts


def _that_hold(store: Store, hashes: Sequence[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for hashed in hashes:
        within = f"%{hashed}%"
        found += store.rows("SELECT writer, seq FROM bodies WHERE request LIKE ? OR answer LIKE ?", (within, within))
    return found
