"""The record of calls, on PostgreSQL: a row for each commit in the place of one for each call.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from foundation.migrations.sheets import READ, SHEET, in_sheets

revision = "0006"
down_revision = "0005"

_TABLE = """
CREATE TABLE audit.sheets (
    writer text NOT NULL, seq bigint NOT NULL, first bigint NOT NULL, since text NOT NULL, at text NOT NULL,
    retention text NOT NULL, words text NOT NULL, lines text NOT NULL,
    PRIMARY KEY (writer, seq)
);
"""
_HELD = """
CREATE INDEX sheets_at ON audit.sheets (at);
CREATE TRIGGER sheets_are_not_changed BEFORE UPDATE ON audit.sheets
    FOR EACH ROW EXECUTE FUNCTION audit.only_added();
CREATE TRIGGER sheets_are_not_removed BEFORE DELETE ON audit.sheets
    FOR EACH ROW EXECUTE FUNCTION audit.swept();
CREATE TRIGGER sheets_are_not_emptied BEFORE TRUNCATE ON audit.sheets
    FOR EACH STATEMENT EXECUTE FUNCTION audit.only_added();
DROP TABLE audit.records;
"""
_INSERT = f"INSERT INTO audit.sheets ({', '.join(SHEET)}) VALUES ({', '.join(f':{name}' for name in SHEET)})"  # noqa: S608 - our names
_AT_ONCE = 200


def upgrade() -> None:
    """Make the table, move what is there into it, and hold it as the other was held."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    op.execute(_TABLE)
    anchored = {(writer, seq) for writer, seq in connection.execute(sa.text("SELECT writer, seq FROM audit.anchors"))}
    read = sa.text(READ.replace("FROM records", "FROM audit.records")).execution_options(stream_results=True)
    with connection.execute(read) as rows:
        sheets: list[dict[str, object]] = []
        for sheet in in_sheets((tuple(row) for row in rows), anchored):
            sheets.append(dict(zip(SHEET, sheet, strict=True)))
            if len(sheets) == _AT_ONCE:
                connection.execute(sa.text(_INSERT), sheets)
                sheets = []
        if sheets:
            connection.execute(sa.text(_INSERT), sheets)
    op.execute(_HELD)
