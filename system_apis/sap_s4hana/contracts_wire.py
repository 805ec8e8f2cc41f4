"""SAP's shapes for a contract: a sales contract whose items say of which amendment they are; as `wire` says."""

from decimal import Decimal

import msgspec

from system_apis.sap_s4hana.wire import Code, Listed, Metadata, Price, PriceDraft, Wire


class ItemHead(Wire, frozen=True, kw_only=True):
    """What is written of the one item of a contract that is not kept line by line."""

    sales_contract_item_text: str = ""
    sales_document_rjcn_reason: str = ""


class ItemDraft(ItemHead, frozen=True, kw_only=True):
    """The one item of a contract that is made."""

    material: str
    requested_quantity: Decimal
    requested_quantity_unit: str
    to_pricing_element: list[PriceDraft]


class LineHead(ItemHead, frozen=True, kw_only=True):
    """What is written of a line. An amount nobody set is 0.00 in SAP: so is no limit."""

    tg_ref_sdi: str = ""
    """`{amendment}.{line}`, 0 for the contract itself; empty of an item that was not written as a line."""
    tg_from_sdi: str | None = None
    tg_to_sdi: str | None = None
    tg_method_sdi: str = ""
    tg_nte_sdi: Decimal | None = None


class LineDraft(LineHead, frozen=True, kw_only=True):
    """A line that is made."""

    material: str
    requested_quantity: Decimal
    requested_quantity_unit: str
    to_pricing_element: list[PriceDraft]


class Item(LineHead, frozen=True, kw_only=True):
    """An item of a contract."""

    sales_contract_item: str
    requested_quantity: Decimal = Decimal(1)
    net_amount: Decimal = Decimal(0)
    to_pricing_element: Listed[Price] = Listed()


class Rejection(Wire, frozen=True, kw_only=True):
    """The part of an item that says that nothing comes of it."""

    sales_document_rjcn_reason: str


class ContractHead(Wire, frozen=True, kw_only=True):
    """What is written of a contract's head."""

    purchase_order_by_customer: str = ""
    customer_payment_terms: str = ""
    header_billing_block_reason: str = ""
    sales_contract_validity_start_date: str | None = None
    sales_contract_validity_end_date: str | None = None
    tg_contract_sdh: str = ""
    tg_opportunity_sdh: str = ""
    tg_method_sdh: str = ""
    tg_signed_sdh: str | None = None


class TermsHead(ContractHead, frozen=True, kw_only=True):
    """And of one that is kept line by line: its name, its limit, and what was carried to it last."""

    tg_name_sdh: str = ""
    tg_amendment_sdh: str = ""
    tg_document_sdh: str = ""
    tg_nte_sdh: Decimal | None = None


class ContractDraft(ContractHead, frozen=True, kw_only=True):
    """A contract that is made."""

    sales_contract_type: str
    sales_organization: str
    distribution_channel: str
    organization_division: str
    sold_to_party: str
    transaction_currency: str
    tg_key_sdh: str
    to_item: list[ItemDraft]


class TermsDraft(TermsHead, frozen=True, kw_only=True):
    """One that is made line by line."""

    sales_contract_type: str
    sales_organization: str
    distribution_channel: str
    organization_division: str
    sold_to_party: str
    transaction_currency: str
    tg_key_sdh: str
    to_item: list[LineDraft]


class Contract(TermsHead, frozen=True, kw_only=True):
    """A contract. `TotalNetAmount` is worked out by SAP, and has no tax in it."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    sales_contract: str
    sales_organization: str = ""
    sold_to_party: str = ""
    transaction_currency: Code
    total_net_amount: Decimal = Decimal(0)
    last_change_date_time: str | None = None
    tg_key_sdh: str = ""
    to_item: Listed[Item] = Listed()


class CallOff(Wire, frozen=True, kw_only=True):
    """An item of an order that was called off from a contract's."""

    reference_sd_document_item: str = ""
    sales_document_rjcn_reason: str = ""
