"""What account and contact sync overwrote, so that it can be put back.

Revision: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sync_writes",
        sa.Column("sync_id", sa.String(length=120), nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("canonical_id", sa.String(length=40), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["canonical_id"], ["canonical_ids.id"]),
        sa.PrimaryKeyConstraint("sync_id", "system", "native_id"),
    )
    op.create_index("ix_sync_writes_canonical_id", "sync_writes", ["canonical_id"], unique=False)
    op.create_index("ix_sync_writes_at", "sync_writes", ["at"], unique=False)
