"""Whoever reads the record, the logs, the traces of runs or the metrics reads of no person: looked for, one by one.

The scenario has been played, so people, addresses and tax numbers went through calls, runs and vendors. More of them
are sent here to where they do not belong: into addresses, queries, headers, and bodies that are refused for them.
"""

import sqlite3
import time
from datetime import date

import pytest

from foundation.sandbox.firm import deals
from gateway.audit import Place, query, verify
from tests.audit.conftest import Ground
from tests.processes import Client, Command

MAIL, PERSON, TAX = "nina.lindqvist@seeded-harbor.example", "Nina Seeded-Lindqvist", "DE987654321098"


@pytest.fixture(scope="module")
def sent(platform: Client) -> list[str]:
    """Request ids of calls with a person in every place a caller can write one."""
    bearer = {"Authorization": f"Bearer {platform.token('process-tier')}", "Tiergate-Acted-For": f"{MAIL}@console"}
    odd = {"Api-Version": MAIL, "User-Agent": PERSON, "X-Request-Id": MAIL}
    mine = {"Authorization": f"Bearer {platform.token('scenario')}"}
    calls = [
        ("GET", f"/netsuite/v1/customers/by-key/{MAIL}", bearer, None),
        ("GET", f"/netsuite/v1/customers/by-key/{PERSON.replace(' ', '%20')}", bearer, None),
        ("PUT", "/netsuite/v1/customers/by-key/k1", bearer, {"name": PERSON, "email": MAIL, "tax": TAX}),
        ("PUT", "/netsuite/v1/customers/by-key/k1", bearer, {"legal_entity_id": 5, PERSON: MAIL}),
        ("GET", f"/service-desk/v1/cases?q={MAIL}&status={TAX}", mine, None),
        ("GET", f"/service-desk/v1/cases/{MAIL}", mine, None),
        ("GET", f"/{MAIL}/{TAX}", mine, None),
        (
            "GET",
            "/service-desk/v1/cases",
            {**mine, **odd},
            None,
        ),
        ("GET", "/service-desk/v1/cases", {"Authorization": f"Bearer {MAIL}"}, None),
    ]
    told = []
    for method, path, headers, body in calls:
        answer = platform.http.request(method, path, headers=headers, json=body)
        told.append(answer.headers["x-request-id"])
    time.sleep(0.5)  # the record is written behind the answer
    return told


def wanted() -> list[str]:
    found = [MAIL, "nina.lindqvist", PERSON, "Seeded-Lindqvist", TAX]
    for deal in deals(date(2026, 12, 1)):  # who they are does not hang on the day
        found += [deal.account.tax.number] if deal.account.tax else []
        for person in deal.account.contacts:
            found += [person.email, f"{person.given} {person.family}"]
    return sorted(set(found))


def in_text(text: str) -> list[str]:
    return [value for value in wanted() if value in text]


def test_the_calls_are_on_record(platform: Client, sent: list[str]) -> None:
    place = Place.beside(platform.state / "audit.sqlite")
    for request_id in sent:
        assert query(place, request_id=request_id), request_id
    assert verify(place) == []


def test_the_record_names_nobody_to_who_has_not_the_key(platform: Client, sent: list[str]) -> None:
    text = Ground(Place.beside(platform.state / "audit.sqlite")).everything()
    assert "upsertCustomer" in text
    assert in_text(text) == []


def test_who_has_the_key_finds_what_a_person_was_asked_for_under(platform: Client, sent: list[str]) -> None:
    found = query(Place.beside(platform.state / "audit.sqlite"), key=MAIL)
    assert "customerByKey" in {kept.record.operation for kept in found}
    assert all(kept.record.key == MAIL for kept in found)


def test_the_log_names_nobody(platform: Client, command: Command, sent: list[str]) -> None:
    text = command.log.read_text()
    assert "vendor call" in text
    assert in_text(text) == []


def test_the_metrics_name_nobody(platform: Client, sent: list[str]) -> None:
    text = platform.http.get("/metrics").text
    assert "tiergate_calls" in text
    assert in_text(text) == []


def test_the_traces_of_runs_name_nobody(platform: Client, sent: list[str]) -> None:
    with sqlite3.connect(platform.state / "tiergate.sqlite") as store:
        rows = store.execute("SELECT * FROM attempts").fetchall()
    assert len(rows) > 50
    assert in_text(str(rows)) == []
