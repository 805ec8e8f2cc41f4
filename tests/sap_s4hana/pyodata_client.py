"""What pyodata is asked of the sandbox at `SANDBOX_URL`; run by pytest in pyodata's own environment."""

import os
from collections.abc import Iterator
from typing import Any

import pyodata
import pytest
import requests
from pyodata.exceptions import HttpError, PyODataException

TENANT = os.environ["SANDBOX_URL"]
SERVICES = "/sap/opu/odata/sap"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Signed in as a communication user, its session opened as pyodata's own manual says."""
    with requests.Session() as made:
        made.trust_env = False
        made.post(f"{TENANT}/_sandbox/reset").raise_for_status()
        for name, value in (("user", "TIERGATE"), ("password", "hush")):
            made.put(f"{TENANT}/_sandbox/options/{name}", json=value).raise_for_status()
        made.auth = ("TIERGATE", "hush")
        fetched = made.head(f"{TENANT}{SERVICES}/API_BUSINESS_PARTNER/", headers={"x-csrf-token": "fetch"})
        made.headers["x-csrf-token"] = fetched.headers["x-csrf-token"]
        yield made


@pytest.fixture
def partners(session: requests.Session) -> Any:
    return pyodata.Client(f"{TENANT}{SERVICES}/API_BUSINESS_PARTNER/", session).entity_sets.A_BusinessPartner


@pytest.mark.parametrize(
    ("service", "kind", "field"),
    [
        ("API_BUSINESS_PARTNER", "A_BusinessPartnerType", "OrganizationBPName1"),
        ("API_SALES_CONTRACT_SRV", "A_SalesContractType", "YY1_TGKey_SDH"),
        ("API_SALES_ORDER_SRV", "A_SlsOrderItemBillingPlanItemType", "BillingPlanAmount"),
        ("API_ENTERPRISE_PROJECT_SRV;v=0002", "A_EnterpriseProjectType", "ProjectUUID"),
        ("API_COMPANYCODE_SRV", "A_CompanyCodeType", "Currency"),
    ],
)
def test_every_service_describes_itself(session: requests.Session, service: str, kind: str, field: str) -> None:
    client = pyodata.Client(f"{TENANT}{SERVICES}/{service}/", session)
    assert client.schema.entity_type(kind).proprty(field).name == field


def test_a_partner_is_made_changed_and_found(partners: Any) -> None:
    made = partners.create_entity().set(BusinessPartnerCategory="2", OrganizationBPName1="Größe & Sohn").execute()
    change = partners.update_entity(BusinessPartner=made.BusinessPartner).set(OrganizationBPName1="O'Weser")
    change.add_headers({"If-Match": "*"})
    change.execute()
    (found,) = partners.get_entities().filter("OrganizationBPName1 eq 'O''Weser'").execute()
    assert (found.BusinessPartner, found.BusinessPartnerIsBlocked) == (made.BusinessPartner, False)
    assert partners.get_entities().count().execute() == 2
    assert partners.get_entity(made.BusinessPartner).execute().OrganizationBPName1 == "O'Weser"


def test_a_change_without_its_version_is_refused(partners: Any) -> None:
    made = partners.create_entity().set(BusinessPartnerCategory="2", OrganizationBPName1="Elbe").execute()
    with pytest.raises(HttpError) as refused:
        partners.update_entity(BusinessPartner=made.BusinessPartner).set(OrganizationBPName1="x").execute()
    assert refused.value.response.status_code == 428


def test_a_change_set_is_made_whole_or_not_at_all(session: requests.Session) -> None:
    client = pyodata.Client(f"{TENANT}{SERVICES}/API_BUSINESS_PARTNER/", session)
    partners = client.entity_sets.A_BusinessPartner

    def sent(*names: str) -> list[Any]:
        whole, changes = client.create_batch(), client.create_changeset()
        for name in names:
            changes.add_request(partners.create_entity().set(BusinessPartnerCategory="2", OrganizationBPName1=name))
        whole.add_request(changes)
        whole.add_request(partners.get_entities().filter("OrganizationBPName1 eq 'Spree'"))
        return whole.execute()

    with pytest.raises(HttpError) as refused:
        sent("Spree", "x" * 500)
    assert refused.value.response.status_code == 400
    assert partners.get_entities().filter("OrganizationBPName1 eq 'Spree'").execute() == []
    made, found = sent("Spree", "Weser")
    assert [each.OrganizationBPName1 for each in made] == ["Spree", "Weser"]
    assert [each.BusinessPartner for each in found] == [made[0].BusinessPartner]
    whole, changes = client.create_batch(), client.create_changeset()
    for each in made:
        change = partners.update_entity(BusinessPartner=each.BusinessPartner).set(OrganizationBPName1="Oder")
        change.add_headers({"If-Match": "*"})
        changes.add_request(change)
    whole.add_request(changes)
    whole.execute()
    assert partners.get_entities().filter("OrganizationBPName1 eq 'Oder'").count().execute() == 2


def test_a_field_there_is_none_of_is_known_before_it_is_sent(partners: Any) -> None:
    with pytest.raises((PyODataException, KeyError)):
        partners.create_entity().set(OrganizationNickname="x")
