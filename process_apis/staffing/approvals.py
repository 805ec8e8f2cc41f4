"""Who is held, and who agrees to it: approve, confirm, except, refuse; and the case of what waits.

    approve -> confirm -> held: the run that tells the PSA begins
                       -> refused by a rule that nobody may except: nothing happens
                       -> waits for its approvers: a case names them -> except -> judged anew -> held, or waits on
                                                                     -> refuse -> the soft booking is let go

Each is one transaction, its case, its events and the row of the run included: whoever dies after it leaves what the
next look finds, and whoever dies before it has done nothing.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, FieldError, Forbidden, GuardsFailed, Invalid
from canonical.ports.booking_approvals import ApproveException, BookingDecision, Hold, RefuseBooking, Waiting
from canonical.ports.staffing import Demand, StaffBooking, StaffBookingDetail
from process_apis import cases, own_cases
from process_apis.platform import Platform
from process_apis.staffing import records
from process_apis.staffing.decisions import judged, let_go, locked, still_open, telling
from process_apis.staffing.guards import BOUNDS, Judgement, asked_of
from process_apis.tables import CASES, RUNS

APPROVAL: Final = "booking_approval"
"""What the cases of waiting bookings go under: no run of the engine brings them about."""
LENT: Final = "lending_agreement"
"""The rule that the lender's approvers except; any other those of the legal entity that asks."""
replace = msgspec.structs.replace
cases.SUGGESTIONS[APPROVAL] = {
    "guards_failed": (
        "guards",
        "Resource management",
        "Whoever is named excepts it or refuses the booking, in staffing; or mend what is named, then run it again.",
    )
}


def approve(c: sa.Connection, booking_id: str, who: str) -> StaffBooking:
    """Agreed; still nobody is held."""
    found = locked(c, booking_id)[0]
    booking = found.booking
    if booking.state not in ("proposed", "approved"):
        raise Conflict(f"The booking is {booking.state}; only a proposed one is approved.")
    if booking.state == "approved":
        return booking
    _decide(c, booking, BookingDecision(decision="agreed", by=who, at=now(), booking_id=booking.id))
    return records.put_booking(c, replace(found, booking=replace(booking, state="approved"))).booking


def confirm(c: sa.Connection, booking_id: str, acted_for: str, who: str) -> StaffBooking:
    """Hold the person, or have it wait. Raises `GuardsFailed` where a rule refuses, with all that is against it."""
    found, demand = locked(c, booking_id)
    booking = found.booking
    if booking.state == "confirmed":
        return booking
    if booking.state != "approved":
        raise Conflict(f"The booking is {booking.state}; only an approved one is confirmed.")
    return _judge(c, found, still_open(demand), acted_for, who)


def except_(c: sa.Connection, booking_id: str, data: ApproveException, acted_for: str, who: str) -> StaffBooking:
    """Except rules that it waits for, as far as is said; held once it waits for none.

    `Forbidden` for whoever may not, `Invalid` for what does not reach.
    """
    found, demand = locked(c, booking_id)
    booking, waiting = found.booking, found.booking.waiting
    if waiting is None:
        raise Conflict(f"The booking is {booking.state} and waits for nobody.")
    still_open(demand)
    if who == waiting.asked_by:
        raise Forbidden("Whoever asked for a hard booking does not except its rules.")
    _check(booking, waiting, data)
    _may(c, found, demand, waiting, data, who)
    excepted = BookingDecision(
        decision="excepted",
        by=who,
        at=now(),
        booking_id=booking.id,
        rules=data.rules,
        why=data.why,
        until=data.until or booking.end,
        up_to=data.up_to,
    )
    _decide(c, booking, excepted)
    _note(c, booking, who, f"Excepted {', '.join(data.rules)} until {excepted.until}: {data.why}")
    short = [hold for hold in judged(c, found, demand).holds if hold.rule in data.rules]
    if short:
        wrong = [
            FieldError(pointer=f"/up_to/{BOUNDS[hold.rule]}", detail=f"is too little: {hold.detail}") for hold in short
        ]
        raise Invalid("The exception does not reach as far as the booking.", errors=wrong)
    return _judge(c, found, demand, acted_for, who)


def refuse(c: sa.Connection, booking_id: str, data: RefuseBooking, acted_for: str, who: str) -> StaffBooking:
    """The soft booking is let go; what was excepted for it is over."""
    found, demand = locked(c, booking_id)
    booking = found.booking
    if booking.state not in ("proposed", "approved"):
        raise Conflict(f"The booking is {booking.state}; only one that holds nobody is refused.")
    said = BookingDecision(decision="refused", by=who, at=now(), booking_id=booking.id, why=data.why)
    _decide(c, booking, said)
    _note(c, booking, who, f"Refused: {data.why}")
    return let_go(c, found, demand, {}, acted_for)[0].booking


def follow(c: sa.Connection, platform: Platform, demand_id: str, who: str, asked: str = "") -> None:
    """Bring the cases of a demand's bookings up to date: that of `asked` is opened or says what it waits for now, those
    of bookings that wait no more are closed. A booking whose demand somebody else has waits no more."""
    demand = records.demand_of(c, demand_id)
    for booking in records.ever_booked(c, demand_id):
        if booking.waiting is not None and demand.status != "open":
            records.wait(c, booking.id, None)
        elif booking.waiting is not None:
            if booking.id == asked:
                _open(c, platform, booking, demand, who)
            continue
        own_cases.close_case(c, case_run(booking.id), _over(booking, demand), who)


