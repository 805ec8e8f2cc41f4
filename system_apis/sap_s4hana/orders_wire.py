"""SAP's shapes for what is sold and ordered: products, and sales orders with their items and prices. As in `wire`."""

from decimal import Decimal
from typing import Final

import msgspec

from system_apis.sap_s4hana.wire import V2, Code, Listed, Metadata, Wire

PRODUCTS: Final = f"{V2}/API_PRODUCT_SRV"


class Description(Wire, frozen=True, kw_only=True):
    """What a product is called, in one language."""

    language: str = ""
    product_description: str = ""


class Sales(Wire, frozen=True, kw_only=True):
    """How far a product may be sold in every sales area."""

    sales_status: str = ""


class Delivery(Wire, frozen=True, kw_only=True):
    """The sales area a product was extended to."""

    product_sales_org: str
    product_distribution_chnl: str = ""
    product_sales_status: str = ""
    is_marked_for_deletion: bool = False


class Product(Wire, frozen=True, kw_only=True):
    """A product."""

    product: str
    product_type: str = ""
    item_category_group: str = ""
    base_unit: str = ""
    is_marked_for_deletion: bool = False
    last_change_date_time: str | None = None
    tg_kind_prd: str = ""
    tg_tax_prd: str = ""
    to_description: Listed[Description] = Listed()
    to_product_sales: Sales | None = None
    to_sales_delivery: Listed[Delivery] = Listed()


class Deal(Wire, frozen=True, kw_only=True):
    """The deal a contract is of."""

    tg_opportunity_sdh: str = ""


class RateHead(Wire, frozen=True, kw_only=True):
    """What an item costs: an amount for so many pieces."""

    condition_rate_value: Decimal | None = None
    condition_currency: str = ""
    condition_quantity: Decimal | None = None
    condition_quantity_unit: str = ""


class RateDraft(RateHead, frozen=True, kw_only=True):
    """A price set by hand."""

    condition_type: str


class Rate(RateDraft, frozen=True, kw_only=True):
    """A line of the pricing procedure."""

    pricing_procedure_step: str
    pricing_procedure_counter: str


class SoldHead(Wire, frozen=True, kw_only=True):
    """What we write of an order's item."""

    sales_order_item_text: str = ""
    requested_quantity: Decimal = Decimal(0)
    requested_quantity_unit: str = ""
    sales_document_rjcn_reason: str = ""
    tg_price_sdi: str = ""
    """What one costs as it was offered: SAP's price may be one for several pieces."""


class SoldDraft(SoldHead, frozen=True, kw_only=True):
    """An item that is made."""

    material: str
    to_pricing_element: list[RateDraft]


class Sold(SoldHead, frozen=True, kw_only=True):
    """An item of an order."""

    sales_order_item: str
    material: str = ""
    net_amount: Decimal = Decimal(0)
    to_pricing_element: Listed[Rate] = Listed()


class Rejection(Wire, frozen=True, kw_only=True):
    """The part of an item that says that nobody delivers and bills it."""

    sales_document_rjcn_reason: str


class Block(Wire, frozen=True, kw_only=True):
    """The part of an order that says whether it can be billed."""

    header_billing_block_reason: str


class OrderHead(Wire, frozen=True, kw_only=True):
    """What an update may change of an order's head."""

    sales_order_date: str | None = None
    purchase_order_by_customer: str = ""
    customer_payment_terms: str = ""
    tg_name_sdh: str = ""
    tg_quote_sdh: str = ""
    tg_opportunity_sdh: str = ""


class OrderDraft(OrderHead, frozen=True, kw_only=True):
    """An order that is made."""

    sales_order_type: str
    sales_organization: str
    distribution_channel: str
    organization_division: str
    sold_to_party: str
    transaction_currency: str
    header_billing_block_reason: str
    tg_key_sdh: str
    to_item: list[SoldDraft]


class Order(OrderHead, frozen=True, kw_only=True):
    """An order with its items."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    sales_order: str
    sales_organization: str = ""
    sold_to_party: str = ""
    transaction_currency: Code
    header_billing_block_reason: str = ""
    overall_ord_reltd_billg_status: str = ""
    last_change_date_time: str | None = None
    tg_key_sdh: str = ""
    to_item: Listed[Sold] = Listed()
