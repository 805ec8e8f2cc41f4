"""The sandbox refuses what SAP refuses, and answers in its forms."""

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from foundation.sandbox import Box

SERVICES = "/sap/opu/odata/sap"
BP, SO = f"{SERVICES}/API_BUSINESS_PARTNER", f"{SERVICES}/API_SALES_ORDER_SRV"
EP = f"{SERVICES}/API_ENTERPRISE_PROJECT_SRV;v=0002"
PARTNER = {"BusinessPartnerCategory": "2", "OrganizationBPName1": "Elbe Werke"}
PROJECT = {
    "Project": "PRA-1",
    "ProjectDescription": "Umbau",
    "ProjectStartDate": "2026-01-01T00:00:00.0000000Z",
    "ProjectEndDate": "/Date(1782777600000)/",
    "ResponsibleCostCenter": "10101601",
    "ProfitCenter": "YB900",
    "ProjectProfileCode": "YP03",
    "ProjectCurrency": "EUR",
    "CompanyCode": "1010",
    "to_EnterpriseProjectElement": [{"ProjectElement": "PRA-1-PLAN", "ProjectElementDescription": "Plan"}],
}


async def made(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["d"]
    return found


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_write_without_a_session_is_refused_in_plain_text(http: httpx.AsyncClient) -> None:
    token = (await http.get(f"{BP}/")).request.headers["Authorization"]
    transport = http._transport
    async with httpx.AsyncClient(transport=transport, base_url=http.base_url) as bare:
        bare.headers.update({"Authorization": token, "Accept": "application/json"})
        refused = await bare.post(f"{BP}/A_BusinessPartner", json=PARTNER)
        assert (refused.status_code, refused.headers["x-csrf-token"]) == (403, "Required")
        assert refused.headers["Content-Type"].startswith("text/plain")
        fetched = await bare.get(f"{BP}/", headers={"X-CSRF-Token": "Fetch"})
        assert fetched.status_code == 200
        good = {"X-CSRF-Token": fetched.headers["x-csrf-token"]}
        assert (await bare.post(f"{BP}/A_BusinessPartner", json=PARTNER, headers=good)).status_code == 201
        bare.cookies.clear()
        alone = await bare.post(f"{BP}/A_BusinessPartner", json=PARTNER, headers=good)
        assert alone.status_code == 403, "a token without its cookies is none"


async def test_a_session_ends_after_half_an_hour(box: Box, http: httpx.AsyncClient) -> None:
    token = (await http.get(f"{BP}/")).request.headers["Authorization"]
    async with httpx.AsyncClient(transport=box.transport(), base_url=http.base_url) as bare:
        bare.headers.update({"Authorization": token, "Accept": "application/json"})
        fetched = await bare.get(f"{BP}/", headers={"X-CSRF-Token": "fetch"})
        box.store.set_setting("_clock_ahead", 1801)
        late = {"X-CSRF-Token": fetched.headers["x-csrf-token"]}
        assert (await bare.post(f"{BP}/A_BusinessPartner", json=PARTNER, headers=late)).status_code == 403


async def test_nobody_is_let_in_without_a_token_or_password(box: Box, http: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(transport=box.transport(), base_url=http.base_url) as bare:
        for said in ("", "Bearer made-up", "Basic !!", "Basic eDp5"):
            answer = await bare.get(f"{BP}/A_BusinessPartner", headers={"Authorization": said})
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
            assert answer.headers["Content-Type"].startswith("text/html")


async def test_atom_is_what_comes_when_nobody_asks_for_json(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{BP}/A_BusinessPartner?$top=1", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert ET.fromstring(answer.text).tag.endswith("feed")
    assert "d" in (await http.get(f"{BP}/A_BusinessPartner?$format=json", headers={"Accept": "*/*"})).json()


async def test_metadata_names_every_property_and_what_was_never_set_up_is_not_there(
    box: Box, http: httpx.AsyncClient
) -> None:
    names = set(property_names((await http.get(f"{SO}/$metadata")).text))
    assert {"A_SalesOrderType.SalesOrder", "A_SlsOrderItemBillingPlanItemType.BillingPlanAmount"} <= names
    box.store.set_setting("hidden_fields", ["A_SalesOrder.YY1_TGKey_SDH"])
    less = set(property_names((await http.get(f"{SO}/$metadata")).text))
    assert names - less == {"A_SalesOrderType.YY1_TGKey_SDH"}


def property_names(text: str) -> list[str]:
    space = "{http://schemas.microsoft.com/ado/2008/09/edm}"
    types = ET.fromstring(text).iter(f"{space}EntityType")
    return [f"{kind.get('Name')}.{each.get('Name')}" for kind in types for each in kind.iter(f"{space}Property")]


async def test_a_change_of_a_head_says_its_version(http: httpx.AsyncClient) -> None:
    partner = await made(http, f"{BP}/A_BusinessPartner", PARTNER)
    at, etag = partner["__metadata"]["uri"], partner["__metadata"]["etag"]
    new = {"OrganizationBPName1": "Weser Werke"}
    assert code(await http.patch(at, json=new)) == (428, "/IWBEP/CM_MGW_RT/175")
    changed = await http.patch(at, json=new, headers={"If-Match": etag})
    assert (changed.status_code, changed.content) == (204, b"")
    assert changed.headers["etag"] != etag
    assert code(await http.patch(at, json=new, headers={"If-Match": etag})) == (412, "/IWBEP/CM_MGW_RT/022")
    merge = {"X-HTTP-Method": "MERGE", "If-Match": "*"}
    assert (await http.post(at, json=new, headers=merge)).status_code == 204
    assert (await http.get(at)).json()["d"]["OrganizationBPName1"] == "Weser Werke"


async def test_a_child_has_no_version_and_its_change_moves_the_head_on(http: httpx.AsyncClient) -> None:
    body = PARTNER | {"to_BusinessPartnerAddress": {"results": [{"Country": "DE", "CityName": "Kiel"}]}}
    partner = await made(http, f"{BP}/A_BusinessPartner", body)
    at = partner["__metadata"]["uri"]
    (address,) = (await http.get(f"{at}/to_BusinessPartnerAddress")).json()["d"]["results"]
    assert "etag" not in address["__metadata"]
    assert (await http.patch(address["__metadata"]["uri"], json={"CityName": "Bonn"})).status_code == 204
    assert (await http.get(at)).headers["etag"] != partner["__metadata"]["etag"]


async def test_there_is_no_deep_update(http: httpx.AsyncClient) -> None:
    partner = await made(http, f"{BP}/A_BusinessPartner", PARTNER)
    body = {"to_BusinessPartnerAddress": [{"Country": "DE"}]}
    refused = await http.patch(partner["__metadata"]["uri"], json=body, headers={"If-Match": "*"})
    assert refused.status_code == 400
    assert "Deep update is not supported" in refused.text


async def test_a_deep_insert_is_there_whole_or_not_at_all(box: Box, http: httpx.AsyncClient) -> None:
    body = PARTNER | {"to_BusinessPartnerAddress": [{"CityName": "Kiel"}]}
    before = box.store.contents()
    refused = await http.post(f"{BP}/A_BusinessPartner", json=body)
    assert code(refused) == (400, "V1/489")
    details = refused.json()["error"]["innererror"]["errordetails"]
    assert [each["target"] for each in details] == ["Country", ""]
    assert box.store.contents() == before


async def test_a_partner_is_a_customer_by_its_role(http: httpx.AsyncClient) -> None:
    company = {"to_CustomerCompany": [{"CompanyCode": "1010", "ReconciliationAccount": "12100000"}]}
    refused = await http.post(f"{BP}/A_BusinessPartner", json=PARTNER | {"to_Customer": company})
    assert code(refused) == (400, "R11/218")
    body = PARTNER | {"to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU00"}], "to_Customer": company}
    partner = await made(http, f"{BP}/A_BusinessPartner", body)
    assert partner["Customer"] == partner["BusinessPartner"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ProjectNickname": "x"}, "005056A509B11EE1B9A8FEC11C21578E"),
        ({"ProjectCurrency": "XXX"}, "SV/201"),
        ({"ResponsibleCostCenter": "99991601"}, "KI/235"),
        ({"ProjectEndDate": "2025-12-31T00:00:00"}, "CJ/223"),
        ({"ResponsibleCostCenter": ""}, "V1/489"),
        ({"ProjectDescription": "x" * 61}, "005056A509B11ED1BDCCB3B7B3C28E3D"),
        ({"ProjectStartDate": "2026-01-01"}, "005056A509B11ED1BDCCB3B7B3C28E3D"),
        ({"YY1_TGBudget_PPH": 12.5}, "005056A509B11ED1BDCCB3B7B3C28E3D"),
        ({"EntProjectIsConfidential": "X"}, "005056A509B11ED1BDCCB3B7B3C28E3D"),
    ],
)
async def test_what_a_project_cannot_be_is_refused(
    http: httpx.AsyncClient, change: dict[str, Any], expected: str
) -> None:
    assert code(await http.post(f"{EP}/A_EnterpriseProject", json=PROJECT | change)) == (400, expected)


