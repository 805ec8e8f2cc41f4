"""One of several managers, in a process of its own: books everything it is given, and says what came of it."""

import sys
import time
from typing import Any

from foundation.database import Database, engine_of
from process_apis.staffing import approvals


def main(url: str, at: float, bookings: list[str]) -> None:
    """From one moment on, so that all begin together."""
    database = Database(engine_of(url))
    time.sleep(max(0.0, at - time.time()))
    for booking_id in bookings:

        def confirm(c: Any, booking_id: str = booking_id) -> str:
            made = approvals.confirm(c, booking_id, "", "a manager")
            return " ".join(hold.rule for hold in made.waiting.holds) if made.waiting else made.state

        sys.stdout.write(f"{database.now(confirm)}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
