"""Closing a case asks for a fresh sign-in: the API says so in a challenge, and the console leads a person through."""

import html
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import ROOT, Client, Command

pytestmark = pytest.mark.real

PRIYA = "priya@acme.example"
FORM = "/desk/cases/CASE-0/resolve"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A platform like the shipped one, whose quarter of an hour is three seconds."""
    folder = tmp_path_factory.mktemp("strict")
    file = Path(shutil.copytree(ROOT / "policies", folder / "policies")) / "apis" / "service-desk.yaml"
    shipped = file.read_text()
    file.write_text(shipped.replace("claims: {max_age: 15m}", "claims: {max_age: 3s}"))
    assert file.read_text() != shipped
    command = Command(folder, "run", "--no-scenario", TIERGATE_PORT="0", TIERGATE_POLICIES=str(folder / "policies"))
    try:
        made = Client(command.until(r"Console\s+(http://\S+)/desk").group(1), folder / "state")
        yield made
        made.close()
    finally:
        command.stop()


def signed_in(client: Client, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
    """Through the issuer's sign-in page, to where it leads."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    form = {name: html.unescape(value) for name, value in hidden}
    return browser.post("/identity/login", data=form | {"login": PRIYA, "password": client.demo.people[PRIYA]})


def send(browser: httpx.Client, page: httpx.Response) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return browser.post(FORM, data={"csrf": found[1], "note": "made by hand"})


def test_a_person_whose_sign_in_is_too_old_signs_in_again_and_passes(strict: Client) -> None:
    with httpx.Client(base_url=strict.url, follow_redirects=True, trust_env=False) as browser:
        desk = signed_in(strict, browser, browser.get("/desk"))
        assert desk.url.path == "/desk"
        time.sleep(4)
        stopped = send(browser, desk)
        assert stopped.status_code == 401
        assert "Confirm that it is you" in stopped.text
        link = re.search(r'href="(/desk/sign-in\?[^"]+)"', stopped.text)
        assert link is not None
        assert "max_age=3" in link[1]
        asked = browser.get(html.unescape(link[1]))
        assert asked.url.path == "/identity/login", "the issuer did not ask for the password again"
        back = signed_in(strict, browser, asked)
        assert back.url.path == "/desk/cases/CASE-0"
        passed = send(browser, back)
        assert (passed.status_code, "There is no such thing" in passed.text) == (404, True), passed.text


def test_a_program_is_told_by_the_challenge_of_rfc_9470(strict: Client) -> None:
    answer = strict.ask(
        "POST", "/service-desk/v1/cases/CASE-0/resolve", strict.token("scenario"), json={"note": "made by hand"}
    )
    assert (answer.status_code, answer.json()["reason"]) == (401, "insufficient_user_authentication")
    assert 'error="insufficient_user_authentication"' in answer.headers["www-authenticate"]
    assert ', max_age="3", ' in answer.headers["www-authenticate"]
