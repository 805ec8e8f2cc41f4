"""pyodata, unmodified, against the served sandbox: it reads our `$metadata` and believes it talks to SAP."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyodata
import pytest
import requests
from pyodata.exceptions import HttpError, PyODataException

from foundation.sandbox.server import Address, addresses, serve
from system_apis.sap_s4hana.sandbox import SANDBOX

SERVICES = "/sap/opu/odata/sap"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The sandbox in a thread of its own, since the client blocks."""
    state: Path = tmp_path_factory.mktemp("sap_s4hana")
    up = threading.Event()
    stopped: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        ready, stop = asyncio.Event(), asyncio.Event()
        stopped.append((asyncio.get_running_loop(), stop))
        serving = asyncio.create_task(serve([SANDBOX], state, ready=ready, stop=stop))
        await ready.wait()
        up.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert up.wait(20)
    yield addresses(state)["sap_s4hana"]
    loop, stop = stopped[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


@pytest.fixture
def session(tenant: Address) -> Iterator[requests.Session]:
    """Signed in as a communication user, its session opened as pyodata's own manual says."""
    with requests.Session() as made:
        made.trust_env = False
        made.post(f"{tenant.url}/_sandbox/reset").raise_for_status()
        for name, value in (("user", "TIERGATE"), ("password", "hush")):
            made.put(f"{tenant.url}/_sandbox/options/{name}", json=value).raise_for_status()
        made.auth = ("TIERGATE", "hush")
        fetched = made.head(f"{tenant.url}{SERVICES}/API_BUSINESS_PARTNER/", headers={"x-csrf-token": "fetch"})
        made.headers["x-csrf-token"] = fetched.headers["x-csrf-token"]
        yield made


@pytest.fixture
def partners(tenant: Address, session: requests.Session) -> Any:
    return pyodata.Client(f"{tenant.url}{SERVICES}/API_BUSINESS_PARTNER/", session).entity_sets.A_BusinessPartner


@pytest.mark.real
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
def test_every_service_describes_itself(
    tenant: Address, session: requests.Session, service: str, kind: str, field: str
) -> None:
    client = pyodata.Client(f"{tenant.url}{SERVICES}/{service}/", session)
    assert client.schema.entity_type(kind).proprty(field).name == field


@pytest.mark.real
def test_a_partner_is_made_changed_and_found(partners: Any) -> None:
    made = partners.create_entity().set(BusinessPartnerCategory="2", OrganizationBPName1="Größe & Sohn").execute()
    change = partners.update_entity(BusinessPartner=made.BusinessPartner).set(OrganizationBPName1="O'Weser")
    change.add_headers({"If-Match": "*"})
    change.execute()
    (found,) = partners.get_entities().filter("OrganizationBPName1 eq 'O''Weser'").execute()
    assert (found.BusinessPartner, found.BusinessPartnerIsBlocked) == (made.BusinessPartner, False)
    assert partners.get_entities().count().execute() == 2
    assert partners.get_entity(made.BusinessPartner).execute().OrganizationBPName1 == "O'Weser"


@pytest.mark.real
def test_a_change_without_its_version_is_refused(partners: Any) -> None:
    made = partners.create_entity().set(BusinessPartnerCategory="2", OrganizationBPName1="Elbe").execute()
    with pytest.raises(HttpError) as refused:
        partners.update_entity(BusinessPartner=made.BusinessPartner).set(OrganizationBPName1="x").execute()
    assert refused.value.response.status_code == 428


@pytest.mark.real
def test_a_field_there_is_none_of_is_known_before_it_is_sent(partners: Any) -> None:
    with pytest.raises((PyODataException, KeyError)):
        partners.create_entity().set(OrganizationNickname="x")
