"""What the port suite has to know of Salesforce: how deals and what they rest on come into an org."""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, TypeVar

from canonical.objects import Contact, Contract, CrmOrder, Customer, Lead, Opportunity, Quote
from foundation.sandbox import Box, Record, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.salesforce import mapping
from system_apis.salesforce.sandbox import org

T = TypeVar("T")
_ORDERED: Final = {"open": "Activated", "cancelled": "Cancelled"}
STAGES: Final = {"open": "Negotiation/Review", "won": "Closed Won", "lost": "Closed Lost"}


def _make(box: Box, kind: str, fields: Record) -> str:
    return str(org.create(box, org.kind_of(kind), fields)["Id"])


def _label(words: Mapping[str, T], wanted: T) -> str:
    return next(label for label, word in words.items() if word == wanted)


def plant_deal(box: Box, deal: Opportunity) -> str:
    """A deal, in the stage it says, with its lines."""
    made = _make(
        box,
        "Opportunity",
        {
            "Name": deal.name,
            "AccountId": deal.account_id,
            "StageName": STAGES[deal.stage.category],
            "Amount": deal.amount.amount,
            "CurrencyIsoCode": deal.amount.currency,
            "CloseDate": deal.close_date.isoformat(),
            "Legal_Entity__c": deal.legal_entity_id,
            "Contract_Type__c": _label(mapping.CONTRACT_TYPES, deal.contract_type),
        },
    )
    for line in deal.lines:
        named = {"Name": line.item, "ProductCode": line.code, "Family": _label(mapping.LINE_KINDS, line.kind)}
        sold = {"OpportunityId": made, "Product2Id": _make(box, "Product2", named), "SortOrder": line.seq}
        sold |= {"Quantity": line.qty, "UnitPrice": line.unit_price.amount, "Description": line.description}
        sold |= {"Discount": line.discount * 100 if line.discount else None}
        sold |= {"ServiceDate": line.service_date.isoformat() if line.service_date else None}
        _make(box, "OpportunityLineItem", sold)
    return made


def plant_account(box: Box, customer: Customer) -> str:
    """A customer."""
    return _make(
        box,
        "Account",
        {
            "Name": customer.trading_name or customer.legal_name,
            "Legal_Name__c": customer.legal_name,
            "CurrencyIsoCode": customer.default_currency,
            "Payment_Terms__c": customer.payment_terms,
        },
    )


def plant_contact(box: Box, contact: Contact) -> str:
    """A person at a customer."""
    (role,) = contact.roles
    fields = {"FirstName": contact.given, "LastName": contact.family, "Email": contact.email}
    fields |= {"AccountId": role.account_id, "Role__c": _label(mapping.CONTACT_ROLES, role.role)}
    return _make(box, "Contact", fields)


def plant_lead(box: Box, lead: Lead) -> str:
    """Somebody who may become a customer."""
    named = {"FirstName": lead.given, "LastName": lead.family, "Company": lead.company, "Email": lead.email}
    return _make(box, "Lead", named)


def plant_quote(box: Box, quote: Quote) -> str:
    """An offer with its lines."""
    fields = {"Name": quote.number, "OpportunityId": quote.opportunity_id, "CurrencyIsoCode": quote.currency}
    made = _make(box, "Quote", fields | {"Status": _label(mapping.QUOTE_STATUSES, quote.status)})
    for line in quote.lines:
        item = _make(box, "Product2", {"Name": line.item, "Family": _label(mapping.LINE_KINDS, line.kind)})
        priced = {"Quantity": line.qty, "UnitPrice": line.unit_price.amount, "Role__c": line.role}
        _make(box, "QuoteLineItem", {"QuoteId": made, "Product2Id": item, "SortOrder": line.seq, **priced})
    return made


