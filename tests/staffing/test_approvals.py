"""Hard bookings that a rule holds: they wait for whoever may except it, with a case, and hold nobody meanwhile."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from canonical.faults import Conflict, Forbidden, GuardsFailed, Invalid
from canonical.money import Money
from canonical.ports.booking_approvals import ApproveException, RefuseBooking, UpTo
from canonical.ports.processes import Case, Resolve
from canonical.ports.staffing import Effort, Move, StaffBooking, StaffRules, WorkPermit
from process_apis.staffing import records
from tests.staffing.staff import DANA, FRIDAY, MONDAY, Desk, somebody, told

BESIDE = {"task_role": "beside"}


def excepting(*rules: str, **more: Any) -> ApproveException:
    return ApproveException(rules=list(rules or ("overbooking",)), why="The client pays for it.", **more)


async def waiting(desk: Desk, hours: str = "10", **more: Any) -> StaffBooking:
    """Of somebody whose whole week is held already."""
    await desk.confirmed(await desk.ask())
    return await desk.confirmed(await desk.ask(**BESIDE, effort=Effort(amount=Decimal(hours)), **more))


async def case_of(desk: Desk, booking: StaffBooking) -> Case:
    [found] = [each for each in (await desk.operations.cases()).items if each.business_key == booking.id]
    return found


async def hours_on(desk: Desk, booking: StaffBooking) -> set[Decimal]:
    return set((await desk.run(lambda c: records.held(c, booking.person_id))).values())


async def test_a_rule_that_holds_makes_a_hard_booking_wait_with_a_case_that_names_its_approver(desk: Desk) -> None:
    booking = await waiting(desk, bill_rate=Money.of("90", "EUR"))
    assert (booking.state, booking.run_id) == ("approved", "")
    assert booking.waiting is not None
    [hold] = booking.waiting.holds
    assert (hold.rule, hold.approver, booking.waiting.asked_by) == (
        "overbooking", "Resource management", "priya@acme.example",
    )  # fmt: skip
    assert await hours_on(desk, booking) == {Decimal(8)}, "it holds nobody"
    case = await case_of(desk, booking)
    assert (case.state, case.kind, case.owner) == ("open", "guard_overbooking", "Resource management")
    assert (case.amount, case.legal_entity) == (Money.of("900", "EUR"), "ACME-DE")
    assert "Resource management may except it." in case.title
    again = await desk.desk.confirm_booking(booking.id)
    assert (again.waiting, again.version) == (booking.waiting, booking.version), "asked for once more, it waits on"
    history = (await desk.operations.case(case.id)).history
    assert [(each.who, each.what.split(" ")[0]) for each in history] == [
        ("Tiergate", "Opened:"), ("priya@acme.example", "Asked"),
    ]  # fmt: skip


async def test_an_exception_holds_the_person_and_says_who_why_until_when_and_how_far(desk: Desk) -> None:
    booking = await waiting(desk)
    with desk.as_(DANA):
        held = await desk.desk.approve_exception(booking.id, excepting(up_to=UpTo(overbooking_percent=Decimal(25))))
    assert (held.state, held.waiting, held.psa) == ("confirmed", None, "telling")
    assert held.run_id == f"staff:{held.id}:{held.version}"
    agreed, excepted = (await desk.desk.booking(booking.id)).decisions
    assert (agreed.decision, agreed.by) == ("agreed", "priya@acme.example")
    assert (excepted.decision, excepted.by, excepted.why, excepted.until) == (
        "excepted", "dana@acme.example", "The client pays for it.", FRIDAY,
    )  # fmt: skip
    assert excepted.up_to.overbooking_percent == 25
    assert await hours_on(desk, booking) == {Decimal(10)}
    case = await case_of(desk, booking)
    assert case.state == "resolved"
    history = [(each.who, each.what) for each in (await desk.operations.case(case.id)).history][-2:]
    assert history == [
        ("dana@acme.example", f"Excepted overbooking until {FRIDAY}: The client pays for it."),
        ("dana@acme.example", "The person is held."),
    ]
    with desk.as_(DANA), pytest.raises(Conflict):
        await desk.desk.approve_exception(booking.id, excepting())
    untouched = (await desk.desk.put_person("E1", somebody())).at_risk
    assert untouched == [], "what was excepted is no surprise when HR tells of the person again"


async def test_whoever_asked_excepts_nothing_and_nobody_else_than_who_is_named(desk: Desk) -> None:
    booking = await waiting(desk)
    with pytest.raises(Forbidden, match="Whoever asked"):
        await desk.desk.approve_exception(booking.id, excepting())
    omar = StaffRules(approvers={"Resource management": ["omar@acme.example"]})
    await desk.desk.set_staff_rules("ACME-DE", omar)
    with desk.as_(DANA), pytest.raises(Forbidden, match="is not one of them"):
        await desk.desk.approve_exception(booking.id, excepting())
    assert len((await desk.desk.booking(booking.id)).decisions) == 1, "nothing was decided"
    with desk.as_("omar@acme.example"):
        assert (await desk.desk.approve_exception(booking.id, excepting())).state == "confirmed"
    with pytest.raises(Invalid) as refused:
        await desk.desk.set_staff_rules("ACME-DE", StaffRules(approvers={"The board": []}))
    assert [each.pointer for each in refused.value.errors] == ["/approvers/The board"]


async def test_each_approver_excepts_their_own_rule_and_the_case_says_what_is_left(desk: Desk) -> None:
    await desk.desk.put_person("E1", somebody(legal_entity="ACME-US", walls=["acct:9"]))
    finance = {"Finance": ["fay@acme.example"], "Risk": ["rita@acme.example"]}
    await desk.desk.set_staff_rules("ACME-DE", StaffRules(approvers={**finance, "Finance": []}))
    await desk.desk.set_staff_rules("ACME-US", StaffRules(approvers=finance))
    booking = await desk.confirmed(await desk.ask(customer="acct:9"))
    case = await case_of(desk, booking)
    assert (case.kind, case.owner) == ("guard_conflict_of_interest+lending_agreement", "Risk, Finance")
    with desk.as_("rita@acme.example"):
        left = await desk.desk.approve_exception(booking.id, excepting("conflict_of_interest"))
        assert left.waiting is not None
        assert [hold.rule for hold in left.waiting.holds] == ["lending_agreement"]
        with pytest.raises(Forbidden, match="Finance of ACME-US"):
            await desk.desk.approve_exception(booking.id, excepting("lending_agreement"))
    case = await case_of(desk, booking)
    assert (case.state, case.owner, [each.rule for each in case.errors]) == ("open", "Finance", ["lending_agreement"])
    with desk.as_("fay@acme.example"):
        assert (await desk.desk.approve_exception(booking.id, excepting("lending_agreement"))).state == "confirmed"
    assert (await case_of(desk, booking)).state == "resolved"


async def test_what_nobody_may_except_refuses_and_nothing_waits(desk: Desk) -> None:
    await desk.confirmed(await desk.ask())
    both = await desk.approved(await desk.ask(**BESIDE, country="US"))
    with pytest.raises(GuardsFailed) as refused:
        await desk.desk.confirm_booking(both.id)
    assert [each.rule for each in refused.value.errors] == ["overbooking", "work_authorisation"]
    assert (await desk.desk.booking(both.id)).booking.waiting is None
    assert (await desk.operations.cases()).items == []
    await desk.desk.put_person("E1", somebody(permits=[WorkPermit(country="US")]))
    await desk.desk.confirm_booking(both.id)
    await desk.desk.put_person("E1", somebody())
    with desk.as_(DANA), pytest.raises(GuardsFailed):
        await desk.desk.approve_exception(both.id, excepting())
    assert len((await desk.desk.booking(both.id)).decisions) == 1, "and nothing is excepted by it"
    case = await case_of(desk, both)
    await desk.operations.retry_case(case.id)
    said = await case_of(desk, both)
    assert (said.state, [each.rule for each in said.errors]) == ("open", ["overbooking", "work_authorisation"])


async def test_an_exception_that_does_not_reach_is_refused_by_its_place(desk: Desk) -> None:
    booking = await waiting(desk)
    with desk.as_(DANA):
        for data, pointer in (
            (excepting("skills"), "/rules/0"),
            (excepting(until=FRIDAY - timedelta(days=1)), "/until"),
            (excepting(up_to=UpTo(weeks=9)), "/up_to/weeks"),
            (excepting(up_to=UpTo(overbooking_percent=Decimal("24.9"))), "/up_to/overbooking_percent"),
        ):
            with pytest.raises(Invalid) as refused:
                await desk.desk.approve_exception(booking.id, data)
            assert [each.pointer for each in refused.value.errors] == [pointer]
    assert len((await desk.desk.booking(booking.id)).decisions) == 1
    with pytest.raises(ValueError, match="from 0 to 100"):
        UpTo(overbooking_percent=Decimal(101))


async def test_a_rate_and_weeks_are_excepted_up_to_a_figure(desk: Desk) -> None:
    rules = StaffRules(rate_floor={"senior": Money.of("90", "EUR")}, most_weeks=1)
    await desk.desk.set_staff_rules("ACME-DE", rules)
    two = {"end": FRIDAY + timedelta(days=7), "effort": Effort(amount=Decimal(80))}
    booking = await desk.confirmed(await desk.ask(**two, bill_rate=Money.of("80", "EUR")))
    rule = ("rate_floor", "consecutive_weeks")
    with desk.as_(DANA):
        for up_to in (UpTo(rate=Money.of("81", "EUR"), weeks=2), UpTo(rate=Money.of("80", "USD"), weeks=2)):
            with pytest.raises(Invalid, match="does not reach"):
                await desk.desk.approve_exception(booking.id, excepting(*rule, up_to=up_to))
        reaches = UpTo(rate=Money.of("80", "EUR"), weeks=2)
        assert (await desk.desk.approve_exception(booking.id, excepting(*rule, up_to=reaches))).state == "confirmed"


async def test_an_exception_goes_along_with_its_demand_as_far_as_its_day_reaches(desk: Desk) -> None:
    week = timedelta(days=7)
    await desk.desk.set_staff_rules("ACME-DE", StaffRules(rate_floor={"": Money.of("90", "EUR")}))
    demand = await desk.ask(bill_rate=Money.of("80", "EUR"))
    booking = await desk.confirmed(demand)
    with desk.as_(DANA):
        await desk.desk.approve_exception(booking.id, excepting("rate_floor", until=FRIDAY + week))
    [moved] = (await desk.desk.move_demand(demand.id, Move(start=MONDAY + week, end=FRIDAY + week))).moved
    assert (moved.state, moved.start) == ("confirmed", MONDAY + week)
    [stays] = (await desk.desk.move_demand(demand.id, Move(start=MONDAY + 2 * week, end=FRIDAY + 2 * week))).at_risk
    assert (stays.start, [each.rule for each in stays.warnings]) == (MONDAY + week, ["rate_floor"])
    assert "Finance may except it." in stays.warnings[0].detail


async def test_a_refusal_lets_the_soft_booking_go_and_ends_what_was_excepted(desk: Desk) -> None:
    await desk.desk.put_person("E1", somebody(walls=["acct:9"], skills=[]))
    demand = await desk.ask(customer="acct:9", skills=somebody().skills)
    booking = await desk.confirmed(demand)
    with desk.as_(DANA):
        await desk.desk.approve_exception(booking.id, excepting("skills"))
        gone = await desk.desk.refuse_booking(booking.id, RefuseBooking(why="The wall stands."))
    assert (gone.state, gone.waiting, gone.psa) == ("released", None, "untold")
    assert (await desk.desk.demand(demand.id)).status == "open"
    assert [each.decision for each in (await desk.desk.booking(booking.id)).decisions] == [
        "agreed", "excepted", "refused",
    ]  # fmt: skip
    case = await case_of(desk, booking)
    assert case.state == "resolved"
    history = [(each.who, each.what) for each in (await desk.operations.case(case.id)).history]
    assert ("dana@acme.example", "Refused: The wall stands.") in history
    assert await told(desk, booking.id) == ["booking.proposed", "booking.released"]
    for refused in (booking.id, (await desk.confirmed(await desk.ask(**BESIDE))).id):
        with pytest.raises(Conflict, match="holds nobody"):
            await desk.desk.refuse_booking(refused, RefuseBooking(why="No."))
    await desk.desk.put_person("E1", somebody(skills=[]))
    again = await desk.confirmed(await desk.ask(task_role="third", start=MONDAY + timedelta(days=7),
                                                end=FRIDAY + timedelta(days=7), skills=somebody().skills))  # fmt: skip
    assert again.waiting is not None, "of another demand nothing was excepted"


async def test_after_a_refusal_the_same_person_needs_every_exception_anew(desk: Desk) -> None:
    await desk.desk.put_person("E1", somebody(walls=["acct:9"], skills=[]))
    demand = await desk.ask(customer="acct:9", skills=somebody().skills)
    booking = await desk.confirmed(demand)
    with desk.as_(DANA):
        await desk.desk.approve_exception(booking.id, excepting("skills"))
        await desk.desk.refuse_booking(booking.id, RefuseBooking(why="Not now."))
    again = await desk.confirmed(demand)
    assert again.waiting is not None
    assert [hold.rule for hold in again.waiting.holds] == ["conflict_of_interest", "skills"]


@pytest.mark.parametrize("how", ["retried", "moved", "released", "filled"])
async def test_a_booking_that_waits_no_more_closes_its_case(desk: Desk, how: str) -> None:
    await desk.desk.put_person("E2", somebody(email="omar@acme.example"))
    first = await desk.confirmed(await desk.ask())
    demand = await desk.ask(**BESIDE)
    booking = await desk.confirmed(demand)
    case = await case_of(desk, booking)
    await desk.operations.retry_case(case.id)
    assert (await case_of(desk, booking)).state == "open", "it waits as before"
    if how == "retried":
        await desk.desk.release_booking(first.id)
        await desk.operations.retry_case(case.id)
    elif how == "moved":
        await desk.desk.move_demand(demand.id, Move(end=FRIDAY + timedelta(days=7)))
    elif how == "released":
        await desk.desk.release_booking(booking.id)
    else:
        await desk.confirmed(demand, "E2")
    now_said = (await desk.desk.booking(booking.id)).booking
    states = {"retried": "confirmed", "filled": "approved"}
    assert (now_said.state, now_said.waiting) == (states.get(how, "released"), None)
    assert (await case_of(desk, booking)).state == "resolved"


async def test_a_case_closed_by_hand_is_opened_again_when_somebody_asks_again(desk: Desk) -> None:
    booking = await waiting(desk)
    case = await case_of(desk, booking)
    await desk.operations.resolve_case(case.id, Resolve(note="Not this week."))
    assert (await case_of(desk, booking)).state == "resolved"
    await desk.desk.confirm_booking(booking.id)
    assert (await case_of(desk, booking)).state == "open"
