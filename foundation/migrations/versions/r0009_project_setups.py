"""What project setups were asked for, and what was there before.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "project_setups",
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("project_key", sa.String(length=160), nullable=False),
        sa.Column("template", sa.String(length=80), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_project_setups_project_key", "project_setups", ["project_key"], unique=False)
