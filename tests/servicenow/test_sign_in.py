"""Signing in: what a connection must say, and a token lost in the middle."""

import asyncio

import httpx
import pytest

from canonical.faults import VendorDown, VendorSignIn
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule
from system_apis.servicenow.adapter import ServiceNow
from system_apis.servicenow.auth import sign_in

BASIC = {"flow": "basic", "user": "tiergate.integration", "password": "sandbox"}
CLIENT = {"flow": "client_credentials", "client_id": "tiergate", "client_secret": "sandbox"}
PASSWORD = {**BASIC, **CLIENT, "flow": "password"}


def desk_of(box: Box, given: dict[str, str]) -> ServiceNow:
    connection = Connection(name="servicenow", url="http://desk", sign_in=given)
    http = httpx.AsyncClient(transport=box.transport(), base_url=connection.url, auth=sign_in(connection))
    return ServiceNow(http)


def tokens(box: Box) -> int:
    return len(box.store.all("_token"))


@pytest.mark.parametrize("given", [BASIC, CLIENT, PASSWORD], ids=lambda given: given["flow"])
async def test_each_flow_signs_in(box: Box, given: dict[str, str]) -> None:
    assert (await desk_of(box, given).whoami()).user == "tiergate.integration"


@pytest.mark.parametrize("given", [BASIC, CLIENT, PASSWORD], ids=lambda given: given["flow"])
async def test_a_wrong_secret_is_a_refused_sign_in_that_does_not_tell_it(box: Box, given: dict[str, str]) -> None:
    wrong = {name: "nonsense" if name in ("password", "client_secret") else value for name, value in given.items()}
    with pytest.raises(VendorSignIn) as refusal:
        await desk_of(box, wrong).whoami()
    assert "nonsense" not in str(refusal.value)


@pytest.mark.parametrize("given", [CLIENT, PASSWORD], ids=lambda given: given["flow"])
async def test_an_expired_token_is_renewed_and_the_call_repeated(box: Box, given: dict[str, str]) -> None:
    desk = desk_of(box, given)
    await desk.whoami()
    box.store.set_setting("_clock_ahead", 1800)  # the instance's clock; ours has not noticed
    assert (await desk.whoami()).user == "tiergate.integration"
    assert tokens(box) == (2 if given is CLIENT else 3)


async def test_a_token_that_stays_refused_is_not_tried_for_ever(box: Box) -> None:
    desk = desk_of(box, CLIENT)
    box.faults.add(FaultRule(fault="expired_token", path="/api/now/", times=0))
    with pytest.raises(VendorSignIn):
        await desk.whoami()
    [rule] = box.faults.rules()
    assert rule.used == 2


async def test_many_calls_at_once_sign_in_once(box: Box) -> None:
    desk = desk_of(box, CLIENT)
    box.faults.add(FaultRule(fault="slow", path="oauth_token", delay=0.05, times=0))
    await asyncio.gather(*(desk.whoami() for _ in range(5)))
    [rule] = box.faults.rules()
    assert rule.used == 1


async def test_a_sign_in_that_is_down_is_the_system_being_down(box: Box) -> None:
    box.faults.add(FaultRule(fault="server_error", path="oauth_token"))
    with pytest.raises(VendorDown):
        await desk_of(box, CLIENT).whoami()


async def test_a_grant_that_is_switched_off_is_a_refused_sign_in(box: Box) -> None:
    box.store.set_setting("client_credentials", False)
    with pytest.raises(VendorSignIn, match="access_denied"):
        await desk_of(box, CLIENT).whoami()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "flow"),
        ({"flow": "magic"}, "magic"),
        ({**BASIC, "password": ""}, "password"),
        ({**BASIC, "flow": "password"}, "client_id"),
    ],
)
def test_what_a_connection_lacks_is_named(given: dict[str, str], missing: str) -> None:
    with pytest.raises(ValueError, match=f"sign_in.*{missing}"):
        sign_in(Connection(name="servicenow", url="http://desk", sign_in=given))
