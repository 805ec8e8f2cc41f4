"""Who may come in, who may only look, and how one leaves."""

import re

import pytest
from playwright.async_api import expect

from tests.journeys.guests import DANA, NINA, PRIYA, Guests
from tests.journeys.systems import case_of, deal_with

pytestmark = pytest.mark.real("chromium")


async def test_a_wrong_password_is_told_and_the_right_one_goes_where_one_was_going(guests: Guests) -> None:
    guests.refusals.add(422)
    page = await guests.page()
    await page.goto("/desk/connections")
    await page.get_by_label("Email").fill(PRIYA)
    await page.get_by_label("Password").fill("a guess")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_label("Password")).to_have_value("")
    await guests.sign_in(page, PRIYA)
    await expect(page).to_have_url(re.compile("/desk/connections$"))
    await expect(page.get_by_text("Signed in as Priya Nair")).to_be_visible()


async def test_dana_may_look_but_what_she_lacks_is_named_where_she_would_act(guests: Guests) -> None:
    guests.refusals.add(403)
    case = case_of(guests.platform, deal_with("Copperfield Media"), "open")["id"]
    page = await guests.page(DANA)
    await page.goto(f"/desk/cases/{case}")
    await expect(page.get_by_text("You may look, but not act: your sign-in lacks desk:act.")).to_be_visible()
    await expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    # She has a session and its token, so she could send the form; the API behind the page refuses.
    await page.evaluate(
        """path => {
            const form = document.querySelector("form[action='/desk/sign-out']");
            form.action = path;
            form.submit();
        }""",
        f"/desk/cases/{case}/retry",
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your sign-in lacks desk:act")
    await expect(page.get_by_text("Ask whoever grants rights for this scope")).to_be_visible()


async def test_nina_of_the_client_has_no_business_at_the_desk_and_can_leave(guests: Guests) -> None:
    guests.refusals.add(403)
    page = await guests.page(NINA)
    await page.goto("/desk")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your sign-in lacks desk:read")
    assert "Deccan" not in await page.content()
    await page.get_by_role("button", name="Sign in as somebody else").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    del guests.house.states[NINA]


async def test_who_signed_out_is_out(guests: Guests) -> None:
    page = await guests.page()
    await page.goto("/desk")
    await guests.sign_in(page, PRIYA)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    await page.goto("/desk/cases")
    await expect(page.get_by_label("Password")).to_be_visible()
    await page.go_back()
    await page.reload()
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_a_form_sent_after_the_session_ended_is_not_sent_on(guests: Guests) -> None:
    guests.refusals.add(401)
    deal = deal_with("Copperfield Media")
    page = await guests.page()
    await page.goto("/desk")
    await guests.sign_in(page, PRIYA)
    await page.goto(f"/desk/cases/{case_of(guests.platform, deal, 'open')['id']}")
    await page.get_by_text("Close without a retry").click()
    await page.get_by_label("Why is it settled?").fill("The deal is off.")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Close the case").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You were signed out")
    assert case_of(guests.platform, deal, "open")
    await page.get_by_role("main").get_by_role("link", name="Sign in").click()
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_a_live_page_whose_session_ended_asks_to_sign_in(guests: Guests) -> None:
    page = await guests.page()
    await page.goto("/desk")
    await guests.sign_in(page, PRIYA)
    await page.wait_for_load_state()  # its script has run by then
    await page.context.clear_cookies()
    await expect(page.get_by_label("Password")).to_be_visible(timeout=40_000)
