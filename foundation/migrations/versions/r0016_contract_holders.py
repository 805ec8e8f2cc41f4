"""Which deal a contract is billed for. Of what ran before: the one that began first.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table, and fill it from the runs there are."""
    op.create_table(
        "contract_holders",
        sa.Column("contract_key", sa.String(length=160), nullable=False),
        sa.Column("business_key", sa.String(length=160), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contract_key"),
    )
    op.execute("""
        INSERT INTO contract_holders (contract_key, business_key, since)
        SELECT contract_key, business_key, started_at FROM (
            SELECT contract_key, business_key, started_at,
                   row_number() OVER (PARTITION BY contract_key ORDER BY started_at, id) AS place
            FROM runs
            WHERE workflow = 'opportunity_to_project' AND contract_key <> ''
              AND status IN ('running', 'failed', 'succeeded')
        ) AS began WHERE place = 1
    """)
