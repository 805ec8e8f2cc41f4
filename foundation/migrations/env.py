"""Alembic's entry: runs the revisions on the connection `foundation.database.migrate` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], target_metadata=None, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
