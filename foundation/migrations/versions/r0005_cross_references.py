"""Canonical ids, where each lives, by what else it is found, and what its systems last agreed on.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "canonical_ids",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sa.String(length=80), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_canonical_ids_merged_into", "canonical_ids", ["merged_into"], unique=False)
    _links()
    _terms_and_history()
    op.create_table(
        "agreed_snapshots",
        sa.Column("canonical_id", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("agreed", sa.Text(), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("parent_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["canonical_id"], ["canonical_ids.id"]),
        sa.PrimaryKeyConstraint("canonical_id", "system", "native_id"),
    )
    op.create_index("ix_agreed_snapshots_parent_id", "agreed_snapshots", ["parent_id"], unique=False)


def _links() -> None:
    op.create_table(
        "xref_links",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("canonical_id", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("instance", sa.String(length=80), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("alt_key", sa.String(length=160), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unlinked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["canonical_id"], ["canonical_ids.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("canonical_id", "native_id", "alt_key"):
        op.create_index(f"ix_xref_links_{column}", "xref_links", [column], unique=False)
    now = sa.text("unlinked_at IS NULL")
    op.create_index(
        "one_link_a_record",
        "xref_links",
        ["object", "system", "native_id"],
        unique=True,
        sqlite_where=now,
        postgresql_where=now,
    )


def _terms_and_history() -> None:
    op.create_table(
        "xref_terms",
        sa.Column("canonical_id", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["canonical_id"], ["canonical_ids.id"]),
        sa.PrimaryKeyConstraint("canonical_id", "system", "native_id", "kind", "value"),
    )
    op.create_index("ix_xref_terms_value", "xref_terms", ["kind", "value"], unique=False)
    op.create_table(
        "xref_history",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("canonical_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=160), nullable=False),
        sa.Column("did", sa.String(length=20), nullable=False),
        sa.Column("system", sa.String(length=80), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("other_id", sa.String(length=40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["canonical_id"], ["canonical_ids.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_xref_history_canonical_id", "xref_history", ["canonical_id"], unique=False)
