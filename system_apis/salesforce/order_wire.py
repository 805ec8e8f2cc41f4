"""Salesforce's shapes of an order and its products: only the fields we read or write."""

from datetime import date
from decimal import Decimal

import msgspec
from msgspec import field

from foundation.salesforce.wire import Row
from system_apis.salesforce.wire import Product


class Order(Row, frozen=True, kw_only=True, rename="pascal"):
    """An order. Its total is the org's own sum of its products."""

    id: str
    order_number: str
    name: str | None
    account_id: str | None
    opportunity_id: str | None
    quote_id: str | None
    contract_id: str | None
    status: str
    status_code: str
    effective_date: date | None
    end_date: date | None
    po_number: str | None
    total_amount: Decimal | None
    currency_iso_code: str
    system_modstamp: str
    erp_number: str | None = field(name="ERP_Order_Number__c")


class OrderLine(Row, frozen=True, kw_only=True, rename="pascal"):
    """One product of an order. It has the order's currency."""

    quantity: Decimal
    unit_price: Decimal
    total_price: Decimal
    list_price: Decimal | None
    service_date: date | None
    end_date: date | None
    description: str | None
    product: Product | None = field(name="Product2")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of an order; None clears."""

    erp_number: str | None = field(name="ERP_Order_Number__c")
