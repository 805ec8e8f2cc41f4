"""One box finds a deal by whatever name a system gives it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.journeys.guests import PRIYA, Guests
from tests.journeys.systems import deal_with, run_of

pytestmark = pytest.mark.real("chromium")

DEAL = deal_with("Kestrel Energy")


def id_in(system: str, instance: str) -> Callable[[Any], str]:
    return lambda run: next(
        str(x["native_id"]) for x in run["ids"] if (x["system"], x["instance"]) == (system, instance)
    )


KEYS: dict[str, Callable[[Any], str]] = {
    "our key": lambda run: str(run["business_key"]),
    "the Salesforce id of the deal": lambda _: DEAL.id,
    "the project code": lambda run: str(run["project_code"]),
    "the customer's name": lambda run: str(run["customer"]),
    "the customer's name in lower case": lambda run: str(run["customer"]).lower(),
    "the deal's name": lambda _: DEAL.name,
    "NetSuite's id of the project": id_in("netsuite", "project"),
    "Kantata's id of the project": id_in("kantata", "project"),
}


@pytest.mark.parametrize("key", KEYS)
async def test_it_is_found_by(guests: Guests, key: str) -> None:
    word = KEYS[key](run_of(guests.platform, DEAL))
    page = await guests.page(PRIYA)
    await page.goto("/desk")
    await page.get_by_label("Find by any key").fill(word)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/desk/trace"))
    if await (other := page.get_by_role("group", name="Runs").get_by_role("link", name=DEAL.name)).count():
        await other.click()  # a system's id of this deal's project may be its id of something else, too
    await expect(page.get_by_role("heading", level=1)).to_contain_text(DEAL.name)
    await expect(page.get_by_role("status")).to_contain_text("Once an answer was lost")


async def test_what_nobody_knows_is_said_plainly(guests: Guests) -> None:
    guests.refusals.add(404)
    page = await guests.page(PRIYA)
    await page.goto("/desk")
    await page.get_by_label("Find by any key").fill("PRJ-nobody")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_contain_text(re.compile("PRJ-nobody"))
    await expect(page).to_have_title("Not found · Tiergate")
