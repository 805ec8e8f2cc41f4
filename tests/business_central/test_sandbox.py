"""The sandbox refuses what Business Central refuses, in its form."""

import httpx
import pytest

from foundation.sandbox import Box
from tests.business_central.conftest import EXTENSION, STANDARD

NEW = {"tiergateKey": "k1", "displayName": "Sturmvogel Werft GmbH"}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def made(http: httpx.AsyncClient, company: str, **more: object) -> dict[str, str]:
    answer = await http.post(f"{company}/customers", json=NEW | more)
    assert answer.status_code == 201
    found: dict[str, str] = answer.json()
    return found


async def test_a_change_needs_the_version_it_means(http: httpx.AsyncClient, company: str) -> None:
    row = await made(http, company)
    address, change = f"{company}/customers({row['id']})", {"city": "Kiel"}
    assert code(await http.patch(address, json=change)) == (400, "BadRequest_InvalidToken")
    assert code(await http.patch(address, json=change, headers={"If-Match": "12"})) == (400, "BadRequest_InvalidToken")
    first = await http.patch(address, json=change, headers={"If-Match": row["@odata.etag"]})
    assert (first.status_code, first.json()["city"]) == (200, "Kiel")
    late = await http.patch(address, json={"city": "Bonn"}, headers={"If-Match": row["@odata.etag"]})
    assert code(late) == (409, "Request_EntityChanged")
    assert (await http.patch(address, json={"city": "Bonn"}, headers={"If-Match": "*"})).status_code == 200
    assert code(await http.delete(address)) == (400, "BadRequest_InvalidToken")
    assert (await http.delete(address, headers={"If-Match": "*"})).status_code == 204
    assert code(await http.get(address)) == (404, "Internal_RecordNotFound")


async def test_nothing_is_null(http: httpx.AsyncClient, company: str) -> None:
    row = await made(http, company)
    assert (row["blocked"], row["paymentTermsId"], row["creditLimit"]) == (
        "_x0020_",
        "00000000-0000-0000-0000-000000000000",
        0,
    )
    order = (await http.post(f"{company}/salesOrders", json={"customerId": row["id"]})).json()
    assert (order["startsOn"], order["externalDocumentNumber"]) == ("0001-01-01", "")
    assert None not in order.values()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": "C00010"}, "Internal_EntityWithSameKeyExists"),
        ({"balanceDue": 5}, "BadRequest_InvalidOperation"),
        ({"displayName": "x" * 101}, "Application_StringExceededLength"),
        ({"currencyCode": "EUR"}, "Internal_InvalidTableRelation"),
        ({"paymentTermsId": "00000000-0000-4000-8000-000000000001"}, "Internal_InvalidTableRelation"),
        ({"nickname": "x"}, "BadRequest_ResourceNotFound"),
        ({"creditLimit": "many"}, "BadRequest"),
        ({"blocked": "Maybe"}, "BadRequest"),
    ],
)
async def test_what_a_customer_cannot_be(
    http: httpx.AsyncClient, company: str, fields: dict[str, object], said: str
) -> None:
    await made(http, company, number="C00010", tiergateKey="k0")
    assert code(await http.post(f"{company}/customers", json=NEW | fields)) == (400, said)


async def test_the_currency_of_the_company_is_none_and_others_are_known(http: httpx.AsyncClient, company: str) -> None:
    assert (await made(http, company, currencyCode="USD"))["currencyCode"] == "USD"


async def test_lines_are_made_with_their_document_and_changed_without_it(http: httpx.AsyncClient, company: str) -> None:
    customer = await made(http, company)
    body = {"customerId": customer["id"], "salesOrderLines": [{"description": "a", "quantity": 2, "unitPrice": 10.5}]}
    order = (await http.post(f"{company}/salesOrders", json=body)).json()
    assert "salesOrderLines" not in order
    address = f"{company}/salesOrders({order['id']})"
    (line,) = (await http.get(address, params={"$expand": "salesOrderLines"})).json()["salesOrderLines"]
    assert line["netAmount"] == 21
    every = {"If-Match": "*"}
    assert code(await http.patch(address, json={"salesOrderLines": []}, headers=every)) == (400, "BadRequest")
    second = await http.post(f"{address}/salesOrderLines", json={"description": "b", "unitPrice": 1})
    assert second.status_code == 201
    assert len((await http.get(f"{address}/salesOrderLines")).json()["value"]) == 2
    alone = await http.post(f"{company}/salesOrderLines", json={"description": "c"})
    assert code(alone) == (400, "Application_DialogException")
    assert code(await http.post(f"{company}/salesOrders", json={})) == (400, "Application_DialogException")


