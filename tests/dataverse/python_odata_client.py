"""What python-odata is asked of the organisation at `SANDBOX_URL`: its classes are made from our `$metadata`."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from odata import ODataService
from odata.exceptions import ODataError

SANDBOX = os.environ["SANDBOX_URL"]
TENANT = "acme.example"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """With a token of a fresh organisation."""
    with requests.Session() as made:
        made.trust_env = False
        made.post(f"{SANDBOX}/_sandbox/reset").raise_for_status()
        for name, value in (("tenant", TENANT), ("apps", {"app": {"secret": "hush", "application_user": True}})):
            made.put(f"{SANDBOX}/_sandbox/options/{name}", json=value).raise_for_status()
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "hush"}
        form["scope"] = f"{SANDBOX}/.default"
        token = made.post(f"{SANDBOX}/{TENANT}/oauth2/v2.0/token", data=form).json()["access_token"]
        made.headers["Authorization"] = f"Bearer {token}"
        yield made


@pytest.fixture
def service(session: requests.Session) -> Any:
    return ODataService(f"{SANDBOX}/api/data/v9.2/", session=session, reflect_entities=True, quiet_progress=True)


def test_every_table_becomes_a_class_with_its_columns(service: Any) -> None:
    assert {"accounts", "contacts", "opportunities", "opportunityproducts", "quotes", "salesorders"} <= set(
        service.entities
    )
    assert hasattr(service.entities["opportunities"], "tg_projectcode")


def test_filters_orders_and_limits(service: Any) -> None:
    deals = service.entities["opportunities"]
    found = service.query(deals)
    found = found.filter((deals.tg_legalentity == "ACME-US") & (deals.estimatedvalue >= 100000))
    names = [deal.name for deal in found.order_by(deals.estimatedvalue.desc()).limit(2)]
    assert names == ["Warehouse control tower", "Grid analytics rollout"]
    assert [deal.name for deal in service.query(deals).filter(deals.name.startswith("Schaden"))] == ["Schadenportal"]


def test_a_record_is_made_changed_read_and_deleted(service: Any) -> None:
    accounts = service.entities["accounts"]
    made = accounts()
    made.name, made.accountnumber = "Über Größe", "C-100"
    service.save(made)
    (found,) = service.query(accounts).filter(accounts.accountnumber == "C-100").all()
    assert (found.name, found.creditonhold) == ("Über Größe", False)
    found.name = "Sturmvogel"
    service.save(found)
    assert service.query(accounts).get(found.accountid).name == "Sturmvogel"
    service.delete(found)
    assert service.query(accounts).filter(accounts.accountnumber == "C-100").all() == []


def test_a_refusal_is_told_with_the_vendors_code(service: Any) -> None:
    accounts = service.entities["accounts"]
    for number in (1, 2):
        made = accounts()
        made.name, made.accountnumber = f"n{number}", "C-200"
        if number == 1:
            service.save(made)
            continue
        with pytest.raises(ODataError) as refused:
            service.save(made)
        assert (refused.value.status_code, refused.value.code) == ("HTTP 412", "0x80040237")


def test_a_filter_of_several_parts_and_a_page_of_any_size(service: Any, session: requests.Session) -> None:
    deals = service.entities["opportunities"]
    every = [deal.name for deal in service.query(deals)]
    session.headers["Prefer"] = "odata.maxpagesize=5"
    assert [deal.name for deal in service.query(deals)] == every
    assert len(every) == 12
    either = (deals.tg_legalentity == "ACME-DE") | (deals.name.contains("rollout"))
    found = [deal.name for deal in service.query(deals).filter(either).order_by(deals.name.asc())]
    assert found == sorted(found)
    assert "Grid analytics rollout" in found


def test_a_lookup_is_followed(service: Any) -> None:
    deals = service.entities["opportunities"]
    deal = service.query(deals).filter(deals.name == "Grid analytics rollout").expand(deals.parentaccountid).first()
    assert deal.parentaccountid.name == "Kestrel Energy"