def plant_contract(box: Box, contract: Contract) -> str:
    """A contract, as a draft."""
    return _make(
        box,
        "Contract",
        {
            "Name": contract.title,
            "AccountId": contract.account_id,
            "CurrencyIsoCode": contract.currency,
            "Contract_Value__c": contract.value.amount if contract.value else None,
            "Contract_Type__c": _label(mapping.CONTRACT_TYPES, contract.billing_method),
            "PO_Number__c": contract.po_number,
        },
    )


def plant_order(box: Box, order: CrmOrder) -> str:
    """An order with its products, activated where it is open; a discount is in the price."""
    of = {"AccountId": order.account_id, "OpportunityId": order.opportunity_id, "QuoteId": order.quote_id}
    said = {"Name": order.title, "CurrencyIsoCode": order.currency, "PoNumber": order.po_number}
    made = _make(box, "Order", of | said | {"EffectiveDate": _day(order.start), "EndDate": _day(order.end)})
    for line in order.lines:
        named = {"Name": line.item, "ProductCode": line.code, "Family": _label(mapping.LINE_KINDS, line.kind)}
        sold: Record = {"OrderId": made, "Product2Id": _make(box, "Product2", named), "Description": line.description}
        sold |= {"Quantity": line.qty, "UnitPrice": line.net.amount / line.qty, "ListPrice": line.unit_price.amount}
        _make(box, "OrderItem", sold | {"ServiceDate": _day(line.start), "EndDate": _day(line.end)})
    if order.status in _ORDERED:
        org.update(box, org.kind_of("Order"), made, {"Status": _ORDERED[order.status]})
    return made


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def touch_deal(box: Box, native_id: str) -> None:
    """Somebody edits a deal; a second later, since stamps have whole seconds."""
    box.store.set_setting("_clock_ahead", float(box.store.setting("_clock_ahead", 0)) + 1)
    org.update(box, org.kind_of("Opportunity"), native_id, {"Practice__c": "Finance"})


def touch_order(box: Box, native_id: str) -> None:
    """Somebody edits an order; a second later, likewise."""
    box.store.set_setting("_clock_ahead", float(box.store.setting("_clock_ahead", 0)) + 1)
    org.update(box, org.kind_of("Order"), native_id, {"PoNumber": "PO-touched"})


def move_deal(box: Box, native_id: str, to: Literal["open", "won", "lost"]) -> None:
    """Somebody closes a deal, or opens it again; a second later, for the same reason."""
    box.store.set_setting("_clock_ahead", float(box.store.setting("_clock_ahead", 0)) + 1)
    org.update(box, org.kind_of("Opportunity"), native_id, {"StageName": STAGES[to]})


def delete(kind: str) -> Touch:
    """Somebody deletes a record."""
    return lambda box, native_id: org.delete(box, org.kind_of(kind), native_id)


SUITE: Final = Suite(
    url="https://acme.my.salesforce.com",
    sign_in={
        "flow": "jwt",
        "client_id": "${SALESFORCE_CLIENT_ID}",
        "username": "${SALESFORCE_USERNAME}",
        "private_key": "${SALESFORCE_PRIVATE_KEY}",
    },
    plant={
        Opportunity: plant_deal,
        Customer: plant_account,
        Contact: plant_contact,
        Lead: plant_lead,
        Quote: plant_quote,
        Contract: plant_contract,
        CrmOrder: plant_order,
    },
    touch={Opportunity: touch_deal, CrmOrder: touch_order},
    remove={Customer: delete("Account"), Contact: delete("Contact"), CrmOrder: delete("Order")},
    heads={CrmOrder: {"lines": "Products of an order are another object, read with one order."}},
    denied=Switch(option="denied_objects", value=["Quote"], object="Quote"),
    hidden=Switch(option="hidden_fields", value=["Opportunity.Practice__c"], object="Opportunity", field="Practice__c"),
    strange=Strange(
        kind=Contract,
        table="Contract",
        column="Status",
        value="Lapsed",
        field="Contract.Status",
        word="Lapsed",
    ),
    deal=lambda deal: deal.id,
    move=move_deal,
)
