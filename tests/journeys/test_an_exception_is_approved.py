"""What a guard holds, let pass by its approver in front of the page: the terms, a reason, a day, and their own name."""

import time

import httpx
import pytest
from playwright.async_api import expect

from tests.crm import TOKENS, sign_in_form
from tests.journeys.guests import DANA, PATIENCE, PRIYA, Guests
from tests.journeys.systems import Record, case_of, deal_with, records
from tests.processes import Client

pytestmark = pytest.mark.real("chromium")
HARBOR = "Harbor Logistics"


def asked(platform: Client, cost: int) -> Record:
    """The case of a quote that costs nearly what it earns; its deal is billed by a project already."""
    deal = deal_with(HARBOR)
    (quote,) = [each["Id"] for each in records(platform, "salesforce", "Quote") if each["OpportunityId"] == deal.id]
    with httpx.Client(base_url=platform.sandboxes["salesforce"].url, trust_env=False) as salesforce:
        token = salesforce.post(TOKENS, data=sign_in_form(platform.state)).json()["access_token"]
        place, signed = f"/services/data/v62.0/sobjects/Quote/{quote}", {"Authorization": f"Bearer {token}"}
        salesforce.patch(place, json={"Cost__c": cost}, headers=signed).raise_for_status()
    body = {"quote": {"system": "salesforce", "id": quote}}
    tier = platform.token("experience-tier")
    platform.ask("POST", "/quote-to-order/v1/runs", tier, json=body).raise_for_status()
    for _ in range(PATIENCE // 100):
        page = platform.ask("GET", "/operations/v1/cases?state=open&limit=200", tier).json()["items"]
        if any(each["business_key"] == deal.key for each in page):
            return case_of(platform, deal, "open")
        time.sleep(0.1)
    raise AssertionError("nothing holds it")


async def test_dana_of_finance_approves_a_margin_and_priya_of_the_desk_cannot(guests: Guests) -> None:
    case = asked(guests.platform, 230_000)
    place = f"/desk/cases/{case['id']}"
    hers = await guests.page(PRIYA)
    await hers.goto(place)
    await expect(hers.get_by_text("Finance may approve it as it is.")).to_be_visible()
    await expect(hers.get_by_role("button", name="Approve")).to_have_count(0)

    page = await guests.page(DANA)
    await page.goto(place)
    await expect(page.get_by_text("The margin is 4.2 %, below 10.0 %.").first).to_be_visible()
    await expect(page.get_by_text("USD 230,000.00").first).to_be_visible()
    await page.get_by_text("Approve it as it is (Finance)").click()
    await page.get_by_label("Why may it pass?").fill("The first order of a customer for years.")
    await page.get_by_role("button", name="Approve").click()
    said = "Approved by dana@acme.example until"
    await expect(page.get_by_text(said)).to_be_visible()
    await expect(page.get_by_text("for these terms only: The first order of a customer for years.")).to_be_visible()
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    await hers.reload()
    await expect(hers.get_by_text(said)).to_be_visible()
    tier = guests.platform.token("experience-tier")
    done = guests.platform.ask("POST", f"/operations/v1/cases/{case['id']}/resolve", tier, json={"note": "Over."})
    assert done.status_code == 200, "other journeys count what waits"
