"""What simple-salesforce is asked of an org with the package, at its own address: to enter and submit a timecard.

Nothing of it is replaced: `HTTPS_PROXY` leads the address to the sandbox, `REQUESTS_CA_BUNDLE` trusts its certificate.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

ORG = os.environ["SANDBOX_URL"]
WEEK = {"pse__Start_Date__c": "2026-12-28", "pse__End_Date__c": "2027-01-03"}


def control(method: str, path: str, body: object = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{ORG}/_sandbox/{path}", json=body)


@pytest.fixture
def sf() -> Iterator[Salesforce]:
    """A signed-in client on a fresh org."""
    control("POST", "reset")
    control("PUT", "options/connected_apps", {"key": {"username": "integration@acme.example", "secret": "hush"}})
    client = Salesforce(consumer_key="key", consumer_secret="hush", domain="acme.my")
    yield client
    client.session.close()


def found(sf: Salesforce, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sf.query_all(query)["records"]
    return rows


def test_a_week_is_entered_changed_submitted_and_split(sf: Salesforce) -> None:
    [owen] = found(sf, "SELECT Id, pse__Region__r.Name FROM Contact WHERE Email = 'owen.tran@acme.example'")
    assert owen["pse__Region__r"]["Name"] == "Acme Consulting Inc"
    project = sf.pse__Proj__c.create({"Name": "Grid", "CurrencyIsoCode": "USD", "Project_Code__c": "US-1"})["id"]
    who = {"pse__Project__c": project, "pse__Resource__c": owen["Id"], "CurrencyIsoCode": "USD"}
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.pse__Timecard_Header__c.create({**who, **WEEK, "pse__Monday_Hours__c": 8})
    assert refused.value.content[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    who["pse__Assignment__c"] = sf.pse__Assignment__c.create({"Name": "Owen", **who})["id"]
    ours = (
        "SELECT Id, pse__Monday_Hours__c, pse__Total_Hours__c FROM pse__Timecard_Header__c"
        f" WHERE pse__Assignment__c = '{who['pse__Assignment__c']}' AND pse__Start_Date__c = 2026-12-28"
        " AND pse__Status__c NOT IN ('Submitted', 'Approved')"
    )
    assert found(sf, ours) == []
    card = sf.pse__Timecard_Header__c.create({**who, **WEEK, "pse__Monday_Hours__c": 8, "pse__Friday_Hours__c": 4.5})
    assert sf.pse__Timecard_Header__c.update(card["id"], {"pse__Monday_Hours__c": 7}) == 204
    [row] = found(sf, ours)
    assert (row["pse__Monday_Hours__c"], row["pse__Total_Hours__c"]) == (7, 11.5)
    submitted = {"pse__Submitted__c": True, "pse__Status__c": "Submitted"}
    assert sf.pse__Timecard_Header__c.update(row["Id"], submitted) == 204
    splits = found(
        sf,
        "SELECT pse__Start_Date__c, pse__End_Date__c, pse__Total_Hours__c, pse__Status__c FROM pse__Timecard__c"
        f" WHERE pse__Timecard_Header__c = '{row['Id']}' ORDER BY pse__Start_Date__c",
    )
    assert [tuple(list(split.values())[1:]) for split in splits] == [
        ("2026-12-28", "2026-12-31", 7, "Submitted"),
        ("2027-01-01", "2027-01-03", 4.5, "Submitted"),
    ]


def test_a_project_is_upserted_by_its_code_and_described(sf: Salesforce) -> None:
    by_code = "Project_Code__c/US-2"
    whose = {"pse__Region__r": {"Legal_Entity__c": "ACME-US"}}
    assert sf.pse__Proj__c.upsert(by_code, {"Name": "Dock", "CurrencyIsoCode": "USD", **whose}) == 201
    assert sf.pse__Proj__c.upsert(by_code, {"Name": "Docks"}) == 200
    kept = sf.pse__Proj__c.get_by_custom_id("Project_Code__c", "US-2")
    assert (kept["Name"], kept["pse__Project_ID__c"][:3]) == ("Docks", "PR-")
    fields = {field["name"]: field for field in sf.pse__Proj__c.describe()["fields"]}
    assert (fields["Project_Code__c"]["externalId"], fields["pse__Stage__c"]["restrictedPicklist"]) == (True, True)
    post = sf.FeedItem.create({"ParentId": kept["Id"], "Body": "Open"})
    assert found(sf, f"SELECT Body FROM FeedItem WHERE ParentId = '{kept['Id']}'")[0]["Body"] == "Open"
    assert post["success"] is True
