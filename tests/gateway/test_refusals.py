"""Every way the gateway says no: status, reason, the policy line, and the headers the RFCs ask for."""

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.asgi import Gateway
from tests.gateway.notes import NOTES_FILE, World, plan_of, problem, token, workload

NOTE = "/notes/v2/notes/n1"
KEYED = "/notes/v2/notes/by-key/k1"


async def test_a_good_call_passes_and_is_answered_with_its_request_id(world: World) -> None:
    answer = await world.ask("GET", NOTE, token(), headers={"X-Request-Id": "request-1234"})
    assert (answer.status_code, answer.json()["title"]) == (200, "n1")
    assert answer.headers["x-request-id"] == "request-1234"


async def test_without_a_token_there_is_a_challenge_and_no_error_code(world: World) -> None:
    answer = await world.ask("GET", NOTE)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="tiergate"'
    assert answer.headers["proxy-status"] == 'tiergate; error=http_request_denied; details="token_missing"'
    assert problem(answer)["reason"] == "token_missing"
    assert problem(answer)["facts"]["policy"] == "policies/apis/notes.yaml:7"
    assert problem(answer)["request_id"] == answer.headers["x-request-id"]
    assert world.desk.asked == []


async def test_without_the_scope_nothing_happens_and_it_is_named(world: World) -> None:
    answer = await world.ask("PUT", KEYED, token("notes:read"), json={"title": "a"})
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].endswith('error="insufficient_scope", scope="notes:write"')
    assert problem(answer)["reason"] == "missing_scope"
    assert problem(answer)["facts"] == {"scope": "notes:write", "policy": "policies/apis/notes.yaml:16"}
    assert world.desk.asked == []


async def test_of_any_scopes_one_is_enough_and_none_is_refused(world: World) -> None:
    path = "/notes/v2/accounts/a1/notes"
    assert (await world.ask("GET", path, token("portal:read", account_id="a1"))).status_code == 200
    refused = await world.ask("GET", path, token("desk:read", account_id="a1"))
    assert problem(refused)["facts"]["scope"] == "notes:read portal:read"


async def test_another_customers_object_is_not_there(world: World) -> None:
    for bearer in (token("portal:read", account_id="a2"), token("portal:read")):
        answer = await world.ask("GET", "/notes/v2/accounts/a1/notes", bearer)
        assert (answer.status_code, problem(answer)["reason"]) == (404, "not_found")
    assert world.desk.asked == []


async def test_an_operation_nobody_listed_cannot_be_reached(world: World) -> None:
    answer = await world.ask("DELETE", NOTE, token())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert problem(answer)["reason"] == "method_not_allowed"
    assert world.desk.asked == []


@pytest.mark.parametrize("path", ["/", "/notes/v9/notes/n1", "/other/v1/x", "/notes/v2/notes/n1/", "/notes/v2//n1"])
async def test_an_address_nobody_offers_is_404(world: World, path: str) -> None:
    answer = await world.ask("GET", path, token())
    assert (answer.status_code, problem(answer)["reason"]) == (404, "not_offered")


@pytest.mark.parametrize(
    "path",
    [
        "/notes/v2/notes/a%2Fb",
        "/notes/v2/notes/%2e%2e",
        "/notes/v2/notes/a%00",
        "/notes/v2/notes/%ff",
        "/notes/v2/notes/a%zz",
    ],
)
async def test_a_path_that_can_be_read_two_ways_is_refused(world: World, path: str) -> None:
    answer = await world.ask("GET", path, token())
    assert (answer.status_code, problem(answer)["reason"]) == (400, "malformed")


