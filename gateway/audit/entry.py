"""One record, how it is stored, and what its digest covers."""

import hashlib
import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec

GENESIS: Final = "0" * 64
"""What the first record of a chain follows."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL,
    api TEXT NOT NULL, version TEXT NOT NULL, layer TEXT NOT NULL, operation TEXT NOT NULL,
    subject TEXT NOT NULL, client TEXT NOT NULL, acted_for TEXT NOT NULL, key TEXT NOT NULL,
    status INTEGER NOT NULL, reason TEXT NOT NULL, policy TEXT NOT NULL,
    request_id TEXT NOT NULL, trace TEXT NOT NULL, took_ms INTEGER NOT NULL,
    request_digest TEXT NOT NULL, answer_digest TEXT NOT NULL,
    previous TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (writer, seq)
);
CREATE TABLE IF NOT EXISTS bodies (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, request TEXT, answer TEXT, PRIMARY KEY (writer, seq)
);
CREATE INDEX IF NOT EXISTS records_at ON records (at);
CREATE INDEX IF NOT EXISTS records_subject ON records (subject, at);
CREATE INDEX IF NOT EXISTS records_client ON records (client, at);
CREATE INDEX IF NOT EXISTS records_key ON records (key, at);
CREATE INDEX IF NOT EXISTS records_request ON records (request_id);
CREATE TRIGGER IF NOT EXISTS records_are_not_changed BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'audit records are only ever added'); END;
CREATE TRIGGER IF NOT EXISTS records_are_not_removed BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'audit records are only ever added'); END;
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one call when it ends."""

    at: float
    """Seconds since the epoch, when it ended."""
    api: str
    version: str
    layer: str
    operation: str
    subject: str
    client: str
    acted_for: str
    key: str
    """What the call was about: an id from its path."""
    status: int
    reason: str
    policy: str
    """The line that refused, as `file:line`; empty where no policy did."""
    request_id: str
    trace: str
    took_ms: int


class Bodies(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, still unmasked, with the types that say how to mask it. Bytes are JSON."""

    request: Any
    request_type: Any
    answer: Any
    answer_type: Any


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record as stored. The chain covers the digests of the bodies, so these may be erased and it still holds."""

    writer: str
    seq: int
    at: str
    """RFC 3339, UTC."""
    api: str
    version: str
    layer: str
    operation: str
    subject: str
    client: str
    acted_for: str
    key: str
    status: int
    reason: str
    policy: str
    request_id: str
    trace: str
    took_ms: int
    request_digest: str = ""
    answer_digest: str = ""
    previous: str = GENESIS
    digest: str = ""

    def expected_digest(self) -> str:
        """The digest of everything else in the record, the previous digest included."""
        covered = [getattr(self, name) for name in FIELDS if name != "digest"]
        return hashlib.sha256(msgspec.json.encode(covered)).hexdigest()


FIELDS: Final = Record.__struct_fields__


def connect(path: Path) -> sqlite3.Connection:
    """The audit's own file: on the platform's database its writes would wait for everyone else's."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def anchors_of(path: Path) -> Path:
    """The append-only file of anchors beside an audit file."""
    return path.with_name(path.name + ".anchors")


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """The last record of one commit: a chain that does not reach it was cut."""

    writer: str
    seq: int
    digest: str
    at: str
