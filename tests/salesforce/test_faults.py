"""Every way the org can fail, as the fault our tiers know."""

import asyncio

import httpx
import pytest

from canonical.faults import (
    Drifted,
    Fault,
    OutcomeUnknown,
    VendorBusy,
    VendorDown,
    VendorSignIn,
    VendorStale,
    VendorTimeout,
)
from canonical.objects import ProjectLink
from foundation.connections import Connection
from foundation.salesforce.usage import Usage
from foundation.sandbox import Box, FaultRule
from foundation.sandbox.firm import Deal
from system_apis.salesforce import connect
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import org
from tests.salesforce.conftest import KEY, SECRET, URL, USER

LINK = ProjectLink(project_code="US-26-0001")


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (FaultRule(fault="throttled"), VendorBusy),
        (FaultRule(fault="server_error"), VendorDown),
        (FaultRule(fault="html_error"), VendorDown),
        (FaultRule(fault="truncated_body", path="composite"), VendorDown),
        (FaultRule(fault="timeout_before_commit", path="composite"), VendorTimeout),
        (FaultRule(fault="timeout_after_commit", path="composite"), VendorTimeout),
        (FaultRule(fault="stale_version", path="composite"), VendorStale),
    ],
)
async def test_a_failed_read_says_how_and_can_be_tried_again(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal], rule: FaultRule, fault: type[Fault]
) -> None:
    await salesforce.whoami()
    box.faults.add(rule)
    with pytest.raises(fault) as failed:
        await salesforce.opportunity(firm["D01"].id)
    assert failed.value.retry
    assert failed.value.system == "salesforce"
    assert (await salesforce.opportunity(firm["D01"].id)).id == firm["D01"].id


@pytest.mark.parametrize(("fault", "written"), [("timeout_after_commit", True), ("timeout_before_commit", False)])
async def test_a_write_without_an_answer_is_unknown_and_may_be_repeated(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal], fault: str, written: bool
) -> None:
    box.faults.add(FaultRule(fault=fault, method="PATCH"))  # type: ignore[arg-type]  # a parameter
    with pytest.raises(OutcomeUnknown):
        await salesforce.link_project(firm["D01"].id, LINK)
    assert len(box.store.writes()) == int(written)
    assert (await salesforce.link_project(firm["D01"].id, LINK)).created is not written
    assert len(box.store.writes()) == 1


async def test_an_edit_between_read_and_write_is_stale(box: Box, connection: Connection, firm: dict[str, Deal]) -> None:
    sandbox = box.transport()

    async def edited_first(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            box.store.set_setting("_clock_ahead", 60)
            org.update(box, org.kind_of("Opportunity"), firm["D01"].id, {"Amount": 1})
        return await sandbox.handle_async_request(request)

    salesforce = connect(connection, httpx.MockTransport(edited_first))
    with pytest.raises(VendorStale) as stale:
        await salesforce.link_project(firm["D01"].id, LINK)
    assert stale.value.retry
    assert (box.store.get("Opportunity", firm["D01"].id) or {})["Project_Code__c"] is None
    await salesforce.close()


async def test_an_expired_session_is_renewed_once_in_the_middle_of_the_call(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    await salesforce.whoami()
    (before,) = box.store.all("_session")
    box.faults.add(FaultRule(fault="expired_token", method="PATCH"))
    await salesforce.link_project(firm["D01"].id, LINK)
    (after,) = box.store.all("_session")
    assert after["token"] != before["token"]
    assert len(box.store.writes()) == 1


async def test_a_session_that_idled_too_long_is_renewed(box: Box, salesforce: Salesforce) -> None:
    await salesforce.whoami()
    box.store.set_setting("_clock_ahead", 3 * 3600)
    await salesforce.whoami()
    assert len(box.store.all("_session")) == 2


async def test_many_calls_with_one_expired_session_sign_in_once(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    await salesforce.whoami()
    box.store.delete("_session", box.store.all("_session")[0]["token"])
    await asyncio.gather(*(salesforce.opportunity(deal.id) for deal in firm.values()))
    assert len(box.store.all("_session")) == 1


async def test_a_refusal_that_signing_in_does_not_mend_is_not_tried_for_ever(box: Box, salesforce: Salesforce) -> None:
    box.faults.add(FaultRule(fault="expired_token", path="userinfo", times=0))
    with pytest.raises(VendorSignIn):
        await salesforce.whoami()
    (state,) = box.faults.rules()
    assert state.used == 2


@pytest.mark.parametrize(
    "text", ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"]
)
async def test_some_401s_are_not_answered_with_a_new_sign_in(connection: Connection, text: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "instance_url": URL})
        return httpx.Response(401, json=[{"errorCode": "INVALID_SESSION_ID", "message": text}])

    salesforce = connect(connection, httpx.MockTransport(answer))
    with pytest.raises(VendorSignIn):
        await salesforce.whoami()
    assert asked == ["/services/oauth2/token", "/services/oauth2/userinfo"]
    await salesforce.close()


async def test_calls_go_where_the_token_says(connection: Connection) -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.headers["Host"])
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "instance_url": "https://eu47.salesforce.test"})
        return httpx.Response(200, json={"preferred_username": "u", "organization_id": "o"})

    salesforce = connect(connection, httpx.MockTransport(answer))
    await salesforce.whoami()
    assert hosts == ["acme.my.salesforce.test", "eu47.salesforce.test"]
    await salesforce.close()