async def test_a_project_moves_by_an_action_and_takes_its_elements_along(http: httpx.AsyncClient, box: Box) -> None:
    project = await made(http, f"{EP}/A_EnterpriseProject", PROJECT | {"ProcessingStatus": "40"})
    at, uuid = project["__metadata"]["uri"], project["ProjectUUID"]

    async def moved(status: str, **headers: str) -> httpx.Response:
        said = f"ProjectUUID=guid'{uuid}'&ProcessingStatus='{status}'"
        return await http.post(f"{EP}/ChangeEntProjProcgStatus?{said}", json={}, headers=headers)

    changed = await http.patch(at, json={"ProcessingStatus": "40"}, headers={"If-Match": "*"})
    assert (changed.status_code, project["ProcessingStatus"]) == (204, "00")
    assert code(await moved("10")) == (428, "/IWBEP/CM_MGW_RT/175")
    assert code(await moved("10", **{"If-Match": project["__metadata"]["etag"]})) == (412, "/IWBEP/CM_MGW_RT/022")
    assert code(await moved("99", **{"If-Match": "*"})) == (400, "CJ/118")
    released = await moved("10", **{"If-Match": "*"})
    assert (released.status_code, released.json()["d"]["ProcessingStatus"]) == (200, "10")
    (plan,) = box.store.all("A_EnterpriseProjectElement")
    assert plan["ProcessingStatus"] == "10"
    for follows, status in ((False, "00"), (True, "10")):
        box.store.set_setting("elements_follow", follows)
        body = {"ProjectUUID": uuid, "ProjectElement": f"PRA-1.{status}"}
        assert (await made(http, f"{EP}/A_EnterpriseProjectElement", body))["ProcessingStatus"] == status


