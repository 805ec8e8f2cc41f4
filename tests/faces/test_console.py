"""The console's pages at their public edge: every state, every refusal, and nothing a page's person may not do."""

import re
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from canonical.faults import Broken, FieldError, Overloaded, VendorDown
from canonical.ports.processes import Agreement
from tests.faces.fakes import CSRF, FakeCases, FakeSessions, FakeTraces
from tests.faces.firm import World
from tests.faces.visitor import READ, Visitor

PLACES = ("/desk", "/desk/cases", "/desk/cases/CASE-3", "/desk/trace", "/desk/trace/PRJ-harbor", "/desk/connections")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("place", PLACES)
async def test_a_page_is_whole_has_one_heading_landmarks_and_a_skip_link(world: World, place: str) -> None:
    page = await Visitor(world).get(place)
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert '<a class="skip" href="#main">' in page.text
    assert all(mark in page.text for mark in ("<main id=", "<header", "<nav aria-label=", "</title>"))


@pytest.mark.parametrize("place", PLACES)
async def test_a_page_allows_no_inline_script_or_style_and_holds_none(world: World, place: str) -> None:
    page = await Visitor(world).get(place)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" in page.headers
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?! src=)", page.text)
    assert not re.search(r'(?:src|href)="https?:', page.text)


@pytest.mark.parametrize("place", PLACES)
async def test_nobody_signed_in_goes_to_sign_in_and_comes_back_here(world: World, place: str) -> None:
    page = await Visitor(world, scopes=None).get(place + "?state=open")
    assert page.status_code == 303
    assert page.headers["Location"].endswith(f"back={place}?state=open")


@pytest.mark.parametrize("place", PLACES)
async def test_without_the_scope_a_page_names_what_is_missing_and_shows_nothing(world: World, place: str) -> None:
    page = await Visitor(world, scopes=set()).get(place)
    assert page.status_code == 403
    assert "desk:read" in page.text
    assert "Harbor" not in page.text
    assert "Copperfield" not in page.text


async def test_now_says_what_waits_in_each_currency_and_how_many_cases(world: World) -> None:
    page = await Visitor(world).get("/desk")
    assert "INR 22,000,000, USD 132,000 and EUR 47,000 are waiting on three cases" in page.text
    assert "78.6" in page.text
    assert "11 of 14 faults" in page.text


async def test_now_says_plainly_when_nothing_waits(world: World) -> None:
    world.open = []
    page = await Visitor(world).get("/desk")
    assert "Nothing waits for you" in page.text
    assert "No open cases." in page.text


async def test_now_looks_again_quickly_only_while_a_run_moves(world: World) -> None:
    assert 'hx-trigger="every 2s"' in (await Visitor(world).get("/desk")).text
    world.replace("lumen", status="succeeded")
    assert 'hx-trigger="every 15s"' in (await Visitor(world).get("/desk")).text


async def test_a_part_has_the_pages_own_address_and_comes_without_the_frame(world: World) -> None:
    part = await Visitor(world).get("/desk", HX_Request="true")
    assert "HX-Request" in part.headers["Vary"]
    assert "<html" not in part.text
    assert '<div id="page">' in part.text
    assert 'id="open-cases" hx-swap-oob="true"' in part.text


async def test_an_unchanged_part_is_answered_shortly(world: World) -> None:
    world.replace("lumen", status="succeeded", ended_at=world.at)
    visitor = Visitor(world)
    first = await visitor.get("/desk/trace/PRJ-harbor", HX_Request="true")
    again = await visitor.get("/desk/trace/PRJ-harbor", HX_Request="true", If_None_Match=first.headers["ETag"])
    assert again.status_code == 304
    assert again.content == b""


async def test_a_live_part_whose_session_ended_makes_its_page_load_anew(world: World) -> None:
    part = await Visitor(world, scopes=None).get("/desk", HX_Request="true")
    assert part.headers["HX-Refresh"] == "true"


