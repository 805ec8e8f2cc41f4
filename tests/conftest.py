"""What `make test-real` needs and what is said when a program is missing; which tests must share a process."""

import os
import shutil
from typing import Any, Final

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

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
    skipped = [(each.nodeid, str(each.longrepr[2])) for each in terminalreporter.stats.get("skipped", [])]
    why = [(node, said.removeprefix("Skipped: not run: ")) for node, said in skipped if "Skipped: not run: " in said]
    for line in [*config.stash.get(_NOT_RUN, []), *(f"not run: {node}: {said}" for node, said in why)]:
        terminalreporter.write_line(line)


_TOGETHER: Final = ("tests/platform/", "tests/tryton/")
"""Folders whose files share one running platform, or one real server."""
_EACH: Final = "tests/kills/"
"""Where every test stands its own up, and takes long."""


class _ByFile(LoadScopeScheduling):
    """The tests of a file run one after the other in one process; so do all that share what takes long to start."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(_EACH):
            return nodeid
        return next((folder for folder in _TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than there are cores: a test waits, for a vendor's silence or a program, a third of its time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByFile(config, log)
