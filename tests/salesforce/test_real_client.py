"""simple-salesforce, unmodified, against the sandbox's TLS port: it believes it talks to Salesforce."""

from collections.abc import Iterator

import httpx
import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from foundation.sandbox.server import Address
from system_apis.salesforce.sandbox import SANDBOX
from tests.served import served

DEAL = "006Tg0000000001IAA"


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The sandbox in a thread of its own, since the client blocks."""
    with served(SANDBOX, tmp_path_factory.mktemp("salesforce")) as address:
        yield address


@pytest.fixture
def sf(org: Address, monkeypatch: pytest.MonkeyPatch) -> Iterator[Salesforce]:
    """A signed-in client on a fresh org."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", org.ca)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with httpx.Client(base_url=org.url, trust_env=False) as control:
        control.post("/_sandbox/reset")
        app = {"key": {"username": "integration@acme.example", "secret": "hush"}}
        control.put("/_sandbox/options/connected_apps", json=app)
        form = {"grant_type": "client_credentials", "client_id": "key", "client_secret": "hush"}
        token = control.post("/services/oauth2/token", data=form).json()["access_token"]
    client = Salesforce(instance_url=org.tls_url, session_id=token)
    yield client
    client.session.close()


def control(org: Address, method: str, path: str, body: object = None) -> httpx.Response:
    return httpx.request(method, f"{org.url}/_sandbox/{path}", json=body, trust_env=False)


def test_query_with_parents_and_conditions(sf: Salesforce) -> None:
    found = sf.query(
        "SELECT Id, Name, Account.Name, Account.Owner.Name FROM Opportunity"
        " WHERE Legal_Entity__c IN ('ACME-US','ACME-DE') AND Amount >= 186400 AND (NOT Name LIKE 'Schaden%')"
        " ORDER BY Amount DESC NULLS LAST LIMIT 2"
    )
    assert (found["totalSize"], found["done"]) == (2, True)
    assert [row["Account"]["Name"] for row in found["records"]] == ["Harbor Logistics", "Kestrel Energy"]
    assert found["records"][0]["attributes"]["type"] == "Opportunity"
    assert found["records"][0]["Account"]["Owner"]["Name"] == "Integration User"


def test_query_all_follows_every_page(sf: Salesforce) -> None:
    for batch in range(3):
        records = [
            {"attributes": {"type": "Contact"}, "LastName": f"n{batch}-{number:03}", "Title": "paged"}
            for number in range(150)
        ]
        sf.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": records})
    small_pages = {"Sforce-Query-Options": "batchSize=200"}
    found = sf.query_all("SELECT Id, LastName FROM Contact WHERE Title = 'paged' ORDER BY Id", headers=small_pages)
    assert (found["totalSize"], len(found["records"])) == (450, 450)
    assert len({row["Id"] for row in found["records"]}) == 450
    first = sf.query("SELECT Id FROM Contact WHERE Title = 'paged'", headers=small_pages)
    assert (first["done"], len(first["records"])) == (False, 200)
    assert len(sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]) == 200


def test_create_read_update_delete(sf: Salesforce) -> None:
    made = sf.Account.create({"Name": "Zweigelt & Söhne", "BillingCountryCode": "AT"})
    assert made["success"] is True
    assert len(made["id"]) == 18
    assert sf.Account.get(made["id"])["Name"] == "Zweigelt & Söhne"
    assert sf.Account.update(made["id"], {"Website": "https://zweigelt.example"}) == 204
    assert sf.Account.get(made["id"][:15])["Website"] == "https://zweigelt.example"
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(made["id"])
    gone = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{made['id']}'"
    assert sf.query(gone)["totalSize"] == 0
    assert sf.query(gone, include_deleted=True)["records"][0]["IsDeleted"] is True


def test_upsert_by_external_id_makes_then_changes(sf: Salesforce) -> None:
    assert sf.Account.upsert("ERP_Id__c/C-100", {"Name": "Acme"}) == 201
    assert sf.Account.upsert("ERP_Id__c/C-100", {"Name": "Acme Ltd"}) == 200
    assert sf.Account.get_by_custom_id("ERP_Id__c", "C-100")["Name"] == "Acme Ltd"