async def test_pages_go_on_at_the_link_until_there_is_none(http: httpx.AsyncClient, company: str) -> None:
    for number in range(5):
        await made(http, company, tiergateKey=f"k{number}", number=f"N{number}")
    prefer = {"Prefer": "odata.maxpagesize=2"}
    seen, link = list[str](), f"{company}/customers?$orderby=number desc"
    while link:
        page = (await http.get(link, headers=prefer)).json()
        assert len(page["value"]) <= 2
        seen += [row["number"] for row in page["value"]]
        link = page.get("@odata.nextLink", "")
    assert seen == ["N4", "N3", "N2", "N1", "N0"]
    assert code(await http.get(f"{company}/customers", headers={"Prefer": "odata.maxpagesize=20001"}))[0] == 413


async def test_a_filter_compares_and_says_when_it_cannot(http: httpx.AsyncClient, company: str) -> None:
    await made(http, company, tiergateKey="it's", number="N1", creditLimit=10)
    await made(http, company, number="N2", creditLimit=20)

    async def found(text: str) -> list[str]:
        rows = (await http.get(f"{company}/customers", params={"$filter": text})).json()["value"]
        return [row["number"] for row in rows]

    assert await found("tiergateKey eq 'it''s'") == ["N1"]
    assert await found("creditLimit gt 10 and number ne 'N1'") == ["N2"]
    wrong = await http.get(f"{company}/customers", params={"$filter": "number like 'N'"})
    assert code(wrong) == (400, "Application_FilterErrorException")
    assert code(await http.get(f"{company}/customers", params={"$filter": "nick eq 'x'"}))[0] == 400


async def test_companies_do_not_see_each_other(http: httpx.AsyncClient, box: Box, company: str) -> None:
    row = await made(http, company)
    other = f"{EXTENSION}/companies({box.store.find('companies', name='ACME-US')[0]['id']})"
    assert code(await http.get(f"{other}/customers({row['id']})")) == (404, "Internal_RecordNotFound")
    order = await http.post(f"{other}/salesOrders", json={"customerId": row["id"]})
    assert code(order) == (400, "Internal_InvalidTableRelation")
    nowhere = await http.get(f"{EXTENSION}/companies(00000000-0000-4000-8000-000000000009)/customers")
    assert code(nowhere) == (404, "Internal_CompanyNotFound")


async def test_addresses_are_case_sensitive_and_each_page_is_in_its_own_api(
    http: httpx.AsyncClient, company: str
) -> None:
    for address in (
        f"{company}/Customers",
        f"{company}/paymentTerms",
        company.replace(EXTENSION, STANDARD) + "/projects",
        company.replace("Production", "Sandbox") + "/customers",
    ):
        assert code(await http.get(address)) == (404, "BadRequest_NotFound")
    assert code(await http.post(f"{company}/entitySettings", json={})) == (405, "BadRequest_MethodNotAllowed")


async def test_more_than_the_limit_is_throttled_until_the_window_is_over(http: httpx.AsyncClient, box: Box) -> None:
    box.store.set_setting("request_limit", 2)
    answers = [await http.get(f"{STANDARD}/companies") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Retry-After" not in answers[2].headers
    box.store.set_setting("_clock_ahead", 301)
    assert (await http.get(f"{STANDARD}/companies")).status_code == 200


async def test_metadata_names_entities_fields_and_words(http: httpx.AsyncClient) -> None:
    text = (await http.get(f"{EXTENSION}/$metadata")).text
    assert '<EntityType Name="customer">' in text
    assert '<Member Name="In_x0020_Approval"' in text
    assert '<NavigationProperty Name="customers" Type="Collection(Microsoft.NAV.customer)"' in text
    assert '<EntityType Name="currency">' not in text
    assert '<EntityType Name="company">' in (await http.get(f"{STANDARD}/$metadata")).text


async def test_who_asks_for_the_first_schema_reads_and_writes_captions(http: httpx.AsyncClient) -> None:
    asked = {"$schemaversion": "1.0"}
    text = (await http.get(f"{EXTENSION}/$metadata", params=asked)).text
    assert '<Property Name="blocked" Type="Edm.String"/>' in text
    assert "<EnumType" not in text