async def test_open_and_resolved_cases_are_two_lists(world: World) -> None:
    visitor = Visitor(world)
    await visitor.post("/desk/cases/CASE-2/resolve", csrf=CSRF, note="Made by hand.")
    shown_open = (await visitor.get("/desk/cases")).text
    resolved = (await visitor.get("/desk/cases?state=resolved")).text
    assert "CASE-2" not in shown_open
    assert "CASE-3" in shown_open
    assert "CASE-2" in resolved
    assert "CASE-3" not in resolved


async def test_more_cases_than_a_page_holds_are_paged(world: World) -> None:
    world.open = [msgspec.structs.replace(world.open[0], id=f"CASE-{n}") for n in range(60)]
    visitor = Visitor(world)
    first = (await visitor.get("/desk/cases")).text
    more = re.search(r'href="(/desk/cases\?state=open&amp;cursor=[^"]+)"', first)
    assert more is not None
    second = (await visitor.get(more[1].replace("&amp;", "&"))).text
    assert "CASE-59" in second
    assert "CASE-59" not in first


async def test_a_case_tells_every_rule_that_refused_with_its_owner_at_once(world: World) -> None:
    page = (await Visitor(world).get("/desk/cases/CASE-3")).text
    assert "Copperfield Media LLC has no tax registration" in page
    assert "The deal is in USD, but the quote in EUR." in page
    assert "Account owner" in page
    assert "Sales operations" in page
    assert "two rules refuse the deal" in page


async def test_a_case_shows_the_systems_side_by_side_and_marks_what_differs(world: World) -> None:
    page = (await Visitor(world).get("/desk/cases/CASE-4")).text
    row = page[page.index(">Currency<") : page.index(">Value<")]
    assert row.count('class="diff"') == 2
    assert "Kantata could not be asked: it is not answering" in page


async def test_a_case_suggests_what_the_process_tier_knows_of_a_technical_cause(world: World) -> None:
    world.open[0] = msgspec.structs.replace(world.open[0], suggestion="Run it again once Kantata answers.")
    assert "Run it again once Kantata answers." in (await Visitor(world).get("/desk/cases/CASE-4")).text


async def test_the_retry_button_runs_it_again_as_the_person_and_shows_the_trace(world: World) -> None:
    answer = await Visitor(world).post("/desk/cases/CASE-4/retry", csrf=CSRF)
    assert world.calls == [("retry", "CASE-4", "priya")]
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/desk/trace/" + quote("salesforce:006deccan", safe="")


@pytest.mark.parametrize("form", [{}, {"csrf": ""}, {"csrf": "of another session"}, {"csrf": "ünïcode"}])
@pytest.mark.parametrize("action", ["retry", "resolve"])
async def test_a_form_that_is_not_of_this_session_does_nothing(world: World, form: dict[str, str], action: str) -> None:
    answer = await Visitor(world).post(f"/desk/cases/CASE-4/{action}", note="x", **form)
    assert answer.status_code == 403
    assert world.calls == []


@pytest.mark.parametrize("action", ["retry", "resolve"])
async def test_without_the_right_to_act_nothing_happens_whatever_the_browser_sends(world: World, action: str) -> None:
    answer = await Visitor(world, READ).post(f"/desk/cases/CASE-4/{action}", csrf=CSRF, note="x")
    assert answer.status_code == 403
    assert "desk:act" in answer.text
    assert world.calls == []


async def test_who_may_only_look_sees_no_button_but_why(world: World) -> None:
    page = (await Visitor(world, READ).get("/desk/cases/CASE-4")).text
    assert "/retry" not in page
    assert "your sign-in lacks <code>desk:act</code>" in page


async def test_a_form_sent_after_the_session_ended_is_not_sent_on(world: World) -> None:
    answer = await Visitor(world, scopes=None).post("/desk/cases/CASE-4/retry", csrf=CSRF)
    assert answer.status_code == 401
    assert "Nothing was sent" in answer.text
    assert world.calls == []


