"""What a guard of quote-to-order holds is approved by a person: for one revision at its amounts, and until a day."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, Forbidden, Invalid, NotFound
from canonical.ports.approvals import Approval, Approve
from canonical.ports.processes import CaseDetail
from foundation.context import Caller, fresh, use
from process_apis import approving
from process_apis.mending import mend
from process_apis.tables import APPROVALS
from tests.process.ordering import Ordering, rules
from tests.process.world import PRIYA, World, in_each_firm

DANA = Caller(subject="dana@acme.example", client="console", layer="experience")
OMAR = Caller(subject="omar@acme.example", client="console", layer="experience")
FORTNIGHT = (now() + timedelta(days=14)).date()
WHY = "The first order of a customer for years."


@pytest.fixture
def desk(firm: World) -> Ordering:
    return Ordering(firm)


async def waiting(desk: Ordering, run_id: str) -> CaseDetail:
    """The open case of a run, as the service desk reads it."""
    case = await desk.firm.case_of(run_id)
    assert case is not None
    return await desk.firm.operations.case(case.id)


async def approve(desk: Ordering, run_id: str, rule: str, who: Caller = DANA, **said: Any) -> Approval:
    """What a run waits for, approved as it stands on the page."""
    found = await waiting(desk, run_id)
    asked = next((each.digest for each in found.approvals if each.rule == rule), "nothing")
    data = Approve(**{"digest": asked, "reason": WHY, "until": FORTNIGHT} | said)
    with use(fresh(caller=who)):
        return await desk.firm.operations.approve_case(found.case.id, rule, data)


@in_each_firm
async def test_a_margin_below_the_floor_is_approved_by_name_and_the_quote_is_ordered_by_itself(desk: Ordering) -> None:
    quote = desk.edit(desk.quote("D01"), cost=230000)
    refused = await desk.played(quote)
    assert (refused.run.status, rules(refused), desk.orders()) == ("refused", ["margin_floor"], [])
    found = await waiting(desk, refused.run.id)
    (error,), (asked,) = found.case.errors, found.approvals
    assert (error.detail, error.approver) == ("The margin is 4.2 %, below 10.0 %.", "Finance")
    assert (asked.state, asked.evidence, asked.approver) == ("asked", error.detail, "Finance")
    assert asked.terms | {"total": "USD 240,000.00", "cost": "USD 230,000.00", "margin": "4.2 %"} == asked.terms
    given = await approve(desk, refused.run.id, "margin_floor")
    assert (given.state, given.approved_by, given.until, given.reason) == ("approved", DANA.subject, FORTNIGHT, WHY)
    done = await desk.ended(refused.run.id)
    assert (done.run.status, done.run.verified, len(desk.orders())) == ("succeeded", True, 1)
    said = done.steps[2].summary
    assert f"approved by Finance on {now():%Y-%m-%d}, until {FORTNIGHT} (margin_floor)" in said
    assert DANA.subject not in str(done), "partners read what a run says"
    after = await desk.firm.operations.case(found.case.id)
    assert after.case.state == "resolved"
    history = [(event.who, event.what) for event in after.history]
    assert (DANA.subject, f"Approved margin_floor until {FORTNIGHT}: {WHY}") in history


async def test_a_quote_that_changes_after_its_approval_is_asked_about_again_and_one_put_back_is_not(
    desk: Ordering,
) -> None:
    quote = desk.edit(desk.quote("D01"), cost=230000, signed_on=None)
    refused = await desk.played(quote)
    assert rules(refused) == ["signed", "margin_floor"]
    await approve(desk, refused.run.id, "margin_floor")
    assert (await desk.runs.run(refused.run.id)).run.status == "refused", "the signature is still missing"

    desk.edit(quote, cost=231000)
    await desk.runs.retry_run(refused.run.id)
    again = await desk.ended(refused.run.id)
    assert rules(again) == ["signed", "margin_floor"]
    assert again.run.problem is not None
    told = again.run.problem.errors[1].detail
    assert "It was approved by Finance" in told
    assert "cost was USD 230,000.00 and is USD 231,000.00" in told
    found = await waiting(desk, refused.run.id)
    case, states = found.case.id, [each.state for each in found.approvals]
    assert states == ["asked", "superseded"]

    desk.edit(quote, cost=230000, signed_on=now().date())
    await desk.runs.retry_run(refused.run.id)
    assert (await desk.ended(refused.run.id)).run.status == "succeeded", "it was approved at just these terms"
    after = (await desk.firm.operations.case(case)).approvals
    assert [(each.state, each.terms["cost"]) for each in after] == [
        ("approved", "USD 230,000.00"),
        ("superseded", "USD 231,000.00"),
    ]


async def test_another_revision_is_another_question(desk: Ordering) -> None:
    first = await desk.played(desk.edit(desk.quote("D01"), cost=239000, signed_on=None))
    await approve(desk, first.run.id, "margin_floor")
    second = await desk.played(desk.revise("D01", cost=14900, signed_on=now().date()))
    assert rules(second) == ["margin_floor"]
    assert [each.state for each in (await waiting(desk, second.run.id)).approvals] == ["asked"]


@in_each_firm
async def test_a_quote_signed_a_few_days_late_is_approved_and_one_signed_months_late_is_offered_anew(
    desk: Ordering,
) -> None:
    today = now().date()
    late = await desk.played(desk.edit(desk.quote("D01"), valid_to=today - timedelta(days=4), signed_on=today))
    assert rules(late) == ["validity"]
    await approve(desk, late.run.id, "validity")
    assert (await desk.ended(late.run.id)).run.status == "succeeded"
    old = await desk.played(desk.edit(desk.quote("D02"), valid_to=today - timedelta(days=60), signed_on=today))
    assert rules(old) == ["expired"]
    with pytest.raises(NotFound, match="does not wait for an approval of expired"):
        await approve(desk, old.run.id, "expired")


async def test_each_approver_decides_on_their_own_and_the_last_one_has_it_go_on(desk: Ordering) -> None:
    today = now().date()
    said = {"cost": 230000, "valid_to": today - timedelta(days=2), "signed_on": today}
    refused = await desk.played(desk.edit(desk.quote("D01"), **said))
    assert rules(refused) == ["validity", "margin_floor"]
    await approve(desk, refused.run.id, "margin_floor")
    assert (await desk.runs.run(refused.run.id)).run.status == "refused"
    await approve(desk, refused.run.id, "validity", OMAR)
    assert (await desk.ended(refused.run.id)).run.status == "succeeded"
    given = {each.rule: each.approved_by for each in await stored(desk, refused.run.id)}
    assert given == {"margin_floor": DANA.subject, "validity": OMAR.subject}


async def test_the_same_approval_twice_is_one_and_whatever_else_is_said_is_refused(desk: Ordering) -> None:
    refused = (await desk.played(desk.edit(desk.quote("D01"), cost=230000, signed_on=None))).run.id
    first, second = await approve(desk, refused, "margin_floor"), await approve(desk, refused, "margin_floor")
    assert first.approved_at == second.approved_at
    found = await waiting(desk, refused)
    assert sum("Approved" in event.what for event in found.history) == 1
    today = now().date()
    for fault, match, rule, who, said in (
        (Conflict, "approved already, by dana@acme.example", "margin_floor", OMAR, {}),
        (Conflict, "approved already", "margin_floor", DANA, {"reason": "Another."}),
        (NotFound, "does not wait for an approval of signed", "signed", DANA, {}),
        (NotFound, "does not wait for an approval of nothing", "nothing", DANA, {}),
        (Forbidden, "had this run started", "margin_floor", PRIYA, {}),
    ):
        with pytest.raises(fault, match=match):
            await approve(desk, refused, rule, who, **said)
    other = (await desk.played(desk.edit(desk.quote("D02"), cost=10**7, signed_on=None))).run.id
    with pytest.raises(Conflict, match="has changed since it was shown"):
        await approve(desk, other, "margin_floor", digest="what was shown yesterday")
    for until, detail in ((today - timedelta(days=2), "is over already"), (today + timedelta(days=92), "more than 90")):
        with pytest.raises(Invalid) as wrong:
            await approve(desk, other, "margin_floor", until=until)
        assert [(each.pointer, detail in each.detail) for each in wrong.value.errors] == [("/until", True)]
    assert [each.state for each in (await waiting(desk, other)).approvals] == ["asked"]


async def test_an_approval_whose_day_is_over_is_asked_for_again(desk: Ordering) -> None:
    refused = (await desk.played(desk.edit(desk.quote("D01"), cost=230000, signed_on=None))).run.id
    await approve(desk, refused, "margin_floor")
    ended = now().date() - timedelta(days=3)
    await desk.firm.platform.database.run(lambda c: c.execute(sa.update(APPROVALS).values(until=ended)))
    await desk.runs.retry_run(refused)
    again = await desk.ended(refused)
    assert again.run.problem is not None
    assert f"until {ended}." in again.run.problem.errors[1].detail
    assert [each.state for each in (await waiting(desk, refused)).approvals] == ["ended"]
    assert (await approve(desk, refused, "margin_floor", OMAR)).approved_by == OMAR.subject


async def test_what_was_approved_goes_on_though_the_process_died_before_it_could(
    desk: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = (await desk.played(desk.edit(desk.quote("D01"), cost=230000))).run.id
    other = (await desk.played(desk.edit(desk.quote("D02"), cost=10**7, signed_on=None))).run.id
    await approve(desk, other, "margin_floor")

    async def dies(*_: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(approving, "retry", dies)
        with pytest.raises(SystemError):
            await approve(desk, refused, "margin_floor")
    assert (await desk.runs.run(refused)).run.status == "refused"
    await mend(desk.firm.platform, frozenset())
    assert (await desk.ended(refused)).run.status == "succeeded"
    assert (await desk.runs.run(other)).run.status == "refused", "its signature is missing"


async def stored(desk: Ordering, run_id: str) -> list[Any]:
    query = sa.select(APPROVALS).where(APPROVALS.c.subject == run_id)
    found: list[Any] = await desk.firm.platform.database.run(lambda c: list(c.execute(query)))
    return found
