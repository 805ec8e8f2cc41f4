"""From a case to a project that every system holds: with the mouse and live, by keyboard, and without JavaScript."""

import re

import pytest
from playwright.async_api import Page, expect

from foundation.sandbox.firm import Deal
from tests.journeys.guests import PATIENCE, PRIYA, Guests
from tests.journeys.systems import case_of, deal_with, records, release_credit_hold, run_of, sign_contract

pytestmark = pytest.mark.real("chromium")

TABS = 60
"""No page has a control further away than this."""


async def test_priya_retries_the_case_of_a_system_that_is_back_and_watches_it_become_a_project(guests: Guests) -> None:
    deal = deal_with("Deccan Motors")
    ticket = case_of(guests.platform, deal, "open")["ticket"]
    alone = repaired_without_a_person(guests)
    page = await guests.page(PRIYA)
    await page.goto("/desk")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("are waiting on four cases")
    await page.get_by_role("link", name="Deccan Motors Limited: Kantata is not answering", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Deccan Motors Limited: Kantata is not answering")
    await page.get_by_role("button", name="Retry").click()
    await expect(page).to_have_url(re.compile("/desk/trace/"))
    await page.evaluate("window.neverReloaded = true")
    await expect(page.get_by_role("status")).to_contain_text("All systems agree.", timeout=PATIENCE)
    assert await page.evaluate("window.neverReloaded"), "it became live by a reload"
    await is_settled(guests, page, deal, ticket)
    assert repaired_without_a_person(guests) == alone
    await page.goto("/desk")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("are waiting on three cases")


async def test_the_keyboard_alone_settles_a_case(guests: Guests) -> None:
    deal = deal_with("Tannenberg Bau")
    ticket = case_of(guests.platform, deal, "open")["ticket"]
    sign_contract(guests.platform, deal)
    page = await guests.page(PRIYA)
    await page.goto("/desk")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("/")
    await page.keyboard.type(deal.account.legal_name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(deal.name)
    await walk_to(page, "Open CASE-")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("is not signed")
    await walk_to(page, "Retry")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("All systems agree.", timeout=PATIENCE)
    await is_settled(guests, page, deal, ticket)


async def test_without_javascript_links_forms_and_reloading_settle_a_case(guests: Guests) -> None:
    deal = deal_with("Orchard Clinics")
    ticket = case_of(guests.platform, deal, "open")["ticket"]
    await release_credit_hold(guests.platform, deal)
    page = await guests.page(PRIYA, script=False)
    await page.goto("/desk")
    await page.get_by_label("Find by any key").fill(deal.id)
    await page.get_by_label("Find by any key").press("Enter")
    await page.get_by_role("link", name="Open CASE-").click()
    await page.get_by_role("button", name="Retry").click()
    await expect(page).to_have_url(re.compile("/desk/trace/"))
    for _ in range(60):
        if "All systems agree." in await page.get_by_role("status").inner_text():
            break
        await page.wait_for_timeout(1000)
        await page.reload()
    await is_settled(guests, page, deal, ticket)


async def test_a_retry_while_the_rules_still_refuse_changes_nothing_and_says_so(guests: Guests) -> None:
    deal = deal_with("Copperfield Media")
    page = await guests.page(PRIYA)
    await page.goto(f"/desk/cases/{case_of(guests.platform, deal, 'open')['id']}")
    await page.get_by_role("button", name="Retry").click()
    await expect(page.get_by_text("Two rules refused it before the first write.")).to_be_visible(timeout=PATIENCE)
    await expect(page.get_by_role("link", name="Open CASE-")).to_be_visible()
    assert not [job for job in records(guests.platform, "netsuite", "job") if job["companyName"] == deal.name]


def repaired_without_a_person(guests: Guests) -> int:
    """How many faults the desk says nobody had to look at."""
    answer = guests.platform.ask("GET", "/operations/v1/overview", guests.platform.token("experience-tier"))
    return int(answer.raise_for_status().json()["repaired"])


async def is_settled(guests: Guests, page: Page, deal: Deal, ticket: str) -> None:
    """The run is verified, the case closed, the incident resolved, and each system holds the project once."""
    run = run_of(guests.platform, deal)
    assert (run["status"], run["verified"]) == ("succeeded", True)
    case = case_of(guests.platform, deal, "resolved")
    await page.goto(f"/desk/cases/{case['id']}")
    await expect(page.get_by_text("This case is closed.")).to_be_visible()
    await expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    incident = next(each for each in records(guests.platform, "servicenow", "incident") if each["number"] == ticket)
    assert incident["state"] == "6", "the incident is not resolved"
    for system, kind, name in (("netsuite", "job", "companyName"), ("kantata", "workspaces", "title")):
        held = [each[name] for each in records(guests.platform, system, kind) if each[name].endswith(deal.name)]
        assert len(held) == 1, f"{system} holds {held}"


async def walk_to(page: Page, name: str) -> None:
    """Tab until a control with this name has the focus; every stop on the way is seen and named."""
    for _ in range(TABS):
        await page.keyboard.press("Tab")
        stop = page.locator(":focus-visible")
        await expect(stop).to_have_count(1)
        await expect(stop).to_be_in_viewport()
        if name in await stop.inner_text():
            return
    raise AssertionError(f"{TABS} times Tab do not reach {name!r}")
