"""People, demands and bookings.

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "staff_rules",
        sa.Column("legal_entity", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("legal_entity"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=50), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "staff_demands",
        sa.Column("id", sa.String(length=70), nullable=False),
        sa.Column("task_role", sa.String(length=50), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("task_role", "number", name="a_demand_a_number"),
    )
    op.create_index("ix_staff_demands_project_id", "staff_demands", ["project_id"], unique=False)
    op.create_table(
        "staff_bookings",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("demand_id", sa.String(length=70), nullable=False),
        sa.Column("person_id", sa.String(length=50), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("psa", sa.String(length=16), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("hours", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("notice_cost", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["demand_id"], ["staff_demands.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("demand_id", "person_id", "state"):
        op.create_index(f"ix_staff_bookings_{column}", "staff_bookings", [column], unique=False)