async def test_a_retry_that_is_refused_keeps_the_case_and_says_why(world: World) -> None:
    world.conflict = True
    answer = await Visitor(world).post("/desk/cases/CASE-4/retry", csrf=CSRF)
    assert answer.status_code == 409
    assert "Problem: This run was retried a moment ago and is still moving." in answer.text
    assert "Plant quality suite" in answer.text


async def test_a_case_is_not_closed_without_a_word(world: World) -> None:
    answer = await Visitor(world).post("/desk/cases/CASE-4/resolve", csrf=CSRF, note="  ")
    assert answer.status_code == 422
    assert "Say why the case is closed" in answer.text
    assert world.calls == []


async def test_a_closed_case_offers_nothing_more_to_do(world: World) -> None:
    visitor = Visitor(world)
    done = await visitor.post("/desk/cases/CASE-4/resolve", csrf=CSRF, note="Made by hand.")
    assert done.status_code == 303
    page = (await visitor.get(done.headers["Location"])).text
    assert "This case is closed." in page
    assert 'method="post" action="/desk/cases' not in page


async def test_a_case_that_is_not_there_is_a_designed_404(world: World) -> None:
    page = await Visitor(world).get("/desk/cases/CASE-99")
    assert page.status_code == 404
    assert "There is no case CASE-99." in page.text


async def test_a_trace_tells_the_outcome_the_lost_answer_and_that_all_agree(world: World) -> None:
    page = (await Visitor(world).get("/desk/trace/PRJ-harbor")).text
    assert "The won deal became a live project in 31 s." in page
    assert "<p>Run 1 · " in page
    assert "it exists exactly once" in page
    assert "All systems agree." in page
    assert "Outcome unknown" in page
    assert "Not there yet" in page
    assert page.count('id="step-') == 15


async def test_a_step_nobody_could_do_is_shown_as_not_applicable_and_never_as_done(world: World) -> None:
    page = (await Visitor(world).get("/desk/trace/PRJ-harbor")).text
    step = page[page.index('id="step-14"') : page.index('id="step-15"')]
    assert "not applicable: no chat system bound" in step
    assert ", Not applicable" in step
    assert "dot ok" not in step


async def test_the_calls_of_steps_that_went_well_are_shown_on_request(world: World) -> None:
    visitor = Visitor(world)
    plain = (await visitor.get("/desk/trace/PRJ-harbor")).text
    shown = (await visitor.get("/desk/trace/PRJ-harbor?calls=shown")).text
    assert plain.count('class="tries"') == 1
    assert shown.count('class="tries"') > 8


async def test_a_trace_has_its_events_and_calls_as_views_with_their_own_address(world: World) -> None:
    visitor = Visitor(world)
    assert "resource.demand.created" in (await visitor.get("/desk/trace/PRJ-harbor?view=events")).text
    calls = (await visitor.get("/desk/trace/PRJ-harbor?view=calls")).text
    assert "PUT /record/v1/job/eid:1" in calls
    assert "Outcome unknown" in calls


async def test_a_run_that_moves_says_where_it_is_and_looks_again(world: World) -> None:
    page = (await Visitor(world).get("/desk/trace/salesforce:006lumen")).text
    assert "Step 6 of 15: choose the template." in page
    assert 'hx-trigger="every 2s"' in page


async def test_a_refused_run_says_that_nothing_was_written(world: World) -> None:
    world.replace("copper", errors=[FieldError(detail="No tax registration.", owner="Account owner")] * 2)
    page = (await Visitor(world).get("/desk/trace/salesforce:006copper")).text
    assert "Two rules refused it before the first write. Nothing was written anywhere." in page
    assert "Open CASE-3" in page


async def test_what_people_typed_elsewhere_is_shown_and_never_run(world: World) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    world.replace("harbor", customer=hostile, title=hostile, detail=hostile)
    world.open[0] = msgspec.structs.replace(
        world.open[0], title=hostile, customer=hostile, suggestion=hostile, deal=hostile
    )
    visitor = Visitor(world)
    for place in ("/desk", "/desk/cases", "/desk/cases/CASE-4", "/desk/trace/PRJ-harbor"):
        page = (await visitor.get(place)).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page
        assert "{{7*7}}" in page
    page = (await visitor.get("/desk/trace?q=" + quote(hostile))).text
    assert "<script>alert" not in page
    assert "<img" not in page


