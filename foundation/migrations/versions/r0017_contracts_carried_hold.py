"""A contract that was carried as signed is its deal's, too. Of what ran before: the one that began first.

Revision: 0017
"""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Fill in those that nobody holds yet."""
    op.execute("""
        INSERT INTO contract_holders (contract_key, business_key, since)
        SELECT contract_key, business_key, started_at FROM (
            SELECT contract_key, business_key, started_at,
                   row_number() OVER (PARTITION BY contract_key ORDER BY started_at, id) AS place
            FROM runs
            WHERE workflow = 'contract_sync' AND contract_key <> '' AND status IN ('running', 'failed', 'succeeded')
              AND contract_key NOT IN (SELECT contract_key FROM contract_holders)
        ) AS began WHERE place = 1
    """)
