"""What is decided about people, the edges by number; those that need a PSA are in `tests/process`."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Conflict, GuardsFailed, Invalid
from canonical.money import Money
from canonical.ports.staffing import (
    Calendar,
    Effort,
    Leave,
    Move,
    Skill,
    StaffBooking,
    StaffRules,
    WorkPermit,
)
from process_apis.staffing import calendars, decisions, records
from tests.staffing.staff import FRIDAY, MONDAY, Desk, somebody


def held_by(booking: StaffBooking) -> list[str]:
    """The rules a hard booking waits for."""
    return [hold.rule for hold in booking.waiting.holds] if booking.waiting else []


async def test_all_guards_that_refuse_are_told_at_once_and_nothing_is_held(desk: Desk) -> None:
    rules = StaffRules(rate_floor={"": Money.of("90", "EUR")}, most_weeks=1)
    await desk.desk.set_staff_rules("ACME-DE", rules)
    leaves = somebody(
        kind="contractor", legal_entity="ACME-US", last_day=FRIDAY, walls=["acct:9"],
        permits=[WorkPermit(country="DE", until=FRIDAY)], skills=[],
    )  # fmt: skip
    await desk.desk.put_person("E1", leaves)
    until = FRIDAY + timedelta(days=7)
    demand = await desk.ask(
        end=until, country="DE", customer="acct:9", bill_rate=Money.of("80", "EUR"), skills=[Skill(code="python")],
        effort=Effort(amount=Decimal(60)),
    )  # fmt: skip
    booking = await desk.approved(demand)
    with pytest.raises(GuardsFailed) as refused:
        await desk.desk.confirm_booking(booking.id)
    assert {error.rule for error in refused.value.errors} == {
        "contractor_end", "overbooking", "work_authorisation", "conflict_of_interest", "rate_floor",
        "lending_agreement", "skills",
    }  # fmt: skip
    assert all(error.owner and error.detail for error in refused.value.errors)
    assert (await desk.desk.booking(booking.id)).booking.state == "approved"
    lends = StaffRules(lends_to=["ACME-DE"])
    await desk.desk.set_staff_rules("ACME-US", lends)
    named = [error.rule for error in refused.value.errors if error.rule != "lending_agreement"]
    await desk.desk.set_staff_rules("ACME-DE", StaffRules(rate_floor=rules.rate_floor, only_warn=named))
    assert [w.rule for w in (await desk.confirmed(demand)).warnings] == named
    with pytest.raises(Invalid):
        await desk.desk.set_staff_rules("ACME-DE", StaffRules(only_warn=["no such guard"]))


async def test_weeks_on_end_and_the_tolerance_are_counted_with_what_is_held_already(desk: Desk) -> None:
    await desk.desk.set_staff_rules("ACME-DE", StaffRules(most_weeks=1, overbooking_percent=Decimal(25)))
    await desk.confirmed(await desk.ask())
    next_week = {"start": MONDAY + timedelta(days=7), "end": FRIDAY + timedelta(days=7)}
    assert held_by(await desk.confirmed(await desk.ask(**next_week))) == ["consecutive_weeks"]
    beside = await desk.ask(effort=Effort(amount=Decimal(10)))
    assert (await desk.confirmed(beside)).state == "confirmed"
    assert held_by(await desk.confirmed(await desk.ask(effort=Effort(amount=Decimal("0.05"))))) == ["overbooking"]


async def test_edge_1_two_managers_hard_book_one_person_at_once(desk: Desk) -> None:
    """Six transactions, in threads of their own: one holds the person, five wait for an exception."""
    bookings = [await desk.approved(await desk.ask()) for _ in range(6)]
    answers = await asyncio.gather(*(desk.desk.confirm_booking(each.id) for each in bookings))
    assert sorted(each.state for each in answers) == [*["approved"] * 5, "confirmed"]
    assert [held_by(each) for each in answers if each.waiting] == [["overbooking"]] * 5
    held = await desk.run(lambda c: records.held(c, "E1"))
    assert set(held.values()) == {Decimal(8)}
    assert len((await desk.operations.cases(state="open")).items) == 5


async def test_edge_2_a_deal_slips_a_month_and_its_bookings_go_along_where_they_can(desk: Desk) -> None:
    await desk.desk.put_person("E2", somebody(email="omar@acme.example"))
    first = await desk.ask()
    booked = await desk.confirmed(first)
    soft = await desk.ask(task_role="other")
    await desk.approved(soft, "E2")
    month = timedelta(days=28)
    slip = Move(start=MONDAY + month, end=FRIDAY + month)
    [moved] = (await desk.desk.move_demand(first.id, slip)).moved
    assert (moved.start, moved.state, (await desk.desk.booking(booked.id)).booking.state) == (
        MONDAY + month, "confirmed", "released",
    )  # fmt: skip
    [proposed] = (await desk.desk.move_demand(soft.id, slip)).moved
    assert (proposed.state, proposed.start) == ("proposed", MONDAY + month), "agreed to for other dates"
    second = await desk.ask(task_role="third")
    await desk.confirmed(second)
    [stays] = (await desk.desk.move_demand(second.id, slip)).at_risk
    assert (stays.start, stays.state, [w.rule for w in stays.warnings]) == (MONDAY, "confirmed", ["overbooking"])
    [longer] = (await desk.desk.move_demand(first.id, Move(end=FRIDAY + month + timedelta(days=7)))).moved
    assert (longer.state, longer.end) == ("confirmed", FRIDAY + month + timedelta(days=7))


async def test_edge_3_terminated_in_hr_while_booked(desk: Desk) -> None:
    booked = await desk.confirmed(await desk.ask())
    [hit] = (await desk.desk.put_person("E1", somebody(last_day=MONDAY))).at_risk
    assert (hit.id, [w.rule for w in hit.warnings]) == (booked.id, ["employment", "overbooking"])
    assert (await desk.desk.booking(booked.id)).booking.state == "confirmed", "who replaces them is decided by people"
    demand = await desk.ask(task_role="next")
    assert not (await desk.desk.candidates(demand.id))[0].fits
    mended = await desk.desk.put_person("E1", somebody())
    assert [each.warnings for each in mended.moved] == [[]]
    await desk.desk.put_person("E1", somebody(last_day=MONDAY))
    late = await desk.approved(demand)
    with pytest.raises(GuardsFailed) as refused:
        await desk.desk.confirm_booking(late.id)
    assert refused.value.errors[0].rule == "employment", "nobody excepts that"


async def test_edge_4_a_part_time_calendar_begins_while_booked(desk: Desk) -> None:
    half = Calendar(since=MONDAY + timedelta(days=2), weekly=[Decimal(4)] * 5 + [Decimal(0)] * 2)
    whole = somebody().calendars[0]
    await desk.confirmed(await desk.ask())
    [hit] = (await desk.desk.put_person("E1", somebody(calendars=[half, whole]))).at_risk
    assert [w.rule for w in hit.warnings] == ["overbooking"]
    person = somebody(calendars=[half, whole])
    day = calendars.spread(Decimal(28), person, MONDAY, FRIDAY)
    assert [str(each.hours) for each in day] == ["8.00", "8.00", "4.00", "4.00", "4.00"]
    assert sum(each.hours for each in day) == 28
    fewer = Move(effort=Effort(amount=Decimal(28)))
    [fits] = (await desk.desk.move_demand(hit.demand_id, fewer)).moved
    assert (fits.hours, fits.state, fits.warnings) == (Decimal(28), "confirmed", []), "so many as there are by then"
    assert (await desk.desk.booking(fits.id)).days == day


@pytest.mark.parametrize(
    ("amount", "unit", "hours"),
    [("40", "hours", "40"), ("50", "percentage", "12.75"), ("33.33", "percentage", "8.50"), ("0.5", "fte", "16.00")],
)
def test_edge_5_hours_percentage_and_fte_are_exact_for_a_part_timer(amount: str, unit: Any, hours: str) -> None:
    """25.5 hours on four days: per cent are of those, full-time equivalents of the firm's 40."""
    weekly = [Decimal(each) for each in ("7.5", "7.5", "6.25", "4.25", "0", "0", "0")]
    person = somebody(calendars=[Calendar(since=date(2020, 1, 1), weekly=weekly)])
    effort = Effort(amount=Decimal(amount), unit=unit)
    came_to = calendars.hours_of(effort, person, MONDAY, FRIDAY, Decimal(40))
    assert came_to == Decimal(hours)
    days = calendars.spread(came_to, person, MONDAY, FRIDAY)
    assert sum((each.hours for each in days), Decimal(0)) == came_to
    third = calendars.spread(Decimal("10.01"), person, MONDAY, FRIDAY + timedelta(days=70))
    assert sum((each.hours for each in third), Decimal(0)) == Decimal("10.01")


