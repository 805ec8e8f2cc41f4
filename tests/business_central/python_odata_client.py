"""What python-odata is asked of the environment at `SANDBOX_URL`: its classes are made from our `$metadata`."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from odata import ODataService
from odata.exceptions import ODataError
from odata.flags import ODataServerFlags

SANDBOX = os.environ["SANDBOX_URL"]
TENANT = "acme.example"
STANDARD = f"{SANDBOX}/v2.0/Production/api/v2.0/"
EXTENSION = f"{SANDBOX}/v2.0/Production/api/tiergate/erp/v1.0/"
SCOPE = "https://api.businesscentral.dynamics.com/.default"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """With a token of a fresh environment."""
    with requests.Session() as made:
        made.trust_env = False
        made.post(f"{SANDBOX}/_sandbox/reset").raise_for_status()
        for name, value in (("tenant", TENANT), ("apps", {"app": {"secret": "hush", "granted": True}})):
            made.put(f"{SANDBOX}/_sandbox/options/{name}", json=value).raise_for_status()
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "hush", "scope": SCOPE}
        token = made.post(f"{SANDBOX}/{TENANT}/oauth2/v2.0/token", data=form).json()["access_token"]
        made.headers["Authorization"] = f"Bearer {token}"
        yield made


def reflected(session: requests.Session, url: str) -> Any:
    """Lists as texts (`$schemaversion=1.0`): no class can be made of a list one word of which is a blank, `_x0020_`."""
    session.params = {"$schemaversion": "1.0"}
    told = {"reflect_entities": True, "quiet_progress": True}
    return ODataService(url, session=session, server_flags=ODataServerFlags(skip_null_properties=True), **told)


@pytest.fixture
def company(session: requests.Session) -> Any:
    """The German company's own service."""
    root = reflected(session, STANDARD)
    companies = root.entities["companies"]
    found = root.query(companies).filter(companies.name == "ACME-DE").one()
    return reflected(session, f"{EXTENSION}companies({found.id})/")


def customer(service: Any, name: str, **more: Any) -> Any:
    made = service.entities["customers"]()
    made.displayName = name
    for field, value in more.items():
        setattr(made, field, value)
    service.save(made)
    return made


def test_every_page_becomes_a_class_with_its_fields(company: Any) -> None:
    assert {"customers", "salesOrders", "salesOrderLines", "projects", "billingSchedules"} <= set(company.entities)
    assert hasattr(company.entities["customers"], "taxRegistrationNumber")


def test_a_company_leads_to_what_is_in_it(session: requests.Session) -> None:
    service = reflected(session, STANDARD)
    companies = service.query(service.entities["companies"]).all()
    assert {"ACME-US", "ACME-DE", "ACME-IN"} <= {each.name for each in companies}
    (german,) = [each for each in companies if each.name == "ACME-DE"]
    codes = {each.code for each in german.currencies}
    assert ({"USD", "GBP"} <= codes, "EUR" in codes) == (True, False)  # its own currency is none


def test_a_customer_is_made_changed_read_and_deleted(company: Any, session: requests.Session) -> None:
    made = customer(company, "Größe & Söhne", tiergateKey="K-1", country="DE")
    assert made.number.startswith("C")
    made.displayName = "O'Weser"
    company.default_context.save(made, extra_headers={"If-Match": "*"})
    customers = company.entities["customers"]
    (found,) = company.query(customers).filter(customers.displayName == "O'Weser").all()
    assert (found.id, found.country, found.addressLine1) == (made.id, "DE", "")
    session.headers["If-Match"] = "*"
    company.delete(found)
    assert company.query(customers).filter(customers.tiergateKey == "K-1").all() == []


def test_filters_orders_and_pages(company: Any, session: requests.Session) -> None:
    for number in range(5):
        customer(company, f"n{number}", city="Kiel" if number % 2 else "Ulm", creditLimit=number * 1000)
    customers = company.entities["customers"]
    asked = company.query(customers).filter(customers.displayName.startswith("n"))
    session.headers["Prefer"] = "odata.maxpagesize=2"
    found = [each.displayName for each in asked.order_by(customers.displayName.desc())]
    assert found == ["n4", "n3", "n2", "n1", "n0"]
    either = (customers.city == "Kiel") | (customers.creditLimit >= 4000)
    assert sorted(each.displayName for each in asked.filter(either)) == ["n1", "n3", "n4"]
    assert [each.displayName for each in asked.order_by(customers.displayName.asc()).limit(2)] == ["n0", "n1"]


def test_a_change_without_its_version_is_refused_in_the_vendors_words(company: Any) -> None:
    made = customer(company, "Elbe")
    made.displayName = "Ems"
    with pytest.raises(ODataError) as refused:
        company.save(made)
    assert (refused.value.status_code, refused.value.code) == ("HTTP 400", "BadRequest_InvalidToken")
    with pytest.raises(ODataError) as stale:
        company.default_context.save(made, extra_headers={"If-Match": 'W/"JzQ0Oold"'})
    assert (stale.value.status_code, stale.value.code) == ("HTTP 409", "Request_EntityChanged")


def test_a_number_held_twice_is_refused(company: Any) -> None:
    customer(company, "one", number="C-77")
    with pytest.raises(ODataError) as refused:
        customer(company, "two", number="C-77")
    assert refused.value.code == "Internal_EntityWithSameKeyExists"
