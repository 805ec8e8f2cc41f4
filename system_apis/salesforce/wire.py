"""Salesforce's shapes: only the fields we read or write. API version 62.0."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import field

from canonical.base import Value
from foundation.salesforce.wire import Row


class Opportunity(Row, frozen=True, kw_only=True, rename="pascal"):
    """A deal, with the org's custom fields (QUIRKS.md lists them)."""

    id: str
    name: str
    account_id: str | None
    stage_name: str
    is_closed: bool
    is_won: bool
    amount: Decimal | None
    currency_iso_code: str
    close_date: date
    probability: Decimal | None
    owner_id: str
    contract_id: str | None
    synced_quote_id: str | None
    last_stage_change_date: datetime | None
    system_modstamp: str
    legal_entity: str | None = field(name="Legal_Entity__c")
    delivery_entities: str | None = field(name="Delivery_Entities__c")
    contract_type: str | None = field(name="Contract_Type__c")
    practice: str | None = field(name="Practice__c")
    expected_start: date | None = field(name="Expected_Start__c")
    expected_end: date | None = field(name="Expected_End__c")
    role_demand: str | None = field(name="Role_Demand__c")
    project_manager: str | None = field(name="Project_Manager__c")
    po_number: str | None = field(name="PO_Number__c")
    won_generation: Decimal | None = field(name="Won_Generation__c")
    project_code: str | None = field(name="Project_Code__c")


class RoleDemand(Value, frozen=True, kw_only=True):
    """One entry of `Role_Demand__c`."""

    role: str
    hours: Decimal
    start: date | None = None
    end: date | None = None


class Link(Row, frozen=True, kw_only=True, rename="pascal"):
    """The fields of a deal that point at its project, and the stamp they were read at."""

    system_modstamp: datetime
    project_code: str | None = field(name="Project_Code__c")
    erp_project_id: str | None = field(name="ERP_Project_Id__c")
    psa_project_id: str | None = field(name="PSA_Project_Id__c")
    erp_customer_id: str | None = field(name="ERP_Customer_Id__c")


class LinkUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What is written to link a deal; None clears."""

    project_code: str | None = field(name="Project_Code__c")
    erp_project_id: str | None = field(name="ERP_Project_Id__c")
    psa_project_id: str | None = field(name="PSA_Project_Id__c")
    erp_customer_id: str | None = field(name="ERP_Customer_Id__c")


class Account(Row, frozen=True, kw_only=True, rename="pascal"):
    """A customer. Deleted ones are read too: that is how a merge shows."""

    id: str
    name: str
    is_deleted: bool
    master_record_id: str | None
    account_number: str | None
    parent_id: str | None
    owner_id: str
    currency_iso_code: str
    billing_street: str | None
    billing_city: str | None
    billing_state_code: str | None
    billing_postal_code: str | None
    billing_country_code: str | None
    shipping_street: str | None
    shipping_city: str | None
    shipping_state_code: str | None
    shipping_postal_code: str | None
    shipping_country_code: str | None
    system_modstamp: str
    legal_name: str | None = field(name="Legal_Name__c")
    tax_registration: str | None = field(name="Tax_Registration__c")
    tax_scheme: str | None = field(name="Tax_Scheme__c")
    tax_country: str | None = field(name="Tax_Country__c")
    payment_terms: str | None = field(name="Payment_Terms__c")
    po_required: bool = field(name="PO_Required__c")


class Contact(Row, frozen=True, kw_only=True, rename="pascal"):
    """A person at a customer."""

    id: str
    account_id: str | None
    first_name: str | None
    last_name: str
    email: str | None
    phone: str | None
    title: str | None
    has_opted_out_of_email: bool
    is_deleted: bool
    master_record_id: str | None
    system_modstamp: str
    role: str | None = field(name="Role__c")


class Lead(Row, frozen=True, kw_only=True, rename="pascal"):
    """Somebody who may become a customer; converted, it stays and names what it became."""

    id: str
    company: str | None
    first_name: str | None
    last_name: str
    email: str | None
    is_converted: bool
    converted_account_id: str | None
    converted_contact_id: str | None
    converted_opportunity_id: str | None
    is_deleted: bool
    master_record_id: str | None
    system_modstamp: str


class Absorbed(Row, frozen=True, kw_only=True, rename="pascal"):
    """A lead that was merged into another."""

    id: str


class Quote(Row, frozen=True, kw_only=True, rename="pascal"):
    """An offer."""

    id: str
    quote_number: str
    opportunity_id: str
    status: str
    currency_iso_code: str
    grand_total: Decimal
    expiration_date: date | None
    system_modstamp: str
    revision: Decimal | None = field(name="Revision__c")
    signed_on: date | None = field(name="Signed_On__c")
    envelope: str | None = field(name="Signature_Envelope__c")
    tax_included: bool = field(name="Tax_Included__c")
    cost: Decimal | None = field(name="Cost__c")
    approved_discount: Decimal | None = field(name="Approved_Discount__c")
    frozen: bool = field(name="Frozen__c")
    order_number: str | None = field(name="ERP_Order_Number__c")
    order_id: str | None = field(name="ERP_Order_Id__c")


class QuoteMark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a quote on its way to an order; None clears."""

    status: str = field(name="Status")
    frozen: bool = field(name="Frozen__c")
    order_number: str | None = field(name="ERP_Order_Number__c")
    order_id: str | None = field(name="ERP_Order_Id__c")


