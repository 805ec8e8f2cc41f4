"""Contracts of the platform under test: terms in the ERP, and runs that ended each way."""

import time
from collections.abc import Callable
from typing import Any

from tests.platform.contracts import BY_KEY
from tests.processes import Client

Asked = tuple[str, Any]
API = "contract-sync"


def contracting(
    platform: Client, good: Callable[..., None], read: Callable[..., Any], contracts: list[str], customer: Any
) -> dict[str, Asked]:
    """Good calls of contracts; answers those that the state of a thing forbids.

    `contracts`: of the first deal, of two whose quotes do not fit, and of one that has an amendment in draft.
    """
    first = read("salesforce.contract", contract_id=contracts[0])
    good("salesforce.agreement", contract_id=contracts[0])
    good("salesforce.agreements", account_id=first["account_id"])
    good("salesforce.markAgreement", {"amendment": None}, contract_id=contracts[3])
    marked = (BY_KEY["salesforce.markAgreement"].at(contract_id=contracts[3]), {"amendment": 7})
    over = {"salesforce.markAgreement": marked}
    return over | _terms(platform, good, customer) | _runs(platform, good, contracts)


def _terms(platform: Client, good: Callable[..., None], customer: Any) -> dict[str, Asked]:
    """A contract of the ERP by a key of its own; it moves to no other company."""
    currency, operation = customer["default_currency"], BY_KEY["netsuite.setContractTerms"]
    line = {"seq": 1, "billing_method": "tm", "amount": {"amount": "9.00", "currency": currency}}
    data = {"number": "C-1", "account_id": customer["id"], "currency": currency, "lines": [line], "amendment": 0}
    data |= {"legal_entity_id": customer["legal_entity_id"], "status": "active", "payment_terms": "Net 30"}
    path, token = operation.at(key="asked:contract"), platform.token("process-tier")
    answer = platform.ask(operation.method, path, token, json=data)
    assert answer.status_code == 200, answer.text
    good("netsuite.setContractTerms", data, key="asked:contract")
    good("netsuite.contractTerms", key="asked:contract")
    elsewhere = next(code for code in ("ACME-DE", "ACME-IN") if code != data["legal_entity_id"])
    return {"netsuite.setContractTerms": (path, data | {"legal_entity_id": elsewhere})}


def _runs(platform: Client, good: Callable[..., None], contracts: list[str]) -> dict[str, Asked]:
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

    done, refused, other = (ask("startRun", {"contract": {"id": each}})["id"] for each in contracts[:3])
    assert [ended(each) for each in (done, refused, other)] == ["succeeded", "refused", "refused"]
    good(f"{API}.startRun", {"contract": {"system": "salesforce", "id": contracts[0]}})
    good(f"{API}.run", run_id=done)
    good(f"{API}.runs")
    good(f"{API}.retryRun", run_id=refused)
    good(f"{API}.cancelRun", run_id=other)
    return {
        f"{API}.startRun": (BY_KEY[f"{API}.startRun"].at(), {"contract": {"id": contracts[3]}, "amendment": 1}),
        f"{API}.retryRun": (BY_KEY[f"{API}.retryRun"].at(run_id=done), None),
        f"{API}.cancelRun": (BY_KEY[f"{API}.cancelRun"].at(run_id=done), None),
    }