async def test_edge_7_where_the_weekend_is_friday_and_saturday(desk: Desk) -> None:
    weekly = [Decimal(each) for each in (8, 8, 8, 8, 0, 0, 8)]
    await desk.desk.put_person("E1", somebody(calendars=[Calendar(since=date(2020, 1, 1), weekly=weekly)]))
    demand = await desk.ask(start=MONDAY - timedelta(days=1), end=FRIDAY + timedelta(days=1))
    days = (await desk.desk.booking((await desk.confirmed(demand)).id)).days
    assert [each.on.weekday() for each in days] == [6, 0, 1, 2, 3]
    assert {each.hours for each in days} == {Decimal(8)}


async def test_edge_9_hr_and_psa_call_a_skill_by_other_names(desk: Desk) -> None:
    demand = await desk.ask(skills=[Skill(code="PY-DEV", level=3)])
    with pytest.raises(Conflict, match="under any name"):
        await desk.desk.candidates(demand.id)
    await desk.desk.set_staff_rules("ACME-DE", StaffRules(skill_names={"python": ["py-dev", "Python 3"]}))
    [found] = await desk.desk.candidates(demand.id)
    assert (found.fits, found.reasons[0]) == (True, "Has python.")
    assert (await desk.confirmed(demand)).state == "confirmed", "and whoever has it by the other name is held"


