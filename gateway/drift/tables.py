"""The two tables of drift. Rows hold no value of an answer but what its data class lets a log hold."""

from typing import Final

import sqlalchemy as sa

from foundation.database import METADATA

DRIFT: Final = sa.Table(
    "contract_drift",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("api", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("rule_at", sa.Text, nullable=False),
    sa.Column("keyword", sa.Text, nullable=False),
    sa.Column("expected", sa.Text, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("example", sa.Text, nullable=False),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Column("first_at", sa.Float, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False, index=True),
)
READERS: Final = sa.Table(
    "contract_readers",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("api", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Column("first_at", sa.Float, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False, index=True),
)
