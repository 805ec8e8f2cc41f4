"""The process tier's tables. Their schema in a database comes from the migrations, which a test holds to these."""

from typing import Final

import sqlalchemy as sa

from foundation.database import METADATA

_now: Final = sa.DateTime(timezone=True)

RUNS: Final = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("workflow", sa.String(80), nullable=False),
    sa.Column("business_key", sa.String(160), nullable=False, index=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("input_hash", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("customer", sa.Text, nullable=False, default=""),
    sa.Column("account_key", sa.String(160), nullable=False, default="", index=True),
    sa.Column("contract_key", sa.String(160), nullable=False, default="", index=True),
    sa.Column("legal_entity", sa.String(40), nullable=False, default=""),
    sa.Column("amount", sa.String(40), nullable=False, default=""),
    sa.Column("currency", sa.String(3), nullable=False, default=""),
    sa.Column("project_code", sa.String(40), nullable=False, default="", index=True),
    sa.Column("step", sa.Integer, nullable=False, default=0),
    sa.Column("started_at", _now, nullable=False),
    sa.Column("ended_at", _now),
    sa.Column("verified", sa.Boolean),
    sa.Column("reason", sa.String(80), nullable=False, default=""),
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("errors", sa.Text, nullable=False, default="[]"),
    sa.Column("agreement", sa.Text, nullable=False, default="[]"),
    sa.Column("source_version", sa.String(80), nullable=False, default=""),
    sa.Column("traceparent", sa.String(60), nullable=False, default=""),
    sa.Column("acted_for", sa.Text, nullable=False, default=""),
    sa.Column("takeovers", sa.Integer, nullable=False, default=0),
)
"""One row a run; the engine's own tables hold its checkpoints, this one what people ask about."""

STEPS: Final = sa.Table(
    "steps",
    METADATA,
    sa.Column("run_id", sa.String(200), sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("system", sa.String(80), nullable=False, default=""),
    sa.Column("summary", sa.Text, nullable=False, default=""),
    sa.Column("started_at", _now),
    sa.Column("ended_at", _now),
)

ATTEMPTS: Final = sa.Table(
    "attempts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(200), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", _now, nullable=False),
    sa.Column("took_ms", sa.Integer, nullable=False),
    sa.Column("system", sa.String(80), nullable=False),
    sa.Column("operation", sa.String(80), nullable=False),
    sa.Column("sent", sa.Text, nullable=False),
    sa.Column("received", sa.Text, nullable=False),
    sa.Column("fault", sa.String(80), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

CALLS: Final = sa.Table(
    "vendor_calls",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", _now, nullable=False, index=True),
    sa.Column("system", sa.String(80), nullable=False, index=True),
    sa.Column("method", sa.String(10), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("took_ms", sa.Integer, nullable=False),
    sa.Column("fault", sa.String(80), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("run_id", sa.String(200), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
)

XREFS: Final = sa.Table(
    "xrefs",
    METADATA,
    sa.Column("object", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("system", sa.String(80), primary_key=True),
    sa.Column("native_id", sa.String(160), nullable=False, index=True),
    sa.Column("alt_key", sa.String(160), nullable=False, default="", index=True),
    sa.Column("at", _now, nullable=False),
    sa.UniqueConstraint("object", "system", "native_id", name="one_key_a_native_id"),
)
"""One canonical key to one native id in each system; a native id never belongs to two keys."""

PROJECT_CODES: Final = sa.Table(
    "project_codes",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(160), nullable=False, unique=True),
    sa.Column("released_at", _now),
)

CONTRACT_HOLDERS: Final = sa.Table(
    "contract_holders",
    METADATA,
    sa.Column("contract_key", sa.String(160), primary_key=True),
    sa.Column("business_key", sa.String(160), nullable=False),
    sa.Column("since", _now, nullable=False),
)
"""The deal a contract is billed for: one, whoever else rests on it."""

AT_RISK: Final = sa.Table(
    "at_risk",
    METADATA,
    sa.Column("business_key", sa.String(160), primary_key=True),
    sa.Column("until", sa.Date, nullable=False, index=True),
    sa.Column("closed", sa.Boolean, nullable=False, default=False),
    sa.Column("told", sa.Date),
)
"""Until when work on a deal is approved though nobody has signed. `closed`: that is over, and we closed the project for
time; `told`: the day of whose passing somebody was told."""

CASES: Final = sa.Table(
    "cases",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(200), sa.ForeignKey("runs.id"), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("kind", sa.String(80), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("tier", sa.String(2), nullable=False),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("system", sa.String(80), nullable=False),
    sa.Column("suggestion", sa.Text, nullable=False),
    sa.Column("errors", sa.Text, nullable=False),
    sa.Column("ticket", sa.String(80), nullable=False, default=""),
    sa.Column("ticket_state", sa.String(16), nullable=False, default="due"),
    sa.Column("telling_until", _now),
    sa.Column("opened_at", _now, nullable=False),
    sa.Column("closed_at", _now),
)
"""One case a run, reopened when it fails again. `ticket_state`: whether the service desk is still `due` to be told, was
`told`, or knows the cause from another case (`shared`)."""

CASE_EVENTS: Final = sa.Table(
    "case_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_number", sa.Integer, sa.ForeignKey("cases.number"), nullable=False, index=True),
    sa.Column("at", _now, nullable=False),
    sa.Column("who", sa.String(160), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
)

APPROVALS: Final = sa.Table(
    "approvals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("rule", sa.String(80), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("approver", sa.String(80), nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("asked_at", _now, nullable=False),
    sa.Column("approved_by", sa.String(160), nullable=False, default=""),
    sa.Column("approved_at", _now),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("until", sa.Date),
    sa.UniqueConstraint("subject", "rule", "digest", name="one_approval_for_the_same_terms"),
)
"""One row for what a guard held, and the terms it was held at; who approved that, why, and until which day. `subject`:
the run, or whatever else is judged. `digest`: of the terms; other terms are another row."""

INBOX: Final = sa.Table(
    "inbox",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("system", sa.String(80), nullable=False),
    sa.Column("object", sa.String(40), nullable=False),
    sa.Column("native_id", sa.String(160), nullable=False),
    sa.Column("version", sa.String(80), nullable=False),
    sa.Column("via", sa.String(16), nullable=False),
    sa.Column("notification_id", sa.String(160), nullable=False, default=""),
    sa.Column("received_at", _now, nullable=False),
    sa.Column("done_at", _now, index=True),
    sa.Column("outcome", sa.String(40), nullable=False, default=""),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("not_before", _now),
    sa.Column("again_at", _now, index=True),
    sa.UniqueConstraint("system", "object", "native_id", "version", name="a_version_once"),
)
"""Every change seen, once per version, whichever way it was heard of. `again_at`: from when on reading it is final,
where its version may stand for a later change too; empty once it was read after that."""

WATERMARKS: Final = sa.Table(
    "watermarks",
    METADATA,
    sa.Column("system", sa.String(80), primary_key=True),
    sa.Column("watermark", sa.Text, nullable=False),
    sa.Column("polled_at", _now, nullable=False),
)

EVENTS: Final = sa.Table(
    "events",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("type", sa.String(120), nullable=False),
    sa.Column("subject", sa.String(160), nullable=False, index=True),
    sa.Column("time", _now, nullable=False),
    sa.Column("run_id", sa.String(200), nullable=False, index=True),
    sa.Column("traceparent", sa.String(60), nullable=False),
    sa.Column("legal_entity", sa.String(40), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)
"""The outbox: CloudEvents, written in the transaction of the state they tell of."""

SUBSCRIPTIONS: Final = sa.Table(
    "subscriptions",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("client", sa.String(160), nullable=False, index=True),
    sa.Column("url", sa.String(500), nullable=False),
    sa.Column("types", sa.Text, nullable=False),
    sa.Column("legal_entities", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", _now, nullable=False),
    sa.Column("secret_number", sa.Integer, nullable=False),
    sa.Column("renewed_at", _now),
)
"""Who is told of which events. A secret is made from the platform's key and its number, and stands nowhere."""

DELIVERIES: Final = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subscription_id", sa.String(40), sa.ForeignKey("subscriptions.id"), nullable=False),
    sa.Column("event_id", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(160), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("due_at", _now, nullable=False),
    sa.Column("held_until", _now),
    sa.Column("last_status", sa.Integer, nullable=False, default=0),
    sa.Column("last_detail", sa.Text, nullable=False, default=""),
    sa.Index("ix_deliveries_in_order", "subscription_id", "subject", "number"),
    sa.Index("ix_deliveries_due", "state", "due_at"),
)
"""One row an event and subscription, written with the event itself. Of one subject the first not delivered is sent."""

LEASES: Final = sa.Table(
    "leases",
    METADATA,
    sa.Column("executor", sa.String(80), primary_key=True),
    sa.Column("beat_at", sa.Float, nullable=False),
)

CANONICAL_IDS: Final = sa.Table(
    "canonical_ids",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("object", sa.String(40), nullable=False),
    sa.Column("merged_into", sa.String(40), index=True),
    sa.Column("created_at", _now, nullable=False),
    sa.Column("held_by", sa.String(80), nullable=False, default=""),
    sa.Column("held_until", _now),
)
"""What we call a thing, for good. `held_by`: who works on it until `held_until`, so that nobody else does."""

XREF_LINKS: Final = sa.Table(
    "xref_links",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("canonical_id", sa.String(40), sa.ForeignKey("canonical_ids.id"), nullable=False, index=True),
    sa.Column("object", sa.String(40), nullable=False),
    sa.Column("system", sa.String(80), nullable=False),
    sa.Column("instance", sa.String(80), nullable=False, default=""),
    sa.Column("native_id", sa.String(160), nullable=False, index=True),
    sa.Column("alt_key", sa.String(160), nullable=False, default="", index=True),
    sa.Column("linked_at", _now, nullable=False),
    sa.Column("unlinked_at", _now),
    sa.Index(
        "one_link_a_record",
        "object",
        "system",
        "native_id",
        unique=True,
        sqlite_where=sa.text("unlinked_at IS NULL"),
        postgresql_where=sa.text("unlinked_at IS NULL"),
    ),
)
"""Where a thing lives: many systems, and in one of them more than once. What was unlinked stays as history."""

XREF_TERMS: Final = sa.Table(
    "xref_terms",
    METADATA,
    sa.Column("canonical_id", sa.String(40), sa.ForeignKey("canonical_ids.id"), primary_key=True),
    sa.Column("system", sa.String(80), primary_key=True),
    sa.Column("native_id", sa.String(160), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("value", sa.String(200), primary_key=True),
    sa.Index("ix_xref_terms_value", "kind", "value"),
)
"""By what else it is found: numbers, tax numbers, mail domains and names, as each system has them, in one spelling."""

XREF_HISTORY: Final = sa.Table(
    "xref_history",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("canonical_id", sa.String(40), sa.ForeignKey("canonical_ids.id"), nullable=False, index=True),
    sa.Column("at", _now, nullable=False),
    sa.Column("who", sa.String(160), nullable=False),
    sa.Column("did", sa.String(20), nullable=False),
    sa.Column("system", sa.String(80), nullable=False, default=""),
    sa.Column("native_id", sa.String(160), nullable=False, default=""),
    sa.Column("other_id", sa.String(40), nullable=False, default=""),
    sa.Column("why", sa.Text, nullable=False, default=""),
)
"""Who linked, unlinked and merged what, and why. Only ever added to."""

SNAPSHOTS: Final = sa.Table(
    "agreed_snapshots",
    METADATA,
    sa.Column("canonical_id", sa.String(40), sa.ForeignKey("canonical_ids.id"), primary_key=True),
    sa.Column("system", sa.String(80), primary_key=True),
    sa.Column("native_id", sa.String(160), primary_key=True),
    sa.Column("agreed", sa.Text, nullable=False),
    sa.Column("seen", sa.String(64), nullable=False),
    sa.Column("version", sa.String(80), nullable=False, default=""),
    sa.Column("parent_id", sa.String(40), nullable=False, default="", index=True),
    sa.Column("at", _now, nullable=False),
)
"""What each system said when all agreed last, and the hash of what it was last seen to say."""

SYNC_WRITES: Final = sa.Table(
    "sync_writes",
    METADATA,
    sa.Column("sync_id", sa.String(120), primary_key=True),
    sa.Column("system", sa.String(80), primary_key=True),
    sa.Column("native_id", sa.String(160), primary_key=True),
    sa.Column("canonical_id", sa.String(40), sa.ForeignKey("canonical_ids.id"), nullable=False, index=True),
    sa.Column("made", sa.Boolean, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("at", _now, nullable=False, index=True),
    sa.Column("ended_at", _now),
)
"""One row a record that a sync wrote: of each field what it said before, and a keyed digest of what was written. Kept
while the sync may be undone, and no longer than the record is known."""

PROJECT_SETUPS: Final = sa.Table(
    "project_setups",
    METADATA,
    sa.Column("run_id", sa.String(200), primary_key=True),
    sa.Column("project_key", sa.String(160), nullable=False, index=True),
    sa.Column("template", sa.String(80), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("lines", sa.Text, nullable=False, default="{}"),
    sa.Column("found", sa.Text, nullable=False, default="[]"),
    sa.Column("before", sa.Text, nullable=False, default="{}"),
)
"""What a setup was asked for; the contract line of each task; the tasks it found; and by system what it changed, as it
was before: whoever undoes it puts that back."""
