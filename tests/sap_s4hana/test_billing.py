"""What the sandbox does of billing: requests are billed once, posted in open periods, settled as accounting settles."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.sap_s4hana.sandbox import billing_service
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import create

DEBITS = "/sap/opu/odata/sap/API_DEBIT_MEMO_REQUEST_SRV"
CREATE = f"{billing_service.PATH}/BillingDocument/SAP__self.CreateFromSDDocument"
CUSTOMER = "10100777"


def requested(box: Box, word: str = "Debit", rate: str = "33.335", **more: Any) -> str:
    key = f"{word}MemoRequest"
    price = {"ConditionType": "PPR0", "ConditionRateValue": rate, "ConditionCurrency": "EUR"}
    item = {"Material": "TIERGATE-SERVICES", "RequestedQuantity": "3", "to_PricingElement": [price]}
    area = {"SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00"}
    body = {f"{key}Type": "DR", "SoldToParty": CUSTOMER, "TransactionCurrency": "EUR", "to_Item": [item]}
    with box.store.transaction():
        return str(create(box, SETS[f"A_{key}"], area | body | more)[key])


@pytest.fixture
def customer(box: Box) -> str:
    """One at home, so that it is taxed."""
    area = {"SalesOrganization": "1010", "DistributionChannel": "10", "Division": "00", "Currency": "EUR"}
    body = {
        "BusinessPartner": CUSTOMER,
        "BusinessPartnerCategory": "2",
        "OrganizationBPName1": "Sturmvogel Werft GmbH",
        "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU01"}],
        "to_BusinessPartnerAddress": [{"Country": "DE"}],
        "to_Customer": {
            "to_CustomerCompany": [{"CompanyCode": "1010", "ReconciliationAccount": "12100000"}],
            "to_CustomerSalesArea": [area],
        },
    }
    with box.store.transaction():
        create(box, SETS["A_BusinessPartner"], body)
    return CUSTOMER


async def bill(http: httpx.AsyncClient, number: str, day: str = "", category: str = "L") -> list[dict[str, Any]]:
    reference = {"SDDocument": number, "SDDocumentCategory": category} | ({"BillingDocumentDate": day} if day else {})
    answer = await http.post(CREATE, json={"_Reference": [reference]})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def left(box: Box, document: str) -> Decimal:
    """What is open of an accounting document, with what is held against it."""
    rows = [
        each
        for each in box.store.all(billing_service.ENTRIES)
        if document in (each["AccountingDocument"], each.get("InvoiceReference"))
        and not each.get("ClearingAccountingDocument")
    ]
    return sum((Decimal(each["AmountInTransactionCurrency"]) for each in rows), Decimal(0))


async def test_a_request_is_billed_once_rounded_and_taxed_and_then_left_alone(
    http: httpx.AsyncClient, box: Box, customer: str
) -> None:
    number = requested(box)
    (made,) = await bill(http, number)
    assert (made["TotalNetAmount"], made["TotalTaxAmount"], made["AccountingPostingStatus"]) == (100.01, 19, "C")
    assert await bill(http, number) == [], "nothing is left to be billed"
    address = f"{DEBITS}/A_DebitMemoRequest('{number}')"
    refused = await http.patch(address, json={"PurchaseOrderByCustomer": "x"}, headers={"If-Match": "*"})
    assert (refused.status_code, "billed already" in refused.text) == (400, True)


async def test_into_a_closed_period_it_is_billed_and_accounting_refuses_it(
    http: httpx.AsyncClient, box: Box, customer: str
) -> None:
    (made,) = await bill(http, requested(box), day="2020-01-15")
    assert not made.get("AccountingDocument")
    address = f"{billing_service.PATH}/BillingDocument('{made['BillingDocument']}')/SAP__self.PostToAccounting"
    refused = await http.post(address, json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "F5/201")
    box.store.update("A_BillingDocument", made["BillingDocument"], {"BillingDocumentDate": str(box.now().date())})
    assert (await http.post(address, json={})).status_code == 200
    assert (await http.post(address, json={})).json()["error"]["code"] == "VF/062"


async def test_what_is_paid_in_part_is_held_against_the_invoice_and_the_last_part_clears_it_all(
    http: httpx.AsyncClient, box: Box, customer: str
) -> None:
    (made,) = await bill(http, requested(box))
    document = made["AccountingDocument"]
    fields = {"Customer": customer, "PostingDate": "2026-12-20", "TransactionCurrency": "EUR"}
    billing_service.paid(box, "1010", fields, [(document, Decimal(19)), ("", Decimal(5))])
    assert left(box, document) == Decimal("100.01")
    billing_service.paid(box, "1010", fields, [(document, Decimal("100.01"))])
    rows = box.store.find(billing_service.ENTRIES, CompanyCode="1010")
    still = [each for each in rows if not each.get("ClearingAccountingDocument")]
    assert [each["AmountInTransactionCurrency"] for each in still] == ["-5"], "only what is on account stays open"


async def test_a_credit_memo_of_an_invoice_is_held_against_it(http: httpx.AsyncClient, box: Box, customer: str) -> None:
    (made,) = await bill(http, requested(box))
    number = requested(box, "Credit", "10", ReferenceSDDocument=made["BillingDocument"])
    (memo,) = await bill(http, number, category="K")
    assert memo["SDDocumentCategory"] == "O"
    assert left(box, made["AccountingDocument"]) == Decimal("119.01") - Decimal("35.70")


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 200), ("/BillingDocument", 404), ("/BillingDocument('1')/SAP__self.PostToAccounting", 404)],
)
async def test_the_service_gives_a_token_and_nothing_else_to_read(
    http: httpx.AsyncClient, path: str, status: int
) -> None:
    asked = http.get(f"{billing_service.PATH}/") if not path else http.get(f"{billing_service.PATH}{path}")
    assert (await asked).status_code == status


async def test_billing_documents_and_accounting_items_are_only_read(http: httpx.AsyncClient) -> None:
    for address in (
        "API_BILLING_DOCUMENT_SRV/A_BillingDocument",
        "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube",
    ):
        assert (await http.post(f"/sap/opu/odata/sap/{address}", json={})).status_code == 405
