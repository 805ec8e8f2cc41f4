"""What the netsuite package is asked of an account at its own address: signed calls, SuiteQL, records, schemas.

Nothing of it is replaced: it builds `https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/...` by itself,
`HTTPS_PROXY` leads that to the sandbox, and `SSL_CERT_FILE` trusts the certificate it shows for it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
import requests
from netsuite import Config, NetSuite, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError

SANDBOX = os.environ["SANDBOX_URL"]
KEYS = {"consumer_key": "ck", "consumer_secret": "cs&=", "token_id": "tk", "token_secret": "ts/+"}
ACCOUNT = "1234567_SB1"
T = TypeVar("T")


def control(method: str, path: str, body: object = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{SANDBOX}/_sandbox/{path}", json=body)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    control("POST", "reset").raise_for_status()
    control("PUT", "clock", {"ahead_seconds": 0}).raise_for_status()
    for name, value in KEYS.items():
        control("PUT", f"options/{name}", value).raise_for_status()


def ask(what: Callable[[Any], Awaitable[T]], **other: str) -> T:
    """What a client with these keys, or others, is answered."""
    api = NetSuite(Config(account=ACCOUNT, auth=TokenAuth(**KEYS | other))).rest_api

    async def asked() -> T:
        return await what(api)

    return asyncio.run(asked())


def refused(what: Callable[[Any], Awaitable[Any]], **other: str) -> NetsuiteAPIRequestError:
    with pytest.raises(NetsuiteAPIRequestError) as wrong:
        ask(what, **other)
    return wrong.value


def test_the_address_is_the_accounts_own() -> None:
    api = NetSuite(Config(account=ACCOUNT, auth=TokenAuth(**KEYS))).rest_api
    assert api.hostname == "1234567-sb1.suitetalk.api.netsuite.com"
    assert api._make_url("/record/v1/customer").startswith(f"https://{api.hostname}/services/rest/")


def test_a_record_is_made_read_changed_and_deleted() -> None:
    given = {"companyName": "Größe & Söhne", "isPerson": False, "subsidiary": {"id": "2"}, "currency": {"id": "2"}}
    assert ask(lambda api: api.put("/record/v1/customer/eid:CRM-100", json=given)) is None
    found = ask(lambda api: api.get("/record/v1/customer/eid:CRM-100"))
    assert (found["companyName"], found["subsidiary"]["refName"] != "") == ("Größe & Söhne", True)
    assert found["links"][0]["href"].startswith("https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/")
    ask(lambda api: api.patch(f"/record/v1/customer/{found['id']}", json={"email": "ap@groesse.example"}))
    assert ask(lambda api: api.get(f"/record/v1/customer/{found['id']}"))["email"] == "ap@groesse.example"
    ask(lambda api: api.delete(f"/record/v1/customer/{found['id']}"))
    gone = refused(lambda api: api.get(f"/record/v1/customer/{found['id']}"))
    assert gone.status_code == 404
    assert "NONEXISTENT_ID" in gone.response_text


def test_an_unknown_field_is_refused_since_it_asks_for_that() -> None:
    given = {"companyName": "x", "subsidiary": {"id": "2"}, "nickname": "y"}
    wrong = refused(lambda api: api.post("/record/v1/customer", json=given))
    assert (wrong.status_code, "nickname" in wrong.response_text) == (400, True)


def test_suiteql_gives_texts_in_pages() -> None:
    for number in range(3):
        given = {"companyName": f"n{number}", "subsidiary": {"id": "2"}, "currency": {"id": "2"}}
        ask(lambda api, given=given: api.post("/record/v1/customer", json=given))
    text = "SELECT id, companyname FROM customer WHERE companyname LIKE 'n%' ORDER BY id"
    first = ask(lambda api: api.suiteql(text, limit=2))
    assert (first["count"], first["hasMore"], first["totalResults"]) == (2, True, 3)
    second = ask(lambda api: api.suiteql(text, limit=2, offset=2))
    found = [row["companyname"] for page in (first, second) for row in page["items"]]
    assert (found, second["hasMore"]) == (["n0", "n1", "n2"], False)
    assert all(isinstance(row["id"], str) for row in first["items"])


def test_a_query_that_is_none_is_refused() -> None:
    assert refused(lambda api: api.suiteql("SELECT nope FROM customer")).status_code == 400
    assert refused(lambda api: api.suiteql("SELECT id FROM customer", limit=2, offset=1)).status_code == 400


def test_records_are_described() -> None:
    schema = ask(lambda api: api.jsonschema("customer"))
    assert schema["properties"]["companyName"]["type"] == "string"
    listed = ask(lambda api: api.openapi(["customer", "job"]))
    assert sorted(each["name"] for each in listed["items"]) == ["customer", "job"]


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_wrong_key_or_secret_signs_nobody_in(name: str) -> None:
    wrong = refused(lambda api: api.get("/record/v1/customer"), **{name: "another"})
    assert wrong.status_code == 401
    assert "INVALID_LOGIN" in wrong.response_text


@pytest.mark.parametrize("ahead", [-400, 400])
def test_a_clock_that_is_off_signs_nobody_in(ahead: int) -> None:
    control("PUT", "clock", {"ahead_seconds": ahead}).raise_for_status()
    assert refused(lambda api: api.get("/record/v1/customer")).status_code == 401


def test_a_signed_call_is_good_once() -> None:
    sent: list[tuple[str, str]] = []

    async def twice(api: Any) -> list[int]:
        import httpx

        async with httpx.AsyncClient() as http:
            request = http.build_request("GET", api._make_url("/record/v1/customer"))
            signed = next(api._make_auth().auth_flow(request))
            sent.append(("Authorization", signed.headers["Authorization"]))
            return [(await http.get(str(signed.url), headers=dict(sent))).status_code for _ in range(2)]

    assert ask(twice) == [200, 401]
