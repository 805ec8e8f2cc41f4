"""Pages that sign people in: an ordinary client of the issuer, with its session on our side."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, get, post
from sqlalchemy import Engine, update

from canonical.faults import Fault
from foundation.api import fault_handler
from gateway.identity import tables
from gateway.identity.app import Identity
from gateway.identity.relying_party import PageSettings
from gateway.identity.session import PageSessions
from gateway.identity.settings import IdentitySettings
from tests.identity.world import HOST, ISSUER, PASSWORD, SECRET, Clock, World


class Desk(World):
    """A face with pages, in one process with the issuer."""

    def __init__(self, identity: Identity, engine: Engine, clock: Clock) -> None:
        super().__init__(identity, engine, clock)
        with engine.begin() as connection:
            connection.execute(update(tables.clients).values(redirect_uris=[f"{HOST}/desk/callback"]))
        settings = PageSettings(
            client_id="console",
            client_secret=SECRET,
            issuer=ISSUER,
            public_url=HOST,
            home="/desk",
            scopes=("desk:read", "desk:act"),
        )
        self.asked: list[str] = []
        self.forged: dict[str, Any] = {}
        self.sessions = PageSessions(settings, engine, httpx.MockTransport(self._note), clock)
        sessions = self.sessions

        @get(["/desk", "/desk/cases"])
        async def page(request: Request[Any, Any, Any]) -> Response[Any]:
            signed = await sessions.signed_in(request)
            if signed is None:
                return sessions.ask_to_sign_in(request)
            seen = {"name": signed.name, "scopes": sorted(signed.scopes), "csrf": signed.csrf}
            return Response(seen | {"token": signed.access_token})

        @post("/desk/act")
        async def act(request: Request[Any, Any, Any]) -> str:
            signed = await sessions.signed_in(request)
            assert signed is not None
            sessions.check_form(signed, await request.form())
            return "done"

        handlers = [identity.router(), page, act, *self.sessions.routes()]
        self.app = Litestar(handlers, openapi_config=None, exception_handlers={Fault: fault_handler})
        self.issuer_transport = httpx.ASGITransport(self.app)
        self.browser = httpx.AsyncClient(transport=self.issuer_transport, base_url=HOST)

    async def _note(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        answer = await self.issuer_transport.handle_async_request(request)
        content = await answer.aread()
        if self.forged and request.url.path == "/identity/token":
            token = json.loads(content)
            claims = self.identity.keys.verified(token["id_token"]) | self.forged
            return httpx.Response(200, json=token | {"id_token": self.identity.keys.sign("JWT", claims)})
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    async def enter(self, path: str = "/desk", login: str = "priya@acme.example") -> httpx.Response:
        """Open a page, sign in on the way, and follow every redirect to where it ends."""
        page = await self.browser.get(path, follow_redirects=True)
        answer = await self.submit(page, "login", login=login, password=PASSWORD)
        return await self.browser.get(answer.headers["location"], follow_redirects=True)


@pytest.fixture
async def desk(settings: IdentitySettings, engine: Engine, clock: Clock) -> AsyncIterator[Desk]:
    desk = Desk(Identity(settings, engine, clock), engine, clock)
    yield desk
    await desk.sessions.aclose()
    await desk.browser.aclose()


async def test_a_person_signs_in_and_lands_where_they_were_going(desk: Desk) -> None:
    page = await desk.enter("/desk/cases?tier=T0")
    assert str(page.url) == f"{HOST}/desk/cases?tier=T0"
    assert page.json()["name"] == "Priya Nair"
    claims = (await desk.verified(page.json()["token"])).claims
    assert (claims["sub"], claims["client_id"]) == ("priya@acme.example", "console")


async def test_the_page_knows_what_the_person_may_do(desk: Desk) -> None:
    page = await desk.enter(login="dana@acme.example")
    assert page.json()["scopes"] == ["desk:read", "email", "openid", "profile"]


async def test_a_token_is_renewed_before_it_ends_and_only_once(desk: Desk) -> None:
    before = (await desk.enter()).json()["token"]
    desk.clock.time += 550
    desk.asked.clear()
    pages = await asyncio.gather(*[desk.browser.get("/desk") for _ in range(5)])
    after = {page.json()["token"] for page in pages}
    assert len(after) == 1
    assert after != {before}
    assert desk.asked == ["/identity/token"]
    assert (await desk.browser.get("/desk")).status_code == 200


async def test_a_sign_in_ended_at_the_issuer_ends_here(desk: Desk) -> None:
    await desk.enter()
    with desk.engine.begin() as connection:
        connection.execute(update(tables.users).values(active=False))
    desk.clock.time += 601
    page = await desk.browser.get("/desk")
    assert page.headers["location"].startswith("/desk/sign-in")


async def test_while_the_issuer_is_silent_nobody_is_signed_out(desk: Desk) -> None:
    await desk.enter()
    working = desk.issuer_transport

    async def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    desk.issuer_transport = httpx.MockTransport(silent)  # type: ignore[assignment]  # any transport will do
    desk.clock.time += 550
    assert (await desk.browser.get("/desk")).status_code == 200
    desk.clock.time += 100
    assert (await desk.browser.get("/desk")).status_code == 503
    desk.issuer_transport = working
    assert (await desk.browser.get("/desk")).status_code == 200


async def test_signing_out_ends_it_here_and_at_the_issuer(desk: Desk) -> None:
    page = (await desk.enter()).json()
    answer = await desk.browser.post("/desk/sign-out", data={"csrf": page["csrf"]}, follow_redirects=True)
    assert "Sign in" in answer.text
    assert desk.identity.revocations.holds((await desk.verified(page["token"])).claims)


async def test_another_site_can_neither_act_nor_sign_out(desk: Desk) -> None:
    page = (await desk.enter()).json()
    assert (await desk.browser.post("/desk/act", data={"csrf": "forged"})).status_code == 403
    assert (await desk.browser.post("/desk/sign-out", data={})).status_code == 403
    assert (await desk.browser.post("/desk/act", data={"csrf": page["csrf"]})).status_code == 201


async def test_an_answer_to_somebody_elses_sign_in_is_refused(desk: Desk) -> None:
    started = await desk.browser.get("/desk/sign-in")
    assert "code_challenge_method=S256" in started.headers["location"]
    forged = await desk.browser.get("/desk/callback", params={"code": "x", "state": "forged"})
    assert forged.status_code == 401
    assert "tiergate_desk" not in desk.browser.cookies


@pytest.mark.parametrize(
    "forged", [{"nonce": "another"}, {"iss": "https://evil.example"}, {"aud": "phone"}, {"exp": 1_800_000_000}]
)
async def test_an_id_token_made_for_another_sign_in_signs_nobody_in(desk: Desk, forged: dict[str, Any]) -> None:
    desk.forged = forged
    assert (await desk.enter()).status_code == 401
    assert "tiergate_desk" not in desk.browser.cookies


async def test_an_answer_that_names_another_issuer_is_refused(desk: Desk) -> None:
    page = await desk.browser.get("/desk", follow_redirects=True)
    answer = await desk.submit(page, "login", login="priya@acme.example", password=PASSWORD)
    answer = await desk.browser.get(answer.headers["location"])
    mixed_up = httpx.URL(answer.headers["location"]).copy_set_param("iss", "https://evil.example")
    assert (await desk.browser.get(mixed_up)).status_code == 401
    assert (await desk.browser.get(answer.headers["location"])).status_code == 303


@pytest.mark.parametrize(
    "to", ["https://evil.example/desk", "//evil.example/desk", "/desk\\@evil.example", "/deskevil", "/identity/logout"]
)
async def test_a_sign_in_ends_on_a_page_of_this_face_only(desk: Desk, to: str) -> None:
    start = await desk.browser.get("/desk/sign-in", params={"to": to}, follow_redirects=True)
    answer = await desk.submit(start, "login", login="priya@acme.example", password=PASSWORD)
    page = await desk.browser.get(answer.headers["location"], follow_redirects=True)
    assert str(page.url) == f"{HOST}/desk"


async def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(desk: Desk) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{HOST}/desk/cases?owner=me"}
    part = await desk.browser.get("/desk", headers=headers)
    assert part.status_code == 401
    assert part.headers["hx-redirect"] == "/desk/sign-in?to=%2Fdesk%2Fcases%3Fowner%3Dme"


async def test_the_stored_session_shows_no_token(desk: Desk) -> None:
    token = (await desk.enter()).json()["token"]
    with desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT digest, sealed FROM identity_page_sessions").all()
    assert len(rows) == 1
    assert token not in rows[0].sealed
    assert desk.browser.cookies["tiergate_desk"] not in rows[0].digest


async def test_a_newer_sign_in_can_be_asked_for_and_ends_on_the_page(desk: Desk) -> None:
    await desk.enter()
    desk.clock.time += 31
    again = await desk.browser.get("/desk/sign-in?to=/desk/cases&max_age=30", follow_redirects=True)
    assert again.url.path == "/identity/login"
    answer = await desk.submit(again, "login", login="priya@acme.example", password=PASSWORD)
    page = await desk.browser.get(answer.headers["location"], follow_redirects=True)
    assert page.url.path == "/desk/cases"
    assert (await desk.verified(page.json()["token"])).claims["auth_time"] == int(desk.clock())


@pytest.mark.parametrize(
    ("wish", "forged"),
    [
        ("max_age=30", {"auth_time": 1_800_000_000}),
        ("max_age=30", {"auth_time": None}),
        ("acr_values=urn:tiergate:acr:password", {"acr": "none"}),
    ],
)
async def test_an_issuer_that_gives_an_older_or_weaker_sign_in_is_not_believed(
    desk: Desk, wish: str, forged: dict[str, Any]
) -> None:
    desk.forged = forged
    page = await desk.browser.get(f"/desk/sign-in?to=/desk&{wish}", follow_redirects=True)
    answer = await desk.submit(page, "login", login="priya@acme.example", password=PASSWORD)
    end = await desk.browser.get(answer.headers["location"], follow_redirects=True)
    assert (end.status_code, end.json()["reason"]) == (401, "unauthenticated")


@pytest.mark.parametrize("wish", ["max_age=-1", "max_age=soon", "acr_values=a%22b", "max_age=%0a1"])
async def test_a_wish_that_cannot_be_meant_is_no_wish(desk: Desk, wish: str) -> None:
    answer = await desk.browser.get(f"/desk/sign-in?to=/desk&{wish}")
    assert "max_age" not in answer.headers["location"]
    assert "acr_values" not in answer.headers["location"]