async def test_a_project_is_made_with_its_elements_and_its_id_is_its_own(http: httpx.AsyncClient) -> None:
    project = await made(http, f"{EP}/A_EnterpriseProject", PROJECT)
    assert (project["ProcessingStatus"], project["ProjectStartDate"]) == ("00", "/Date(1767225600000)/")
    assert project["ProjectEndDate"] == "/Date(1782777600000)/"
    again = await http.post(f"{EP}/A_EnterpriseProject", json=PROJECT)
    assert code(again) == (400, "CJ/402")
    elements = await http.get(project["__metadata"]["uri"] + "/to_EnterpriseProjectElement/$count")
    assert elements.text == "1"


async def test_pages_have_a_token_and_a_count_that_is_text(box: Box, http: httpx.AsyncClient) -> None:
    for number in range(5):
        await made(http, f"{BP}/A_BusinessPartner", PARTNER | {"OrganizationBPName1": f"Werk {number}"})
    box.store.set_setting("page_size", 2)
    query = "$filter=startswith(OrganizationBPName1,'Werk') eq true&$inlinecount=allpages&$orderby=OrganizationBPName1"
    address, names = f"{BP}/A_BusinessPartner?{query}", []
    while address:
        page = (await http.get(address)).json()["d"]
        assert page["__count"] == "5"
        names += [each["OrganizationBPName1"] for each in page["results"]]
        address = page.get("__next", "")
    assert names == [f"Werk {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$filter=Nobody eq 'x'", 400),
        ("$filter=BusinessPartner eq", 400),
        ("$filter=BusinessPartner like 'x'", 400),
        ("$select=Nobody", 400),
        ("$expand=to_Nobody", 404),
        ("$top=x", 400),
    ],
)
async def test_a_question_that_cannot_be_read_is_refused(http: httpx.AsyncClient, query: str, status: int) -> None:
    assert (await http.get(f"{BP}/A_BusinessPartner?{query}")).status_code == status