async def test_a_token_in_the_query_or_two_tokens_are_refused_with_invalid_request(world: World) -> None:
    query = await world.ask("GET", f"{NOTE}?a%63cess_token=x")
    twice = await world.http.get(NOTE, headers=[("Authorization", "Bearer a"), ("Authorization", "Bearer b")])
    both = await world.ask("GET", NOTE, "a b")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = await world.ask("PUT", KEYED, token(), headers=form, content=b"access_token=x")
    alone = await world.ask("PUT", KEYED, headers=form, content=b"access_token=x")
    for answer in (query, twice, both, body, alone):
        assert (answer.status_code, problem(answer)["reason"]) == (400, "token_misplaced")
        assert answer.headers["www-authenticate"].startswith('Bearer realm="tiergate", error="invalid_request", ')
    assert (await world.ask("GET", f"{NOTE}?my_access_token=x", token())).status_code == 422
    assert (await world.ask("PUT", KEYED, headers=form, content=b"a=x")).status_code == 401


async def test_a_body_too_large_is_refused_whether_it_says_so_or_not(world: World) -> None:
    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 1000

    announced = await world.ask("PUT", KEYED, token(), json={"title": "a" * 2000})
    counted = await world.ask(
        "PUT", KEYED, token(), content=unannounced(), headers={"Content-Type": "application/json"}
    )
    for answer in (announced, counted):
        assert (answer.status_code, problem(answer)["reason"]) == (413, "body_too_large")
        assert problem(answer)["facts"]["policy"] == "policies/apis/notes.yaml:12"
    assert world.desk.asked == []


async def test_an_announced_body_that_is_too_large_is_refused_before_anything_else_is_asked(world: World) -> None:
    assert (await world.ask("PUT", KEYED, json={"title": "a" * 2000})).status_code == 413
    assert (await world.ask("PUT", KEYED, json={"title": "a"})).status_code == 401


async def test_another_media_type_is_415_and_a_bad_body_is_answered_field_by_field(world: World) -> None:
    xml = await world.ask("PUT", KEYED, token(), content=b"<a/>", headers={"Content-Type": "application/xml"})
    assert (xml.status_code, problem(xml)["reason"]) == (415, "unsupported_media")
    broken = await world.ask("PUT", KEYED, token(), content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, problem(broken)["reason"]) == (400, "malformed")
    wrong = await world.ask("PUT", KEYED, token(), json={"title": 1, "nonsense": 2})
    assert wrong.status_code == 422
    assert len(problem(wrong)["errors"]) == 2


async def test_a_tiers_own_fault_passes_unchanged_and_a_bug_says_nothing_of_its_inside(world: World) -> None:
    missing = await world.ask("GET", "/notes/v2/notes/missing", token())
    assert (missing.status_code, problem(missing)["reason"]) == (404, "not_found")
    bug = await world.ask("GET", "/notes/v2/notes/bug", token())
    assert (bug.status_code, problem(bug)["reason"]) == (500, "broken")
    assert "inner text" not in bug.text


async def test_a_client_sees_what_its_product_includes_and_nothing_else(world: World) -> None:
    outside = await world.ask("GET", "/notes/v1/accounts/a1/notes", token(account_id="a1"))
    assert (outside.status_code, problem(outside)["reason"]) == (403, "not_in_product")
    assert problem(outside)["facts"]["policy"] == "policies/products/desk.yaml:1"
    unknown = await world.ask("GET", NOTE, token(client_id="stranger"))
    assert problem(unknown)["reason"] == "not_in_product"
    assert "www-authenticate" not in unknown.headers


async def test_a_deprecated_version_says_so_and_until_when(world: World) -> None:
    answer = await world.ask("GET", "/notes/v1/notes/n1", token())
    assert answer.status_code == 200
    assert answer.headers["deprecation"] == "@1788220800"
    assert answer.headers["sunset"] == "Mon, 01 Mar 2027 00:00:00 GMT"
    assert '</notes/v2/notes/n1>; rel="successor-version"' in answer.headers["link"]
    assert '<https://dev.firm.example/v2>; rel="deprecation"' in answer.headers["link"]
    assert "deprecation" not in (await world.ask("GET", NOTE, token())).headers


