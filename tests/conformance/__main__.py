"""`make conformance`: ask the running gateway the whole table, say what does not conform, write the page."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conformance.asked import Verdict, ask_all
from tests.conformance.front import behind_envoy, fronts
from tests.conformance.issuers import Issuers
from tests.conformance.page import BEHIND, PAGE, page
from tests.conformance.table import problems, rows, shared


def main() -> int:
    """The exit code is 1 when a row failed. With names of rows, only those are asked and no page is written."""
    asked = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    asked.add_argument("rows", nargs="*", metavar="ROW", help="only these rows, or those whose id begins so")
    only = tuple(asked.parse_args().rows)
    table, kinds = rows(), problems()
    wanted = {name: [row for row in found if not only or row.id.startswith(only)] for name, found in table.items()}
    failed, count = [], 0
    for standing, where in ((fronts, ""), (behind_envoy, BEHIND)):
        issuers = Issuers()
        try:
            with (
                tempfile.TemporaryDirectory(prefix="conformance-") as folder,
                standing(Path(folder), issuers) as running,
            ):
                for verdict in ask_all(shared(wanted) if where else wanted, running, issuers, kinds):
                    count += 1
                    failed += _told(verdict, where)
        finally:
            issuers.close()
    if not only:
        PAGE.write_text(page(table, kinds, failed))
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not count else 0


def _told(verdict: Verdict, where: str) -> list[str]:
    name = f"{verdict.row.id}{where}"
    print(f"{'FAILED' if verdict.wrong else 'passed'}  {name}  ({verdict.row.clause})", flush=True)
    for wrong in verdict.wrong:
        print(f"        {wrong}", flush=True)
    return [name] if verdict.wrong else []


if __name__ == "__main__":
    sys.exit(main())
