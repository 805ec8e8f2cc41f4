"""What hard bookings wait for and what was decided about them; until when work on a deal is approved at risk.

Revision: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the tables, and add the column: no booking that is there waits for anybody."""
    op.add_column("staff_bookings", sa.Column("waiting", sa.Text(), nullable=False, server_default="null"))
    op.create_table(
        "staff_decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("demand_id", sa.String(length=70), nullable=False),
        sa.Column("person_id", sa.String(length=50), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["demand_id"], ["staff_demands.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_staff_decisions_demand_id", "staff_decisions", ["demand_id"], unique=False)
    op.create_table(
        "at_risk",
        sa.Column("business_key", sa.String(length=160), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("business_key"),
    )
    op.create_index("ix_at_risk_until", "at_risk", ["until"], unique=False)
