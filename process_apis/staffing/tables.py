"""The tables of staffing. `touched` is written to hold a row: whoever decides locks first (`records`)."""

from typing import Final

import sqlalchemy as sa

from foundation.database import METADATA

STAFF_RULES: Final = sa.Table(
    "staff_rules",
    METADATA,
    sa.Column("legal_entity", sa.String(40), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
"""The staffing guards' data, where a legal entity says otherwise than the defaults."""

STAFF: Final = sa.Table(
    "staff",
    METADATA,
    sa.Column("id", sa.String(50), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("touched", sa.Integer, nullable=False),
)
"""People as HR has told of them. `touched` is written to hold the row: whoever books somebody locks them first."""

STAFF_DEMANDS: Final = sa.Table(
    "staff_demands",
    METADATA,
    sa.Column("id", sa.String(70), primary_key=True),
    sa.Column("task_role", sa.String(50), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("project_id", sa.String(80), nullable=False, index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("touched", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("task_role", "number", name="a_demand_a_number"),
)

STAFF_BOOKINGS: Final = sa.Table(
    "staff_bookings",
    METADATA,
    sa.Column("id", sa.String(160), primary_key=True),
    sa.Column("demand_id", sa.String(70), sa.ForeignKey("staff_demands.id"), nullable=False, index=True),
    sa.Column("person_id", sa.String(50), sa.ForeignKey("staff.id"), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("psa", sa.String(16), nullable=False),
    sa.Column("start", sa.Date, nullable=False),
    sa.Column("end", sa.Date, nullable=False),
    sa.Column("hours", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("run_id", sa.String(200), nullable=False),
    sa.Column("days", sa.Text, nullable=False),
    sa.Column("warnings", sa.Text, nullable=False),
    sa.Column("notice_cost", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("waiting", sa.Text, nullable=False, server_default="null"),
)
"""Who works on what. Only `confirmed` ones hold a person."""

STAFF_DECISIONS: Final = sa.Table(
    "staff_decisions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("demand_id", sa.String(70), sa.ForeignKey("staff_demands.id"), nullable=False, index=True),
    sa.Column("person_id", sa.String(50), sa.ForeignKey("staff.id"), nullable=False),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
"""Who has agreed to, excepted or refused one person on one demand. Written once, never changed."""
