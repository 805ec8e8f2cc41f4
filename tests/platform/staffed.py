"""People and bookings of the platform under test: one in each state, so that each operation of staffing goes well."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any

from canonical.dates import now
from tests.platform.contracts import BY_KEY
from tests.processes import Client

Asked = tuple[str, Any]
WHO = "E9001"


def staffed(platform: Client, good: Callable[..., None], psa_project: str) -> dict[str, Asked]:
    """The calls of staffing and of the PSA's bookings; and those that the state of a thing forbids."""
    token, weeks, manager = platform.token("experience-tier"), count(8), platform.token("scenario")
    calendar = {"since": "2020-01-01", "weekly": ["8", "8", "8", "8", "8", "0", "0"]}
    person = {"email": "ravi.menon@acme.example", "name": "Ravi", "legal_entity": "ACME-US", "calendars": [calendar]}

    def ask(name: str, body: Any = None, /, *, by: str = token, **values: str) -> Any:
        operation = BY_KEY[f"staffing.{name}"]
        said = {} if body is None else {"json": body}
        answer = platform.ask(operation.method, operation.at(**values), by, **said)
        assert answer.is_success, (name, answer.text)
        return answer.json()

    def wanted(**more: Any) -> dict[str, Any]:
        week = next(weeks)
        monday = now().date() + timedelta(days=7 * week - now().date().weekday())
        said = {"task_role": f"asked-{week}", "role": "Engineer", "legal_entity": "ACME-US"}
        return said | _days(monday) | {"effort": {"amount": "40"}} | more

    def booked(state: str) -> str:
        """The booking of a demand of its own week."""
        found = ask("propose", {"person_id": WHO}, demand_id=ask("askForSomebody", wanted())["id"])["id"]
        for step in ("approveBooking", "confirmBooking")[: ("proposed", "approved", "confirmed").index(state)]:
            ask(step, booking_id=found)
        return str(found)

    def waiting() -> str:
        """One that somebody else has asked for, and that makes too much of its week."""
        asked = ask("askForSomebody", wanted(effort={"amount": "60"}))
        found = ask("propose", {"person_id": WHO}, demand_id=asked["id"])["id"]
        ask("approveBooking", booking_id=found)
        ask("confirmBooking", booking_id=found, by=manager)
        return str(found)

    ask("putPerson", person, person_id=WHO)
    mine, gone, ended = (ask("askForSomebody", wanted())["id"] for _ in range(3))
    ask("cancelDemand", demand_id=ended)
    nobody_can = ask("askForSomebody", wanted(skills=[{"code": "no-such-skill"}]))["id"]
    good("staffing.staffRules", legal_entity="ACME-UK")
    good("staffing.setStaffRules", {"most_weeks": 40}, legal_entity="ACME-UK")
    good("staffing.person", person_id=WHO)
    good("staffing.putPerson", person, person_id=WHO)
    good("staffing.askForSomebody", wanted())
    good("staffing.demands")
    good("staffing.demand", demand_id=mine)
    good("staffing.candidates", demand_id=mine)
    good("staffing.propose", {"person_id": WHO}, demand_id=mine)
    good("staffing.moveDemand", {"effort": {"amount": "16"}}, demand_id=mine)
    good("staffing.cancelDemand", demand_id=gone)
    held = booked("confirmed")
    good("staffing.booking", booking_id=held)
    good("staffing.bookings")
    good("staffing.approveBooking", booking_id=booked("proposed"))
    good("staffing.confirmBooking", booking_id=booked("approved"))
    good("staffing.releaseBooking", booking_id=booked("proposed"))
    excepted, no = {"rules": ["overbooking"], "why": "The client pays for Saturdays."}, {"why": "Too much for one."}
    good("staffing.approveException", excepted, booking_id=waiting())
    good("staffing.refuseBooking", no, booking_id=waiting())
    place = {
        "legal_entity_id": "ACME-US",
        "project_id": psa_project,
        "resource": "tiergate@acme.example",
        "role": "Engineer",
        "hours": "40",
    }
    place |= _days(date(2027, 3, 1))
    writing = BY_KEY["kantata.upsertBooking"].at(key="bk:asked")
    written = platform.ask("PUT", writing, platform.token("process-tier"), json=place)
    assert written.status_code == 200, written.text
    good("kantata.upsertBooking", place, key="bk:asked")
    good("kantata.bookingByKey", key="bk:asked")
    over = {
        "askForSomebody": (wanted(deal_id="d", probability="0.1"), {}),
        "candidates": (None, {"demand_id": nobody_can}),
        "propose": ({"person_id": WHO}, {"demand_id": ended}),
        "moveDemand": ({"effort": {"amount": "16"}}, {"demand_id": ended}),
        "cancelDemand": (None, {"demand_id": ended}),
        "approveBooking": (None, {"booking_id": held}),
        "confirmBooking": (None, {"booking_id": booked("proposed")}),
        "approveException": (excepted, {"booking_id": held}),
        "refuseBooking": (no, {"booking_id": held}),
    }
    return {f"staffing.{name}": (BY_KEY[f"staffing.{name}"].at(**at), body) for name, (body, at) in over.items()}


def _days(monday: date) -> dict[str, str]:
    return {"start": monday.isoformat(), "end": (monday + timedelta(days=4)).isoformat()}
