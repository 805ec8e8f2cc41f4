"""`make conformance`: ask the running gateway the whole table, say what does not conform, write the page."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conformance.asked import ask_all
from tests.conformance.front import fronts
from tests.conformance.issuers import Issuers
from tests.conformance.page import PAGE, page
from tests.conformance.table import problems, rows


def main() -> int:
    """The exit code is 1 when a row failed. With names of rows, only those are asked and no page is written."""
    asked = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    asked.add_argument("rows", nargs="*", metavar="ROW", help="only these rows, or those whose id begins so")
    only = tuple(asked.parse_args().rows)
    table, kinds = rows(), problems()
    wanted = {name: [row for row in found if not only or row.id.startswith(only)] for name, found in table.items()}
    issuers = Issuers()
    failed, count = [], 0
    try:
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder, fronts(Path(folder), issuers) as running:
            for verdict in ask_all(wanted, running, issuers, kinds):
                count += 1
                print(
                    f"{'FAILED' if verdict.wrong else 'passed'}  {verdict.row.id}  ({verdict.row.clause})", flush=True
                )
                for wrong in verdict.wrong:
                    print(f"        {wrong}", flush=True)
                failed += [verdict.row.id] if verdict.wrong else []
    finally:
        issuers.close()
    if not only:
        PAGE.write_text(page(table, kinds, failed))
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