async def test_the_search_finds_by_any_key_and_says_when_nothing_is_known(world: World) -> None:
    visitor = Visitor(world)
    assert "Harbor Logistics: Warehouse control tower" in (await visitor.get("/desk/trace?q=ne-harbor")).text
    missing = await visitor.get("/desk/trace?q=INV%2F2041")
    assert missing.status_code == 404
    assert "INV/2041" in missing.text


async def test_connections_say_who_is_not_well_and_why(world: World) -> None:
    page = (await Visitor(world).get("/desk/connections")).text
    assert "One system is not well" in page
    assert "No answer since 15:08. Nothing is lost." in page
    assert "Not used yet" in page


async def test_the_environment_is_on_every_page_and_a_sandbox_wears_stripes(world: World) -> None:
    sandbox = (await Visitor(world).get("/desk")).text
    production = (await Visitor(world, environment="Production").get("/desk")).text
    assert '<body class="edge">' in sandbox
    assert '<body class="edge">' not in production
    assert "Production" in production


@pytest.mark.parametrize(
    ("fault", "status", "tries_again"),
    [(VendorDown("The process tier cannot be reached."), 503, True), (Broken("A bug."), 500, False)],
)
async def test_a_failure_behind_a_page_is_a_page_that_names_the_request(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, tries_again: bool
) -> None:
    async def fail(self: Any, *_: Any) -> Any:
        raise fault

    monkeypatch.setattr(FakeCases, "overview", fail)
    page = await Visitor(world).get("/desk")
    assert page.status_code == status
    assert "<dt>Request</dt>" in page.text
    assert ("hx-trigger" in page.text) is tries_again


async def test_an_issuer_that_does_not_answer_is_a_page_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Any, request: Any) -> Any:
        raise Overloaded("Signing in is not possible at the moment.")

    monkeypatch.setattr(FakeSessions, "signed_in", fail)
    page = await Visitor(world).get("/desk")
    assert page.status_code == 503
    assert "Signing in is not possible at the moment." in page.text
    assert "Sign out" not in page.text


async def test_a_page_stands_without_the_counts_it_cannot_have(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Any) -> Any:
        raise VendorDown("The process tier cannot be reached.")

    monkeypatch.setattr(FakeCases, "overview", fail)
    page = await Visitor(world).get("/desk/connections")
    assert page.status_code == 200
    assert "Kantata" in page.text


async def test_a_run_that_was_won_twice_offers_both_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = FakeTraces.trace

    async def twice(self: FakeTraces, key: str) -> Any:
        found = await plain(self, key)
        older = msgspec.structs.replace(
            found.runs[0], run=msgspec.structs.replace(found.runs[0].run, id="o2p:harbor:0", title="The first try")
        )
        return msgspec.structs.replace(found, runs=[*found.runs, older])

    monkeypatch.setattr(FakeTraces, "trace", twice)
    visitor = Visitor(world)
    assert "Warehouse control tower</h1>" in (await visitor.get("/desk/trace/PRJ-harbor")).text
    assert "The first try</h1>" in (await visitor.get("/desk/trace/PRJ-harbor?run=o2p:harbor:0")).text


async def test_a_read_back_that_differs_names_who_says_what(world: World) -> None:
    harbor = world.detail("harbor")
    odd = Agreement(
        field="value", values={"salesforce": "USD 240,000.00", "netsuite contract": "USD 24.00"}, agree=False
    )
    world.details[1] = msgspec.structs.replace(harbor, agreement=[odd, *harbor.agreement])
    page = (await Visitor(world).get("/desk/trace/PRJ-harbor")).text
    card = page[page.index("Do the systems agree?") :]
    assert "1 of 4 differ" in card
    assert "NetSuite contract</span> <b>USD 24.00</b>" in card
    assert card.count("<abbr") == 3