async def test_edge_10_leave_is_approved_after_the_hard_booking(desk: Desk) -> None:
    booked = await desk.confirmed(await desk.ask())
    away = Leave(start=MONDAY + timedelta(days=1), end=MONDAY + timedelta(days=1))
    [hit] = (await desk.desk.put_person("E1", somebody(leave=[away]))).at_risk
    assert [w.rule for w in hit.warnings] == ["absence", "overbooking"]
    assert str(away.start) in hit.warnings[0].detail
    assert (await desk.desk.booking(booked.id)).booking.warnings == hit.warnings
    assert (await desk.desk.booking(booked.id)).booking.state == "confirmed", "both stand until somebody decides"
    week = timedelta(days=7)
    [moved] = (await desk.desk.move_demand(booked.demand_id, Move(start=MONDAY + week, end=FRIDAY + week))).moved
    assert (moved.state, moved.warnings) == ("confirmed", []), "a week later nothing is in its way"


def test_notice_is_paid_for_what_was_to_be_worked_before_it_is_over() -> None:
    days = calendars.spread(Decimal(80), somebody(), MONDAY, FRIDAY + timedelta(days=7))
    cost = decisions.notice_cost(days, somebody(), MONDAY, 9)
    assert cost == Money.of("3360.00", "EUR"), "seven working days of eight hours at 60"
    assert decisions.notice_cost(days, somebody(cost_rate=None), MONDAY, 9) is None
