"""The audit in a file of its own: on the platform's SQLite database its writes would wait for everyone else's."""

import sqlite3
from pathlib import Path
from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL,
    api TEXT NOT NULL, version TEXT NOT NULL, layer TEXT NOT NULL, operation TEXT NOT NULL,
    issuer TEXT NOT NULL, subject TEXT NOT NULL, client TEXT NOT NULL, acted_for TEXT NOT NULL,
    scopes TEXT NOT NULL, key TEXT NOT NULL,
    status INTEGER NOT NULL, reason TEXT NOT NULL, policy TEXT NOT NULL, stage TEXT NOT NULL, rule TEXT NOT NULL,
    facts TEXT NOT NULL, retention TEXT NOT NULL,
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


def connect(path: Path) -> sqlite3.Connection:
    """The audit's own file."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def anchors_of(path: Path) -> Path:
    """The append-only file of anchors beside an audit file."""
    return path.with_name(path.name + ".anchors")
