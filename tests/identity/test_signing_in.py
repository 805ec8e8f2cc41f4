"""The sign-in page, and the limits in front of it and of the token endpoint."""

import httpx

from tests.identity.world import PASSWORD, World


async def login_page(world: World) -> httpx.Response:
    asked = await world.browser.get(world.url())
    return await world.browser.get(asked.headers["location"])


async def test_a_wrong_password_and_an_unknown_person_read_the_same(world: World) -> None:
    page = await login_page(world)
    wrong = await world.submit(page, "login", login="priya@acme.example", password="guess")
    unknown = await world.submit(page, "login", login="nobody@acme.example", password="guess")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace("priya@", "nobody@") == unknown.text
    assert "tiergate_identity" not in world.browser.cookies


async def test_the_problem_is_said_first_and_beside_the_field(world: World) -> None:
    page = await world.submit(await login_page(world), "login", login="priya@acme.example", password="guess")
    assert "<title>Problem: sign in" in page.text
    assert 'role="alert" tabindex="-1" autofocus' in page.text
    assert 'aria-describedby="why"' in page.text
    assert 'value="priya@acme.example"' in page.text
    assert "guess" not in page.text


async def test_a_form_from_another_site_signs_nobody_in(world: World) -> None:
    page = await login_page(world)
    forged = await world.submit(page, "login", login="priya@acme.example", password=PASSWORD, csrf="forged")
    assert forged.status_code == 403
    assert "tiergate_identity" not in world.browser.cookies


async def test_the_login_is_found_whatever_its_case(world: World) -> None:
    page = await login_page(world)
    answer = await world.submit(page, "login", login=" Priya@ACME.example ", password=PASSWORD)
    assert answer.status_code == 303


async def test_the_pages_hold_nothing_inline(world: World) -> None:
    page = await login_page(world)
    assert "<script" not in page.text
    assert "style=" not in page.text
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    sheet = await world.browser.get(style)
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert (await world.browser.get(style.replace("identity.css", "other.css"))).status_code == 404


async def test_guessing_one_account_is_slowed_wherever_it_comes_from(strict_world: World) -> None:
    page = await login_page(strict_world)
    for _ in range(2):
        assert (await strict_world.submit(page, "login", login="priya@acme.example", password="x")).status_code == 422
    locked = await strict_world.submit(page, "login", login="priya@acme.example", password=PASSWORD)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 300
    other = await strict_world.submit(page, "login", login="dana@acme.example", password=PASSWORD)
    assert other.status_code == 303


async def test_a_good_sign_in_starts_the_count_again(strict_world: World) -> None:
    page = await login_page(strict_world)
    for password in ("x", PASSWORD, "x", PASSWORD):
        answer = await strict_world.submit(page, "login", login="priya@acme.example", password=password)
        assert answer.status_code == (303 if password == PASSWORD else 422)


async def test_guessing_from_one_address_is_slowed_whoever_it_is_about(strict_world: World) -> None:
    page = await login_page(strict_world)
    for n in range(5):
        assert (await strict_world.submit(page, "login", login=f"{n}@a.example", password="x")).status_code == 422
    refused = await strict_world.submit(page, "login", login="priya@acme.example", password=PASSWORD)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["facts"]["limit"] == "identity-login"
    assert 0 < int(refused.headers["retry-after"]) <= 60


async def test_guessing_secrets_is_slowed(strict_world: World) -> None:
    for _ in range(2):
        answer = await strict_world.browser.post("/identity/token", data={"grant_type": "client_credentials"})
        assert answer.status_code == 401
    refused = await strict_world.browser.post("/identity/token", data={"grant_type": "client_credentials"})
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["facts"]["limit"] == "identity-token"
    assert 0 < int(refused.headers["retry-after"]) <= 60


async def test_a_body_too_large_is_refused(world: World) -> None:
    answer = await world.browser.post("/identity/token", data={"grant_type": "x" * 20_000})
    assert answer.status_code == 413