async def test_the_jwt_flow_signs_in(box: Box, private_pem: str) -> None:
    sign_in = {"flow": "jwt", "client_id": KEY, "username": USER, "private_key": private_pem}
    salesforce = connect(Connection(name="salesforce", url=URL, sign_in=sign_in), box.transport())
    assert (await salesforce.whoami()).user == USER
    await salesforce.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"username": "someone@else.example"},
        {"audience": "https://login.elsewhere.example"},
        {"client_id": "another-key"},
    ],
)
async def test_an_assertion_for_another_is_refused(box: Box, private_pem: str, changed: dict[str, str]) -> None:
    sign_in = {"flow": "jwt", "client_id": KEY, "username": USER, "private_key": private_pem, **changed}
    salesforce = connect(Connection(name="salesforce", url=URL, sign_in=sign_in), box.transport())
    with pytest.raises(VendorSignIn, match="invalid_grant"):
        await salesforce.whoami()
    await salesforce.close()


async def test_a_wrong_secret_is_our_sign_in_and_never_told(box: Box, connection: Connection) -> None:
    wrong = Connection(name="salesforce", url=URL, sign_in={**connection.sign_in, "client_secret": "not-it"})
    salesforce = connect(wrong, box.transport())
    with pytest.raises(VendorSignIn) as refused:
        await salesforce.whoami()
    assert "invalid_client" in refused.value.detail
    assert "not-it" not in str(refused.value)
    assert SECRET not in str(refused.value)
    await salesforce.close()


@pytest.mark.parametrize(
    ("sign_in", "missing"),
    [({"flow": "jwt", "client_id": "k"}, "username"), ({"flow": "client_credentials"}, "client_id"), ({}, "flow")],
)
def test_a_missing_setting_is_named(sign_in: dict[str, str], missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        connect(Connection(name="salesforce", url=URL, sign_in=sign_in))


def test_a_key_that_is_none_is_named_and_not_quoted() -> None:
    sign_in = {"flow": "jwt", "client_id": "k", "username": "u", "private_key": "-----BEGIN secret stuff"}
    with pytest.raises(ValueError, match="private_key") as refused:
        connect(Connection(name="salesforce", url=URL, sign_in=sign_in))
    assert "secret stuff" not in str(refused.value)


async def test_used_up_calls_are_busy_and_not_forbidden(box: Box, salesforce: Salesforce) -> None:
    box.store.set_setting("daily_limit", 1)
    for _ in range(2):
        await salesforce.changes("")
    with pytest.raises(VendorBusy, match="TotalRequests"):
        await salesforce.changes("")


async def test_an_org_without_our_fields_is_drift(box: Box, salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        problem = {"errorCode": "INVALID_FIELD", "message": "No such column 'Legal_Entity__c' on entity 'Opportunity'."}
        return httpx.Response(400, json=[problem])

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=URL) as http:
        with pytest.raises(Drifted, match="Legal_Entity__c"):
            await Salesforce(http).opportunity(firm["D01"].id)


async def test_usage_is_read_with_and_without_suffixes() -> None:
    usage = Usage("salesforce")
    for said, expected in [
        ("api-usage=10018/100000", 10018),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)", 25),
        ("nonsense", 25),
    ]:
        await usage.note(httpx.Response(200, headers={"Sforce-Limit-Info": said}))
        assert usage.used == expected
