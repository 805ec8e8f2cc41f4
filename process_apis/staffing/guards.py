"""The guards of a hard booking, as data: each a rule, who can mend it, and a check that tells its evidence. Pure.

All of them are judged while the person is locked, and all that refuse are told at once. What only holds makes the hard
booking wait, until its approver excepts the person on this demand (`staffing.approveException`). A legal entity may say
of each that it only warns (`StaffRules.only_warn`), and who its approvers are (`StaffRules.approvers`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from canonical.faults import FieldError
from canonical.ports.booking_approvals import BookingDecision, Hold
from canonical.ports.staffing import AskFor, Day, Skill, Staff, StaffRules
from process_apis.judging import Guard, Leniency, Verdict, judged, warning
from process_apis.staffing.calendars import away, capacity, planned, weeks_on_end

MANAGER: Final = "Resource management"
HR: Final = "HR"
OVERBOOKING: Final = "overbooking"
_SHOWN: Final = 3
"""Days named in a sentence."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be judged: this person, on this demand, on these days, beside what holds them already."""

    person: Staff
    asked: AskFor
    days: Sequence[Day]
    held: Mapping[date, Decimal]
    """Hours that other confirmed bookings hold, by day."""
    rules: StaffRules
    """Of the legal entity that asks."""
    lender: StaffRules
    """Of the legal entity that employs."""
    excepted: Sequence[BookingDecision] = ()
    """Exceptions of this person on this demand."""


class Judgement(msgspec.Struct, frozen=True):
    """What the guards say of a hard booking."""

    verdicts: Sequence[Verdict]

    @property
    def refused(self) -> bool:
        """Whether something is against it that nobody may except."""
        return any(each.severity == "block" for each in self._failed)

    @property
    def holds(self) -> list[Hold]:
        """What its approver may except."""
        return [
            Hold(rule=each.rule, detail=each.evidence, owner=each.owner, approver=each.approver)
            for each in self._failed
            if each.severity == "hold"
        ]

    @property
    def against(self) -> list[FieldError]:
        """All that is against it, in the order of the guards; of what may be excepted, by whom."""
        return [
            FieldError(rule=each.rule, detail=f"{each.evidence} {_excepting(each.approver)}".strip(), owner=each.owner)
            for each in self._failed
        ]

    @property
    def warnings(self) -> list[FieldError]:
        """What only warns."""
        return warning(list(self.verdicts))

    @property
    def _failed(self) -> list[Verdict]:
        return [each for each in self.verdicts if each.outcome == "failed" and each.severity != "warn"]


def judge(case: Case) -> Judgement:
    """Every guard on one person, one demand, these days. An exception counts where it reaches to the last of them."""
    reaching = [each for each in case.excepted if each.until is None or each.until >= case.asked.end]
    waived = {
        rule: f"waived in staffing ({rule})" for each in reaching for rule in each.rules if not _bounded(each, rule)
    }
    lenient = Leniency(waived=waived, warned=case.rules.only_warn)
    return Judgement(judged(GUARDS, lenient, msgspec.structs.replace(case, rules=_eased(case, reaching))))


def asked_of(hold: Hold) -> FieldError:
    """What a case says of a rule that holds: its owner is whoever may except it."""
    return FieldError(rule=hold.rule, detail=f"{hold.detail} {_excepting(hold.approver)}", owner=hold.approver)


def _excepting(approver: str) -> str:
    return f"{approver} may except it." if approver else ""


def _bounded(excepted: BookingDecision, rule: str) -> bool:
    """Whether it is excepted up to a figure only."""
    return rule in BOUNDS and getattr(excepted.up_to, BOUNDS[rule]) is not None


def _eased(case: Case, reaching: Sequence[BookingDecision]) -> StaffRules:
    """The rules' data with the figures that were excepted up to, each where it is the easier one."""
    rules, grade = case.rules, case.person.grade
    for each in reaching:
        percent, rate, weeks = (
            getattr(each.up_to, bound) if rule in each.rules else None for rule, bound in BOUNDS.items()
        )
        floor = rules.rate_floor.get(grade) or rules.rate_floor.get("")
        floors = rules.rate_floor
        if rate is not None and floor is not None and rate.currency == floor.currency and rate < floor:
            floors = {**floors, grade: rate, "": rate}
        rules = msgspec.structs.replace(
            rules,
            overbooking_percent=max(rules.overbooking_percent, percent or Decimal(0)),
            rate_floor=floors,
            most_weeks=max(rules.most_weeks, weeks or 0),
        )
    return rules


def _employed(case: Case) -> str | None:
    """The employment ends before the booking does."""
    last = case.person.last_day
    if case.person.kind == "contractor" or last is None or last >= case.asked.end:
        return None
    return f"The employment ends on {last}."


def _contractor(case: Case) -> str | None:
    """The contractor's purchase order ends before the booking does, or there is none."""
    if case.person.kind != "contractor":
        return None
    last = case.person.last_day
    if last is None:
        return "No purchase order of this contractor is known."
    return f"The contractor's purchase order ends on {last}." if last < case.asked.end else None


def _absence(case: Case) -> str | None:
    """The person is on leave, on holiday or not at work on a day of the booking."""
    if not case.days:
        return "There is no working day in that time."
    gone = [d.on for d in case.days if away(case.person, d.on) or not planned(case.person, d.on)]
    return f"Away on {_named(gone)}." if gone else None


