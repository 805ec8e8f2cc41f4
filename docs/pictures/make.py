"""Takes the README's picture anew: a whole demonstration in a temporary folder, and the console's first page.

From the root, `.venv/bin/python docs/pictures/make.py`. It needs chromium, and what `make test` installs.
"""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Page, ViewportSize, async_playwright

from foundation import telemetry
from gateway.identity.demo import read_demo
from tiergate.demonstration import firm_of
from tiergate.running import running
from tiergate.settings import read

PICTURE = Path(__file__).with_name("console.png")
WHO = "priya@acme.example"
WIDTH, HEIGHT = 1440, 900


async def main() -> None:
    """Play the scenario and take the picture."""
    telemetry.configure(level="WARNING")
    with tempfile.TemporaryDirectory(prefix="tiergate-") as folder:
        settings = read({**os.environ, "TIERGATE_STATE": folder, "TIERGATE_PORT": "0"})
        async with running(settings) as (served, sandboxes), async_playwright() as playwright:
            await firm_of(served.settings, sandboxes.addresses, lambda line: None).play()
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = await browser.new_page(viewport=ViewportSize(width=WIDTH, height=HEIGHT), color_scheme="light")
            await page.goto(f"{served.settings.address}/desk")
            await _sign_in(page, read_demo(Path(folder)).people[WHO])
            await page.wait_for_load_state("networkidle")
            await page.screenshot(path=PICTURE, animations="disabled")
            await browser.close()


async def _sign_in(page: Page, password: str) -> None:
    await page.get_by_label("Email").fill(WHO)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/desk")


if __name__ == "__main__":
    asyncio.run(main())