def test_an_external_id_held_twice_is_not_guessed(sf: Salesforce) -> None:
    for name in ("One", "Two"):
        sf.Account.create({"Name": name, "Legacy_Id__c": "L1"})
    with pytest.raises(SalesforceMoreThanOneRecord) as found:
        sf.Account.upsert("Legacy_Id__c/L1", {"Name": "Three"})
    assert len(found.value.content) == 2


def test_closing_a_deal_wins_it(sf: Salesforce, org: Address) -> None:
    assert sf.Opportunity.update(DEAL, {"StageName": "Closed Won"}) == 204
    deal = sf.Opportunity.get(DEAL)
    assert (deal["IsWon"], deal["Won_Generation__c"], deal["Probability"]) == (True, 1, 100)
    assert control(org, "GET", "duplicates").json() == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Name": None}, "REQUIRED_FIELD_MISSING"),
        ({"Name": "x", "Nope__c": 1}, "INVALID_FIELD"),
        ({"Name": "x" * 256}, "STRING_TOO_LONG"),
        ({"Name": "x", "CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Name": "x", "ParentId": "001Tg00000000zzIAA"}, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"),
        ({"Name": "x", "PO_Required__c": "maybe"}, "JSON_PARSER_ERROR"),
        ({"Name": "x", "SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Name": "x", "ERP_Id__c": "taken"}, "DUPLICATE_VALUE"),
    ],
)
def test_what_the_org_refuses_it_refuses_in_its_own_words(sf: Salesforce, given: dict[str, object], code: str) -> None:
    sf.Account.create({"Name": "first", "ERP_Id__c": "taken"})
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Account.create(given)
    assert refused.value.content[0]["errorCode"] == code


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
def test_a_duplicate_rule_names_the_record_it_found(sf: Salesforce, org: Address, key: str) -> None:
    control(org, "PUT", "options/duplicate_rule", True)
    control(org, "PUT", "options/misspelt_duplicate_result", key == "duplicateResut")
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Account.create({"Name": "Harbor Logistics"})
    control(org, "PUT", "options/duplicate_rule", False)
    (problem,) = refused.value.content
    (found,) = problem[key]["matchResults"][0]["matchRecords"]
    assert (problem["errorCode"], found["record"]["Id"]) == ("DUPLICATES_DETECTED", "001Tg0000000001IAA")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'x' OR", "MALFORMED_QUERY"),
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Amount > '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_a_query_that_is_none_is_refused(sf: Salesforce, text: str, code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.query(text)
    assert refused.value.content[0]["errorCode"] == code


def test_texts_in_queries_are_escaped(sf: Salesforce) -> None:
    sf.Account.create({"Name": "O'Neil\\Sons"})
    assert sf.query(r"SELECT Id FROM Account WHERE Name = 'O\'Neil\\Sons'")["totalSize"] == 1
    assert sf.query("SELECT COUNT() FROM Account WHERE Name LIKE 'har%'")["totalSize"] == 1


def test_describe_limits_and_versions(sf: Salesforce) -> None:
    assert "Opportunity" in [kind["name"] for kind in (sf.describe() or {})["sobjects"]]
    fields = {field["name"]: field for field in sf.Account.describe()["fields"]}
    assert (fields["ERP_Id__c"]["externalId"], fields["Name"]["nillable"]) == (True, False)
    before = sf.limits()["DailyApiRequests"]
    assert before["Max"] - before["Remaining"] > 0
    assert sf.api_usage["api-usage"].total == 100_000
    assert sf.is_sandbox() is True


def test_an_ended_session_is_refused(sf: Salesforce, org: Address) -> None:
    control(org, "POST", "faults", {"fault": "expired_token"})
    for _ in range(2):
        with pytest.raises(SalesforceExpiredSession):
            sf.query("SELECT Id FROM Account")


def test_limits_are_403(sf: Salesforce, org: Address) -> None:
    control(org, "POST", "faults", {"fault": "throttled"})
    with pytest.raises(SalesforceRefusedRequest) as refused:
        sf.Account.get("001Tg0000000001IAA")
    assert refused.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
