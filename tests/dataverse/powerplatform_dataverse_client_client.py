"""What Microsoft's own client is asked of an organisation at its own address: records, pages, keys, batches.

Nothing of it is replaced: `HTTPS_PROXY` leads `acme.crm4.dynamics.com`, and the sign-in before it, to the sandbox, and
`REQUESTS_CA_BUNDLE` trusts its certificate.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.upsert import UpsertItem

SANDBOX = os.environ["SANDBOX_URL"]
TENANT = "acme.example"


class Secret:
    """An application with a secret; the client asks a credential for tokens by this protocol."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "hush", "scope": scopes[0]}
        told = requests.post(f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token", data=form, timeout=10)
        told.raise_for_status()
        return AccessToken(told.json()["access_token"], int(time.time()) + told.json()["expires_in"])


@pytest.fixture
def client() -> Iterator[DataverseClient]:
    with requests.Session() as control:
        control.trust_env = False
        control.post(f"{SANDBOX}/_sandbox/reset").raise_for_status()
        for name, value in (("tenant", TENANT), ("apps", {"app": {"secret": "hush", "application_user": True}})):
            control.put(f"{SANDBOX}/_sandbox/options/{name}", json=value).raise_for_status()
    with DataverseClient("https://acme.crm4.dynamics.com", Secret()) as made:
        yield made


def names(client: DataverseClient, table: str, where: str, column: str = "name") -> list[str]:
    return [each[column] for each in client.records.list(table, filter=where, orderby=[f"{column} asc"])]


def test_a_record_is_made_read_changed_and_deleted(client: DataverseClient) -> None:
    made = client.records.create("account", {"name": "Größe & Söhne", "accountnumber": "C-100"})
    client.records.update("account", made, {"name": "O'Weser"})
    found = client.records.retrieve("account", made, select=["name", "accountnumber"])
    assert found is not None
    assert (found["name"], found["accountnumber"]) == ("O'Weser", "C-100")
    assert names(client, "account", "name eq 'O''Weser'") == ["O'Weser"]
    client.records.delete("account", made)
    assert client.records.retrieve("account", made) is None


def test_pages_of_any_size_hold_the_same(client: DataverseClient) -> None:
    pages = [list(page) for page in client.records.list_pages("opportunity", orderby=["name asc"], page_size=5)]
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [each["name"] for page in pages for each in page] == names(client, "opportunity", "name ne null")


def test_a_key_makes_a_record_and_then_changes_it(client: DataverseClient) -> None:
    for name in ("first", "second"):
        client.records.upsert("account", [UpsertItem(alternate_key={"accountnumber": "K-1"}, record={"name": name})])
    assert names(client, "account", "accountnumber eq 'K-1'") == ["second"]


def test_words_of_a_choice_are_taken_for_their_numbers(client: DataverseClient) -> None:
    (deal, *_) = client.records.list("opportunity", filter="tg_contracttype ne null", top=1)
    client.records.update("opportunity", deal["opportunityid"], {"tg_contracttype": "Retainer"})
    label = "tg_contracttype@OData.Community.Display.V1.FormattedValue"
    found = client.records.retrieve("opportunity", deal["opportunityid"], include_annotations="*")
    assert found is not None
    assert found[label] == "Retainer"


def test_a_batch_is_done_in_order_and_stops_at_the_first_failure(client: DataverseClient) -> None:
    batch = client.batch.new()
    batch.records.create("account", {"name": "before"})
    batch.records.create("account", {"nickname": "wrong"})
    batch.records.create("account", {"name": "after"})
    told = batch.execute()
    assert [each.status_code for each in told.responses] == [204, 400]
    assert names(client, "account", "name eq 'before' or name eq 'after'") == ["before"]


def test_a_batch_may_go_on_after_a_failure(client: DataverseClient) -> None:
    batch = client.batch.new()
    batch.records.create("account", {"nickname": "wrong"})
    batch.records.create("account", {"name": "after"})
    told = batch.execute(continue_on_error=True)
    assert [each.status_code for each in told.responses] == [400, 204]
    assert told.failed[0].error_code
    assert names(client, "account", "name eq 'after'") == ["after"]


def test_a_change_set_refers_to_what_it_made(client: DataverseClient) -> None:
    batch = client.batch.new()
    with batch.changeset() as changes:
        account = changes.records.create("account", {"name": "Kestrel"})
        changes.records.create("contact", {"lastname": "Ems", "parentcustomerid_account@odata.bind": account})
    told = batch.execute()
    assert [each.status_code for each in told.responses] == [204, 204]
    account_id, contact_id = told.entity_ids
    contact = client.records.retrieve("contact", contact_id)
    assert contact is not None
    assert contact["_parentcustomerid_value"] == account_id


def test_a_change_set_is_done_whole_or_not_at_all(client: DataverseClient) -> None:
    batch = client.batch.new()
    with batch.changeset() as changes:
        changes.records.create("account", {"name": "undone", "accountnumber": "T-1"})
        changes.records.create("account", {"name": "twin", "accountnumber": "T-1"})
    told = batch.execute(continue_on_error=True)
    assert [(each.status_code, each.error_code) for each in told.responses] == [(412, "0x80040237")]
    assert names(client, "account", "accountnumber eq 'T-1'") == []


def test_a_table_there_is_none_of_is_known(client: DataverseClient) -> None:
    with pytest.raises(MetadataError):
        client.records.create("nope", {"name": "x"})
    with pytest.raises(HttpError) as refused:
        client.records.create("account", {"name": "x" * 500})
    assert refused.value.status_code == 400