def _overbooked(case: Case) -> str | None:
    """With what is held already a day comes to more than the person's hours and the tolerance."""
    factor = 1 + case.rules.overbooking_percent / 100
    over = [d for d in case.days if d.hours + case.held.get(d.on, Decimal(0)) > capacity(case.person, d.on) * factor]
    if not over:
        return None
    first = over[0]
    held, room = case.held.get(first.on, Decimal(0)), capacity(case.person, first.on)
    return (
        f"Booked beyond what there is on {_named([d.on for d in over])}: on {first.on} {first.hours} h are asked, "
        f"{held} h are held by others, of {room} h."
    )


def _authorised(case: Case) -> str | None:
    """There is no right to work in that country until the end."""
    country = case.asked.country
    if not country:
        return None
    permits = [permit for permit in case.person.permits if permit.country == country]
    if any(permit.until is None or permit.until >= case.asked.end for permit in permits):
        return None
    known = max((permit.until for permit in permits if permit.until), default=None)
    return f"The right to work in {country} ends on {known}." if known else f"There is no right to work in {country}."


def _walled(case: Case) -> str | None:
    """There is a wall between the person and the customer."""
    if case.asked.customer and case.asked.customer in case.person.walls:
        return f"There is a wall between this person and {case.asked.customer}."
    return None


def _rate(case: Case) -> str | None:
    """The bill rate is below the floor of the grade, or there is none."""
    floors = case.rules.rate_floor
    floor = floors.get(case.person.grade) or floors.get("")
    if floor is None:
        return None
    rate = case.asked.bill_rate
    if rate is None:
        return f"No bill rate is agreed; the floor is {floor} an hour."
    if rate.currency != floor.currency:
        return f"The rate is in {rate.currency} and the floor in {floor.currency}: nobody has said which is higher."
    return f"{rate} an hour is below the floor of {floor}." if rate < floor else None


def _lent(case: Case) -> str | None:
    """The legal entity that employs lends nobody to the one that asks."""
    lender, borrower = case.person.legal_entity, case.asked.legal_entity
    if lender == borrower or borrower in case.lender.lends_to:
        return None
    return f"{lender} has no agreement to lend people to {borrower}."


def _weeks(case: Case) -> str | None:
    """It makes more weeks on end than one may be booked."""
    booked = {d.on for d in case.days} | {on for on, hours in case.held.items() if hours}
    row = weeks_on_end(booked)
    return f"{row} weeks on end; {case.rules.most_weeks} are the most." if row > case.rules.most_weeks else None


def _skilled(case: Case) -> str | None:
    """A skill that is asked for is not there at that level, or its certificate ends too soon."""
    lacking = lacks(case.person, case.asked, case.rules)
    return f"Lacks {', '.join(lacking)}." if lacking else None


def lacks(person: Staff, asked: AskFor, rules: StaffRules) -> list[str]:
    """The skills that are asked for and are not there, at that level, until the end."""
    has: dict[str, list[Skill]] = {}
    for skill in person.skills:
        has.setdefault(spelled(skill.code, rules), []).append(skill)
    return [
        f"{wanted.code} {wanted.level}"
        for wanted in asked.skills
        if not any(_holds(skill, wanted, asked.end) for skill in has.get(spelled(wanted.code, rules), []))
    ]


def _holds(skill: Skill, wanted: Skill, end: date) -> bool:
    lasts = skill.certified_until is None or skill.certified_until >= end
    return skill.level >= wanted.level and lasts


def spelled(code: str, rules: StaffRules) -> str:
    """One skill under one name, whatever the HR system and the PSA call it."""
    plain = _plain(code)
    for ours, others in rules.skill_names.items():
        if plain in {_plain(ours), *map(_plain, others)}:
            return _plain(ours)
    return plain


def _plain(code: str) -> str:
    return "".join(letter for letter in code.casefold() if letter.isalnum() or letter in "+#")


def _named(on: Sequence[date]) -> str:
    shown = ", ".join(each.isoformat() for each in on[:_SHOWN])
    return shown if len(on) <= _SHOWN else f"{shown} and {len(on) - _SHOWN} days more"


GUARDS: Final[tuple[Guard[[Case]], ...]] = (
    Guard("employment", HR, _employed),
    Guard("contractor_end", "Procurement", _contractor),
    Guard("absence", MANAGER, _absence),
    Guard(OVERBOOKING, MANAGER, _overbooked, "hold", MANAGER),
    Guard("work_authorisation", HR, _authorised),
    Guard("conflict_of_interest", "Risk", _walled, "hold", "Risk"),
    Guard("rate_floor", "Deal desk", _rate, "hold", "Finance"),
    Guard("lending_agreement", "Finance", _lent, "hold", "Finance"),
    Guard("consecutive_weeks", MANAGER, _weeks, "hold", MANAGER),
    Guard("skills", MANAGER, _skilled, "hold", MANAGER),
)
RULES: Final = frozenset(guard.rule for guard in GUARDS)
APPROVERS: Final = frozenset(guard.approver for guard in GUARDS if guard.approver)
BOUNDS: Final = {OVERBOOKING: "overbooking_percent", "rate_floor": "rate", "consecutive_weeks": "weeks"}
"""Rules with a figure, and the field of `UpTo` that bounds an exception of each."""
