"""People in front of a running platform: a browser, their real sign-in, and what a quiet browser never says."""

import re
from typing import Final

from playwright.async_api import Browser, ConsoleMessage, Page, Request, StorageState, ViewportSize, expect

from tests.processes import Client

CHROMIUM: Final = "chromium"
FLAGS: Final = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
PRIYA: Final = "priya@acme.example"
DANA: Final = "dana@acme.example"
NINA: Final = "nina@harbor-logistics.example"
PATIENCE: Final = 60_000
"""Milliseconds a run may take to move on a busy machine."""
_STATUS: Final = re.compile(r"responded with a status of (\d+)")


class House:
    """A running platform after its scenario, with the sign-ins people have made so far."""

    def __init__(self, platform: Client) -> None:
        self.platform = platform
        self.states: dict[str, StorageState] = {}


class Guests:
    """Opens pages for people. `said` is what a quiet browser does not say; it must stay empty."""

    def __init__(self, house: House, browser: Browser) -> None:
        self.house, self.browser = house, browser
        self.platform = house.platform
        self.said: list[str] = []
        self.refusals: set[int] = set()
        """Statuses a page of this test is answered with on purpose: the browser mentions each."""

    async def page(self, who: str = "", *, width: int = 1440, scheme: str = "light", script: bool = True) -> Page:
        """A page of a browser of one's own; signed in where `who` says as whom."""
        context = await self.browser.new_context(
            base_url=self.platform.url,
            viewport=ViewportSize(width=width, height=900),
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
            storage_state=self.house.states.get(who),
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE / 3)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", self._left)
        if who and who not in self.house.states:
            await page.goto("/desk")
            await self.sign_in(page, who)
            self.house.states[who] = await context.storage_state()
        return page

    async def sign_in(self, page: Page, who: str) -> None:
        """Fill the issuer's page and come back."""
        await page.get_by_label("Email").fill(who)
        await page.get_by_label("Password").fill(self.platform.demo.people[who])
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(re.compile(r"/desk"))

    def _heard(self, message: ConsoleMessage) -> None:
        """A refused style or script (content security policy) is a console error too."""
        status = _STATUS.search(message.text)
        if message.type in ("error", "warning") and not (status and int(status[1]) in self.refusals):
            self.said.append(f"{message.type}: {message.text}")

    def _left(self, request: Request) -> None:
        if not request.url.startswith(f"{self.platform.url}/"):
            self.said.append(f"asked elsewhere: {request.url}")
