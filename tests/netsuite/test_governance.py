"""How much the account works on at once: enforced by its sandbox, told to administrators, held against our budget."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import VendorBusy, VendorDown
from foundation.checking import Report
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule
from foundation.vendor_budget import Budget
from foundation.vendor_http import http_client
from system_apis.netsuite import SYSTEM_API
from system_apis.netsuite.adapter import NetSuite
from system_apis.netsuite.auth import sign_in
from system_apis.netsuite.faults import limited
from tiergate.commands.connections_check import text
from tiergate.connections import checked

LIMITS = "/services/rest/system/v1/governanceLimits"
CATALOG = "/services/rest/record/v1/metadata-catalog"
SAID: dict[str, dict[str, Any]] = {
    # As Oracle's help shows them: allotted to us, to nobody in particular, and to an application of NetSuite's own.
    "integrationSpecific": {"integrationConcurrencyLimit": 2},
    "accountLimit": {},
    "internal": {},
}


def given(box: Box, **options: Any) -> None:
    for name, value in options.items():
        box.store.set_setting(name, value)


@pytest.mark.parametrize("kind", ["integrationSpecific", "accountLimit"])
async def test_an_administrator_is_told_as_the_help_shows_it(http: httpx.AsyncClient, box: Box, kind: str) -> None:
    ours = SAID[kind].get("integrationConcurrencyLimit", 0)
    given(box, administrator=True, account_concurrency=5, integration_concurrency=ours, others_concurrency=2 - ours)
    account = {"accountConcurrencyLimit": 5, "accountUnallocatedConcurrencyLimit": 3}
    assert (await http.get(LIMITS)).json() == {**account, **SAID[kind], "integrationLimitType": kind}


async def test_nobody_else_is(http: httpx.AsyncClient) -> None:
    refused = await http.get(LIMITS)
    assert (refused.status_code, refused.json()["o:errorDetails"][0]["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")


@pytest.mark.parametrize(("kind", "allowed"), [("integrationSpecific", 2), ("accountLimit", 3), ("internal", 3)])
async def test_what_is_ours_of_it_is_read(connection: Connection, kind: str, allowed: int) -> None:
    account = {"accountConcurrencyLimit": 5, "accountUnallocatedConcurrencyLimit": 3}
    body = {**account, **SAID[kind], "integrationLimitType": kind}

    async with httpx.AsyncClient(
        base_url=connection.url, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    ) as http:
        found = await NetSuite(http).allowed()
    assert (found.concurrent, "of 5 of the account" in found.whose) == (allowed, True)


async def test_one_call_more_than_the_limit_is_refused_and_places_are_given_back(
    http: httpx.AsyncClient, box: Box
) -> None:
    given(box, account_concurrency=3, others_concurrency=1)
    await http.get(CATALOG)
    box.faults.add(FaultRule(fault="slow", delay=0.1, times=2))
    answers = await asyncio.gather(*(http.get(CATALOG) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [200, 200, 429]
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.json()["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert [each.status_code for each in await asyncio.gather(*(http.get(CATALOG) for _ in range(2)))] == [200, 200]


async def test_a_budget_within_the_limit_is_never_refused(box: Box, connection: Connection) -> None:
    given(box, account_concurrency=2)
    budgeted = msgspec.structs.replace(connection, budget=Budget(concurrent=2))
    auth, user = sign_in(budgeted)
    box.faults.add(FaultRule(fault="slow", delay=0.01, times=0))
    async with http_client(budgeted, auth, box.transport(), limited=limited) as http:
        netsuite = NetSuite(http, user)
        assert len(await asyncio.gather(*(netsuite.whoami() for _ in range(6)))) == 6


async def look(box: Box, connection: Connection, budget: Budget | None) -> Report:
    said = msgspec.structs.replace(connection, budget=budget, where="policies/connections.yaml:29")
    return await checked(SYSTEM_API, said, box.transport())


@pytest.mark.parametrize(
    ("budget", "ours", "says"),
    [
        (Budget(concurrent=4), 4, ""),
        (
            Budget(concurrent=5),
            4,
            "the budget is 5 calls at once, and NetSuite works on 4 (of 55 of the account,",
        ),
        (
            Budget(concurrent=56),
            0,
            "the budget is 56 calls at once, and NetSuite works on 55 (of 55 of the account",
        ),
        (None, 4, "no budget says how many calls at once, and NetSuite works on 4"),
    ],
)
async def test_the_check_holds_the_budget_against_it(
    box: Box, connection: Connection, budget: Budget | None, ours: int, says: str
) -> None:
    given(box, administrator=True, integration_concurrency=ours)
    report = await look(box, connection, budget)
    assert report.allowed is not None
    assert f"calls at once: {ours or 55}, of 55 of the account" in text(report)
    assert [each.says[: len(says)] for each in report.findings] == ([says] if says else [])
    for finding in report.findings:
        assert "Set `budget.concurrent` of netsuite in policies/connections.yaml (policies/connections.yaml:29)" in str(
            finding
        )
        assert "Integration Governance." in finding.mend


async def test_a_limit_that_is_not_told_is_no_mistake_and_said(box: Box, connection: Connection) -> None:
    report = await look(box, connection, Budget(concurrent=99))
    assert report.findings == []
    assert "calls at once: not known, since only administrators are told (Setup > Integration" in text(report)


async def test_limits_that_cannot_be_read_are_a_finding(box: Box, connection: Connection) -> None:
    box.faults.add(FaultRule(fault="server_error", path="governanceLimits"))
    (finding,) = (await look(box, connection, Budget(concurrent=4))).findings
    assert finding.says.startswith("its limits cannot be read")


@pytest.mark.parametrize(
    ("status", "code", "facts"),
    [
        (429, "CONCURRENCY_LIMIT_EXCEEDED", {"limit": "concurrency"}),
        (400, "CONCURRENCY_LIMIT_EXCEEDED", {"limit": "concurrency"}),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", {"limit": "concurrency"}),
        (429, "USER_ERROR", {"limit": "frequency", "retry_after": "60"}),
    ],
)
async def test_too_many_at_once_and_too_often_are_told_apart(status: int, code: str, facts: dict[str, str]) -> None:
    said = {"status": status, "o:errorDetails": [{"detail": "no", "o:errorCode": code}]}

    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=said)

    async with httpx.AsyncClient(base_url="https://one.test", transport=httpx.MockTransport(refuse)) as http:
        with pytest.raises(VendorBusy) as busy:
            await NetSuite(http).whoami()
    assert busy.value.facts == facts
    assert limited(httpx.Response(status, json=said)) == float(facts.get("retry_after", 1))


async def test_a_business_rule_is_no_limit(http: httpx.AsyncClient, box: Box) -> None:
    assert limited(await http.post("/services/rest/record/v1/customer", json={})) == 0
    box.faults.add(FaultRule(fault="server_error"))
    with pytest.raises(VendorDown):
        await NetSuite(http).whoami()