async def test_on_its_last_day_a_version_is_gone_by_itself(world: World) -> None:
    world.now = 1_803_859_200.0 - 1  # a second before 2027-03-01
    assert (await world.ask("GET", "/notes/v1/notes/n1", token(exp=world.now + 60))).status_code == 200
    world.now += 1
    answer = await world.ask("GET", "/notes/v1/notes/n1", token(exp=world.now + 60))
    assert (answer.status_code, problem(answer)["reason"]) == (410, "version_retired")
    assert problem(answer)["facts"] == {"successor": "v2", "policy": "policies/apis/notes.yaml:5"}
    assert answer.headers["sunset"] == "Mon, 01 Mar 2027 00:00:00 GMT"


async def test_a_limit_admits_its_burst_then_says_truly_when_to_come_back(world: World) -> None:
    for remaining in (2, 1, 0):
        answer = await world.ask("PUT", KEYED, token(), json={"title": "a"})
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"writes";q=3;w=60, "per-client";q=1000;w=60'
        assert answer.headers["ratelimit"].startswith(f'"writes";r={remaining};t=')
    refused = await world.ask("PUT", KEYED, token(), json={"title": "a"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
    assert problem(refused)["facts"]["limit"] == "writes"
    assert problem(refused)["facts"]["policy"] == "policies/apis/notes.yaml:9"
    world.now += 19
    assert (await world.ask("PUT", KEYED, token(), json={"title": "a"})).status_code == 429
    world.now += 1
    assert (await world.ask("PUT", KEYED, token(), json={"title": "a"})).status_code == 200
    assert len(world.desk.asked) == 4


async def test_a_refused_call_spends_nothing_of_any_limit(world: World) -> None:
    for _ in range(5):
        await world.ask("PUT", KEYED, token("notes:read"), json={"title": "a"})
    answers = [await world.ask("PUT", KEYED, token(), json={"title": "a"}) for _ in range(6)]
    last = answers[-1]
    assert last.status_code == 429
    # Three were admitted and charged to the plan as well; the three refused by `writes` were charged to neither.
    assert '"per-client";r=997;' in last.headers["ratelimit"]


async def test_each_user_has_a_limit_of_their_own(world: World) -> None:
    for _ in range(3):
        await world.ask("PUT", KEYED, token(), json={"title": "a"})
    assert (await world.ask("PUT", KEYED, token(sub="dana"), json={"title": "a"})).status_code == 200


async def test_a_public_operation_needs_no_token_and_has_its_limit_by_address(world: World) -> None:
    hook = "/notes/v2/hooks/shop"
    answers = [await world.ask("POST", hook, content=b"abc", headers={"X-Signature": "s"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "shop:3" in answers[0].json()["title"]


async def test_what_only_we_may_say_is_not_taken_from_outside(world: World) -> None:
    spoofed = {
        "Tiergate-Acted-For": "ceo@console",
        "Tiergate-Run": "r1",
        "X-Forwarded-For": "1.2.3.4",
        "Forwarded": "for=1",
    }
    answer = await world.ask("POST", "/notes/v2/hooks/shop", content=b"abc", headers=spoofed)
    assert not any(name in answer.json()["title"] for name in ("tiergate", "forwarded"))
    await world.ask("GET", NOTE, token(), headers=spoofed)
    _, context = world.desk.asked[-1]
    assert context.caller is not None
    assert (context.caller.subject, context.caller.acted_for, context.run) == ("priya", (), "")


async def test_whom_a_workload_acts_for_is_in_its_token_and_its_run_beside_it(world: World) -> None:
    said = {"Tiergate-Acted-For": "ceo@console", "Tiergate-Run": "run-1", "Tiergate-Step": "4"}
    tier = workload(acted_for=("priya@console", "job@partner"))
    await world.ask("GET", "/cabinet/v1/notes/n1", tier, headers=said)
    _, context = world.desk.asked[-1]
    assert context.caller is not None
    assert context.caller.acted_for == ("priya@console", "job@partner")
    assert (context.run, context.step) == ("run-1", "4")


async def test_a_trace_is_joined_and_a_malformed_one_is_not_believed(world: World) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    await world.ask("GET", NOTE, token(), headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    await world.ask("GET", NOTE, token(), headers={"traceparent": "00-zz-01"})
    assert trace in world.desk.asked[0][1].traceparent
    assert "zz" not in world.desk.asked[1][1].traceparent


async def test_a_swapped_plan_holds_from_the_next_call_and_keeps_what_was_spent(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for _ in range(2):
        await world.ask("PUT", KEYED, token(), json={"title": "a"})
    changed = NOTES_FILE.replace("rate: 3/min", "rate: 4/min").replace(
        "note: {scopes: [notes:read]}", "note: {scopes: [other]}"
    )
    world.governor.swap(plan_of(tmp_path_factory.mktemp("next"), notes=changed))
    answer = await world.ask("PUT", KEYED, token(), json={"title": "a"})
    assert answer.headers["ratelimit"].startswith('"writes";r=1;')
    assert problem(await world.ask("GET", NOTE, token()))["facts"]["scope"] == "other"


async def test_head_is_the_same_operation_without_its_content(world: World) -> None:
    answer = await world.ask("HEAD", NOTE, token())
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "application/json", b"")
    assert [name for name, _ in world.desk.asked] == ["note"]
    refused = await world.ask("HEAD", NOTE)
    assert (refused.status_code, refused.content) == (401, b"")
    assert refused.headers["www-authenticate"] == 'Bearer realm="tiergate"'


@pytest.mark.parametrize("method", ["BREW", "CONNECT"])
async def test_a_method_nobody_knows_is_501(world: World, method: str) -> None:
    answer = await world.ask(method, NOTE, token())
    assert (answer.status_code, problem(answer)["reason"]) == (501, "method_unknown")


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@host"])
async def test_a_request_that_names_no_host_is_refused(world: World, host: str) -> None:
    answer = await world.ask("GET", NOTE, token(), headers={"Host": host})
    assert (answer.status_code, problem(answer)["reason"]) == (400, "malformed")


async def test_header_fields_too_large_are_refused_before_anything_is_read(world: World) -> None:
    answer = await world.ask("GET", NOTE, token(), headers={"X-Note": "x" * 33_000})
    assert (answer.status_code, problem(answer)["reason"]) == (431, "headers_too_large")


async def test_a_coded_body_is_refused_and_what_is_taken_is_said(world: World) -> None:
    said = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await world.ask("PUT", KEYED, token(), content=b"{}", headers=said)
    assert (answer.status_code, problem(answer)["reason"]) == (415, "unsupported_media")
    assert answer.headers["accept-encoding"] == "identity"


async def test_head_and_options_are_answered_with_what_is_allowed(world: World) -> None:
    for method in ("HEAD", "OPTIONS", "PATCH"):
        answer = await world.ask(method, KEYED)
        assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")


async def test_a_gateway_without_the_tier_does_not_offer_its_apis(world: World) -> None:
    only_system = world.client(Gateway(world.governor, {"system": world.app}))
    async with only_system as http:
        assert (await world.ask("GET", NOTE, token(), http=http)).status_code == 404


async def test_a_conflicting_length_is_refused(world: World) -> None:
    request = httpx.Request("PUT", f"http://gw{KEYED}", content=b"{}", headers={"Authorization": f"Bearer {token()}"})
    request.headers["Transfer-Encoding"] = "chunked"
    answer = await world.http.send(request)
    assert (answer.status_code, problem(answer)["reason"]) == (400, "malformed")


async def test_a_parameter_said_twice_is_refused_by_its_name(world: World) -> None:
    refused = await world.ask("GET", "/notes/v2/notes/n1?a=1&a=2", token())
    said = {(error["pointer"], error["detail"]) for error in problem(refused)["errors"]}
    assert ("query:a", "stands in the query more than once") in said
