"""When a change is read once more, where its version may stand for a later change too.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column; what is in the inbox by now is read once."""
    op.add_column("inbox", sa.Column("again_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_inbox_again_at", "inbox", ["again_at"], unique=False)
