"""Who may not, is told so: the same words at every operation of every tier, and nothing else happens."""

import json
from typing import Any

import pytest

from tests.platform.contracts import BY_KEY, OPERATIONS, UNBOUND, Published
from tests.platform.known import token_for
from tests.processes import Client

GUARDED = [operation for operation in OPERATIONS if not operation.public]
SYSTEM = [operation for operation in OPERATIONS if operation.layer == "system"]
WITH_BODY = [operation for operation in GUARDED if operation.has_body]
ONE_A_LAYER = list({operation.layer: operation for operation in GUARDED}.values())
EVERY = pytest.mark.parametrize("operation", GUARDED, ids=[operation.key for operation in GUARDED])


def problem(answer: Any, status: int, reason: str) -> dict[str, Any]:
    """The problem document of an answer, once status, media type and reason are what they must be."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["reason"]) == (status, reason)
    assert found["request_id"] == answer.headers["x-request-id"]
    return found


@EVERY
def test_without_a_token_the_answer_is_a_challenge(platform: Client, operation: Published) -> None:
    answer = platform.ask(operation.method, operation.at())
    problem(answer, 401, "token_missing")
    told = f"{platform.url}/.well-known/oauth-protected-resource{operation.path.partition('/v')[0]}"
    assert answer.headers["www-authenticate"].startswith(f'Bearer realm="tiergate", resource_metadata="{told}')
    assert "error" not in answer.headers["www-authenticate"]


@EVERY
def test_a_token_that_is_not_good_is_named_in_the_challenge(platform: Client, operation: Published) -> None:
    refused_as_not_good(platform, operation, "garbage")


@pytest.mark.parametrize("operation", ONE_A_LAYER, ids=[operation.layer for operation in ONE_A_LAYER])
def test_a_forged_signature_is_named_in_the_challenge(platform: Client, operation: Published) -> None:
    """Of one operation a layer: each may mean a new key, for which the issuer is asked, and it is asked at leisure."""
    head, claims, signature = platform.token("process-tier").split(".")
    for forged in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}."):
        refused_as_not_good(platform, operation, forged)


def refused_as_not_good(platform: Client, operation: Published, forged: str) -> None:
    answer = platform.ask(operation.method, operation.at(), forged)
    problem(answer, 401, "token_refused")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@EVERY
def test_without_the_scope_the_answer_names_it(platform: Client, operation: Published) -> None:
    client = {"system": "process-tier", "process": "experience-tier", "experience": "scenario"}[operation.layer]
    others = {scope for one in OPERATIONS for scope in one.scopes if one.layer == operation.layer}
    if operation.api == "client-portal":
        token = platform.person(scope="openid")
    else:
        token = platform.token(client, min(others - set(operation.scopes) - {"portal:read"}))
    answer = platform.ask(operation.method, operation.at(), token)
    (scope,) = operation.scopes
    assert problem(answer, 403, "missing_scope")["facts"]["scope"] == scope
    assert f'scope="{scope}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("operation", SYSTEM, ids=[operation.key for operation in SYSTEM])
def test_from_outside_nobody_reaches_a_system_api(platform: Client, operation: Published) -> None:
    outside = (platform.token("partner-demo"), platform.token("scenario"), platform.person())
    for token in outside:
        problem(platform.ask(operation.method, operation.at(), token), 403, "layer_refused")
    problem(platform.ask(operation.method, operation.at(), platform.token("experience-tier")), 403, "layer_refused")


def test_a_client_reaches_what_its_product_includes_and_no_more(platform: Client) -> None:
    partner = platform.token("partner-demo")
    runs = BY_KEY["opportunity-to-project.runs"]
    assert platform.ask("GET", runs.at(), partner).status_code == 200
    refused = platform.ask("POST", BY_KEY["opportunity-to-project.cancelRun"].at(), partner)
    assert problem(refused, 403, "not_in_product")["facts"]["product"] == "partner"


@pytest.mark.parametrize("path", ["/", "/netsuite", "/netsuite/v1/nothing", "/netsuite/v2/account", "/admin/v1/users"])
def test_what_nobody_lists_is_not_there(platform: Client, path: str) -> None:
    problem(platform.ask("GET", path, platform.token("process-tier")), 404, "not_offered")


@EVERY
def test_another_method_is_told_which_ones_there_are(platform: Client, operation: Published) -> None:
    allowed = {one.method for one in OPERATIONS if one.path == operation.path}
    answer = platform.ask("DELETE" if "DELETE" not in allowed else "PATCH", operation.at())
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed | ({"HEAD"} if "GET" in allowed else set())


@pytest.mark.parametrize("operation", WITH_BODY, ids=[operation.key for operation in WITH_BODY])
def test_a_body_that_cannot_be_read_or_is_too_large_is_refused(platform: Client, operation: Published) -> None:
    token = token_for(platform, operation)
    said = {"Content-Type": "application/json"}
    broken = platform.ask(operation.method, operation.at(), token, content=b'{"half":', headers=said)
    problem(broken, 400, "malformed")
    large = platform.ask(
        operation.method, operation.at(), token, content=b" " * 1_100_000, headers=said | {"Connection": "close"}
    )
    problem(large, 413, "body_too_large")


def test_every_field_that_is_wrong_is_named_at_once(platform: Client) -> None:
    body = {
        "legal_name": 7,
        "po_required": "perhaps",
        "addresses": [{"role": "summer house"}],
        "credit": {"limit": {"amount": "much", "currency": "USD"}},
    }
    operation = BY_KEY["netsuite.upsertCustomer"]
    path = operation.at(key="salesforce:wrong") + "?colour=red"
    answer = platform.ask("PUT", path, platform.token("process-tier"), json=body)
    named = {error["pointer"] for error in problem(answer, 422, "invalid")["errors"]}
    assert named >= {"query:colour", "/legal_name", "/po_required", "/addresses/0/role"}
    assert any(pointer.startswith("/credit") for pointer in named)


def test_a_clients_project_is_not_there_for_another_client(platform: Client) -> None:
    token, runs = platform.person(), platform.token("experience-tier")
    mine = platform.ask("GET", "/client-portal/v1/projects", token).json()
    everyones = platform.ask("GET", "/operations/v1/runs?status=succeeded", runs).json()["items"]
    others = {run["project_code"] for run in everyones} - {project["code"] for project in mine}
    assert len(mine) == 1
    assert len(others) >= 6
    for code in (*others, "PRJ-99999"):
        answer = platform.ask("GET", f"/client-portal/v1/projects/{code}", token)
        found = problem(answer, 404, "not_found")
        found = json.loads(json.dumps(found).replace(code, "CODE"))
        del found["request_id"]
        assert found.pop("facts")["policy"].startswith("policies/apis/client-portal.yaml:")
        assert found == {
            "type": f"{platform.url}/problems/not_found",
            "title": "There is no such thing",
            "status": 404,
            "reason": "not_found",
            "detail": "There is no such thing for this caller.",
            "instance": "/client-portal/v1/projects/CODE",
        }


@pytest.mark.parametrize("system", ["netsuite", "kantata", "servicenow", "sap"])
def test_a_system_that_tells_nothing_has_no_address_to_tell_it_at(platform: Client, system: str) -> None:
    problem(platform.ask("POST", f"/intake/v1/notifications/{system}", content=b"{}"), 404, "not_found")


def test_what_was_refused_never_reached_a_system(platform: Client) -> None:
    """Every refusal above came before the systems: no write of theirs stands in a log."""
    for address in platform.sandboxes.values():
        writes = platform.http.get(f"{address.url}/_sandbox/writes").text
        assert "salesforce:wrong" not in writes
        assert "nobody-has-this" not in writes


@pytest.mark.parametrize("operation", [one for one in UNBOUND if one.id == "whoami"], ids=lambda one: one.api)
def test_a_system_nobody_is_bound_to_says_so(platform: Client, operation: Published) -> None:
    told = problem(platform.ask(operation.method, operation.at(), token_for(platform, operation)), 501, "not_bound")
    assert f"bind {operation.api} to one in policies/bindings.yaml" in told["detail"]
