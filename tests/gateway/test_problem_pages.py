"""Every problem type leads somewhere: its own address, where a page says what it means and who can mend it."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

import gateway.refusals
from canonical.faults import Fault
from foundation.api import fault_handler
from gateway.asgi import Gateway
from gateway.problems import page_of, problem_page
from tests.gateway.notes import World, problem, token

OURS = [kind for kind in Fault.kinds.values() if not kind.__module__.startswith("tests")]
SITE = "https://api.firm.example"


@pytest.fixture
def http(world: World) -> httpx.AsyncClient:
    handlers: Any = {Fault: fault_handler, Exception: fault_handler}
    front = Litestar([problem_page], exception_handlers=handlers, openapi_config=None)
    tiers = {"process": world.app, "system": world.app}
    return world.client(Gateway(world.governor, tiers, front=front, open_paths=("/problems",), site=SITE))


async def test_a_refusals_type_is_an_address_where_it_is_explained(world: World, http: httpx.AsyncClient) -> None:
    refused = problem(await world.ask("GET", "/notes/v2/notes/n1", http=http))
    assert refused["type"] == f"{SITE}/problems/token_missing"
    page = await http.get(refused["type"].removeprefix(SITE))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>No access token was sent</h1>" in page.text
    assert "<dt>Who can mend it</dt><dd>The caller.</dd>" in page.text


async def test_what_a_tier_answers_has_a_type_at_the_same_place(world: World, http: httpx.AsyncClient) -> None:
    missing = problem(await world.ask("GET", "/notes/v2/notes/missing", token(), http=http))
    assert missing["type"] == f"{SITE}/problems/not_found"


async def test_a_problem_nobody_has_has_no_page(http: httpx.AsyncClient) -> None:
    page = await http.get("/problems/<b>")
    assert (page.status_code, page.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.reason)
async def test_every_fault_says_what_it_means_and_how_it_is_mended(kind: type[Fault], http: httpx.AsyncClient) -> None:
    page = page_of(kind)
    assert page.means.endswith(".")
    assert page.mend.endswith(".")
    assert kind.__bases__ == (Fault,) or page.means not in {page_of(base).means for base in kind.__bases__}
    assert f"HTTP/1.1 {kind.status} " in page.example
    assert (await http.get(f"/problems/{kind.reason}")).status_code == 200


def test_a_registered_type_stands_instead_of_the_page() -> None:
    class Quota(gateway.refusals.LimitReached):
        type_uri = "https://iana.example/quota"

    try:
        assert Quota("x").problem(site=SITE).type == "https://iana.example/quota"
        assert isinstance(Fault.from_problem(Quota("x").problem(site=SITE)), Quota)
    finally:
        del Fault.kinds["quota"]
