"""The record of calls, on PostgreSQL: a schema of its own, only ever added to. On SQLite it is a file of its own.

Revision: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
CREATE SCHEMA audit;
CREATE TABLE audit.records (
    writer text NOT NULL, seq bigint NOT NULL, at text NOT NULL,
    api text NOT NULL, version text NOT NULL, layer text NOT NULL, operation text NOT NULL,
    issuer text NOT NULL, subject text NOT NULL, client text NOT NULL, acted_for text NOT NULL,
    scopes text NOT NULL, key text NOT NULL,
    status integer NOT NULL, reason text NOT NULL, policy text NOT NULL, stage text NOT NULL, rule text NOT NULL,
    facts text NOT NULL, retention text NOT NULL,
    request_id text NOT NULL, trace text NOT NULL, took_ms integer NOT NULL,
    request_digest text NOT NULL, answer_digest text NOT NULL,
    previous text NOT NULL, digest text NOT NULL,
    PRIMARY KEY (writer, seq)
);
CREATE TABLE audit.bodies (
    writer text NOT NULL, seq bigint NOT NULL, request text, answer text, removal text, PRIMARY KEY (writer, seq)
);
CREATE TABLE audit.anchors (
    writer text NOT NULL, seq bigint NOT NULL, digest text NOT NULL, at text NOT NULL, signature text NOT NULL,
    PRIMARY KEY (writer, seq)
);
CREATE TABLE audit.removals (
    id text PRIMARY KEY, kind text NOT NULL, writer text NOT NULL, upto bigint NOT NULL,
    statement text NOT NULL, signature text NOT NULL
);
CREATE TABLE audit.names (
    lookup text PRIMARY KEY, pseudonym text NOT NULL UNIQUE, sealed text NOT NULL, seen text NOT NULL
);
CREATE INDEX records_at ON audit.records (at);
CREATE INDEX records_subject ON audit.records (subject, at);
CREATE INDEX records_client ON audit.records (client, at);
CREATE INDEX records_key ON audit.records (key, at);
CREATE INDEX records_request ON audit.records (request_id);
"""
_RULES = """
CREATE FUNCTION audit.only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit % are only ever added', TG_TABLE_NAME; END $$;
CREATE FUNCTION audit.swept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit.removals WHERE kind = 'segment' AND writer = OLD.writer AND upto >= OLD.seq)
    THEN RAISE EXCEPTION 'audit % are only ever added', TG_TABLE_NAME; END IF;
    RETURN OLD;
END $$;
CREATE FUNCTION audit.erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (NEW.request IS NULL AND NEW.answer IS NULL AND NEW.writer = OLD.writer AND NEW.seq = OLD.seq
            AND EXISTS (SELECT 1 FROM audit.removals WHERE id = NEW.removal))
    THEN RAISE EXCEPTION 'audit bodies are erased under a removal, and never changed'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bodies_are_not_changed BEFORE UPDATE ON audit.bodies
    FOR EACH ROW EXECUTE FUNCTION audit.erased();
CREATE TRIGGER removals_are_not_removed BEFORE DELETE ON audit.removals
    FOR EACH ROW EXECUTE FUNCTION audit.only_added();
REVOKE ALL ON SCHEMA audit FROM PUBLIC;
"""


def upgrade() -> None:
    """Make the tables, and the triggers that hold them."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_TABLES)
    op.execute(_RULES)
    for table in ("records", "anchors", "removals"):
        _trigger(table, "changed", "BEFORE UPDATE", "ROW EXECUTE FUNCTION audit.only_added()")
    for table in ("records", "anchors", "bodies"):
        _trigger(table, "removed", "BEFORE DELETE", "ROW EXECUTE FUNCTION audit.swept()")
    for table in ("records", "anchors", "bodies", "removals"):
        _trigger(table, "emptied", "BEFORE TRUNCATE", "STATEMENT EXECUTE FUNCTION audit.only_added()")


def _trigger(table: str, done: str, when: str, what: str) -> None:
    op.execute(f"CREATE TRIGGER {table}_are_not_{done} {when} ON audit.{table} FOR EACH {what}")