class Product(Row, frozen=True, kw_only=True, rename="pascal"):
    """What a line sells; nested in the line."""

    name: str
    product_code: str | None
    family: str | None


class QuoteLine(Row, frozen=True, kw_only=True, rename="pascal"):
    """One line of an offer."""

    sort_order: int | None
    quantity: Decimal
    unit_price: Decimal
    total_price: Decimal
    list_price: Decimal | None
    tax_rate: Decimal | None = field(name="Tax_Rate__c")
    product: Product | None = field(name="Product2")
    role: str | None = field(name="Role__c")


class OpportunityLine(Row, frozen=True, kw_only=True, rename="pascal"):
    """One product of a deal. It has the deal's currency."""

    sort_order: int | None
    quantity: Decimal
    unit_price: Decimal
    total_price: Decimal
    list_price: Decimal | None
    discount: Decimal | None
    service_date: date | None
    description: str | None
    product: Product | None = field(name="Product2")


class Contract(Row, frozen=True, kw_only=True, rename="pascal"):
    """What was agreed."""

    id: str
    contract_number: str
    account_id: str
    name: str | None
    status: str
    start_date: date | None
    end_date: date | None
    customer_signed_date: date | None
    currency_iso_code: str
    system_modstamp: str
    value: Decimal | None = field(name="Contract_Value__c")
    contract_type: str | None = field(name="Contract_Type__c")
    payment_terms: str | None = field(name="Payment_Terms__c")
    po_number: str | None = field(name="PO_Number__c")
    at_risk_until: date | None = field(name="At_Risk_Until__c")
    at_risk_cap: Decimal | None = field(name="At_Risk_Cap__c")
    approved_exceptions: str | None = field(name="Approved_Exceptions__c")
    opportunity: str | None = field(name="Opportunity__c")
    carried: Decimal | None = field(name="Carried_Amendment__c")


class Changed(Row, frozen=True, kw_only=True, rename="pascal"):
    """A deal as the poll sees it."""

    id: str
    is_won: bool
    system_modstamp: datetime


class ChangedRecord(Row, frozen=True, kw_only=True, rename="pascal"):
    """An account or a person as the poll sees it, deleted ones too."""

    id: str
    is_deleted: bool
    system_modstamp: datetime


class NotificationData(msgspec.Struct, frozen=True, rename="camel"):
    """Which record changed."""

    object: str
    id: str
    system_modstamp: Annotated[datetime, msgspec.Meta(tz=True)]
    is_won: bool | None = None
    """Of a deal only."""


class Notification(msgspec.Struct, frozen=True):
    """What the org's flow sends on a won deal, and on a person: thin, since the reader reads the record again."""

    type: str
    data: NotificationData


class ChangeEventHeader(msgspec.Struct, frozen=True, rename="camel"):
    """Of which records a change event is, and of which transaction."""

    entity_name: str
    change_type: str
    commit_timestamp: int
    """Milliseconds since 1970."""
    record_ids: list[str] = []
    """Several where one transaction changed them alike."""


class ChangeEventPayload(msgspec.Struct, frozen=True):
    """Beside the header an event holds the fields that changed; we read the record instead."""

    header: ChangeEventHeader = msgspec.field(name="ChangeEventHeader")
    last_modified: Annotated[datetime, msgspec.Meta(tz=True)] | None = msgspec.field(
        name="LastModifiedDate", default=None
    )
    """Missing after a gap, and of what was deleted."""
    is_won: bool | None = msgspec.field(name="IsWon", default=None)
    """Of a deal, where that changed."""


class ChangeEvent(msgspec.Struct, frozen=True):
    """One event of Change Data Capture, in its JSON form."""

    payload: ChangeEventPayload


class ChangeEventNotification(msgspec.Struct, frozen=True):
    """What the org's change event trigger passes on."""

    data: ChangeEvent


class NotificationType(msgspec.Struct, frozen=True):
    """What a notification says it is."""

    type: str
