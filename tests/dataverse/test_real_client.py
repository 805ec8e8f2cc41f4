"""python-odata, unmodified, against the served sandbox: it reads our metadata and believes it talks to Dataverse."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from odata import ODataService
from odata.exceptions import ODataError

from foundation.sandbox.server import Address
from system_apis.dataverse.sandbox import SANDBOX
from tests.served import served


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The sandbox in a thread of its own, since the client blocks."""
    with served(SANDBOX, tmp_path_factory.mktemp("dataverse")) as address:
        yield address


@pytest.fixture
def service(organisation: Address) -> Iterator[Any]:
    """A client with a token on a fresh organisation, its classes made from `$metadata`."""
    with httpx.Client(base_url=organisation.url, trust_env=False) as control:
        control.post("/_sandbox/reset")
        control.put("/_sandbox/options/tenant", json="acme.example")
        control.put("/_sandbox/options/apps", json={"app": {"secret": "hush", "application_user": True}})
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "hush"}
        scope = {"scope": f"{organisation.url}/.default"}
        token = control.post("/acme.example/oauth2/v2.0/token", data=form | scope).json()["access_token"]
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        url = f"{organisation.url}/api/data/v9.2/"
        yield ODataService(url, session=session, reflect_entities=True, quiet_progress=True)


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
