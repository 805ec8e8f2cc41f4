"""The schema of the platform's database, revision by revision (Alembic)."""
