"""Quotes and orders of the platform under test: an order in each state, and runs that ended each way."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from canonical.dates import now
from tests.crm import TOKENS, sign_in_form
from tests.platform.contracts import BY_KEY
from tests.processes import Client

Asked = tuple[str, Any]
API = "quote-to-order"


def ordering(
    platform: Client, good: Callable[..., None], read: Callable[..., Any], quotes: list[str], customer: Any
) -> dict[str, Asked]:
    """Good calls of quotes and orders; answers those that the state of a thing forbids. `quotes`: of four deals."""
    first = read("salesforce.quote", quote_id=quotes[0])
    mark = {"status": "accepted", "frozen": False}
    good("salesforce.quotes", opportunity_id=first["opportunity_id"])
    good("salesforce.markQuote", mark, quote_id=quotes[0])
    good("netsuite.item", code="SVC-ANALYST")
    (by_hand,) = read("salesforce.orders")["items"]
    good("salesforce.markOrder", {"erp_number": by_hand["erp_number"]}, order_id=by_hand["id"])
    written = BY_KEY["salesforce.markOrder"].at(order_id=by_hand["id"]), {"erp_number": "ANOTHER"}
    over = {"salesforce.markOrder": written}
    over |= {"salesforce.markQuote": (BY_KEY["salesforce.markQuote"].at(quote_id=quotes[0]), mark | {"frozen": True})}
    return over | _orders(platform, good, customer) | _runs(platform, good, quotes)


def _orders(platform: Client, good: Callable[..., None], customer: Any) -> dict[str, Asked]:
    token = platform.token("process-tier")

    def write(name: str, body: Any = None, /, **values: str) -> Any:
        operation = BY_KEY[f"netsuite.{name}"]
        answer = platform.ask(operation.method, operation.at(**values), token, **({"json": body} if body else {}))
        assert answer.status_code == 200, (name, answer.text)
        good(f"netsuite.{name}", body, **values)
        return answer.json()["id"]

    price = {"amount": "100.00", "currency": customer["default_currency"]}
    line = {"seq": 1, "code": "SVC-ANALYST", "description": "Hours", "qty": "1", "unit_price": price, "net": price}
    order = {"account_id": customer["id"], "legal_entity_id": customer["legal_entity_id"], "lines": [line]}
    order |= {"ordered_on": "2026-11-28", "currency": price["currency"]}
    gone = write("upsertOrder", order, key="q2o:asked:gone")
    write("cancelOrder", order_id=gone)
    opened = write("upsertOrder", order, key="q2o:asked:open")
    write("approveOrder", order_id=opened)
    draft = write("upsertOrder", order, key="q2o:asked:draft")
    good("netsuite.orderByKey", key="q2o:asked:draft")
    return {
        "netsuite.approveOrder": (BY_KEY["netsuite.approveOrder"].at(order_id=draft), None),
        "netsuite.cancelOrder": (BY_KEY["netsuite.cancelOrder"].at(order_id=opened), None),
    }


def _runs(platform: Client, good: Callable[..., None], quotes: list[str]) -> dict[str, Asked]:
    token = platform.token("experience-tier")

    def ask(name: str, body: Any = None, /, **values: str) -> Any:
        operation = BY_KEY[f"{API}.{name}"]
        answer = platform.ask(operation.method, operation.at(**values), token, **({"json": body} if body else {}))
        assert answer.status_code in (200, 202), (name, answer.text)
        return answer.json()

    def ended(run_id: str) -> str:
        for _ in range(300):
            if (run := ask("run", run_id=run_id)["run"])["ended_at"]:
                return str(run["status"])
            time.sleep(0.1)
        raise AssertionError(f"{run_id} does not end")

    started = [ask("startRun", {"quote": {"id": quote}})["id"] for quote in quotes[:3]]
    for run in started:
        assert ended(run) == "refused", "its deal is billed by its contract already, or has no good customer"
    ask("cancelRun", run_id=started[2])
    assert ended(started[2]) == "cancelled"
    good(f"{API}.startRun", {"quote": {"system": "salesforce", "id": quotes[0]}})
    good(f"{API}.run", run_id=started[0])
    good(f"{API}.runs")
    good(f"{API}.retryRun", run_id=started[0])
    good(f"{API}.cancelRun", run_id=started[1])
    _edited(platform, quotes[3], Status="Presented")
    return {
        f"{API}.startRun": (BY_KEY[f"{API}.startRun"].at(), {"quote": {"id": quotes[3]}}),
        f"{API}.retryRun": (BY_KEY[f"{API}.retryRun"].at(run_id=started[2]), None),
        f"{API}.cancelRun": (BY_KEY[f"{API}.cancelRun"].at(run_id=started[2]), None),
    }


def approving(platform: Client, good: Callable[..., None], quotes: list[str]) -> dict[str, Asked]:
    """Good calls that approve what holds a quote, one at each tier; answers those that its terms forbid.

    Both quotes are too late and not signed, so that nothing is ordered though the first is approved.
    """
    until = (now() + timedelta(days=7)).date().isoformat()

    def ask(name: str, body: Any = None, /, **values: str) -> Any:
        operation = BY_KEY[name]
        # Nobody approves what they had started: that is another client here.
        token = platform.token("scenario" if body else "experience-tier")
        answer = platform.ask(operation.method, operation.at(**values), token, **({"json": body} if body else {}))
        assert answer.status_code in (200, 202), (name, answer.text)
        return answer.json()

    over: dict[str, Asked] = {}
    for tier, quote in zip(("operations", "service-desk"), quotes, strict=True):
        _edited(platform, quote, ExpirationDate=(now() - timedelta(days=5)).date().isoformat(), Signed_On__c=None)
        run_id = ask(f"{API}.startRun", {"quote": {"id": quote}})["id"]
        while not ask(f"{API}.run", run_id=run_id)["run"]["ended_at"]:
            time.sleep(0.1)
        (case,) = [each["id"] for each in ask("operations.cases")["items"] if each["run_id"] == run_id]
        (asked,) = [each for each in ask("operations.case", case_id=case)["approvals"] if each["rule"] == "validity"]
        said = {"digest": asked["digest"], "reason": "The client was away.", "until": until}
        good(f"{tier}.approveCase", said, case_id=case, rule="validity")
        shown_before = said | {"digest": "of what was shown before"}
        over[f"{tier}.approveCase"] = (BY_KEY[f"{tier}.approveCase"].at(case_id=case, rule="validity"), shown_before)
    return over


def _edited(platform: Client, quote: str, **fields: str | None) -> None:
    """Somebody edits a quote in Salesforce."""
    with httpx.Client(base_url=platform.sandboxes["salesforce"].url, trust_env=False) as salesforce:
        token = salesforce.post(TOKENS, data=sign_in_form(platform.state)).json()["access_token"]
        path, headers = f"/services/data/v62.0/sobjects/Quote/{quote}", {"Authorization": f"Bearer {token}"}
        assert salesforce.patch(path, json=fields, headers=headers).status_code == 204
