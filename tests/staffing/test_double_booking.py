"""Edge 1 again, from processes of their own: whoever asks at once, one person's hours are held once."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.ports.staffing import AskFor, Calendar, Effort, Propose, Staff
from foundation.database import Database, engine_of, migrate
from process_apis.staffing import approvals, decisions, records
from tests.postgres import server

ROOT = Path(__file__).resolve().parents[2]
MANAGERS, PEOPLE = 4, 6
MONDAY, FRIDAY = date(2027, 3, 1), date(2027, 3, 5)

pytestmark = pytest.mark.real("initdb", "postgres")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tiergate.sqlite'}"
    else:
        with server() as made:
            yield made


def test_edge_1_managers_in_four_processes_hard_book_the_same_people_at_once(url: str) -> None:
    """Each wants all of each person's week, and every person is wanted by all: 24 bookings, 6 of which fit."""
    database = Database(engine_of(url))
    migrate(database.engine)
    bookings = [approved(database, person, manager) for manager in range(MANAGERS) for person in range(PEOPLE)]
    begin = time.time() + 4
    of = [bookings[manager * PEOPLE : (manager + 1) * PEOPLE] for manager in range(MANAGERS)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.staffing.booking_at_once", url, str(begin), *mine],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for mine in of
    ]  # fmt: skip
    answers = []
    for each in running:
        said, wrong = each.communicate(timeout=60)
        assert each.returncode == 0, wrong
        answers += said.splitlines()
    assert answers.count("confirmed") == PEOPLE
    assert answers.count("overbooking") == (MANAGERS - 1) * PEOPLE, "what each of the others waits for"
    for person in range(PEOPLE):
        hours = database.now(lambda c, who=f"E{person}": records.held(c, who))
        assert set(hours.values()) == {Decimal(8)}
    database.engine.dispose()


def approved(database: Database, person: int, manager: int) -> str:
    who = f"E{person}"
    calendar = Calendar(since=date(2020, 1, 1), weekly=[Decimal(8)] * 5 + [Decimal(0)] * 2)
    staff = Staff(email=f"{who}@acme.example", name=who, legal_entity="ACME-US", calendars=[calendar])
    asked = AskFor(
        task_role=f"lead{manager}", role="Lead", legal_entity="ACME-US", start=MONDAY, end=FRIDAY,
        effort=Effort(amount=Decimal(40)),
    )  # fmt: skip
    database.now(lambda c: decisions.judge_anew(c, who, staff, MONDAY))
    demand = database.now(lambda c: decisions.ask(c, asked))
    proposed = database.now(lambda c: decisions.propose(c, demand.id, Propose(person_id=who)))
    return database.now(lambda c: approvals.approve(c, proposed.id, "a manager")).id