async def test_filters_and_and_or_and_quotes(http: httpx.AsyncClient) -> None:
    for name in ("O'Hara", "Elbe", "Weser"):
        await made(http, f"{BP}/A_BusinessPartner", PARTNER | {"OrganizationBPName1": name, "SearchTerm1": "T"})
    expected = {
        "OrganizationBPName1 eq 'O''Hara'": 1,
        "SearchTerm1 eq 'T' and (OrganizationBPName1 eq 'Elbe' or OrganizationBPName1 eq 'Weser')": 2,
        "SearchTerm1 eq 'T' and not (OrganizationBPName1 eq 'Elbe')": 2,
        "substringof('ese',OrganizationBPName1)": 1,
        "SearchTerm1 eq 'T' and LastChangeDate ge datetime'2020-01-01T00:00:00'": 3,
        "SearchTerm1 eq 'T' and BusinessPartnerIsBlocked eq true": 0,
    }
    for text, number in expected.items():
        answer = await http.get(f"{BP}/A_BusinessPartner/$count", params={"$filter": text})
        assert answer.text == str(number), text


async def test_what_is_not_there_says_so_in_its_own_way(box: Box, http: httpx.AsyncClient) -> None:
    assert code(await http.get(f"{BP}/A_BusinessPartner('1')")) == (404, "/IWBEP/CM_MGW_RT/020")
    assert code(await http.get(f"{BP}/A_Nobody")) == (404, "/IWFND/CM_MGW/051")
    assert code(await http.get(f"{BP}/A_SalesOrder")) == (404, "/IWFND/CM_MGW/051"), "it is another service's"
    assert code(await http.get(f"{SERVICES}/API_NOBODY/A_X")) == (403, "/IWFND/MED/170")
    assert code(await http.get(f"{BP}/A_BusinessPartner(1)")) == (400, "005056A509B11EE1B9A8FEC11C23378E")
    box.store.set_setting("denied_services", ["ZTG_FIRM"])
    firm = "/sap/opu/odata4/sap/ztg_firm/srvd_a2x/sap/ztg_firm/0001/LegalEntity"
    refused = (await http.get(firm)).json()["error"]
    assert isinstance(refused["message"], str), "V4 says it plainly"


async def test_leading_zeros_say_the_same_number(http: httpx.AsyncClient) -> None:
    partner = await made(http, f"{BP}/A_BusinessPartner", PARTNER)
    padded = partner["BusinessPartner"].rjust(10, "0")
    assert (await http.get(f"{BP}/A_BusinessPartner('{padded}')")).status_code == 200


async def test_v4_pages_by_a_link_and_writes_plain_values(box: Box, http: httpx.AsyncClient) -> None:
    box.store.set_setting("page_size", 2)
    firm = "/sap/opu/odata4/sap/ztg_firm/srvd_a2x/sap/ztg_firm/0001/LegalEntity"
    first = (await http.get(f"{firm}?$count=true&$expand=_Period")).json()
    assert (first["@odata.count"], len(first["value"])) == (3, 2)
    assert first["value"][0]["_Period"][0]["IsOpen"] is False
    assert first["@odata.nextLink"].startswith("LegalEntity?$skiptoken=")
    assert (await http.get(f"{firm}?$expand=_Nobody")).status_code == 400
