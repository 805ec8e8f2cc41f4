"""The firm of the account tests, and the worlds of the process tests."""

from tests.accounts.conftest import acme, database
from tests.accounts.conftest import empty as empty  # noqa: PLC0414 - a fixture, taken over under its name
from tests.process.conftest import boxes, firm, known, over

__all__ = ["acme", "boxes", "database", "empty", "firm", "known", "over"]
