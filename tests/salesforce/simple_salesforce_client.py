"""What simple-salesforce is asked of the org at `SANDBOX_URL`: it signs in at the vendor's own address, over TLS.

Nothing of it is replaced: `HTTPS_PROXY` leads the address to the sandbox, `REQUESTS_CA_BUNDLE` trusts its certificate.
"""

import csv
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceBulkV2LoadError,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceOperationError,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

ORG = os.environ["SANDBOX_URL"]
DEAL = "006Tg0000000001IAA"
APP = {"consumer_key": "key", "consumer_secret": "hush", "domain": "acme.my"}


def control(method: str, path: str, body: object = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{ORG}/_sandbox/{path}", json=body)


@pytest.fixture
def sf() -> Iterator[Salesforce]:
    """A signed-in client on a fresh org."""
    control("POST", "reset")
    control("PUT", "options/connected_apps", {"key": {"username": "integration@acme.example", "secret": "hush"}})
    client = Salesforce(**APP)
    yield client
    client.session.close()


def test_it_signs_in_at_the_address_the_vendor_gives(sf: Salesforce) -> None:
    assert sf.base_url.startswith("https://acme.my.salesforce.com/services/data/v")
    with pytest.raises(SalesforceAuthenticationFailed):
        Salesforce(**APP | {"consumer_secret": "another"})


def test_an_order_is_read_with_its_products_and_activated(sf: Salesforce) -> None:
    named = (
        "SELECT Id, TotalAmount, Quote.Status, Contract.Status FROM Order WHERE OpportunityId = '006Tg0000000006IAA'"
    )
    (found,) = sf.query(named)["records"]
    assert (found["TotalAmount"], found["Quote"]["Status"], found["Contract"]["Status"]) == (
        75000,
        "Accepted",
        "Activated",
    )
    fields = "Product2.ProductCode, Quantity, TotalPrice, ServiceDate"
    lines = sf.query(f"SELECT {fields} FROM OrderItem WHERE OrderId = '{found['Id']}' ORDER BY OrderItemNumber")[
        "records"
    ]
    assert [(line["Product2"]["ProductCode"], line["Quantity"], line["TotalPrice"]) for line in lines] == [
        ("SVC-ARCHITECT", 150, 33000),
        ("SVC-DATA-ENGINEER", 300, 42000),
    ]
    sf.Order.update(found["Id"], {"Status": "Activated", "ERP_Order_Number__c": "SO00012"})
    kept = sf.Order.get(found["Id"])
    assert (kept["StatusCode"], kept["ERP_Order_Number__c"]) == ("Activated", "SO00012")
    with pytest.raises(SalesforceMalformedRequest):
        sf.OrderItem.create({"OrderId": found["Id"], "Quantity": 1, "UnitPrice": 1})


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


def test_closing_a_deal_wins_it(sf: Salesforce) -> None:
    assert sf.Opportunity.update(DEAL, {"StageName": "Closed Won"}) == 204
    deal = sf.Opportunity.get(DEAL)
    assert (deal["IsWon"], deal["Won_Generation__c"], deal["Probability"]) == (True, 1, 100)
    assert control("GET", "duplicates").json() == []


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
def test_a_duplicate_rule_names_the_record_it_found(sf: Salesforce, key: str) -> None:
    control("PUT", "options/duplicate_rule", True)
    control("PUT", "options/misspelt_duplicate_result", key == "duplicateResut")
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Account.create({"Name": "Harbor Logistics"})
    control("PUT", "options/duplicate_rule", False)
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


def test_an_ended_session_is_refused_and_a_client_that_can_signs_in_anew(sf: Salesforce) -> None:
    given = Salesforce(instance=sf.sf_instance, session_id=sf.session_id)
    control("POST", "faults", {"fault": "expired_token"})
    with pytest.raises(SalesforceExpiredSession):
        given.query("SELECT Id FROM Account LIMIT 1")
    with pytest.raises(SalesforceExpiredSession):  # it is over, not only this call
        given.query("SELECT Id FROM Account LIMIT 1")
    assert sf.query("SELECT Id FROM Account LIMIT 1")["records"]
    assert sf.session_id != given.session_id
    given.session.close()


def test_limits_are_403(sf: Salesforce) -> None:
    control("POST", "faults", {"fault": "throttled"})
    with pytest.raises(SalesforceRefusedRequest) as refused:
        sf.Account.get("001Tg0000000001IAA")
    assert refused.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"


def test_a_window_of_changes_names_what_changed_and_what_went(sf: Salesforce) -> None:
    kept, gone = (str(sf.Account.create({"Name": name})["id"]) for name in ("kept", "gone"))
    sf.Account.delete(gone)
    start, end = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-30, 5))
    assert kept in sf.Account.updated(start, end)["ids"]
    told = sf.Account.deleted(start, end)
    assert [each["id"] for each in told["deletedRecords"]] == [gone]
    assert told["earliestDateAvailable"] < told["latestDateCovered"]


