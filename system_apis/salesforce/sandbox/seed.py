"""The org at first: the firm's accounts and people, and twelve open deals, each with a quote and a contract."""

from typing import Final

from foundation.sandbox import Box, Record, encode
from foundation.sandbox.firm import ACCOUNTS, Account, Deal, Role, deals, item_code, twin
from foundation.sandbox.salesforce.rows import found_org
from system_apis.salesforce.sandbox import org
from system_apis.salesforce.sandbox.schema import KINDS

_CONTRACT_TYPES: Final = {
    "tm": "Time and Materials",
    "fixed": "Fixed Price",
    "milestone": "Milestone",
    "retainer": "Retainer",
    "managed": "Managed Service",
    "nte": "Not to Exceed",
}

_BY_LINE: Final = (4, 6)
"""Deals that are sold product by product, so that their amount is the lines' sum."""
_TALKED_ABOUT: Final = 10
"""The deal whose contract has an amendment in draft."""
_ORDERED_BY_HAND: Final = 6
"""The deal whose seller has made an order of the quote in Salesforce already."""


def seed(box: Box, count: int = 12) -> None:
    """Fill an empty org, with so many deals. Accounts and deals have the ids the other sandboxes know them by."""
    found_org(box)
    for account in ACCOUNTS:
        _account(box, account)
    products: dict[str, str] = {}
    for deal in deals(box.now().date(), count):
        _deal(box, deal, products)


def _account(box: Box, account: Account) -> None:
    fields: Record = {
        "Name": account.name,
        "Legal_Name__c": account.legal_name,
        "BillingStreet": account.street,
        "BillingCity": account.city,
        "BillingStateCode": account.subdivision,
        "BillingPostalCode": account.postal,
        "BillingCountryCode": account.country,
        "CurrencyIsoCode": account.currency,
        "Payment_Terms__c": account.terms,
        "PO_Required__c": True,
    }
    if account.tax:
        fields |= {
            "Tax_Registration__c": account.tax.number,
            "Tax_Scheme__c": account.tax.scheme,
            "Tax_Country__c": account.tax.country,
        }
    made = _make(box, "Account", fields)
    assert made == account.id, "the firm's account ids follow the order they are seeded in"
    for person in account.contacts:
        _make(
            box,
            "Contact",
            {
                "AccountId": account.id,
                "FirstName": person.given,
                "LastName": person.family,
                "Email": person.email,
                "Title": person.title,
                "Role__c": person.role.capitalize(),
            },
        )


def _deal(box: Box, deal: Deal, products: dict[str, str]) -> None:
    made = _make(
        box,
        "Opportunity",
        {
            "AccountId": deal.account.id,
            "Name": deal.name,
            "StageName": "Negotiation/Review",
            "Amount": deal.amount,
            "CloseDate": box.now().date().isoformat(),
            "CurrencyIsoCode": deal.currency,
            "Legal_Entity__c": deal.entity,
            "Delivery_Entities__c": ";".join(deal.delivery_entities),
            "Contract_Type__c": _CONTRACT_TYPES[deal.contract_type],
            "Practice__c": deal.practice,
            "Expected_Start__c": deal.start.isoformat(),
            "Expected_End__c": deal.end.isoformat(),
            "Role_Demand__c": encode([_demand(deal, role) for role in deal.roles]),
            "Project_Manager__c": deal.project_manager,
            "PO_Number__c": deal.po_number,
        },
    )
    assert made == deal.id, "the firm's deal ids follow the order they are seeded in"
    links = {"SyncedQuoteId": _quote(box, deal, products), "ContractId": _contract(box, deal)}
    org.update(box, KINDS["opportunity"], deal.id, links)
    if twin(deal.number) == _ORDERED_BY_HAND:
        _order(box, deal, links, products)
    if twin(deal.number) in _BY_LINE:
        for number, role in enumerate(deal.roles, 1):
            line = {"OpportunityId": deal.id, "Product2Id": products[role.name], "SortOrder": number}
            line |= {"Quantity": role.hours, "UnitPrice": role.rate, "ListPrice": role.rate}
            _make(box, "OpportunityLineItem", line | {"ServiceDate": deal.start.isoformat()})


