"""Who could do it: everybody, with what speaks for them or against them. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from canonical.money import Money
from canonical.ports.staffing import AskFor, Candidate, Staff, StaffRules
from process_apis.staffing.calendars import hours_of, open_days, spread
from process_apis.staffing.guards import Case, judge, spelled

_WEIGHTS: Final = {"skills": 40, "grade": 20, "location": 15, "role": 15, "free": 10}
"""What each agreement counts; a person who fits always comes before one who does not."""


def candidate(
    person_id: str,
    person: Staff,
    asked: AskFor,
    held: Mapping[date, Decimal],
    rules: StaffRules,
    lender: StaffRules,
) -> Candidate:
    """One person, judged by the guards of a hard booking and weighed by what the demand wishes."""
    hours = hours_of(asked.effort, person, asked.start, asked.end, rules.full_time)
    days = spread(hours, person, asked.start, asked.end)
    case = Case(person=person, asked=asked, days=days, held=held, rules=rules, lender=lender)
    said = judge(case)
    room = open_days(person, asked.start, asked.end)
    free = sum((max(Decimal(0), hours - held.get(on, Decimal(0))) for on, hours in room.items()), Decimal(0))
    agrees = _agreements(person, asked, rules, free >= hours)
    margin = _margin(person, asked)
    words = [error.detail for error in said.against] or [*agrees.values(), *(f"But: {w.detail}" for w in said.warnings)]
    return Candidate(
        person_id=person_id,
        fits=not said.against,
        reasons=words or ["Nothing speaks against it."],
        hours=hours,
        free_hours=free,
        score=sum(_WEIGHTS[name] for name in agrees),
        margin=margin,
    )


def ranked(found: list[Candidate]) -> list[Candidate]:
    """Who fits first, then who agrees in more, then whose margin is higher, then by their id."""

    def place(each: Candidate) -> tuple[bool, int, Decimal, str]:
        return (not each.fits, -each.score, -(each.margin.amount if each.margin else Decimal(0)), each.person_id)

    return sorted(found, key=place)


def unknown_skills(asked: AskFor, everybody: Mapping[str, Staff], rules: StaffRules) -> list[str]:
    """Skills that are asked for and that nobody has under any name: most likely a name the two systems do not share."""
    known = {spelled(skill.code, rules) for person in everybody.values() for skill in person.skills}
    known |= {spelled(name, rules) for name in rules.skill_names}
    return [skill.code for skill in asked.skills if spelled(skill.code, rules) not in known]


def _agreements(person: Staff, asked: AskFor, rules: StaffRules, free: bool) -> dict[str, str]:
    found = {}
    if asked.skills:
        found["skills"] = "Has " + ", ".join(spelled(skill.code, rules) for skill in asked.skills) + "."
    if asked.grade and asked.grade == person.grade:
        found["grade"] = f"Is a {person.grade}."
    if asked.location and asked.location == person.location:
        found["location"] = f"Is in {person.location}."
    if person.role and person.role.casefold() == asked.role.casefold():
        found["role"] = f"Works as {person.role}."
    if free:
        found["free"] = "Has the hours free."
    return found


def _margin(person: Staff, asked: AskFor) -> Money | None:
    """None where a rate is not known, or the two are in different currencies: nothing is converted silently."""
    if person.cost_rate is None or asked.bill_rate is None or person.cost_rate.currency != asked.bill_rate.currency:
        return None
    return asked.bill_rate - person.cost_rate
