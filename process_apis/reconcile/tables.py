"""The tables of reconciliations."""

from typing import Final

import sqlalchemy as sa

from foundation.database import METADATA

_now: Final = sa.DateTime(timezone=True)

RECONCILIATIONS: Final = sa.Table(
    "reconciliations",
    METADATA,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("trigger", sa.String(16), nullable=False),
    sa.Column("objects", sa.Text, nullable=False),
    sa.Column("legal_entities", sa.Text, nullable=False),
    sa.Column("heal", sa.Boolean, nullable=False),
    sa.Column("started_at", _now, nullable=False, index=True),
    sa.Column("ended_at", _now),
    sa.Column("acted_for", sa.Text, nullable=False, default=""),
    sa.Column("traceparent", sa.String(60), nullable=False, default=""),
)

PARTS: Final = sa.Table(
    "reconciliation_parts",
    METADATA,
    sa.Column("reconciliation_id", sa.String(80), sa.ForeignKey("reconciliations.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("object", sa.String(40), nullable=False),
    sa.Column("legal_entities", sa.Text, nullable=False),
    sa.Column("left_system", sa.String(80), nullable=False),
    sa.Column("right_system", sa.String(80), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("found", sa.Text, nullable=False, default="{}"),
)
"""One kind of thing in one pair of systems; `found`: counts and checksums."""

DIFFERENCES: Final = sa.Table(
    "reconciliation_differences",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("reconciliation_id", sa.String(80), sa.ForeignKey("reconciliations.id"), nullable=False, index=True),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("key", sa.String(160), nullable=False, default=""),
    sa.Column("left_id", sa.String(160), nullable=False, default=""),
    sa.Column("right_id", sa.String(160), nullable=False, default=""),
    sa.Column("fields", sa.Text, nullable=False, default="[]"),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("run_id", sa.String(200), nullable=False, default=""),
)

LISTED: Final = sa.Table(
    "reconciled_records",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("reconciliation_id", sa.String(80), nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("side", sa.String(8), nullable=False),
    sa.Column("native_id", sa.String(160), nullable=False),
    sa.Column("entity", sa.String(80), nullable=False, default=""),
    sa.Column("key", sa.String(160), nullable=False, default=""),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("facts", sa.Text, nullable=False, default="{}"),
    sa.Index("ix_reconciled_records_key", "reconciliation_id", "part", "side", "key"),
    sa.Index("ix_reconciled_records_native", "reconciliation_id", "part", "side", "native_id"),
)
"""What was listed of two systems while they are compared, so that it need not be held in memory; then it is gone."""
