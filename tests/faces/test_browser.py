"""The console in a real browser: quiet, within every width, accessible, alive, and walked from key to retry."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.faces.fakes import FakeSessions, console
from tests.faces.firm import World, steps

CHROMIUM = "chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
PLACES = (
    "/desk",
    "/desk/cases",
    "/desk/cases/CASE-3",
    "/desk/cases/CASE-4",
    "/desk/trace",
    "/desk/trace/PRJ-harbor",
    "/desk/trace/PRJ-harbor?view=calls",
    "/desk/trace/PRJ-harbor?view=events",
    "/desk/trace/PRJ-harbor?calls=shown",
    "/desk/trace/salesforce:006lumen",
    "/desk/trace/nothing-of-ours",
    "/desk/connections",
)
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

pytestmark = pytest.mark.real(CHROMIUM)


class Console:
    """The served console, the world behind it, and a browser in front."""

    def __init__(self, address: str, world: World, browser: Browser) -> None:
        self.address, self.world, self.browser = address, world, browser
        self.said: list[str] = []
        """What a quiet browser does not say: console errors, exceptions, requests to elsewhere."""

    async def page(self, *, width: int = 1440, scheme: str = "light", script: bool = True) -> Page:
        context = await self.browser.new_context(
            viewport=ViewportSize(width=width, height=900),
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
            base_url=self.address,
        )
        page = await context.new_page()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith(self.address) else self.said.append(request.url)
        )
        return page

    def _note(self, kind: str, text: str) -> None:
        # A page that is answered 404 on purpose is one the browser mentions.
        if kind in ("error", "warning") and "404" not in text:
            self.said.append(text)


@pytest.fixture
async def console_in_browser() -> AsyncIterator[Console]:
    world = World()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = console(world, FakeSessions({"desk:read", "desk:act"}))
    server = Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    serving = asyncio.create_task(server.serve())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=await _program(), args=FLAGS)
        found = Console(f"http://127.0.0.1:{port}", world, browser)
        yield found
        await browser.close()
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it so
    await serving
    assert found.said == []


async def _program() -> str:
    which = await asyncio.create_subprocess_exec("which", CHROMIUM, stdout=asyncio.subprocess.PIPE)
    return (await which.communicate())[0].decode().strip()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (320, "dark")])
async def test_every_page_fits_its_width_and_passes_axe(console_in_browser: Console, width: int, scheme: str) -> None:
    page = await console_in_browser.page(width=width, scheme=scheme)
    for place in PLACES:
        await page.goto(place)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{place} is {wide} px wide"
        found = await Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{place}: {found.generate_report()}"


@pytest.mark.parametrize("width", [1440, 1280, 1024, 800])
async def test_nothing_leaves_its_card_on_the_screens_in_between(console_in_browser: Console, width: int) -> None:
    page = await console_in_browser.page(width=width)
    for place in PLACES:
        await page.goto(place)
        wider = "cards => cards.filter(card => card.scrollWidth > card.clientWidth + 1).map(card => card.innerText)"
        assert await page.locator(".card").evaluate_all(wider) == [], place


async def test_a_run_that_moves_is_seen_moving_without_a_reload(console_in_browser: Console) -> None:
    world = console_in_browser.world
    page = await console_in_browser.page()
    await page.goto("/desk/trace/salesforce:006lumen")
    await expect(page.get_by_role("status")).to_contain_text("Step 6 of 15")
    await page.evaluate("window.neverReloaded = true")
    await page.get_by_label("Find by any key").fill("half a word")
    world.replace("lumen", step=9, steps=steps(world.at, 9, "running"))
    await expect(page.get_by_role("status")).to_contain_text("Step 9 of 15", timeout=6000)
    assert await page.evaluate("window.neverReloaded")
    assert await page.get_by_label("Find by any key").input_value() == "half a word"
    world.replace("lumen", status="succeeded", verified=True, ended_at=world.at, steps=steps(world.at, 15))
    await expect(page.get_by_role("status")).to_contain_text("All systems agree.", timeout=6000)
    await expect(page.locator("[hx-trigger]")).to_have_count(0)


async def test_now_counts_a_new_case_by_itself(console_in_browser: Console) -> None:
    world = console_in_browser.world
    page = await console_in_browser.page()
    await page.goto("/desk")
    await expect(page.locator("#open-cases")).to_contain_text("3")
    world.open = world.open[:1]
    await expect(page.get_by_role("heading", level=1)).to_contain_text("waiting on one case", timeout=6000)
    await expect(page.locator("#open-cases")).to_contain_text("1")
    await expect(page).to_have_title("Now · Tiergate")


async def test_live_data_that_stops_is_said_to_be_paused(console_in_browser: Console) -> None:
    page = await console_in_browser.page()
    await page.goto("/desk")
    await page.wait_for_load_state()  # its script has run by then
    await page.evaluate("document.dispatchEvent(new CustomEvent('htmx:error'))")
    await expect(page.locator(".live")).to_contain_text("Paused, data of")
    await expect(page.locator(".live")).to_contain_text("Live", timeout=6000)


@pytest.mark.parametrize("script", [True, False])
async def test_from_a_key_to_the_case_to_the_retry(console_in_browser: Console, script: bool) -> None:
    page = await console_in_browser.page(script=script)
    await page.goto("/desk")
    if script:
        await page.keyboard.press("/")
        await page.keyboard.type("PRJ-deccan")
    else:
        await page.get_by_label("Find by any key").fill("PRJ-deccan")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Open CASE-4").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Deccan Motors: Kantata is not answering")
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator(".pill", has_text="Running").first).to_be_visible()
    assert console_in_browser.world.calls == [("retry", "CASE-4", "priya")]


async def test_the_keys_go_where_they_say_but_never_while_typing(console_in_browser: Console) -> None:
    page = await console_in_browser.page()
    await page.goto("/desk")
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await page.wait_for_url("**/desk/cases")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("gn")
    assert await page.get_by_label("Find by any key").input_value() == "gn"
    assert page.url.endswith("/desk/cases")
