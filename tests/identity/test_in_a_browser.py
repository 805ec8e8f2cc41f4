"""The sign-in page in a real browser: keyboard only, any width, and nothing the browser complains of."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from playwright.async_api import Page, async_playwright, expect
from sqlalchemy import Engine

from gateway.identity.app import Identity
from gateway.identity.settings import IdentitySettings
from tests.identity.world import AUDIENCE, BACK, PASSWORD, VERIFIER

pytestmark = pytest.mark.real("chromium")


@pytest.fixture
async def issuer(engine: Engine, tmp_path: Path) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/identity"
    identity = Identity(IdentitySettings(issuer=address, audience=AUDIENCE, state_dir=tmp_path / "state"), engine)
    app = Litestar([identity.router()], openapi_config=None)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            try:
                await client.get(f"{address}/jwks")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
    yield address
    server.stop()
    await serving


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
async def test_a_person_signs_in_by_keyboard(issuer: str, width: int, scheme: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = await browser.new_context(
            viewport={"width": width, "height": 700}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(address(issuer))
        await expect(page.get_by_label("Email")).to_be_focused()
        await page.keyboard.type("priya@acme.example")
        await page.keyboard.press("Tab")
        await page.keyboard.type("guess")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_focused()
        await expect(page).to_have_title("Problem: sign in · Tiergate")
        await no_sideways_scroll(page)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Password")).to_be_focused()
        await page.keyboard.insert_text(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Allow Foreign Reports?")
        await no_sideways_scroll(page)
        gone: list[str] = []
        await page.route(f"{BACK}**", lambda route: route.fulfill(body="back at the client"))
        page.on("framenavigated", lambda frame: gone.append(frame.url))
        await page.get_by_role("button", name="Allow", exact=True).press("Enter")
        await page.wait_for_url(f"{BACK}**")
        assert "code=" in gone[-1]
        await browser.close()
    assert [said for said in complaints if "422" not in said] == []


async def no_sideways_scroll(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def address(issuer: str) -> str:
    query = {
        "response_type": "code",
        "client_id": "foreign",
        "redirect_uri": BACK,
        "scope": "openid desk:read",
        "state": "s",
        "code_challenge": VERIFIER,
        "code_challenge_method": "S256",
    }
    return f"{issuer}/authorize?{httpx.QueryParams(query)}"
