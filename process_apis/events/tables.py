"""The tables of what comes in: whose turn each record is, and what could not be read."""

from typing import Final

import sqlalchemy as sa

from foundation.database import METADATA

_now: Final = sa.DateTime(timezone=True)

INBOX_KEYS: Final = sa.Table(
    "inbox_keys",
    METADATA,
    sa.Column("system", sa.String(80), primary_key=True),
    sa.Column("object", sa.String(40), primary_key=True),
    sa.Column("native_id", sa.String(160), primary_key=True),
    sa.Column("held_by", sa.String(80), nullable=False, default=""),
    sa.Column("held_until", _now),
    sa.Column("parked", sa.Text, nullable=False, default="", index=True),
)
"""One record: who works on its changes until when, so that nobody else does; and why none is worked on any more."""

QUARANTINE: Final = sa.Table(
    "quarantine",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("system", sa.String(80), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("received_at", _now, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("system", "digest", name="a_delivery_once"),
)
"""Deliveries that were signed and could not be read, as they came; the same one once, however often it is sent."""