def composite(sf: Salesforce, parts: list[dict[str, Any]], *, all_or_none: bool = True) -> list[dict[str, Any]]:
    asked = [{"method": "POST", "referenceId": name, **part} for part in parts for name in [part.pop("name")]]
    body = {"allOrNone": all_or_none, "compositeRequest": asked}
    answer: dict[str, Any] = sf.restful("composite", method="POST", json=body)
    return list(answer["compositeResponse"])


def new(sf: Salesforce, name: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "url": f"/services/data/v{sf.sf_version}/sobjects/{kind}", "body": body}


def test_parts_of_a_composite_refer_to_what_earlier_ones_made(sf: Salesforce) -> None:
    account, contact = composite(
        sf,
        [
            new(sf, "acc", "Account", {"Name": "Weser Werke"}),
            new(sf, "con", "Contact", {"LastName": "Ems", "AccountId": "@{acc.id}"}),
        ],
    )
    assert (account["httpStatusCode"], contact["httpStatusCode"]) == (201, 201)
    assert account["httpHeaders"]["Location"].endswith(account["body"]["id"])
    assert sf.Contact.get(contact["body"]["id"])["AccountId"] == account["body"]["id"]


def test_a_composite_of_all_or_none_undoes_what_it_did(sf: Salesforce) -> None:
    before = sf.query("SELECT COUNT() FROM Account")["totalSize"]
    first, second = composite(sf, [new(sf, "a", "Account", {"Name": "x"}), new(sf, "b", "Contact", {})])
    assert first["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert second["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == before


def test_a_reference_to_what_failed_halts_its_part_alone(sf: Salesforce) -> None:
    parts = [
        new(sf, "a", "Account", {}),
        new(sf, "b", "Contact", {"LastName": "x", "AccountId": "@{a.id}"}),
        new(sf, "c", "Account", {"Name": "alone"}),
    ]
    told = composite(sf, parts, all_or_none=False)
    assert [each["httpStatusCode"] for each in told] == [400, 400, 201]
    assert told[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_batch_goes_on_after_a_failure(sf: Salesforce) -> None:
    urls = [f"v{sf.sf_version}/sobjects/Opportunity/{DEAL}?fields=Name", f"v{sf.sf_version}/sobjects/Nope"]
    asked = {"batchRequests": [{"method": "GET", "url": url} for url in [*urls, urls[0]]]}
    told = sf.restful("composite/batch", method="POST", json=asked)
    assert (told["hasErrors"], [each["statusCode"] for each in told["results"]]) == (True, [200, 404, 200])
    halting = sf.restful("composite/batch", method="POST", json=asked | {"haltOnError": True})
    assert [each["statusCode"] for each in halting["results"]] == [200, 404, 412]


def test_a_tree_is_made_whole_or_not_at_all(sf: Salesforce) -> None:
    people = [{"attributes": {"type": "Contact", "referenceId": f"p{n}"}, "LastName": f"n{n}"} for n in range(2)]
    grown = {"attributes": {"type": "Account", "referenceId": "top"}, "Name": "Tree", "Contacts": {"records": people}}
    told = sf.restful("composite/tree/Account", method="POST", json={"records": [grown]})
    assert [each["referenceId"] for each in told["results"]] == ["top", "p0", "p1"]
    made = f"SELECT Id FROM Contact WHERE AccountId = '{told['results'][0]['id']}'"
    assert sf.query(made)["totalSize"] == 2
    del people[1]["LastName"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.restful("composite/tree/Account", method="POST", json={"records": [grown]})
    assert refused.value.content["results"][0]["referenceId"] == "p1"
    assert sf.query("SELECT Id FROM Account WHERE Name = 'Tree'")["totalSize"] == 1


def test_a_collection_is_upserted_and_read_by_its_keys(sf: Salesforce) -> None:
    records = [{"attributes": {"type": "Account"}, "ERP_Id__c": key, "Name": f"of {key}"} for key in ("C-1", "C-2")]
    for created in (True, False):
        told = sf.restful("composite/sobjects/Account/ERP_Id__c", method="PATCH", json={"records": records})
        assert [each["created"] for each in told] == [created, created]
    ids = [each["id"] for each in told]
    found = sf.restful("composite/sobjects/Account", method="POST", json={"ids": [*ids, DEAL], "fields": ["Name"]})
    assert [each and each["Name"] for each in found] == ["of C-1", "of C-2", None]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_is_taken_in_and_each_row_told_of(sf: Salesforce) -> None:
    given = [{"Name": "Bulk, Ltd", "ERP_Id__c": "B-1"}, {"Name": "", "ERP_Id__c": "B-2"}]
    (told,) = sf.bulk2.Account.insert(records=given, wait=0)
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (2, 1)
    (good,) = rows(sf.bulk2.Account.get_successful_records(told["job_id"]))
    assert (good["sf__Created"], good["Name"]) == ("true", "Bulk, Ltd")
    assert sf.Account.get_by_custom_id("ERP_Id__c", "B-1")["Id"] == good["sf__Id"]
    (bad,) = rows(sf.bulk2.Account.get_failed_records(told["job_id"]))
    assert bad["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert rows(sf.bulk2.Account.get_unprocessed_records(told["job_id"])) == []


def test_a_table_upserts_updates_and_deletes(sf: Salesforce) -> None:
    for created in ("true", "false"):
        given = [{"ERP_Id__c": f"U-{number}", "Name": f"of {created}"} for number in range(3)]
        jobs = sf.bulk2.Account.upsert(records=given, external_id_field="ERP_Id__c", batch_size=2, wait=0)
        assert [job["numberRecordsProcessed"] for job in jobs] == [2, 1]
        told = [row for job in jobs for row in rows(sf.bulk2.Account.get_successful_records(job["job_id"]))]
        assert [row["sf__Created"] for row in told] == [created] * 3
    one, *others = [row["sf__Id"] for row in told]
    sf.bulk2.Account.update(records=[{"Id": one, "Website": "#N/A", "Name": "once more"}], wait=0)
    assert sf.Account.get(one)["Name"] == "once more"
    sf.bulk2.Account.delete(records=[{"Id": id} for id in others], wait=0)
    assert sf.query("SELECT Id FROM Account WHERE ERP_Id__c LIKE 'U-%'")["totalSize"] == 1


def test_a_parent_is_named_by_its_external_id(sf: Salesforce) -> None:
    account = sf.Account.create({"Name": "Parent", "ERP_Id__c": "P-1"})["id"]
    given = [{"LastName": "Kind", "Account.ERP_Id__c": key} for key in ("P-1", "P-2")]
    (told,) = sf.bulk2.Contact.insert(records=given, wait=0)
    (good,) = rows(sf.bulk2.Contact.get_successful_records(told["job_id"]))
    assert sf.Contact.get(good["sf__Id"])["AccountId"] == account
    assert told["numberRecordsFailed"] == 1


def test_a_column_that_is_no_field_fails_the_job(sf: Salesforce) -> None:
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nope"):
        sf.bulk2.Account.insert(records=[{"Name": "x", "Nope": "y"}], wait=0)


def test_what_may_not_be_deleted_for_good_is_not(sf: Salesforce) -> None:
    made = sf.Account.create({"Name": "stays"})["id"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.bulk2.Account.hard_delete(records=[{"Id": made}], wait=0)
    assert refused.value.content[0]["errorCode"] == "FEATURENOTENABLED"
    with pytest.raises(SalesforceBulkV2LoadError, match="must contain only 'Id'"):
        sf.bulk2.Account.delete(records=[{"Id": made, "Name": "stays"}], wait=0)


def test_a_query_job_gives_its_rows_in_pages(sf: Salesforce) -> None:
    given = [{"LastName": f"n{number:02}", "Title": "bulk"} for number in range(5)]
    sf.bulk2.Contact.insert(records=given, wait=0)
    asked = "SELECT Id, LastName, Account.Name, CreatedDate FROM Contact WHERE Title = 'bulk' ORDER BY LastName"
    pages = list(sf.bulk2.Contact.query(asked, max_records=2, wait=0))
    assert [len(rows(page)) for page in pages] == [2, 2, 1]
    found = [row for page in pages for row in rows(page)]
    assert [row["LastName"] for row in found] == [f"n{number:02}" for number in range(5)]
    assert list(found[0]) == ["Id", "LastName", "Account.Name", "CreatedDate"]
    assert (found[0]["Account.Name"], found[0]["CreatedDate"][-5:]) == ("", ".000Z")


def test_a_query_of_everything_finds_what_was_deleted(sf: Salesforce) -> None:
    made = sf.Account.create({"Name": "was"})["id"]
    sf.Account.delete(made)
    asked = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{made}'"
    assert [rows(page) for page in sf.bulk2.Account.query(asked, wait=0)] == [[]]
    ((row,),) = [rows(page) for page in sf.bulk2.Account.query_all(asked, wait=0)]
    assert row == {"Id": made, "IsDeleted": "true"}