def _quote(box: Box, deal: Deal, products: dict[str, str]) -> str:
    quote = _make(
        box,
        "Quote",
        {
            "OpportunityId": deal.id,
            "Name": f"{deal.name}, final offer",
            "Status": "Accepted",
            "ExpirationDate": deal.start.isoformat(),
            "CurrencyIsoCode": deal.quote_currency,
            "Revision__c": 1,
            "Signed_On__c": box.now().date().isoformat(),
            "Signature_Envelope__c": f"envelope-{deal.number}",
        },
    )
    for number, role in enumerate(deal.roles, 1):
        if role.name not in products:
            products[role.name] = _make(
                box,
                "Product2",
                {"Name": f"{role.name}, hours", "ProductCode": item_code(role.name), "Family": "Services"},
            )
        _make(
            box,
            "QuoteLineItem",
            {
                "QuoteId": quote,
                "Product2Id": products[role.name],
                "SortOrder": number,
                "Quantity": role.hours,
                "UnitPrice": role.rate,
                "ListPrice": role.rate,
                "Role__c": role.name,
            },
        )
    return quote


def _order(box: Box, deal: Deal, links: Record, products: dict[str, str]) -> None:
    order: Record = {"AccountId": deal.account.id, "OpportunityId": deal.id, "QuoteId": links["SyncedQuoteId"]}
    order |= {"ContractId": links["ContractId"], "Name": deal.name, "CurrencyIsoCode": deal.quote_currency}
    order |= {"EffectiveDate": deal.start.isoformat(), "EndDate": deal.end.isoformat(), "PoNumber": deal.po_number}
    made = _make(box, "Order", order)
    for role in deal.roles:
        line = {"OrderId": made, "Product2Id": products[role.name], "Quantity": role.hours, "UnitPrice": role.rate}
        days = {"ServiceDate": deal.start.isoformat(), "EndDate": deal.end.isoformat()}
        _make(box, "OrderItem", line | days | {"ListPrice": role.rate})


def _contract(box: Box, deal: Deal) -> str:
    contract = _make(
        box,
        "Contract",
        {
            "AccountId": deal.account.id,
            "Name": deal.name,
            "StartDate": deal.start.isoformat(),
            "EndDate": deal.end.isoformat(),
            "CurrencyIsoCode": deal.currency,
            "Contract_Value__c": deal.amount,
            "Contract_Type__c": _CONTRACT_TYPES[deal.contract_type],
            "Payment_Terms__c": deal.account.terms,
            "PO_Number__c": deal.po_number,
            "Opportunity__c": deal.id,
            "Governing_Law__c": deal.governing_law,
        },
    )
    for number, role in enumerate(deal.roles, 1):
        line = {"Contract__c": contract, "Sort_Order__c": number, "Name": role.name, "CurrencyIsoCode": deal.currency}
        line |= {"Amount__c": role.hours * role.rate, "Billing_Method__c": _CONTRACT_TYPES[deal.contract_type]}
        _make(box, "Contract_Line__c", line)
    state: Record = {"Status": "In Approval Process"}
    if deal.signed:
        state = {"Status": "Activated", "CustomerSignedDate": box.now().date().isoformat()}
        state |= {"Document_Hash__c": deal.document, "Signature_Envelope__c": deal.envelope}
    if deal.number == _TALKED_ABOUT:
        planned = {"Contract__c": contract, "Number__c": 1, "Based_On__c": 0, "CurrencyIsoCode": deal.currency}
        _make(box, "Contract_Amendment__c", planned | {"Effective_Date__c": deal.end.isoformat()})
    org.update(box, KINDS["contract"], contract, state)
    return contract


def _demand(deal: Deal, role: Role) -> Record:
    return {"role": role.name, "hours": role.hours, "start": deal.start.isoformat(), "end": deal.end.isoformat()}


def _make(box: Box, kind: str, fields: Record) -> str:
    return str(org.create(box, KINDS[kind.lower()], fields)["Id"])
