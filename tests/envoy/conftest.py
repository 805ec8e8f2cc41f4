"""The command line, as tests/commands have it."""

from tests.commands.conftest import policies, tiergate

__all__ = ["policies", "tiergate"]
