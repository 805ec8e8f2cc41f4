"""Reconciliations: what was compared, what was found.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("objects", sa.Text(), nullable=False),
        sa.Column("legal_entities", sa.Text(), nullable=False),
        sa.Column("heal", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acted_for", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reconciliations_started_at", "reconciliations", ["started_at"], unique=False)
    op.create_table(
        "reconciliation_parts",
        sa.Column("reconciliation_id", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(length=40), nullable=False),
        sa.Column("legal_entities", sa.Text(), nullable=False),
        sa.Column("left_system", sa.String(length=80), nullable=False),
        sa.Column("right_system", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reconciliation_id"], ["reconciliations.id"]),
        sa.PrimaryKeyConstraint("reconciliation_id", "number"),
    )
    op.create_table(
        "reconciliation_differences",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reconciliation_id", sa.String(length=80), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("left_id", sa.String(length=160), nullable=False),
        sa.Column("right_id", sa.String(length=160), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["reconciliation_id"], ["reconciliations.id"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(
        "ix_reconciliation_differences_reconciliation_id",
        "reconciliation_differences",
        ["reconciliation_id"],
        unique=False,
    )
    op.create_table(
        "reconciled_records",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reconciliation_id", sa.String(length=80), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("native_id", sa.String(length=160), nullable=False),
        sa.Column("entity", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    for name in ("key", "native"):
        column = "key" if name == "key" else "native_id"
        op.create_index(
            f"ix_reconciled_records_{name}",
            "reconciled_records",
            ["reconciliation_id", "part", "side", column],
            unique=False,
        )
