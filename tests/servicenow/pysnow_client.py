"""What pysnow is asked of the instance at `SANDBOX_URL`: incidents made, found, paged, changed and deleted."""

import os
from typing import Any
from urllib.parse import urlsplit

import pysnow
import pytest
import requests

SANDBOX = os.environ["SANDBOX_URL"]
HOST = urlsplit(SANDBOX).netloc
USER = {"user": "tiergate.integration", "password": "sandbox"}


@pytest.fixture
def client() -> Any:
    with requests.Session() as session:
        session.trust_env = False
        session.post(f"{SANDBOX}/_sandbox/reset").raise_for_status()
    return pysnow.Client(host=HOST, use_ssl=False, **USER)


@pytest.fixture
def incidents(client: Any) -> Any:
    """The table, with seven incidents of ours."""
    table = client.resource(api_path="/table/incident")
    for number in range(7):
        table.create(payload={"short_description": f"Billing {number}", "correlation_id": f"p-{number}"})
    return table


def keys(rows: Any) -> list[str]:
    return [row["correlation_id"] for row in rows]


def test_one_is_found_by_its_key(incidents: Any) -> None:
    assert incidents.get(query={"correlation_id": "p-3"}).one()["short_description"] == "Billing 3"
    chosen = incidents.get(query={"correlation_id": "p-1"}, fields=["number", "opened_by.name"]).one()
    assert chosen == {"number": "INC0010002", "opened_by.name": "Tiergate"}


def test_a_built_query_selects_and_orders(incidents: Any) -> None:
    built = pysnow.QueryBuilder().field("correlation_id").starts_with("p-").AND().field("state").equals("1")
    built = built.AND().field("correlation_id").order_descending()
    assert keys(incidents.get(query=built, limit=2).all()) == ["p-6", "p-5"]


def test_everything_comes_in_a_stream_and_in_pages(incidents: Any) -> None:
    everything = [f"p-{number}" for number in range(7)]
    stream = incidents.get(query="correlation_idSTARTSWITHp-^ORDERBYcorrelation_id", stream=True)
    assert keys(stream.all()) == everything
    pages = [incidents.get(query="ORDERBYcorrelation_id", limit=3, offset=at) for at in (0, 3, 6)]
    assert keys(row for page in pages for row in page.all()) == everything
    assert pages[0].headers["X-Total-Count"] == "7"


def test_a_change_works_out_the_priority(incidents: Any) -> None:
    updated = incidents.update(query={"correlation_id": "p-3"}, payload={"urgency": "1", "impact": "1"})
    assert updated.one()["priority"] == "1"
    incidents.parameters.display_value = True
    assert incidents.get(query={"correlation_id": "p-3"}).one()["state"] == "New"


def test_what_is_deleted_is_gone(incidents: Any) -> None:
    assert incidents.delete(query={"correlation_id": "p-4"}) == {"status": "record deleted"}
    assert incidents.get(query={"correlation_id": "p-4"}).one_or_none() is None


def test_a_table_there_is_none_of_is_refused(client: Any) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        client.resource(api_path="/table/nope").get(query={}).all()


def test_it_signs_in_by_oauth(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # oauthlib's own switch for plain http on loopback
    signed = pysnow.OAuthClient(client_id="tiergate", client_secret="sandbox", host=HOST, use_ssl=False)
    signed.set_token(signed.generate_token(*USER.values()))
    users = signed.resource(api_path="/table/sys_user")
    assert users.get(query={"user_name": "desk.lead"}).one()["name"] == "Dara Quill"