def against(c: sa.Connection, platform: Platform, booking_id: str, errors: list[FieldError], who: str) -> None:
    """A waiting booking was judged anew, and a rule that nobody may except is against it by now."""
    booking = records.booking_of(c, booking_id).booking
    _open(c, platform, booking, records.demand_of(c, booking.demand_id), who, errors)


def case_run(booking_id: str) -> str:
    """Under what a waiting booking stands among the runs: one row a booking, so one case each."""
    return f"appr:{booking_id}"


def _judge(c: sa.Connection, found: StaffBookingDetail, demand: Demand, acted_for: str, who: str) -> StaffBooking:
    said = judged(c, found, demand)
    if said.refused:
        raise GuardsFailed(f"{found.booking.person_id} cannot be booked.", errors=said.against)
    return _wait(c, found, said.holds, who) if said.holds else _hold(c, found, demand, said, acted_for)


def _hold(c: sa.Connection, found: StaffBookingDetail, demand: Demand, said: Judgement, acted_for: str) -> StaffBooking:
    firm = replace(found.booking, state="confirmed", warnings=said.warnings, waiting=None)
    made = telling(c, replace(found, booking=firm), demand, acted_for)
    records.put_demand(c, replace(demand, status="filled"))
    return made.booking


def _wait(c: sa.Connection, found: StaffBookingDetail, holds: list[Hold], who: str) -> StaffBooking:
    """No new version: nothing of the booking itself has changed."""
    before = found.booking.waiting or Waiting(since=now(), asked_by=who, holds=[])
    waiting = replace(before, holds=holds)
    records.wait(c, found.booking.id, waiting)
    return replace(found.booking, waiting=waiting)


def _check(booking: StaffBooking, waiting: Waiting, data: ApproveException) -> None:
    """`Invalid` for what the booking does not wait for, and for an exception that ends before it does."""
    named = [hold.rule for hold in waiting.holds]
    wrong = [
        FieldError(pointer=f"/rules/{place}", detail=f"{rule} is not what it waits for; that is {', '.join(named)}")
        for place, rule in enumerate(data.rules)
        if rule not in named
    ]
    wrong += [
        FieldError(pointer=f"/up_to/{bound}", detail=f"bounds {rule}, which is not excepted")
        for rule, bound in BOUNDS.items()
        if rule not in data.rules and getattr(data.up_to, bound) is not None
    ]
    if data.until is not None and data.until < booking.end:
        wrong.append(FieldError(pointer="/until", detail=f"is before {booking.end}, the booking's last day"))
    if wrong:
        raise Invalid("The exception is not as it must be.", errors=wrong)


def _may(
    c: sa.Connection,
    found: StaffBookingDetail,
    demand: Demand,
    waiting: Waiting,
    data: ApproveException,
    who: str,
) -> None:
    """`Forbidden` where the legal entity names its approvers, and this is none of them."""
    lender = records.person_of(c, found.booking.person_id).legal_entity
    for hold in waiting.holds:
        entity = lender if hold.rule == LENT else demand.asked.legal_entity
        named = records.rules_of(c, entity).approvers.get(hold.approver)
        if hold.rule in data.rules and named is not None and who not in named:
            raise Forbidden(f"{hold.rule} is excepted by {hold.approver} of {entity}, and {who} is not one of them.")


def _decide(c: sa.Connection, booking: StaffBooking, decision: BookingDecision) -> None:
    records.decide(c, booking.demand_id, booking.person_id, decision)


def _open(
    c: sa.Connection,
    platform: Platform,
    booking: StaffBooking,
    demand: Demand,
    who: str,
    against: Iterable[FieldError] = (),
) -> None:
    """Open the case, or say what is the matter now. Nothing is said twice."""
    waiting = booking.waiting
    assert waiting is not None
    errors = list(against) or [asked_of(hold) for hold in waiting.holds]
    run_id = case_run(booking.id)
    before = sa.select(RUNS.c.errors).join(CASES, CASES.c.run_id == RUNS.c.id)
    known = c.scalar(before.where(RUNS.c.id == run_id, CASES.c.state == "open"))
    if known is not None and msgspec.json.decode(known, type=list[FieldError]) == errors:
        return
    rate = demand.asked.bill_rate
    values: dict[str, Any] = {
        "workflow": APPROVAL,
        "business_key": booking.id,
        "title": f"{booking.person_id} as {demand.asked.role}",
        "legal_entity": demand.asked.legal_entity,
        "amount": f"{(rate.amount * booking.hours):f}" if rate else "",
        "currency": rate.currency if rate else "",
    }
    said = " ".join(each.detail for each in errors)
    fault = GuardsFailed(f"A hard booking of {booking.person_id} waits. {said}", errors=errors)
    own_cases.open_case(c, platform, run_id, values, fault)
    if known is None:
        _note(c, booking, waiting.asked_by, f"Asked for {booking.hours:f} h from {booking.start} to {booking.end}.")


def _note(c: sa.Connection, booking: StaffBooking, who: str, what: str) -> None:
    """Add to the history of its case, where there is one."""
    number = c.scalar(sa.select(CASES.c.number).where(CASES.c.run_id == case_run(booking.id)))
    if number is not None:
        cases.note(c, number, who, what)


def _over(booking: StaffBooking, demand: Demand) -> str:
    """Why a booking waits no more."""
    by_state = {"confirmed": "The person is held.", "released": "The soft booking is let go."}
    return by_state.get(booking.state, f"The demand is {demand.status}.")
