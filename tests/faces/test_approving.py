"""What an approver sees and sends on a case: the terms, a reason, a day, and nothing that is not theirs."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from canonical.faults import FieldError
from canonical.ports.approvals import Approval
from tests.faces.fakes import CSRF
from tests.faces.firm import World
from tests.faces.visitor import ACT, READ, Visitor

APPROVER = {"desk:read", "desk:approve"}
PLACE = "/desk/cases/CASE-3"
FORM = f"{PLACE}/approvals/margin_floor"
SAID = {"csrf": CSRF, "digest": "d1", "reason": "A first order.", "until": "2027-01-31"}
ASKED = Approval(
    rule="margin_floor",
    approver="Finance",
    state="asked",
    evidence="The margin is 8.0 %, below 10.0 %.",
    terms={"revision": "2", "total": "USD 98,500.00", "margin": "8.0 %"},
    digest="d1",
    asked_at=datetime.now(UTC),
)


@pytest.fixture
def world() -> World:
    made = World()
    held = FieldError(rule="margin_floor", detail=ASKED.evidence, owner="Finance", approver="Finance")
    mended = FieldError(rule="tax_class", detail="Item A has no tax class.", owner="Finance")
    made.open[1] = msgspec.structs.replace(made.open[1], errors=[held, mended], workflow="quote_to_order")
    made.approvals = [ASKED, msgspec.structs.replace(ASKED, digest="d0", state="superseded")]
    return made


async def test_an_approver_is_shown_the_terms_and_a_form_for_what_is_theirs_alone(world: World) -> None:
    page = (await Visitor(world, APPROVER).get(PLACE)).text
    assert page.count(f'action="{FORM}"') == page.count("Why may it pass?") == 1, "what must be mended has no form"
    assert 'name="digest" value="d1"' in page
    for said in ("Revision", "USD 98,500.00", "Margin", "Approve it as it is (Finance)", "Until which day?"):
        assert said in page
    assert f'value="{(datetime.now(UTC) + timedelta(days=14)).date()}"' in page


@pytest.mark.parametrize("scopes", [READ, ACT])
async def test_who_may_not_approve_is_told_whose_decision_it_is(world: World, scopes: set[str]) -> None:
    page = (await Visitor(world, scopes).get(PLACE)).text
    assert "Finance may approve it as it is." in page
    assert FORM not in page
    answer = await Visitor(world, scopes).post(FORM, **SAID)
    assert (answer.status_code, world.calls) == (403, [])
    assert "Your sign-in lacks desk:approve" in answer.text


async def test_what_is_approved_is_sent_with_the_terms_that_were_shown_and_stands_there_after(world: World) -> None:
    world.approvals = [ASKED]
    visitor = Visitor(world, APPROVER)
    answer = await visitor.post(FORM, **SAID)
    assert (answer.status_code, answer.headers["Location"]) == (303, PLACE)
    assert world.calls == [("approve", "CASE-3", "margin_floor", "d1", "A first order.", "2027-01-31")]
    page = (await visitor.get(PLACE)).text
    assert "Approved by priya until 2027-01-31, for these terms only: A first order." in page
    assert FORM not in page


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ({"csrf": "of another session"}, 403, "was not sent from a page of your session"),
        ({"reason": "  "}, 422, "Say why it is approved"),
        ({"until": ""}, 422, "is no day"),
        ({"until": "soon"}, 422, "is no day"),
    ],
)
async def test_a_form_that_lacks_something_does_nothing_and_says_what(
    world: World, said: dict[str, str], status: int, told: str
) -> None:
    answer = await Visitor(world, APPROVER).post(FORM, **SAID | said)
    assert (answer.status_code, told in answer.text, world.calls) == (status, True, [])


async def test_terms_that_have_changed_since_are_told_on_the_page_itself(world: World) -> None:
    world.conflict = True
    answer = await Visitor(world, APPROVER).post(FORM, **SAID)
    assert answer.status_code == 409
    assert "Problem: What it is asked about has changed since it was shown" in answer.text
    assert FORM in answer.text
