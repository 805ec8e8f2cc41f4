"""What was taken out of the record on purpose: each removal is a signed statement that stays."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.audit.entry import Erasure, Removal, Segment
from gateway.audit.keyring import Keyring
from gateway.audit.store import Store, Transaction

_STATEMENT = msgspec.json.Decoder(Removal)


def note(store: Transaction, keys: Keyring, removal: Removal) -> None:
    """State a removal: the triggers then let what it names go, and nothing else."""
    kind, writer, upto = (
        ("segment", removal.writer, removal.upto) if isinstance(removal, Segment) else ("bodies", "", 0)
    )
    text = msgspec.json.encode(removal)
    store.execute(
        "INSERT INTO removals (id, kind, writer, upto, statement, signature) VALUES (?, ?, ?, ?, ?, ?)",
        (removal.id, kind, writer, upto, text.decode(), keys.sign(text)),
    )


def erase_bodies(store: Transaction, removal: Erasure, rows: Iterable[tuple[Any, ...]]) -> None:
    """Erase bodies under a removal that was noted."""
    store.executemany(
        "UPDATE bodies SET request = NULL, answer = NULL, removal = ? WHERE writer = ? AND seq = ?",
        [(removal.id, writer, seq) for writer, seq in rows],
    )


class Removals:
    """All removals of a record, as far as they are what somebody with the key stated."""

    def __init__(self, store: Store, keys: Keyring) -> None:
        self.forged: list[str] = []
        """Ids of those nobody signed, or whose text and columns differ."""
        self.dropped: dict[str, Segment] = {}
        """By chain, the last segment dropped."""
        self._erased: dict[str, Erasure] = {}
        self.pseudonyms: set[str] = set()
        for name, kind, writer, upto, text, signature in store.rows(
            "SELECT id, kind, writer, upto, statement, signature FROM removals ORDER BY writer, upto"
        ):
            said = _STATEMENT.decode(text) if keys.signed(text.encode(), signature) else None
            match said:
                case Segment() if (said.id, said.writer, said.upto, kind) == (name, writer, upto, "segment"):
                    self.dropped[writer] = said
                case Erasure() if (said.id, kind) == (name, "bodies"):
                    self._erased[name] = said
                    self.pseudonyms.update(said.pseudonyms)
                case _:
                    self.forged.append(name)

    def erased(self, removal: str | None, writer: str, seq: int) -> bool:
        """Whether that removal names the body of this record."""
        said = self._erased.get(removal or "")
        return said is not None and any(low <= seq <= high for low, high in said.rows.get(writer, []))


def ranges(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[tuple[int, int]]]:
    """Records by chain, as ranges without gaps."""
    found: dict[str, list[tuple[int, int]]] = {}
    for writer, seq in sorted(rows):
        known = found.setdefault(writer, [])
        if known and known[-1][1] == seq - 1:
            known[-1] = (known[-1][0], seq)
        else:
            known.append((seq, seq))
    return found
