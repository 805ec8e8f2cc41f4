"""Closing a case asks for a fresh sign-in: the API says so in a challenge, and the console leads a person through."""

import html
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    edits = {"service-desk": ("claims: {max_age: 15m}", "claims: {max_age: 3s}")}
    with platform(tmp_path_factory.mktemp("strict"), edits) as made:
        yield made


@pytest.fixture(scope="module")
def strict_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One whose service desk asks for nothing itself: the process API behind it asks for a sign-in not a second old."""
    edits = {
        "service-desk": (", claims: {max_age: 15m}", ""),
        "operations": (
            "resolveCase: {scopes: [operations:act],",
            "resolveCase: {scopes: [operations:act], claims: {max_age: 1s},",
        ),
    }
    with platform(tmp_path_factory.mktemp("behind"), edits) as made:
        yield made


@contextmanager
def platform(folder: Path, edits: dict[str, tuple[str, str]]) -> Iterator[Client]:
    """The platform with the policies of some APIs otherwise: what stands there, and what is put in its place."""
    policies = Path(shutil.copytree(ROOT / "policies", folder / "policies"))
    for api, (before, after) in edits.items():
        file = policies / "apis" / f"{api}.yaml"
        shipped = file.read_text()
        assert before in shipped
        file.write_text(shipped.replace(before, after))
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


def test_a_sign_in_asked_for_behind_the_face_is_asked_for_by_the_face(strict_behind: Client) -> None:
    answer = strict_behind.ask(
        "POST", "/service-desk/v1/cases/CASE-0/resolve", strict_behind.token("scenario"), json={"note": "made by hand"}
    )
    assert (answer.status_code, answer.json()["reason"]) == (401, "insufficient_user_authentication"), answer.text
    assert answer.json()["facts"]["policy"].startswith("policies/apis/operations.yaml:")
    assert answer.headers.get_list("www-authenticate") == [
        (
            'Bearer realm="tiergate", error="insufficient_user_authentication", max_age="1", '
            f'resource_metadata="{strict_behind.url}/.well-known/oauth-protected-resource/service-desk/v1"'
        )
    ]
