"""The org at first: the firm's accounts and people, and twelve open deals, each with a quote and a contract."""

from typing import Final

from foundation.sandbox import Box, Record, encode
from foundation.sandbox.firm import ACCOUNTS, Account, Deal, Role, deals
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


def seed(box: Box) -> None:
    """Fill an empty org. Accounts and deals have the ids the other sandboxes know them by."""
    box.store.insert("User", org.INTEGRATION_USER, _user(box))
    organization = {"Id": org.ORGANIZATION, "Name": "Acme Consulting", "IsSandbox": True, **_stamps(box)}
    box.store.insert("Organization", org.ORGANIZATION, organization)
    for account in ACCOUNTS:
        _account(box, account)
    products: dict[str, str] = {}
    for deal in deals(box.now().date()):
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
        },
    )
    for number, role in enumerate(deal.roles, 1):
        if role.name not in products:
            products[role.name] = _make(box, "Product2", {"Name": f"{role.name}, hours", "Family": "Services"})
        _make(
            box,
            "QuoteLineItem",
            {
                "QuoteId": quote,
                "Product2Id": products[role.name],
                "SortOrder": number,
                "Quantity": role.hours,
                "UnitPrice": role.rate,
                "Role__c": role.name,
            },
        )
    return quote


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
        },
    )
    state: Record = {"Status": "In Approval Process"}
    if deal.signed:
        state = {"Status": "Activated", "CustomerSignedDate": box.now().date().isoformat()}
    org.update(box, KINDS["contract"], contract, state)
    return contract


def _demand(deal: Deal, role: Role) -> Record:
    return {"role": role.name, "hours": role.hours, "start": deal.start.isoformat(), "end": deal.end.isoformat()}


def _make(box: Box, kind: str, fields: Record) -> str:
    return str(org.create(box, KINDS[kind.lower()], fields)["Id"])


def _user(box: Box) -> Record:
    return {
        "Id": org.INTEGRATION_USER,
        "Username": "integration@acme.example",
        "Name": "Integration User",
        "Email": "integration@acme.example",
        "IsActive": True,
        **_stamps(box),
    }


def _stamps(box: Box) -> Record:
    at = org.stamp(box.now())
    return {
        "IsDeleted": False,
        "CreatedDate": at,
        "LastModifiedDate": at,
        "SystemModstamp": at,
        "CreatedById": org.INTEGRATION_USER,
        "LastModifiedById": org.INTEGRATION_USER,
    }
