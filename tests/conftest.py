"""What `make test-real` needs, and what is said when a program is missing."""

import os
import shutil

import pytest

_NOT_RUN = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Set aside the `real("program", ...)` tests whose program this machine lacks; where CI is set, refuse to begin."""
    kept, not_run = [], []
    for item in items:
        marker = item.get_closest_marker("real")
        missing = [program for program in (marker.args if marker else ()) if shutil.which(program) is None]
        if missing:
            not_run.append(f"not run: {item.nodeid}: no {', '.join(missing)} on this machine")
        else:
            kept.append(item)
    if not_run and os.environ.get("CI"):
        raise pytest.UsageError("\n".join(not_run))
    config.stash[_NOT_RUN] = not_run
    items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_NOT_RUN, []):
        terminalreporter.write_line(line)
