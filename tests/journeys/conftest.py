"""One platform for all journeys: `tiergate run` as a newcomer starts it, after its scenario."""

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import async_playwright

from tests.journeys.guests import CHROMIUM, FLAGS, PATIENCE, Guests, House
from tests.processes import Client, Command


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Started once; each journey finds its own case there."""
    command = Command(tmp_path_factory.mktemp("journeys"), "run", TIERGATE_PORT="0")
    try:
        command.until("Ctrl-C stops", 180)
        url = command.until(r"Console\s+(http://\S+)/desk").group(1)
        platform = Client(url, command.out.parent / "state")
        yield House(platform)
        platform.close()
    finally:
        command.stop()


@pytest.fixture
async def guests(house: House) -> AsyncIterator[Guests]:
    """A browser; at the end it must have said nothing."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=FLAGS, timeout=PATIENCE)
        found = Guests(house, browser)
        yield found
        await browser.close()
    assert found.said == []
