"""Every page of the console and the sign-in, with what a real scenario left there, in every width and scheme."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.journeys.guests import PRIYA, Guests
from tests.journeys.systems import case_of, deal_with

pytestmark = pytest.mark.real("chromium")

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
LOOSE = re.compile(r"unsafe|\*|data:|https?:")


def places(guests: Guests) -> dict[str, str]:
    """A name for each page, and where it is."""
    refused = deal_with("Copperfield Media")
    lost, plain = (f"/desk/trace/{deal_with(name).key}" for name in ("Kestrel Energy", "Harbor Logistics"))
    return {
        "now": "/desk",
        "cases": "/desk/cases",
        "resolved": "/desk/cases?state=resolved",
        "case": f"/desk/cases/{case_of(guests.platform, refused, 'open')['id']}",
        "find": "/desk/trace",
        "trace-plain": plain,
        "trace-lost-answer": lost,
        "trace-refused": f"/desk/trace/{refused.key}",
        "trace-events": f"{plain}?view=events",
        "trace-calls": f"{plain}?view=calls",
        "trace-with-calls": f"{plain}?calls=shown",
        "connections": "/desk/connections",
        "unknown": "/desk/trace/nothing-of-ours",
    }


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (320, "dark")])
async def test_it_fits_is_accessible_and_asks_nobody_else(
    guests: Guests, tmp_path: Path, width: int, scheme: str
) -> None:
    """The pictures stay in pytest's folder of this test, to be looked at."""
    guests.refusals.add(404)
    page = await guests.page(width=width, scheme=scheme)
    await looks_well(page, guests.platform.url, "/desk", tmp_path / "sign-in.png", width)
    page = await guests.page(PRIYA, width=width, scheme=scheme)
    for name, path in places(guests).items():
        await looks_well(page, guests.platform.url, path, tmp_path / f"{name}.png", width)


async def looks_well(page: Page, home: str, path: str, picture: Path, width: int) -> None:
    answer = await page.goto(path)
    assert answer is not None
    policy = await answer.header_value("content-security-policy") or ""
    assert "default-src 'self'" in policy, f"{path}: {policy}"
    assert not LOOSE.search(policy.replace(home, "")), f"{path}: {policy}"
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{path} is {wide} px wide"
    found = await Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    await page.screenshot(path=picture, full_page=True)
