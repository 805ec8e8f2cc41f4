"""Whose turn each record of the inbox is, and deliveries that could not be read.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "inbox_keys",
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("held_by", sa.String(length=80), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "native_id"),
    )
    op.create_index("ix_inbox_keys_parked", "inbox_keys", ["parked"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("system", "digest", name="a_delivery_once"),
    )
